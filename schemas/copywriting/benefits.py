"""What an item does for the person who uses it: phrases of a language by attribute and by category; stdlib only.

`benefits.toml` has `[[material.linen]]`, `[[colour.navy]]` and so on (kind and name of a meaning in the vocabularies,
or an attribute and the catalogue's own value), `[[category]]` with the levels `of` a category path, and `[used_up]`:
the verb that says that none is left. A benefit may only say what follows from its attribute, or what the item is for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from schemas.copywriting.language_files import file_of
from schemas.copywriting.voice import VoiceError, read_toml
from schemas.toml_files import refuse_unknown

NAME = "benefits.toml"
ALL_OTHERS = "default"  # of [used_up]


@dataclass(frozen=True)
class Benefit:
    """short: a few words that can follow the item's name; long: a sentence without its full stop.

    of: levels of a category path where it holds; empty: everywhere.
    """

    short: str
    long: str
    of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Benefits:
    """One language's benefits.

    by_attribute: (kind or attribute, meaning or value) -> benefits. used_up: level of a category path -> verb.
    """

    by_attribute: Mapping[tuple[str, str], tuple[Benefit, ...]] = field(default_factory=dict)
    by_category: tuple[Benefit, ...] = ()
    used_up: Mapping[str, str] = field(default_factory=dict)

    def of(self, names: list[tuple[str, str]], category: str | None) -> list[Benefit]:
        """The benefits that hold for an item: by its attributes, in their order, then by its category.

        names: the names under which the item's attributes may be found, as (kind or attribute, meaning or value).
        """
        by_attribute = [benefit for name in names for benefit in self.by_attribute.get(plain(name), ())]
        fitting = [benefit for benefit in by_attribute if not benefit.of or level_in(category, benefit.of)]
        levels = [(level_in(category, benefit.of), benefit) for benefit in self.by_category]
        deepest = max((level for level, _ in levels), default=0)
        return list(dict.fromkeys([*fitting, *(benefit for level, benefit in levels if level and level == deepest)]))

    def verb(self, category: str | None) -> str | None:
        """The verb that says that an item of this category is used up; None if the language has none."""
        levels = [(level_in(category, (word,)), verb) for word, verb in self.used_up.items() if word != ALL_OTHERS]
        level, verb = max(levels, default=(0, ""), key=lambda pair: pair[0])
        return verb if level else self.used_up.get(ALL_OTHERS)


def plain(name: tuple[str, str]) -> tuple[str, str]:
    """The spelling under which a benefit is found: lower-case, without spaces, hyphens and underscores."""
    return name[0].lower(), re.sub("[ _-]", "", name[1].lower())


@lru_cache(maxsize=100_000)  # a night calls it for every item; the items share some hundred categories
def level_in(category: str | None, words: tuple[str, ...]) -> int:
    """The deepest level of a path, from 1, that equals one of the words or ends with it ("green tea", "tea"); or 0."""
    levels = (category or "").lower().split(" > ")
    depths = (
        depth
        for depth, level in enumerate(levels, 1)
        if any(level == word.lower() or level.endswith(f" {word.lower()}") for word in words)
    )
    return max(depths, default=0)


def load_benefits(language: str, shop_folder: str = "") -> Benefits:
    """Reads a language's benefits. Raises VoiceError naming the place, or FileNotFoundError."""
    path = file_of(language, NAME, shop_folder)
    raw = read_toml(path)
    used_up, categories = raw.pop("used_up", {}), raw.pop("category", [])
    if not isinstance(used_up, dict) or not all(isinstance(verb, str) and verb for verb in used_up.values()):
        raise VoiceError(f"{path}: [used_up] must be a table of category level = verb, saw {used_up!r}")
    by_attribute = {
        plain((kind, name)): tuple(_benefit(f"{path} [[{kind}.{name}]]", entry) for entry in entries)
        for kind, table in raw.items()
        for name, entries in _tables(f"{path} [{kind}]", table)
    }
    by_category = tuple(_benefit(f"{path} [[category]] {number}", entry) for number, entry in enumerate(categories, 1))
    for number, benefit in enumerate(by_category, 1):
        if not benefit.of:
            raise VoiceError(f"{path} [[category]] {number} needs `of`, the levels of a category path that it is about")
    return Benefits(by_attribute, by_category, used_up)


def _tables(where: str, table: Any) -> list[tuple[str, list[Any]]]:
    if not isinstance(table, dict) or not all(isinstance(entries, list) for entries in table.values()):
        raise VoiceError(f"{where} must hold [[kind.name]] with short and long, saw {table!r}")
    return list(table.items())


def _benefit(where: str, raw: Any) -> Benefit:
    if not isinstance(raw, dict):
        raise VoiceError(f"{where} must be a table with short and long, saw {raw!r}")
    refuse_unknown(where, raw, ("short", "long", "of"), VoiceError)
    for key in ("short", "long"):
        text = raw.get(key)
        if not isinstance(text, str) or not text.strip():
            raise VoiceError(f"{where} needs '{key}', a text")
        if figure := re.search(r"[\d{}]", text):
            raise VoiceError(f"{where}: {figure[0]!r} in {key}; figures come from tables")
    of = raw.get("of", [])
    if not isinstance(of, list) or not all(isinstance(word, str) for word in of):
        raise VoiceError(f"{where}: `of` must be a list of category levels, saw {of!r}")
    return Benefit(raw["short"], raw["long"], tuple(of))

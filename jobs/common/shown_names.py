"""Which names of the catalogue may be shown: judged once for each item, and again only when a name or a rule changes.

Names are the seller's own words, and lists, portraits, texts and pages print them unchanged. So all code that prints a
name takes it from the `shown_` columns of ITEMS, which this file fills. The other columns hold the names as they
arrived, for rules and models.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa

from models.compliance.names import LONGEST_TITLE, LONGEST_WORD, name_refusal, rules_digest, shows_intent
from schemas.copywriting.language import Language, load_languages
from schemas.copywriting.lexicon import Lexicon, load_lexicons

NAMES = ("title", "title_zh", "brand", "category")
TITLES = NAMES[:2]
_MADE = (*(f"shown_{name}" for name in NAMES), "names_refused", "names_judged")


@dataclass(frozen=True)
class NameRules:
    """What names are judged by. Travels to Spark's Python workers."""

    languages: tuple[Language, ...]
    lexicons: tuple[Lexicon, ...]
    digest: str

    @classmethod
    def of(cls, copy: Any) -> NameRules:
        """The rules of the settings `copy`: the lexicons of the languages and of the shop, the same for pages as for
        texts. Raises LanguageError, LexiconError or FileNotFoundError, each naming the file.
        """
        languages = tuple(load_languages(shop_folder=copy.languages_folder).values())
        lexicons = load_lexicons(languages, copy.languages_folder, copy.lexicons)
        return cls(languages, lexicons, rules_digest(languages, lexicons))


def with_shown_names(items: pa.Table, rules: NameRules) -> pa.Table:
    """ITEMS with the `shown_` columns, `names_refused` and `names_judged` filled in.

    A row that already has them from an earlier night keeps them, unless one of its names or a rule has changed since.
    """
    for name in _MADE:
        if name not in items.column_names:
            items = items.append_column(name, pa.nulls(items.num_rows, pa.string()))
    rows = items.select([*NAMES, *_MADE]).to_pylist()
    judged: dict[str, dict[str, str | None]] = {}  # by digest: in a history, an item has a row for each of its days
    for row in rows:
        digest = _digest(row, rules)
        if row["names_judged"] != digest:
            if digest not in judged:
                judged[digest] = _judged(row, rules) | {"names_judged": digest}
            row |= judged[digest]
    for name in _MADE:
        column = pa.array([row[name] for row in rows], pa.string())
        items = items.set_column(items.column_names.index(name), items.schema.field(name), column)
    return items


def refusals_of(names_refused: str | None) -> Iterator[tuple[str, str, str]]:
    """(column, reason, detail) of each line of the column `names_refused`."""
    for line in (names_refused or "").splitlines():
        column, reason, detail = line.split(": ", 2)
        yield column, reason, detail


def _digest(row: Mapping[str, Any], rules: NameRules) -> str:
    names = repr((rules.digest, *(row[name] for name in NAMES)))
    return hashlib.sha256(names.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _judged(row: Mapping[str, Any], rules: NameRules) -> dict[str, str | None]:
    """The `shown_` columns and `names_refused` of one row.

    Where one title is refused because it shows a bad intent of its seller, the other title is hidden as well, since the
    same person wrote both.
    """
    judgements = {name: _refusal(row[name], name, rules) for name in NAMES if row[name]}
    refused = {name: why for name, why in judgements.items() if why}
    has_intent = any(shows_intent(refused[name][0]) for name in TITLES if name in refused)
    hidden = {*refused, *(TITLES if has_intent else ())}
    lines = [": ".join((name, reason, " ".join(detail.split()))) for name, (reason, detail) in refused.items()]
    shown = {f"shown_{name}": None if name in hidden else row[name] for name in NAMES}
    return shown | {"names_refused": "\n".join(lines) or None}


def _refusal(name: str, column: str, rules: NameRules) -> tuple[str, str] | None:
    if column in TITLES:
        return name_refusal(name, LONGEST_TITLE, rules.languages, rules.lexicons)
    return _refusal_of_many(name, column, rules)


@lru_cache(maxsize=10_000)  # many items share a brand or a category
def _refusal_of_many(name: str, column: str, rules: NameRules) -> tuple[str, str] | None:
    """A category is judged level by level, since a path of many levels is longer than any name."""
    for part in name.split(" > ") if column == "category" else [name]:
        if problem := name_refusal(part, LONGEST_WORD, rules.languages, rules.lexicons):
            return problem
    return None

"""Lexicons of what copy must not say, by market and category, and words that state a fact. TOML; stdlib only.

A lexicon file has `name`, `version`, `language`, `market`, and one table per reason with `terms` and `exceptions`,
each a regular expression over lower-cased text with plain digits and spaces. An English term matches whole words only.
A term that overlaps the match of an exception does not count. An invalid pattern is refused when loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.toml_files import find, parse, read, shipped

SHIPPED = Path(__file__).parent / "lexicons"
WORDS = Path(__file__).parent / "vocabularies"
SEVERITIES = ("block", "warn")
LANGUAGES = ("zh", "en")
_HEAD = ("name", "version", "language", "market", "doc")
_GROUP = ("doc", "severity", "categories", "terms", "exceptions")


class LexiconError(ValueError):
    """A lexicon that cannot be used: file, line, term, and what is wrong with it."""


@dataclass(frozen=True)
class Group:
    """The terms of one reason. categories: the rule holds for items whose category path contains one of these words,
    lower-case; empty: for all. severity: "block" rejects the text, "warn" is only reported."""

    reason: str
    severity: str
    terms: tuple[str, ...]
    exceptions: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    doc: str = ""


@dataclass(frozen=True)
class Lexicon:
    """One market's rules in one language. `version` goes into each night's record and rises with every change."""

    name: str
    version: int
    language: str
    market: str
    groups: tuple[Group, ...]
    doc: str = ""


@dataclass(frozen=True)
class Words:
    """One meaning: kind, name, forms in any language (a final `?` marks a doubtful one), what it implies."""

    kind: str
    name: str
    forms: tuple[str, ...]
    is_a: tuple[str, ...] = ()


def shipped_lexicons() -> list[str]:
    return shipped(SHIPPED)


def load_lexicons(*names_or_paths: str) -> tuple[Lexicon, ...]:
    """Loads lexicons: shipped ones by name, others by the path of a TOML file; all shipped ones where none is named."""
    return tuple(load_lexicon(name) for name in names_or_paths or shipped_lexicons())


def load_lexicon(name_or_path: str) -> Lexicon:
    """Read one lexicon. Raises LexiconError, or FileNotFoundError naming the shipped ones."""
    path = find("lexicon", SHIPPED, name_or_path)
    text = read(path, LexiconError)
    raw = parse(text, path, LexiconError)
    _refuse(path, raw, [key for key in ("name", "version", "language", "market") if key not in raw], "lacks")
    if raw["language"] not in LANGUAGES:
        raise LexiconError(f"{path}: language is {raw['language']!r}; there are {', '.join(LANGUAGES)}")
    if not isinstance(raw["version"], int):
        raise LexiconError(f"{path}: version is {raw['version']!r}; it is a whole number that rises with every change")
    groups = tuple(_group(path, text, reason, table) for reason, table in raw.items() if reason not in _HEAD)
    return Lexicon(raw["name"], raw["version"], raw["language"], raw["market"], groups, raw.get("doc", ""))


def load_words(*paths: str | Path) -> tuple[Words, ...]:
    """Meanings and their words, for `models.fact_lock.claims.Vocabulary.of`: the shipped ones, then those of the files
    named.

    A file has one table per kind, `name = ["form", "form?", "< name of what it entails"]`, and a table `trap`.
    """
    return tuple(one for path in (*sorted(WORDS.glob("*.toml")), *map(Path, paths)) for one in _words(path))


def _group(path: Path, text: str, reason: str, raw: Any) -> Group:
    if not isinstance(raw, dict):
        raise LexiconError(f"{path}: '{reason}' must be a table with terms; the head has {', '.join(_HEAD)}")
    _refuse(path, raw, [key for key in raw if key not in _GROUP], f"[{reason}] has no")
    severity = raw.get("severity", "block")
    if severity not in SEVERITIES:
        raise LexiconError(f"{path}: [{reason}] severity is {severity!r}; there are {', '.join(SEVERITIES)}")
    lists = {key: _texts(path, reason, key, raw.get(key, [])) for key in ("terms", "exceptions", "categories")}
    if not lists["terms"]:
        raise LexiconError(f"{path}: [{reason}] has no terms")
    for key in ("terms", "exceptions"):
        for term in lists[key]:
            _check_pattern(path, text, f"[{reason}] {key}", term)
    return Group(reason, severity, **lists, doc=raw.get("doc", ""))


def _check_pattern(path: Path, text: str, where: str, term: str) -> None:
    try:
        pattern = re.compile(term)
        wrong = "it has a group; write (?:...)" if pattern.groups else "it matches nothing" if pattern.match("") else ""
    except re.error as error:
        wrong = str(error)
    if wrong:
        line = next((n for n, row in enumerate(text.splitlines(), 1) if term in row or repr(term)[1:-1] in row), 0)
        raise LexiconError(f"{path}:{line}: {where}: {term!r} is not a pattern: {wrong}")


def _words(path: Path) -> Iterator[Words]:
    if not path.is_file():
        raise FileNotFoundError(f"no file of words {path}; start from one of {WORDS}, or leave copy.vocabularies empty")
    for kind, table in parse(read(path, LexiconError), path, LexiconError).items():
        if not isinstance(table, Mapping):
            raise LexiconError(f"{path}: '{kind}' must be a table of name = [forms]")
        for name, forms in table.items():
            said = _texts(path, kind, name, forms)
            yield Words(kind, name, tuple(form for form in said if not form.startswith("<")),
                        tuple(form[1:].strip() for form in said if form.startswith("<")))  # fmt: skip


def _refuse(path: Path, raw: Mapping[str, Any], keys: list[str], what: str) -> None:
    if keys:
        raise LexiconError(f"{path}: {what} '{keys[0]}'; it has {', '.join(raw)}")


def _texts(path: Path, table: str, key: str, raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(value, str) and value for value in raw):
        raise LexiconError(f"{path}: [{table}] {key} must be a list of texts, saw {raw!r}")
    return tuple(raw)

"""Lexicons of what copy must not say, by market and category, and words that state a fact. TOML; stdlib only.

A lexicon file has `name`, `version`, `market`, and one table per reason with `terms` and `exceptions`, each a regular
expression over lower-cased text with plain digits and spaces. Where spaces stand between words, it matches whole words.
A term that overlaps the match of an exception does not count. An invalid pattern is refused when loaded.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from schemas.copywriting.language import Language, load_languages
from schemas.copywriting.language_files import SHIPPED, file_of, languages_there_are, vocabulary_of
from schemas.toml_files import parse, read, stamp

ENTAILMENTS = Path(__file__).parent / "entailments.toml"
SEVERITIES = ("block", "warn")
_HEAD = ("name", "version", "market", "doc", "famous_brands")
_GROUP = ("doc", "severity", "categories", "terms", "exceptions", "for_names")


class LexiconError(ValueError):
    """A lexicon that cannot be used: file, line, term, and what is wrong with it."""


@dataclass(frozen=True)
class Group:
    """The terms of one reason. categories: the rule holds for items whose category path contains one of these words,
    lower-case; empty: for all. severity: "block" rejects the text, "warn" is only reported. for_names: the terms are
    goods that may not be advertised; an item with a term in one of its names gets no copy at all."""

    reason: str
    severity: str
    terms: tuple[str, ...]
    exceptions: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    doc: str = ""
    for_names: bool = False


@dataclass(frozen=True)
class Lexicon:
    """One market's rules in one language. `version` goes into each night's record and rises with every change.

    letters: the language's, as the inside of a character class; has_spaces: whether a term must be a whole word.
    famous_brands: lower-case; a name that only looks like one of them (s0ny) is refused.
    """

    name: str
    version: int
    language: str
    market: str
    letters: str
    has_spaces: bool
    groups: tuple[Group, ...]
    doc: str = ""
    famous_brands: tuple[str, ...] = ()

    def only_for_names(self) -> Lexicon:
        """The lexicon with only its groups that have `for_names`."""
        return replace(self, groups=tuple(group for group in self.groups if group.for_names))


@dataclass(frozen=True)
class Words:
    """One meaning: kind, name, forms in any language (a final `?` marks a doubtful form), and what follows from it."""

    kind: str
    name: str
    forms: tuple[str, ...]
    is_a: tuple[str, ...] = ()


def load_lexicons(
    languages: Iterable[Language] = (), shop_folder: str = "", more: Iterable[str] = ()
) -> tuple[Lexicon, ...]:
    """The lexicon of each language (of every language if none is named), then the files `more`.

    Each file of `more` says `language = "..."`. shop_folder: folder of the shop's own languages.
    Raises LexiconError, or FileNotFoundError.
    """
    by_name = {
        language.name: language for language in tuple(languages) or load_languages(shop_folder=shop_folder).values()
    }
    lexicons = [
        load_lexicon(file_of(name, "lexicon.toml", shop_folder), language) for name, language in by_name.items()
    ]
    for path in map(Path, more):
        if not path.is_file():
            raise FileNotFoundError(
                f"no lexicon {path}; leave copy.lexicons empty, or start from {SHIPPED / '<language>' / 'lexicon.toml'}"
            )
        language_name = parse(read(path, LexiconError), path, LexiconError).get("language")
        if language_name not in by_name:
            raise LexiconError(f"{path}: language is {language_name!r}; there are {', '.join(by_name)}")
        lexicons.append(load_lexicon(path, by_name[language_name]))
    return tuple(lexicons)


def load_lexicon(path: Path, language: Language) -> Lexicon:
    """Reads one lexicon; a process keeps it until its file changes. Raises LexiconError."""
    return _read_once(path, stamp(path), language.name, language.letters, language.has_spaces)


@functools.lru_cache(maxsize=64)
def _read_once(path: Path, file_stamp: object, language: str, letters: str, has_spaces: bool) -> Lexicon:
    text = read(path, LexiconError)
    raw = parse(text, path, LexiconError)
    if raw.pop("language", language) != language:
        raise LexiconError(f"{path}: it is a lexicon of another language than '{language}'")
    _refuse(path, raw, [key for key in ("name", "version", "market") if key not in raw], "lacks")
    if not isinstance(raw["version"], int):
        raise LexiconError(f"{path}: version is {raw['version']!r}; it is a whole number that rises with every change")
    groups = tuple(_group(path, text, reason, table) for reason, table in raw.items() if reason not in _HEAD)
    head = (raw["name"], raw["version"], language, raw["market"], letters, has_spaces)
    famous = _texts(path, "head", "famous_brands", raw.get("famous_brands", []))
    return Lexicon(*head, groups, raw.get("doc", ""), famous)


def load_words(
    languages: Iterable[str] = (), shop_folder: str = "", more: Iterable[str | Path] = ()
) -> tuple[Words, ...]:
    """Meanings and their words, for `models.fact_lock.claims.Vocabulary.of`: those of each language (of every language
    if none is named), the entailments, and those of the files `more`.

    A file has one table per kind, `name = ["form", "form?", "< name of what it entails"]`, and a table `trap`.
    """
    names = tuple(languages) or languages_there_are(shop_folder)
    paths = [*(path for name in names for path in vocabulary_of(name, shop_folder)), *map(Path, more)]
    return (*_entailments(), *(word for path in paths for word in _words(path)))


def load_translations(language: str, shop_folder: str = "") -> dict[str, dict[str, str]]:
    """Attribute -> a catalogue's word, lower-case without spaces and hyphens -> the language's word for it.

    Read from words.toml, `[attribute]` with `"word" = "its translation"`; empty for a language without this file.
    """
    try:
        path = file_of(language, "words.toml", shop_folder)
    except FileNotFoundError:
        return {}
    translations: dict[str, dict[str, str]] = {}
    for attribute, table in parse(read(path, LexiconError), path, LexiconError).items():
        if not isinstance(table, Mapping) or not all(isinstance(word, str) and word for word in table.values()):
            raise LexiconError(f"{path}: [{attribute}] must be a table of word = translation, saw {table!r}")
        translations[attribute] = {re.sub("[ -]", "", word.lower()): translation for word, translation in table.items()}
    return translations


def _entailments() -> Iterator[Words]:
    """Meanings without words, each with the meanings that follow from it."""
    for kind, table in parse(read(ENTAILMENTS, LexiconError), ENTAILMENTS, LexiconError).items():
        for name, implied in table.items():
            yield Words(kind, name, (), _texts(ENTAILMENTS, kind, name, implied))


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
    return Group(reason, severity, **lists, doc=raw.get("doc", ""), for_names=_flag(path, reason, raw))


def _flag(path: Path, reason: str, raw: Mapping[str, Any]) -> bool:
    flag = raw.get("for_names", False)
    if not isinstance(flag, bool):
        raise LexiconError(f"{path}: [{reason}] for_names is {flag!r}; it is true or false")
    return flag


def _check_pattern(path: Path, text: str, where: str, term: str) -> None:
    try:
        pattern = re.compile(term)
        fault = "it has a group; write (?:...)" if pattern.groups else "it matches nothing" if pattern.match("") else ""
    except re.error as error:
        fault = str(error)
    if fault:
        line = next((n for n, row in enumerate(text.splitlines(), 1) if term in row or repr(term)[1:-1] in row), 0)
        raise LexiconError(f"{path}:{line}: {where}: {term!r} is not a pattern: {fault}")


def _words(path: Path) -> Iterator[Words]:
    if not path.is_file():
        raise FileNotFoundError(
            f"no file of words {path}; start from one of {SHIPPED}, or leave copy.vocabularies empty"
        )
    for kind, table in parse(read(path, LexiconError), path, LexiconError).items():
        if not isinstance(table, Mapping):
            raise LexiconError(f"{path}: '{kind}' must be a table of name = [forms]")
        for name, forms in table.items():
            texts = _texts(path, kind, name, forms)
            implied = tuple(form[1:].strip() for form in texts if form.startswith("<"))
            yield Words(kind, name, tuple(form for form in texts if not form.startswith("<")), implied)


def _refuse(path: Path, raw: Mapping[str, Any], keys: list[str], what: str) -> None:
    if keys:
        raise LexiconError(f"{path}: {what} '{keys[0]}'; it has {', '.join(raw)}")


def _texts(path: Path, table: str, key: str, raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(value, str) and value for value in raw):
        raise LexiconError(f"{path}: [{table}] {key} must be a list of texts, saw {raw!r}")
    return tuple(raw)

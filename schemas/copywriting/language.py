"""What code must know of a language: its letters, small words, figures, dates and the wording of terms. Stdlib only.

Each language's folder has one `language.toml`; `models.text` and `models.fact_lock` use what is read here unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from schemas.copywriting.language_files import HEAD, file_of, languages_there_are
from schemas.toml_files import parse, read, refuse_unknown

_HOLES = {  # the names that a wording may have in braces
    "money": {"sign", "figure"},
    "day": {"day", "month"},
    "label": {"brand", "kind", "details"},
    "terms": {"percent", "tenths", "amount", "least"},
}
_TERMS = ("share", "share_from", "amount", "amount_from", "discount")


class LanguageError(ValueError):
    """A language.toml that cannot be used: file, key, what was seen and what belongs there."""


@dataclass(frozen=True)
class Language:
    """One language, as its language.toml has it.

    letters: its own letters, as the inside of a character class of lower-case text; scan: "words" where spaces stand
    between words, else "anywhere". must_have: letters of which every text has one, such as kana; empty: none.
    least_own: the least share of own letters among these and words in Latin letters, for a language of another script.
    small_words: everyday words that show which language a text in Latin letters has. checked_with: languages whose
    lexicons also check its texts, since it mixes in their words. countries: values of users.country that read it.

    months: twelve names as `day` shows them. money: currency -> wording, `any` for all others. terms: the wording of
    offers. numbers: word -> its value. units: dimension of `models.fact_lock.figure_patterns` (h, g, m, piece, ...) ->
    words with bars between them -> how many base units it is. figures_in_code: the code
    itself reads the language's number and unit words.
    yes, no: values that mean that an item has the attribute, or does not have it. joint: the text between the members
    of a list; last_joint: that before the last member. label: the name of an item whose title is in another language.
    """

    name: str
    english: str
    letters: str
    scan: str
    small_words: tuple[str, ...]
    months: tuple[str, ...]
    day: str
    money: Mapping[str, str]
    terms: Mapping[str, str]
    yes: tuple[str, ...]
    no: tuple[str, ...]
    joint: str
    last_joint: str
    label: str
    thousands: str = ","
    decimal: str = "."
    figures_in_code: bool = False
    numbers: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    must_have: str = ""
    least_own: float = 0.5
    countries: tuple[str, ...] = ()
    checked_with: tuple[str, ...] = ()

    def __hash__(self) -> int:  # rules are remembered for each language
        return hash(self.name)

    @property
    def has_spaces(self) -> bool:
        return self.scan == "words"


def load_languages(names: Iterable[str] = (), shop_folder: str = "") -> dict[str, Language]:
    """The named languages, by name; every language if none is named. shop_folder: folder of the shop's languages."""
    return {name: load_language(name, shop_folder) for name in tuple(names) or languages_there_are(shop_folder)}


def load_language(name: str, shop_folder: str = "") -> Language:
    """Reads a language.toml. Raises LanguageError naming file and key, or FileNotFoundError with the languages."""
    path = file_of(name, HEAD, shop_folder)
    raw = parse(read(path, LanguageError), path, LanguageError)
    known = {declared.name: declared for declared in fields(Language) if declared.name != "name"}
    refuse_unknown(str(path), raw, known, LanguageError)
    for key, declared in known.items():
        if key not in raw and declared.default is MISSING and declared.default_factory is MISSING:
            raise LanguageError(f"{path} lacks '{key}'; every language says {', '.join(known)}")
        if key in raw:
            _check_type(f"{path}: {key}", key, str(declared.type), raw[key])
    _check_wordings(str(path), raw)
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}
    return Language(name=name, **values)


def _check_type(where: str, key: str, kind: str, value: Any) -> None:
    fits = {
        "str": isinstance(value, str),
        "bool": isinstance(value, bool),
        "float": isinstance(value, float | int) and not isinstance(value, bool),
        "tuple[str, ...]": isinstance(value, list) and all(isinstance(text, str) for text in value),
        "Mapping[str, float]": _has_figures(value),
        "Mapping[str, Mapping[str, float]]": isinstance(value, dict) and all(map(_has_figures, value.values())),
        "Mapping[str, str]": isinstance(value, dict) and all(isinstance(text, str) for text in value.values()),
    }
    if not fits[kind]:
        wanted = {
            "str": "a text",
            "bool": "true or false",
            "float": "a figure",
            "tuple[str, ...]": "a list of texts",
        }.get(kind, "a table of texts")
        raise LanguageError(f"{where} must be {wanted}, saw {value!r}")


def _has_figures(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(figure, int | float) for figure in value.values())


def _check_wordings(path: str, raw: Mapping[str, Any]) -> None:
    """Raises if a list is too short, a wording is missing, or a wording has a name in braces that nobody fills."""
    if len(raw["months"]) != 12:
        raise LanguageError(f"{path}: months has {len(raw['months'])} names; a year has 12")
    if raw["scan"] not in ("words", "anywhere"):
        raise LanguageError(
            f'{path}: scan is {raw["scan"]!r}; it is "words" where spaces stand between words, or "anywhere"'
        )
    for key in ("letters", "must_have"):
        try:
            re.compile(f"[{raw.get(key) or 'a'}]")
        except re.error as error:
            raise LanguageError(f"{path}: {key} is no inside of a character class: {error}") from None
    if "any" not in raw["money"]:
        raise LanguageError(
            f'{path}: [money] lacks any, the wording of all other currencies, such as "{{sign}}{{figure}}"'
        )
    if missing := [key for key in _TERMS if key not in raw["terms"]]:
        raise LanguageError(f"{path}: [terms] lacks {', '.join(missing)}; it says {', '.join(_TERMS)}")
    refuse_unknown(f"{path}: [terms]", raw["terms"], _TERMS, LanguageError)
    wordings = {"day": {"": raw["day"]}, "label": {"": raw["label"]}, "money": raw["money"], "terms": raw["terms"]}
    for table, entries in wordings.items():
        for key, text in entries.items():
            if strange := set(re.findall(r"\{(\w*)\}", text)) - _HOLES[table]:
                known = ", ".join(sorted(_HOLES[table]))
                raise LanguageError(f"{path}: {table} {key} has {{{min(strange)}}}; there are {known}")

"""Undoes disguises: some writers spell a name so that people can read it and programs cannot.

Examples are letters set apart, digits written as words, and accents. Every function takes folded text
(`models.text.numerals.fold`).
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable

from models.compliance import refusal_patterns as patterns
from models.text.numerals import CHINESE_DIGITS

_LEAST_DIGITS = 7  # as many as the shortest telephone number
_SPOKEN = {"洞": 0, "幺": 1, "拐": 7, "勾": 9}  # digits as they are read out on the telephone
_CHINESE = {c: str(n) for c, n in (CHINESE_DIGITS | _SPOKEN).items()}
_WORDS = dict(
    zip(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "oh"],
        "零一二三四五六七八九零",
        strict=True,
    )
)
_WORD = re.compile(rf"(?<![a-z])(?:{'|'.join(_WORDS)})(?![a-z])")
_RUN = re.compile(rf"\d(?:[ ._*/|,~·-]{{0,3}}\d){{{_LEAST_DIGITS - 1},}}")
_LOOKS_LIKE = str.maketrans("l1!|05$34@78€", "iiiiosseaatbe")
_LATIN = re.compile(r"[a-z0-9!|$@€]+")
# Cyrillic letters, then Greek letters, that look like Latin ones; without the Greek letters of units (µ, Ω).
_LOOKS_LATIN = re.compile("[авекмнорстухіјѕԁһԛԝӏαεικνορτυχ]")
_OF_ANY_SCRIPT = re.compile(r"[^\W\d_]+")


def plain_readings(folded: str) -> list[str]:
    """Other readings of the text: without punctuation, 1gn0re as ignore, i g n o r e as ignore, ígnóre as ignore."""
    bare = re.sub(r"[^a-z0-9\u4e00-\u9fff]+", " ", folded)  # "ignore -- all" is read as "ignore all"
    leet = patterns.LEET_WORDS.sub(lambda match: match[0].translate(patterns.LEET), bare)
    return sorted({bare, leet, joined_letters(folded) or "", without_accents(folded)} - {folded, ""})


def joined_letters(folded: str) -> str | None:
    """The text with letters that are set apart (f.u.c.k, 全 网 最 低) joined; None if no letters are set apart."""
    if not patterns.SPELT.search(folded):
        return None
    return patterns.SPELT.sub(lambda match: re.sub(r"[ ._*/|-]", "", match[0]), folded)


def without_accents(folded: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))


def hidden_number(folded: str) -> str | None:
    """A run of seven or more digits that is written in a disguise; None if there is none.

    Disguises are digits as words (one three eight, 一三八), in circles, as superscripts, or with gaps between them. An
    ordinary long number, such as a bar code, is not hidden. Digits that only count up (1 2 3 4 5 6 7 8) are not either.
    """
    text = _WORD.sub(lambda match: _WORDS[match[0]], folded)
    for run in _RUN.finditer("".join(map(_digit, text))):
        shown, digits = text[run.start() : run.end()], re.sub(r"\D", "", run[0])
        in_disguise = sum(not c.isascii() for c in shown if _digit(c).isdigit())
        are_apart = len(re.findall(r"(?<!\d)\d(?!\d)", run[0])) == len(digits)
        if (in_disguise >= 3 or are_apart) and not _counts_up(digits):
            return shown
    return None


def copied_brand(folded: str, brands: Iterable[str]) -> str | None:
    """The first word that imitates one of the brands (s0ny, adldas, purna), as "word for brand"; None if none does."""
    skeletons = {_skeleton(brand): brand for brand in brands}
    plain_words = set(_LATIN.findall(folded))
    for text in {folded, without_accents(folded), joined_letters(folded) or folded}:
        for word in _LATIN.findall(text):
            brand = skeletons.get(_skeleton(word))
            if brand and (word != brand or brand not in plain_words):
                return f"{word} for {brand}"
    return None


def mixed_word(folded: str) -> str | None:
    """The first word that mixes Latin letters with look-alike letters of another alphabet (sоny with о)."""
    for word in _OF_ANY_SCRIPT.findall(folded):
        if not word.isascii() and _LOOKS_LATIN.search(word) and re.search("[a-z]", word):
            return str(word)
    return None


def _skeleton(word: str) -> str:
    return word.replace("rn", "m").replace("vv", "w").translate(_LOOKS_LIKE)


def _digit(c: str) -> str:
    if c in _CHINESE:
        return _CHINESE[c]
    return c if c.isascii() else str(unicodedata.digit(c, c))


def _counts_up(digits: str) -> bool:
    return all(int(b) - int(a) in (1, -9) for a, b in itertools.pairwise(digits))

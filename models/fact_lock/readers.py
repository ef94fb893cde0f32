"""What a Chinese text says of the reader: a height that the item is long enough for, or whom it does not fit."""

from __future__ import annotations

import re
from dataclasses import replace

from models.fact_lock.ages import fits_age, names_ages
from models.fact_lock.facts import Claim, ItemFacts
from models.fact_lock.figure_patterns import AGE
from models.fact_lock.sizes import fits_size, size_ranges

_METRES = re.compile(r"(?P<metres>\d(?:\.\d+)?) m")
_TALL = re.compile(
    "(?:的|高的?|的个子的?)?"
    "(?:你|您|人|大?个子|大个|身高|男生|女生|爸爸|妈妈|先生|小伙|姑娘|大人)[^。!?]{0,4}(?:躺|睡|平躺|伸)"
)
# What turns somebody away: 三岁的弟弟还得再等等, 46码的朋友抱歉了.
_TURNED_AWAY = re.compile(
    "(?![^,，。;!?]{0,8}(?:不用|不必|不再|别))[^,，。;!?]{0,8}"
    "(?:还?(?:得|要)再?等|再等等|等长大|还太?小|玩不了|用不了|穿不了|穿不上|没法[穿玩用]|不适合|嫌[小幼矮短]|太幼稚|抱歉|对不住|只能(?:遗憾|错过))"
    "|[^,，。;!?]{0,8}[,，]?[^,，。;!?]{0,4}不是给[他她你您它]们?"
)


def is_of_reader(claim: Claim, facts: ItemFacts, known: frozenset[str], folded: str) -> bool:
    """Whether a figure is of somebody whom the item fits by its length, or whom the text turns away rightly.

    known: the values that the item's words support.
    """
    if claim.kind not in ("number", "size"):
        return False
    if height := _METRES.fullmatch(claim.value):
        lengths = (float(length["metres"]) for length in map(_METRES.fullmatch, known) if length)
        return bool(_TALL.match(folded, claim.end)) and any(float(height["metres"]) <= length for length in lengths)
    if not _TURNED_AWAY.match(folded, claim.end):
        return False
    years, _, unit = claim.value.partition(" ")
    if unit == AGE:
        return names_ages(facts) and not fits_age(float(years.lstrip("~<>")), facts)
    return claim.kind == "size" and any(size_ranges(facts)) and not fits_size(claim.value, facts)


def with_reason(claim: Claim, facts: ItemFacts, known: frozenset[str], folded: str) -> Claim:
    """The claim; one of somebody whom the text turns away rightly has the words that do so too (还得再等等)."""
    turned_away = _TURNED_AWAY.match(folded, claim.end) if claim.kind in ("number", "size") else None
    if turned_away is None or not is_of_reader(claim, facts, known, folded):
        return claim
    return replace(claim, end=turned_away.end())

"""What a text says of the reader: a height that the item is long enough for, or whom it does not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from models.fact_lock.ages import fits_age, names_ages
from models.fact_lock.facts import Claim, ItemFacts
from models.fact_lock.figure_claims import figure_claims
from models.fact_lock.figure_patterns import AGE
from models.fact_lock.limits import is_too_large
from models.fact_lock.sizes import fits_size, size_ranges
from models.fact_lock.vocabulary import kind_of
from models.text.numerals import fold

_METRES = re.compile(r"(?P<metres>\d(?:\.\d+)?) m")
# The attributes whose length a reader lies along; a cord or a strap is none.
_LENGTHS = re.compile(r"(?:(?:total|inner|lying) )?(?:length|size|dimensions?)|长度|尺寸|垫长|床长")
_TALL = re.compile(
    "(?:的|高的?|的个子的?)?"
    "(?:你|您|人|大?个子|大个|身高|男生|女生|爸爸|妈妈|先生|小伙|姑娘|大人)[^。!?]{0,4}(?:躺|睡|平躺|伸)(?P<rest>[^。!?]*)"
)
# Where somebody who lies down has too little room; 不用蜷着 is none.
_CRAMPED = re.compile("(?<!不)(?<!不[用必会再])(?:蜷|缩|弯|曲|挤|悬|短|露|超|顶到)|^不|只能|不够")
# What turns somebody away: 三岁的弟弟还得再等等, 46码的朋友抱歉了. After another denial or a question (也不会穿不上,
# 谁说玩不了) it says the opposite, and so it does before 才怪 or a question mark.
_PLAIN = "(?:(?![不没别无未哪谁怎何莫])[^,，。;!?])"
_TURNED_AWAY = re.compile(
    f"(?:{_PLAIN}{{0,8}}"
    "(?:还?(?:得|要)再?等|再等等|等长大|还太?小|玩不了|用不了|穿不了|穿不上|没法[穿玩用]|不适合|嫌[小幼矮短]|太幼稚|抱歉|对不住|只能(?:遗憾|错过))"
    f"|{_PLAIN}{{0,8}}[,，]?{_PLAIN}{{0,4}}不是给[他她你您它]们?)"
    "(?![^,，。;!]{0,6}(?:[?？吗呢]|才怪|不存在|没有|不可能|骗人))"
)


def is_of_reader(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a figure is of somebody whom the item fits by its length, or whom the text turns away rightly.

    claim: one that the row does not support. If the row has sizes, an English text may turn away those of any other.
    """
    if claim.kind not in ("number", "size"):
        return False
    if claim.kind == "size" and is_too_large(claim, folded):
        return "size" in map(kind_of, facts.attributes)
    if height := _METRES.fullmatch(claim.value):
        lies = _TALL.match(folded, claim.end)
        if lies is None or _CRAMPED.search(lies["rest"]):
            return False
        return any(float(height["metres"]) <= length for length in _lengths(facts))
    return bool(_TURNED_AWAY.match(folded, claim.end)) and _fits(claim, facts) is False


def turns_away_wrongly(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a text turns away somebody whom the item fits: 42码的朋友抱歉了, of sizes 39-45."""
    return (
        claim.kind in ("number", "size")
        and _TURNED_AWAY.match(folded, claim.end) is not None
        and _fits(claim, facts) is True
    )


def _fits(claim: Claim, facts: ItemFacts) -> bool | None:
    """Whether the item is for this age or size; None if the claim is of neither, or the row names none."""
    years, _, unit = claim.value.partition(" ")
    if unit == AGE:
        return fits_age(float(years.lstrip("~<>")), facts) if names_ages(facts) else None
    return fits_size(claim.value, facts) if claim.kind == "size" and any(size_ranges(facts)) else None


def _lengths(facts: ItemFacts) -> Iterator[float]:
    """The lengths of the item itself, in metres."""
    for name, values in facts.attributes.items():
        for value in values if _LENGTHS.fullmatch(fold(name)) else ():
            for length in map(_METRES.fullmatch, (claim.value for claim in figure_claims(value))):
                if length:
                    yield float(length["metres"])


def with_reason(claim: Claim, facts: ItemFacts, folded: str) -> Claim:
    """The claim; one of somebody whom the text turns away rightly has the words that do so too (还得再等等)."""
    turned_away = _TURNED_AWAY.match(folded, claim.end) if claim.kind in ("number", "size") else None
    if turned_away is None or not is_of_reader(claim, facts, folded):
        return claim
    return replace(claim, end=turned_away.end())

"""Negations: "not lined", "without pockets", 不含酒精; what a text denies it no longer claims.

The value is "not " and the value denied, so that "unlined", "not lined" and a fact that says so are one; where what is
denied is no word of the vocabulary, it is the word itself. Idioms (不仅, "not only") deny nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace

from models.fact_lock.facts import Claim
from models.fact_lock.vocabulary import Vocabulary

_ZH = re.compile(
    r"(?:并?不(?:是|含|带|具有|具备?|会|能|可以?|易|适合|支持|包含|包括|提供|够|太|怎么|那么|很)?|没有?|毫无|无"
    r"|并?非|未|缺乏|缺少"
    r"|免(?=[洗拆充])|零(?=添加|甲醛|刺激))(?:任何|采用|使用|添加|一点|半点)?"
)
_SIGN_ZH = re.compile("[不没无非未缺免零]")
_EN = re.compile(
    r"(?P<un>(?<![a-z])(?:un(?=[a-z]{3,}(?:ed|able)(?![a-z]))|non[ -]?(?=[a-z]{4})))"
    r"|(?P<free>[ -]free(?![a-z])(?! (?:shipping|delivery|gift|returns|size|of|from|time)))"
    r"|(?<![a-z])(?:not|no|without|never|cannot|lacks?|lacking|free (?:of|from)|minus|neither|nor|hardly|far from"
    r"|(?:is|are|do|does|wo|was|were|ca|has|have)n't)(?![a-z])"
)
_CLAUSE = re.compile(r"[.,;:!?()，。；：！？（）、\n]")
_WORD_ZH = re.compile(r"[\u4e00-\u9fff]{1,2}")
_WORD_EN = re.compile(r"[ -]*(?:(?:a|an|any|the|made|of|in|with|be|come|have) )*([a-z]+)")
REACH_ZH, REACH_EN = 3, 24  # characters between the negation and what it denies
NOTHING, BEFORE = -2, -1  # the sign itself names what it denies ("unlined"), or stands after it ("leather-free")


def negations(folded: str, found: list[Claim], taken: bytearray, vocabulary: Vocabulary) -> list[Claim]:
    """The claims `found`, those that the text denies turned into claims of kind negation, and what else it denies.

    taken: 1 for each character that a word of the vocabulary has: a sign in one (不规则, "non-slip") denies nothing.
    """
    found = sorted(found, key=lambda claim: (claim.start, -claim.end))
    starts = [claim.start for claim in found]
    more: list[Claim] = []
    for start, end, reach, word in _signs(folded, vocabulary):
        if all(taken[start:end]):
            continue
        at = _denied(folded, found, starts, start, end, reach)
        if at is None:
            if word:
                more.append(Claim("negation", f"not {word}", start, min(len(folded), end + len(word) * (reach > 0))))
            continue
        place = found[at].start, found[at].end
        for n, claim in enumerate(found):
            if (claim.start, claim.end) == place and claim.kind != "negation":
                found[n] = replace(claim, kind="negation", value=f"not {claim.value}", start=min(start, place[0]),
                                   end=max(end, place[1]), doubtful=False)  # fmt: skip
    return found + more


def _denied(folded: str, found: list[Claim], starts: list[int], start: int, end: int, reach: int) -> int | None:
    """Which of the claims a sign from `start` to `end` denies: the next within reach and in the same clause."""
    if reach == NOTHING:
        return None
    if reach == BEFORE:
        return next((n for n, claim in enumerate(found) if claim.end == start), None)
    at = bisect_left(starts, end)
    if at == len(found) or found[at].start - end > reach or _CLAUSE.search(folded, end, found[at].start):
        return None
    return at


def _signs(folded: str, vocabulary: Vocabulary) -> Iterator[tuple[int, int, int, str]]:
    """(start, end, reach, word denied where no claim is in reach) of each sign of negation."""
    for sign in _ZH.finditer(folded) if _SIGN_ZH.search(folded) else ():
        word = _WORD_ZH.match(folded, sign.end())
        yield sign.start(), sign.end(), REACH_ZH, word[0] if word else ""
    for sign in _EN.finditer(folded):
        after = _WORD_EN.match(folded, sign.end())
        word_after = after[1] if after else ""
        if sign["un"]:
            meanings = vocabulary.meanings(word_after)
            yield sign.start(), sign.end() + len(word_after), NOTHING, meanings[0].value if meanings else word_after
        elif sign["free"]:
            before = re.search(r"[a-z]+$", folded[: sign.start()])
            yield sign.start(), sign.end(), BEFORE, before[0] if before else ""
        else:
            yield sign.start(), sign.end(), REACH_EN, word_after

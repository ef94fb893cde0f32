"""Negations: "not lined", "without pockets", 不含酒精. A claim that the text denies becomes a claim of kind negation.

Its value is "not " and the value denied, so that "unlined" and "not lined" have the same value, and match a fact that
says so. If the denied word is not in the vocabulary, the value has the word itself. Idioms (不仅, "not only") deny
nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from models.fact_lock.facts import Claim
from models.fact_lock.vocabulary import Vocabulary

_ZH = re.compile(
    r"(?:并?不(?:是|含|带|具有|具备?|会|能|可以?|易|适合|支持|包含|包括|提供|够|太|怎么|那么|很)?|没有?|毫无|无"
    r"|并?非|未|缺乏|缺少"
    r"|免(?=[洗拆充])|零(?=添加|甲醛|刺激))(?:任何|采用|使用|添加|一点|半点)?"
)
# 一个口袋都没留: what is denied stands before the negation.
_NONE_ZH = re.compile(
    "[一半](?:个|只|条|根|点儿?|丝|颗|粒|块|滴|层|片|道)(?P<what>[\u4e00-\u9fff]{1,5})[都也](?:没有?|不)(?![\u4e00-\u9fff]{0,3}(?:少|缺|落|错过))"
)
SUBSTANCE = "[a-z][a-z0-9-]{1,7}|[一-龥]{1,4}(?:剂|精|素|醛|糖|盐|油|酯|醇|酸|胶|粉|料|铅|酚|苯|醚)[a-z]?"
# Plastic? Not this one. Not of a thing that the text has after all: "Leather? Not only that", "Plastic? No shortage".
ASKED = re.compile(
    r"\?,? (?:(?:not|no|never|nope|none)(?=[.;:!]|$| (?:here|this|these|any(?:where|more)|in (?:this|these|here|it)"
    r"|on (?:this|these)|at all|inside|needed|required|for this|with this)(?![a-z])| an? (?:bit|drop|trace"
    r"|scrap|stitch|gram"
    r"|crumb|hint|thread|grain|whiff)(?=[,.;:!?]|$| (?:of it|in (?:it|this|these|here|sight))(?![a-z])))"
    r"|(?:no|never|nope)(?=,(?! (?:no|not|two|three|four|both|more|even|better|\d))))"
)
# 香精?配方里没有: a substance or a Latin name is asked for, and denied. The denial is no double one and ends its
# clause: what follows there (没有才怪, 没有只放玻尿酸) may say anything.
ASKED_ZH = re.compile(
    rf"(?:^|(?<=[,，。;；!！?？]))(?P<what>{SUBSTANCE})[?？]"
    r"(?:(?![不没无零哪怎谁少])[^,，。;；!！?？]){0,6}?"
    r"(?:没有|没[加放掺含]|不[含加放掺用]|零添加|找不到|不存在)(?:这一?[项样种味]|的|了|过|哦|啊|呀|它|添加){0,2}(?=[,，。;；!！]|$)"
)
_SUCH = re.compile("[\u4e00-\u9fff]{1,3}的")
_SIGN_ZH = re.compile("[不没无非未缺免零]")
_TURNED = "(?! (?:without|short of|lack(?:ing)?|free (?:of|from)|devoid|shortage|end of|limit)(?![a-z]))"
_EN = re.compile(
    r"(?P<un>(?<![a-z])(?:un(?=[a-z]{3,}(?:ed|able)(?![a-z]))|non[ -]?(?=[a-z]{4})))"
    rf"|(?P<asked>{ASKED.pattern})"
    r"|(?P<free>[ -]free(?![a-z])(?! (?:shipping|delivery|gift|returns|size|of|from|time)))"
    # "not without" and "no shortage of" deny nothing
    rf"|(?<![a-z])(?:(?:not|no|never|cannot){_TURNED}|(?<!not )(?<!never )(?<!n't )(?:without|lacks?|lacking"
    r"|free (?:of|from))|minus|neither|nor|hardly|far from"
    rf"|(?:is|are|do|does|wo|was|were|ca|has|have)n't{_TURNED})(?![a-z])"
)
_BEING = re.compile(r"并?不是|并?非|not|(?:is|are|was|were)n't|\?.+")
_CLAUSE = re.compile(r"[.,;:!?()，。；：！？（）、\n]|(?<![a-z])but(?![a-z])|而是")
_WORD_ZH = re.compile(r"[\u4e00-\u9fff]{1,2}")
_WORD_EN = re.compile(r"[ -]*(?:(?:a|an|any|the|made|of|in|with|be|come|have) )*([a-z]+)")
# What may stand between a denial and the fact that it is set against, after the denial and before it.
_TO_FACT = re.compile(r"[^.;!?。；！？]{0,16}?(?:[ ,]but |，?而是|，(?:[是要用有]|都是|只))[^.,;!?。，；！？]{0,16}")
_FROM_FACT = re.compile(r" ?[a-z]{0,12}, ?|[\u4e00-\u9fff]{0,4}，")
_SETS_AGAINST = ("attribute", "colour", "material", "size", "number", "season")
REACH_ZH, REACH_EN = 3, 24  # characters that may stand between the negation and what it denies
# In place of a reach: the negation is part of the word that it denies ("unlined"), or stands after it ("leather-free").
WITHIN, BEFORE = -2, -1


class _Negation(NamedTuple):
    """A negating word: its place, how far it reaches, and the word denied if no claim is within its reach."""

    start: int
    end: int
    reach: int  # characters, or WITHIN or BEFORE
    word: str


def negations(
    folded: str, claims: list[Claim], covered: bytearray, vocabulary: Vocabulary, denials: list[tuple[int, int]]
) -> list[Claim]:
    """The claims, with those that the text denies turned into negations, and the other negations of the text.

    covered: 1 for each character of a claim or a trap: a negation inside one (不规则, "non-slip") denies nothing.
    denials: places that deny something of the item; a word outside the vocabulary counts as denied only there.
    """
    claims = _denied_before(folded, sorted(claims, key=lambda claim: (claim.start, -claim.end)))
    word_claims: list[Claim] = []
    for asked in ASKED_ZH.finditer(folded):
        claims = [claim for claim in claims if not asked.start() <= claim.start < asked.end()]
        word_claims.append(Claim("negation", f"not {asked['what']}", *asked.span()))
        covered[asked.start() : asked.end()] = b"\1" * (asked.end() - asked.start())
    for negation in _negating_words(folded, vocabulary):
        start, end, reach, word = negation
        if all(covered[start:end]):
            continue
        claims = [claim for claim in claims if not start < claim.start < end]  # 有线 in 没有线 is denied, not claimed
        denied = _denied(folded, claims, negation)
        if denied is not None:
            claims = [
                _denial(claim, negation, folded)
                if _same_place(claim, denied) or _goes_on(claim, denied, folded)
                else claim
                for claim in claims
            ]
        elif word and (":" in word or any(first < max(end, start + 1) and start < last for first, last in denials)):
            last = end + len(word) if reach > 0 else end
            of_being = _BEING.fullmatch(folded, start, end) is not None
            word_claims.append(Claim("negation", f"not {word}", start, min(len(folded), last), of_being=of_being))
    denied_words = [*word_claims, *(claim for claim in claims if claim.kind == "negation")]
    word_claims += [
        Claim("negation", f"not {folded[first:last]}", first, last)
        for first, last in denials
        if not all(covered[first:last]) and not any(claim.start < last and first < claim.end for claim in denied_words)
    ]
    return claims + word_claims


def _denied_before(folded: str, claims: list[Claim]) -> list[Claim]:
    """The claims, with those turned into negations that a Chinese denial follows: 一个口袋都没留."""
    for none in _NONE_ZH.finditer(folded):
        start, end = none.span("what")
        claims = [
            replace(claim, kind="negation", value=f"not {claim.value}", start=none.start(), end=none.end())
            if start <= claim.start and claim.end <= end and claim.kind != "negation"
            else claim
            for claim in claims
        ]
    return claims


def is_contrast(denial: Claim, supported: list[Claim], folded: str) -> bool:
    """Whether the text sets what it denies against a fact: "not smooth but textured", "soy wax, not beeswax".

    denial: a negation that the facts do not support. supported: the claims that they do support. Only a denial of what
    the item is ("is not", "isn't") can be true by contrast.
    """
    if not denial.of_being:
        return False
    return any(
        _TO_FACT.fullmatch(folded, denial.end, fact.start) or _FROM_FACT.fullmatch(folded, fact.end, denial.start)
        for fact in supported
        if fact.kind in _SETS_AGAINST and fact.start != denial.start
    )


def _same_place(claim: Claim, denied: Claim) -> bool:
    return (claim.start, claim.end) == (denied.start, denied.end) and claim.kind != "negation"


def _goes_on(claim: Claim, denied: Claim, folded: str) -> bool:
    """Whether the claim is of the word after the one denied, and so is denied too: foam, of "isn't PVC foam"."""
    both = (claim.kind, denied.kind)
    return claim.start == denied.end + 1 and folded[denied.end] == " " and both == ("material", "material")


def _denial(claim: Claim, negation: _Negation, folded: str) -> Claim:
    start, end = min(negation.start, claim.start), max(negation.end, claim.end)
    of_being = _BEING.fullmatch(folded, negation.start, negation.end) is not None
    return replace(
        claim, kind="negation", value=f"not {claim.value}", start=start, end=end, doubtful=False, of_being=of_being
    )


def _denied(folded: str, claims: list[Claim], negation: _Negation) -> Claim | None:
    """The claim that is denied: the next one within reach and in the same clause."""
    if negation.reach == WITHIN:
        return None
    if negation.reach == BEFORE:
        return next((claim for claim in claims if claim.end == negation.start), None)
    following = bisect_left(claims, negation.end, key=lambda claim: claim.start)
    if following == len(claims):
        return None
    claim = claims[following]
    if _SUCH.fullmatch(folded, negation.end, claim.start):
        return None  # 不含铅的玻璃 denies lead
    too_far = claim.start - negation.end > negation.reach or _CLAUSE.search(folded, negation.end, claim.start)
    return None if too_far else claim


def _negating_words(folded: str, vocabulary: Vocabulary) -> Iterator[_Negation]:
    for sign in _ZH.finditer(folded) if _SIGN_ZH.search(folded) else ():
        word = _WORD_ZH.match(folded, sign.end())
        yield _Negation(*sign.span(), REACH_ZH, word[0] if word else "")
    for sign in _EN.finditer(folded):
        after = _WORD_EN.match(folded, sign.end())
        word_after = after[1] if after else ""
        if sign["un"]:
            meanings = vocabulary.meanings(word_after)
            denied = meanings[0].value if meanings else word_after
            yield _Negation(sign.start(), sign.end() + len(word_after), WITHIN, denied)
        elif sign["free"] or sign["asked"]:
            before = re.search(r"[a-z]+$", folded[: sign.start()])
            yield _Negation(*sign.span(), BEFORE, before[0] if before else "")
        else:
            yield _Negation(*sign.span(), REACH_EN, word_after)

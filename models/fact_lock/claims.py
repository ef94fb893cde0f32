"""The fact lock: what a text claims, and which of it the item's facts do not support.

claims(text, language, vocabulary)              every claim, supported or not
unsupported(text, facts, vocabulary, language)  those that the facts do not support: such a text is not shown
fill(template, slots)                           prices, discounts, stock, dates, terms and names, from tables
digits_of_its_own(text)                         figures outside slots
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.fact_check import supports
from models.fact_lock.facts import KINDS, Claim, Facts, Source
from models.fact_lock.figure_claims import amounts
from models.fact_lock.negations import negations
from models.fact_lock.short_claims import short_words
from models.fact_lock.slots import Filled, Slot, SlotError, digits_of_its_own, fill, slots_of
from models.fact_lock.superlatives import superlatives
from models.fact_lock.vocabulary import CJK, LATIN, Vocabulary
from models.text.numerals import fold

__all__ = [
    "KINDS",
    "Claim",
    "Facts",
    "Filled",
    "Slot",
    "SlotError",
    "Source",
    "Vocabulary",
    "claims",
    "digits_of_its_own",
    "fill",
    "slots_of",
    "unsupported",
]


def claims(text: str, language: str, vocabulary: Vocabulary) -> list[Claim]:
    """Every claim in the text, by place. Chinese and English words are both looked for in either `language`."""
    folded, cased = fold(text), fold(text, lower=False)
    found = list(_words(folded, vocabulary))
    taken = bytearray(len(text))
    _take(taken, found)
    for more in (_brands(cased, vocabulary), amounts(text), superlatives(folded), short_words(cased, folded)):
        fresh = [claim for claim in more if not all(taken[claim.start : claim.end])]
        _take(taken, fresh)
        found += fresh
    found = negations(folded, [claim for claim in found if claim.value], taken, vocabulary)
    return sorted(found, key=lambda claim: (claim.start, claim.end))


def unsupported(text: str, facts: Facts, vocabulary: Vocabulary, language: str) -> list[Claim]:
    """The claims of the text that `facts` do not support; none means that the text may be shown."""
    known = vocabulary.supported(facts, claims)
    return [claim for claim in claims(text, language, vocabulary) if not supports(claim, facts, known)]


def _words(folded: str, vocabulary: Vocabulary) -> Iterator[Claim]:
    scans: list[re.Pattern[str]] = []
    if CJK.search(folded):
        scans.append(vocabulary.chinese)
    if LATIN.search(folded):
        scans.append(vocabulary.english)
    for scan in scans:
        for found in scan.finditer(folded):
            meanings = vocabulary.meanings(found[0])
            if not meanings:  # a trap: its letters are taken, and it claims nothing
                yield Claim("", "", found.start(), found.end())
            for meaning in meanings:
                yield Claim(meaning.kind, meaning.value, found.start(), found.end(), meaning.attributes,
                            meaning.doubtful)  # fmt: skip


def _take(taken: bytearray, found: list[Claim]) -> None:
    for claim in found:
        taken[claim.start : claim.end] = b"\1" * (claim.end - claim.start)


def _brands(cased: str, vocabulary: Vocabulary) -> Iterator[Claim]:
    for found in vocabulary.brand_names.finditer(cased):
        yield Claim("brand", vocabulary.brands[found[0]], found.start(), found.end())

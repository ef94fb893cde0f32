"""The fact lock: what a text claims, and which of it the item's facts do not support.

claims(text, language, vocabulary)              every claim, supported or not
unsupported(text, facts, vocabulary, language)  those that the facts do not support: such a text is not shown
fill(template, slots)                           prices, discounts, stock, dates, terms and names, from tables
digits_of_its_own(text)                         figures outside slots
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.amounts import amounts
from models.facts import KINDS, Claim, Facts, Source
from models.negations import negations
from models.numerals import fold
from models.slots import Filled, Slot, SlotError, digits_of_its_own, fill, slots_of
from models.superlatives import superlatives
from models.support import supports
from models.vocabulary import CJK, LATIN, Vocabulary

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
    folded = fold(text)
    words = list(_words(folded, vocabulary))
    words += _brands(text, vocabulary)
    taken = bytearray(len(text))
    for claim in words:
        taken[claim.start : claim.end] = b"\1" * (claim.end - claim.start)
    words += (claim for claim in amounts(text) if not all(taken[claim.start : claim.end]))
    words += (claim for claim in superlatives(folded) if not all(taken[claim.start : claim.end]))
    words = negations(folded, [claim for claim in words if claim.value])
    return sorted(words, key=lambda claim: (claim.start, claim.end))


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
            for meaning in vocabulary.meanings(found[0]):
                yield Claim(meaning.kind, meaning.value, found.start(), found.end(), meaning.attributes,
                            meaning.doubtful)  # fmt: skip


def _brands(text: str, vocabulary: Vocabulary) -> Iterator[Claim]:
    for found in vocabulary.brand_names.finditer(fold(text, lower=False)):
        yield Claim("brand", vocabulary.brands[found[0]], found.start(), found.end())

"""The fact lock: finds what a text claims, and which of its claims the item's facts do not support.

claims(text, language, vocabulary)              every claim, supported or not
unsupported(text, facts, vocabulary, language)  the claims that the facts do not support; a text with one is not shown
banned_words(facts, vocabulary)                 words that a text about the item cannot have
fill(template, slots)                           puts in prices, discounts, stock, dates, terms and names from tables
digits_of_its_own(text)                         figures that the text has outside its slots
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.fact_check import supports
from models.fact_lock.facts import KINDS, Claim, ItemFacts, Source
from models.fact_lock.figure_claims import figure_claims
from models.fact_lock.negations import negations
from models.fact_lock.short_claims import short_claims
from models.fact_lock.slots import Filled, Slot, SlotError, digits_of_its_own, fill, slots_of
from models.fact_lock.superlatives import superlatives
from models.fact_lock.vocabulary import CJK, LATIN, Vocabulary
from models.text.numerals import fold

__all__ = [
    "KINDS",
    "Claim",
    "Filled",
    "ItemFacts",
    "Slot",
    "SlotError",
    "Source",
    "Vocabulary",
    "banned_words",
    "claims",
    "digits_of_its_own",
    "fill",
    "slots_of",
    "unsupported",
]


def claims(text: str, language: str, vocabulary: Vocabulary) -> list[Claim]:
    """Every claim in the text, by place. Chinese and English words are both looked for, whatever the `language`.

    Of two claims at one place the first found counts: words of the vocabulary come before brands, figures, superlatives
    and short words.
    """
    folded, cased = fold(text), fold(text, lower=False)
    found = list(_word_claims(folded, vocabulary))
    covered = bytearray(len(text))  # 1 for each character that is part of a claim, or of a trap
    _cover(covered, found)
    brands = _brand_claims(cased, vocabulary)
    for more in (brands, figure_claims(text, vocabulary.figures), superlatives(folded), short_claims(cased, folded)):
        new = [claim for claim in more if not all(covered[claim.start : claim.end])]
        _cover(covered, new)
        found += new
    found = negations(folded, [claim for claim in found if claim.value], covered, vocabulary)
    return sorted(found, key=lambda claim: (claim.start, claim.end))


def unsupported(text: str, facts: ItemFacts, vocabulary: Vocabulary, language: str) -> list[Claim]:
    """The claims of the text that `facts` do not support. If there are none, the text may be shown."""
    known = vocabulary.supported(facts, claims)
    return [claim for claim in claims(text, language, vocabulary) if not supports(claim, facts, known)]


def banned_words(facts: ItemFacts, vocabulary: Vocabulary) -> frozenset[str]:
    """The vocabulary's words, folded, that claim something which the facts do not support: a writer leaves them out."""
    known = vocabulary.supported(facts, claims)
    return frozenset(
        word
        for word in vocabulary.spelled
        for meaning in vocabulary.meanings(word)
        if not supports(Claim(meaning.kind, meaning.value, 0, 0, meaning.attributes, meaning.doubtful), facts, known)
    )


def _word_claims(folded: str, vocabulary: Vocabulary) -> Iterator[Claim]:
    scans: list[re.Pattern[str]] = []
    if CJK.search(folded):
        scans.append(vocabulary.chinese)
    if LATIN.search(folded):
        scans.append(vocabulary.english)
    for scan in scans:
        for found in scan.finditer(folded):
            meanings = vocabulary.meanings(found[0])
            if not meanings:  # a trap: it covers its letters and claims nothing
                yield Claim("", "", found.start(), found.end())
            for meaning in meanings:
                start, end = found.span()
                yield Claim(meaning.kind, meaning.value, start, end, meaning.attributes, meaning.doubtful)


def _cover(covered: bytearray, found: list[Claim]) -> None:
    for claim in found:
        covered[claim.start : claim.end] = b"\1" * (claim.end - claim.start)


def _brand_claims(cased: str, vocabulary: Vocabulary) -> Iterator[Claim]:
    for found in vocabulary.brand_names.finditer(cased):
        yield Claim("brand", vocabulary.brands[found[0]], found.start(), found.end())

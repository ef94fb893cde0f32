"""Sentences of a text, as the judge of the language sees them: what asserts something, and what only sounds like it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from models.fact_lock.claim_rules import SAID_IN_TEXT, ClaimRules, lies_within
from models.fact_lock.facts import Claim, ItemFacts
from models.fact_lock.sentence_judge import FACT, ITEM
from models.fact_lock.vocabulary import UNSPACED
from models.text.numerals import fold

_SENTENCE = re.compile(r"(?:[^.;!?。；！？\n]|\.(?=\d))+[.;!?。；！？\n\s]*")
LEAST = {True: 40, False: 16}  # letters of what is judged at once, by whether words have spaces: less says too little


class Sentence(NamedTuple):
    """A sentence, or a few short ones, and how likely it asserts something of the product."""

    start: int
    end: int
    probability: float


def judged_sentences(folded: str, true: Iterable[Claim], facts: ItemFacts, rules: ClaimRules) -> list[Sentence]:
    """The sentences of a folded text; none where the language has no examples. true: claims that the facts support."""
    if rules.judge is None:
        return []
    blanks = _blanks(folded, true, facts)
    return [
        Sentence(start, end, rules.judge.probability(_blanked(folded, blanks, start, end)))
        for start, end in _sentences(folded, LEAST[rules.words.spaces])
    ]


def assertions(
    sentences: Iterable[Sentence], wrong: list[Claim], rules: ClaimRules, may_be_moods: tuple[str, ...]
) -> list[Claim]:
    """The claims `wrong` without those that may be moods, where the judge sees one, and what it finds itself.

    What a pattern found may be a mood, and so may claims of the kinds `may_be_moods`.
    """
    if (examples := rules.words.examples) is None:
        return wrong
    sentences = list(sentences)
    moods = [(one.start, one.end) for one in sentences if one.probability < examples.doubts]
    kept = [
        claim
        for claim in wrong
        if not (_is_of_pattern(claim) or claim.kind in may_be_moods) or not lies_within(claim.start, claim.end, moods)
    ]
    found = [
        Claim("assertion", f"{SAID_IN_TEXT}{one.start}", one.start, one.end)
        for one in sentences
        if one.probability >= examples.refuses and not any(one.start <= claim.start < one.end for claim in kept)
    ]
    return sorted([*kept, *found], key=lambda claim: (claim.start, claim.end))


def _is_of_pattern(claim: Claim) -> bool:
    """Whether a pattern of a sentence found it, rather than a word or a sign that stands for one."""
    return claim.value.startswith(SAID_IN_TEXT) and claim.kind != "attribute"


def kinds_of(facts: ItemFacts) -> list[str]:
    """What the item is called: its kinds, folded, and their last words (短靴, boots)."""
    kinds = [fold(kind) for kind in facts.attributes.get("kind", ()) if kind]
    return [*kinds, *(kind[-2:] if UNSPACED.search(kind) else kind.rpartition(" ")[2] for kind in kinds)]


def _sentences(folded: str, least: int) -> Iterator[tuple[int, int]]:
    """Places of sentences; one with fewer letters goes with the next, the last with the one before."""
    starts = [0]
    for sentence in _SENTENCE.finditer(folded):
        letters = sum(map(str.isalnum, folded[starts[-1] : sentence.end()]))
        left = sum(map(str.isalnum, folded[sentence.end() :]))
        if letters >= least and left >= least:
            starts.append(sentence.end())
    yield from zip(starts, [*starts[1:], len(folded)], strict=True)


def _blanks(folded: str, true: Iterable[Claim], facts: ItemFacts) -> list[str]:
    """For each character of the text ITEM, FACT or ""."""
    blanks = [""] * len(folded)
    for claim in true:
        if claim.value:
            blanks[claim.start : claim.end] = [FACT] * (claim.end - claim.start)
    for names, blank in (((*facts.titles, *facts.brands), FACT), (kinds_of(facts), ITEM)):
        for name in sorted({fold(name) for name in names if name}, key=len, reverse=True):
            edge = "" if UNSPACED.search(name) else r"(?![a-z])"
            for place in re.finditer(re.escape(name) + edge, folded):
                blanks[place.start() : place.end()] = [blank] * len(name)
    return blanks


def _blanked(folded: str, blanks: list[str], start: int, end: int) -> str:
    """The place of the text, each run of one blank as a single sign."""
    return "".join(
        blanks[at] or folded[at]
        for at in range(start, end)
        if not blanks[at] or at == start or blanks[at] != blanks[at - 1]
    )

"""Applies a language's judge to the sentences of a text: which assert something, and which only sound like it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from models.fact_lock.claim_rules import ClaimRules, lies_within
from models.fact_lock.facts import SAID_IN_TEXT, Claim, ItemFacts
from models.fact_lock.sentence_judge import FACT, ITEM, SentenceJudge
from models.fact_lock.word_index import stands_alone
from models.text.languages import UNSPACED
from models.text.numerals import fold

_SENTENCE = re.compile(r"(?:[^.;!?。；！？\n]|\.(?=\d))+[.;!?。；！？\n\s]*")
# A thing in a list, without its figure and counter; and what says that a thing is not there.
_LISTED = re.compile(
    r"(?:(?<=^)|(?<=[、,/+和与 \d])|(?<=[\d一两二三四五六七八九十][个只条支把张块副根枚套双份本罐包片]))"
    r"[\u3400-\u9fff]{2,6}(?=$|[、,/+和与(\d])"
)
# A short name with Latin letters or figures: usb-c, 30n·m, ppsu.
_SPEC = re.compile(r"(?<![a-z0-9])[a-z0-9][a-z0-9.·-]*[a-z0-9](?![a-z0-9])")
_FIGURE = re.compile(r"\d")
_LACKS = re.compile("[不无未没禁忌]|另购|另售|自备|选配|可选|加购|避免")
_LACKED = re.compile("(?<![a-z])(?:optional|avoid|not|without|free|never)(?![a-z])")  # names of such lists
LEAST = {True: 40, False: 16}  # letters that are judged at once, at least, by whether words have spaces


class Sentence(NamedTuple):
    """A sentence, or a few short ones, and how likely it asserts something of the product."""

    start: int
    end: int
    probability: float


def judged_sentences(folded: str, blanks: list[str], judge: SentenceJudge) -> list[Sentence]:
    """The sentences of a folded text; blanks: from `blanks_of`."""
    return [
        Sentence(start, end, judge.probability(_blanked(folded, blanks, start, end)))
        for start, end in _sentences(folded, LEAST[judge.spaces])
    ]


def assertions(
    sentences: Iterable[Sentence], wrong: list[Claim], rules: ClaimRules, may_be_moods: tuple[str, ...]
) -> list[Claim]:
    """The claims `wrong`, without those that only express a mood, and with the assertions that the judge finds itself.

    A claim found by a pattern may be a mood, and so may a claim of the kinds `may_be_moods`. It is a mood if the judge
    finds it unlikely that its sentence asserts something.
    """
    if (examples := rules.words.examples) is None:
        return wrong
    sentences = list(sentences)
    moods = [(sentence.start, sentence.end) for sentence in sentences if sentence.probability < examples.doubts]
    remaining = [
        claim
        for claim in wrong
        if not (_is_of_pattern(claim) or claim.kind in may_be_moods) or not lies_within(claim.start, claim.end, moods)
    ]
    asserting = [
        Claim("assertion", f"{SAID_IN_TEXT}{sentence.start}", sentence.start, sentence.end)
        for sentence in sentences
        if sentence.probability >= examples.refuses
        and not any(sentence.start <= claim.start < sentence.end for claim in remaining)
    ]
    return sorted([*remaining, *asserting], key=lambda claim: (claim.start, claim.end))


def _is_of_pattern(claim: Claim) -> bool:
    """Whether a pattern of a sentence found the claim, not a word or a sign that stands for a word."""
    return claim.is_said and claim.kind != "attribute"


def _sentences(folded: str, least: int) -> Iterator[tuple[int, int]]:
    """(start, end) of sentences; one with fewer letters is joined to the next, the last to the one before."""
    starts = [0]
    for sentence in _SENTENCE.finditer(folded):
        letters = sum(map(str.isalnum, folded[starts[-1] : sentence.end()]))
        letters_after = sum(map(str.isalnum, folded[sentence.end() :]))
        if letters >= least and letters_after >= least:
            starts.append(sentence.end())
    yield from zip(starts, [*starts[1:], len(folded)], strict=True)


def blanks_of(
    folded: str, supported: Iterable[Claim], known: frozenset[str], facts: ItemFacts, spaces: bool
) -> list[str]:
    """ITEM, FACT or "" for each character of the text.

    supported: true claims. known: the values that the item's words support. spaces: whether spaces stand between words.
    """
    blanks = [""] * len(folded)
    for claim in supported:
        if claim.value:
            blanks[claim.start : claim.end] = [FACT] * (claim.end - claim.start)
    for names, blank in (((*facts.titles, *facts.brands), FACT), (facts.kinds, ITEM)):
        for name in sorted({fold(name) for name in names if name}, key=len, reverse=True):
            edge = "" if UNSPACED.search(name) else r"(?![a-z])"
            for match in re.finditer(re.escape(name) + edge, folded):
                blanks[match.start() : match.end()] = [blank] * len(name)
    if not spaces:
        _blank_entailed(blanks, folded, known, spaces)
        _blank_listed(blanks, folded, facts)
    return blanks


def judged_again(
    sentences: list[Sentence], folded: str, blanks: list[str], known: frozenset[str], rules: ClaimRules
) -> list[Sentence]:
    """The sentences; where words have spaces, those that seem to assert something are judged without what follows from
    the row. Whether a claim is a mood is not decided so: less of a sentence is left to tell it."""
    examples = rules.words.examples
    if not rules.words.spaces or examples is None or rules.judge is None:
        return sentences
    if all(sentence.probability < examples.refuses for sentence in sentences):
        return sentences
    left = [*blanks]
    _blank_entailed(left, folded, known, rules.words.spaces)
    return [
        sentence
        if sentence.probability < examples.refuses
        else sentence._replace(
            probability=rules.judge.probability(_blanked(folded, left, sentence.start, sentence.end))
        )
        for sentence in sentences
    ]


def _blank_entailed(blanks: list[str], folded: str, known: frozenset[str], spaces: bool) -> None:
    """Blank what follows from the row, such as 拆下来 of a cover that comes off, unless it is blank already.

    Where words have spaces, only whole words of some length: "arm" of a crank says too little.
    """
    for value in known:
        word = value.removeprefix(SAID_IN_TEXT)
        start = folded.find(word) if word != value and len(word) > (3 if spaces else 1) else -1
        while start >= 0:
            end = start + len(word)
            if not spaces or stands_alone(folded, start, word):
                blanks[start:end] = [blank or FACT for blank in blanks[start:end]]
            start = folded.find(word, end)


def _blank_listed(blanks: list[str], folded: str, facts: ItemFacts) -> None:
    """Blank what a value lists, such as 地钉 of 帐篷、8枚地钉, but for what it lists as lacking."""
    values = [value for name, value in facts.folded_values if not (_LACKED.search(name) or _LACKS.search(value))]
    listed = (part for value in values for part in _LISTED.findall(value))
    specs = (
        part for value in values if UNSPACED.search(value) or _FIGURE.search(value) for part in _SPEC.findall(value)
    )
    for thing in sorted({*listed, *specs}, key=len, reverse=True):
        edges = ("", "") if UNSPACED.search(thing) else ("(?<![a-z0-9.])", "(?![a-z0-9])")
        for match in re.finditer(re.escape(thing).join(edges), folded):
            blanks[match.start() : match.end()] = [blank or FACT for blank in blanks[match.start() : match.end()]]


def _blanked(folded: str, blanks: list[str], start: int, end: int) -> str:
    """The text from start to end, with each run of the same blank written once."""
    return "".join(
        blanks[index] or folded[index]
        for index in range(start, end)
        if not blanks[index] or index == start or blanks[index] != blanks[index - 1]
    )

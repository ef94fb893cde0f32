"""Finds what sentences assert of a product, with the patterns of a language's claims.toml.

assertions(folded)                claims that a pattern finds: awards, origin, health, ...
paraphrases(folded)               words of the vocabulary that the text says in other words
partner_spans(folded, own_names)  places where a sentence speaks of what is worn, eaten or used with the item
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from models.fact_lock.facts import SAID_IN_TEXT, Claim
from models.fact_lock.pattern_index import Hit, PatternIndex
from models.fact_lock.sentence_judge import SentenceJudge
from models.fact_lock.word_index import WordIndex
from models.text.numerals import fold

CLAUSE = re.compile(r"[^,.;:!?，。；：！？、\n]+")
BESIDE = {True: 12, False: 4}  # characters before a noun that describe it, by whether words have spaces
OF_PARTNERS = ("attribute", "colour", "material", "season")  # kinds that may be said of what is worn with the item
ASSERTS, MEANS, ALLOWS, DENIES, CUES = "asserts ", "means ", "allows", "denies", "cues"  # tags of patterns


class Examples(Protocol):
    """One language's sentences.toml, such as a `schemas.copywriting.examples.Examples`."""

    @property
    def asserts(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def plain(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def doubts(self) -> float: ...
    @property
    def refuses(self) -> float: ...


class ClaimWords(Protocol):
    """One language's claims.toml, such as a `schemas.copywriting.claims.ClaimWords`."""

    def __hash__(self) -> int: ...
    @property
    def language(self) -> str: ...
    @property
    def spaces(self) -> bool: ...
    @property
    def capitals(self) -> bool: ...
    @property
    def asserts(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def means(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def allows(self) -> tuple[str, ...]: ...
    @property
    def cues(self) -> tuple[str, ...]: ...
    @property
    def own(self) -> tuple[str, ...]: ...
    @property
    def nouns(self) -> tuple[str, ...]: ...
    @property
    def of_item(self) -> tuple[str, ...]: ...
    @property
    def others(self) -> tuple[str, ...]: ...
    @property
    def denials(self) -> tuple[str, ...]: ...
    @property
    def opposites(self) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]: ...
    @property
    def entails(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def emoji(self) -> Mapping[str, str]: ...
    @property
    def fold(self) -> Mapping[str, str]: ...
    @property
    def examples(self) -> Examples | None: ...


@dataclass(frozen=True, eq=False)
class ClaimRules:
    """One language's patterns, searched together, once for each text."""

    words: ClaimWords

    @cached_property
    def _index(self) -> PatternIndex:
        tagged = [(f"{ASSERTS}{kind}", patterns) for kind, patterns in self.words.asserts.items()]
        tagged += [(f"{MEANS}{word}", patterns) for word, patterns in self.words.means.items()]
        tagged += [(ALLOWS, self.words.allows), (DENIES, self.words.denials), (CUES, self.words.cues)]
        return PatternIndex(((tag, pattern) for tag, patterns in tagged for pattern in patterns), self.words.spaces)

    @cached_property
    def fact_words(self) -> WordIndex:
        """The words of a row that entail others, or rule others out."""
        return WordIndex([*self.words.entails, *self.excluded])

    @cached_property
    def excluded(self) -> Mapping[str, tuple[str, ...]]:
        """Word of a row -> the words that it rules out."""
        excluded: dict[str, tuple[str, ...]] = {}
        for stated, others in self.words.opposites:
            for word in stated:
                excluded[word] = (*excluded.get(word, ()), *others)
        return excluded

    @cached_property
    def judge(self) -> SentenceJudge | None:
        """Learned from the language's examples; None where it has none."""
        examples = self.words.examples
        if examples is None:
            return None
        asserts, plain = (
            [fold(sentence) for sentences in kinds.values() for sentence in sentences]
            for kinds in (examples.asserts, examples.plain)
        )
        return SentenceJudge.learn(asserts, plain, self.words.spaces)

    @cached_property
    def _own(self) -> re.Pattern[str]:
        return self._union(self.words.own)

    @cached_property
    def _nouns(self) -> re.Pattern[str]:
        return self._union(self.words.nouns)

    @cached_property
    def of_item(self) -> re.Pattern[str]:
        """Matches words that make a clause speak of the item."""
        return self._union((*self.words.of_item, *self.words.own))

    @cached_property
    def others(self) -> re.Pattern[str]:
        """Matches words that bring other things, or people, into a clause."""
        return self._union(self.words.others)

    @cached_property
    def _letters(self) -> re.Pattern[str]:
        return re.compile("[a-z]" if self.words.spaces else "[\u3400-\u9fff]")

    @cached_property
    def _latest_hits(self) -> dict[str, tuple[Hit, ...]]:
        return {}

    def _union(self, patterns: Iterable[str]) -> re.Pattern[str]:
        union = "|".join(f"(?:{pattern})" for pattern in patterns) or "(?!)"
        return re.compile(rf"(?<![a-z0-9])(?:{union})(?![a-z])" if self.words.spaces else union)

    def _hits(self, folded: str) -> tuple[Hit, ...]:
        """All matches. Those of the latest text are remembered: they are needed several times."""
        if folded not in self._latest_hits:
            self._latest_hits.clear()
            self._latest_hits[folded] = tuple(self._index.hits(folded)) if self._letters.search(folded) else ()
        return self._latest_hits[folded]

    def _spans(self, folded: str, tag: str) -> list[tuple[int, int]]:
        return [(hit.start, hit.end) for hit in self._hits(folded) if hit.tag == tag]

    def assertions(self, folded: str) -> Iterator[Claim]:
        """Claims of the kinds of [asserts]; the value is SAID_IN_TEXT and the words that must be true."""
        allowed = self.allowed(folded)
        for hit in self._hits(folded):
            if hit.tag.startswith(ASSERTS) and not lies_within(hit.start, hit.end, allowed):
                words = hit.of or folded[hit.start : hit.end]
                yield Claim(hit.tag.removeprefix(ASSERTS), f"{SAID_IN_TEXT}{words}", hit.start, hit.end)

    def allowed(self, folded: str) -> list[tuple[int, int]]:
        """Places of idioms and moods that claim nothing."""
        return self._spans(folded, ALLOWS)

    def denials(self, folded: str) -> list[tuple[int, int]]:
        """Places where a negation asserts something of the product."""
        return self._spans(folded, DENIES)

    def paraphrases(self, folded: str) -> Iterator[tuple[str, int, int]]:
        """(word of the vocabulary, start, end): the place where the text says the word in other words."""
        for hit in self._hits(folded):
            if hit.tag.startswith(MEANS):
                yield hit.tag.removeprefix(MEANS), hit.start, hit.end

    def partner_spans(self, folded: str, own_names: re.Pattern[str]) -> list[tuple[int, int]]:
        """Places that speak of what is worn, eaten or used with the item; each ends with its clause.

        A place begins after a cue and holds a noun of [partners]. The next clauses belong to it as long as each of them
        has such a noun. A clause with a name of the item (`own_names`, or [partners] own) speaks of the item again.
        """
        spans: list[tuple[int, int]] = []
        for _, cue_ends in self._spans(folded, CUES):
            for clause in CLAUSE.finditer(folded, cue_ends):
                names = (own_names.search(clause[0]), self._own.search(clause[0]))
                own_name = min(filter(None, names), key=lambda name: name.start(), default=None)
                text = clause[0][: own_name.start()] if own_name else clause[0]
                if not self._nouns.search(text):
                    break
                spans.append((clause.start(), clause.start() + len(text)))
                if own_name:
                    break
        return [*spans, *self._things(folded, own_names)]

    def things_in(self, folded: str) -> list[str]:
        """The nouns of [partners] in a text."""
        return [noun[0] for noun in self._nouns.finditer(folded)]

    def _things(self, folded: str, own_names: re.Pattern[str]) -> Iterator[tuple[int, int]]:
        """Nouns of [partners] and words right before them, such as "a white shirt" where the item is no shirt."""
        for noun in self._nouns.finditer(folded):
            start = max(0, noun.start() - BESIDE[self.words.spaces])
            if not own_names.search(folded, max(0, noun.start() - 2), noun.end()) and not self._own.search(
                folded, max(0, start - 5), noun.end()
            ):
                yield start, noun.end()


def lies_within(start: int, end: int, spans: Iterable[tuple[int, int]]) -> bool:
    """Whether the place lies completely in one of the spans."""
    return any(low <= start and end <= high for low, high in spans)

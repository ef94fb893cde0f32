"""What a policy states, sentence by sentence, so that two policies can be held against each other.

A rule is the words of a sentence, the places and kinds that it is about, its figures in base units, and whether it
allows or refuses. Two rules contradict each other where they are about the same places and kinds, one has no word that
the other lacks, and a figure differs ("thirty days", "14 days"), or one refuses what the other allows in the very same
words. Where each has words of its own, as in "shoes" and "lamps", they are about different things.

Figures are read as `models.fact_lock` reads them: digits, Chinese numerals and number words before a unit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from phonenumbers.geodata.locale import LOCALE_DATA

from models.fact_lock.figure_patterns import BEFORE, FIGURES, MONEY_WORDS
from models.service.tokens import TOKEN
from models.text.languages import CJK
from models.text.numerals import fold, value_of
from schemas.service.wording import PolicyWords

ALIKE = 0.6  # share of the longer rule's words that the shorter one has, from which both state the same
_SENTENCE = re.compile(r"[!?;。]+|\.(?!\d)")  # of folded text, which has ！？； as these
_CLAUSE = re.compile(r"[,:、]")
_RANGE = re.compile(r" ?(?:-|~|to|or|and|至|到|或) ?")  # between two figures of which the last alone has a unit
_ENDING = re.compile(r"(?<=[a-z]{3})(?:ings?|e?s|ed|e)$")
_ROOM = 12  # characters before a figure in which the sign of a currency may stand


@dataclass(frozen=True)
class Rule:
    """One thing that a policy states. words, sorted; figures: (dimension, its values in base units in their order)."""

    words: tuple[str, ...]
    scope: frozenset[str]
    heading: frozenset[str]
    figures: tuple[tuple[str, tuple[float, ...]], ...]
    refuses: bool

    @cached_property
    def _counts(self) -> Counter[str]:
        return Counter(self.words)

    def contradicts(self, other: Rule) -> bool:
        """Whether both cannot hold."""
        if self.scope != other.scope or _apart(self.heading, other.heading):
            return False
        if self.refuses != other.refuses:
            return self.words == other.words
        if self.words != other.words:
            few, many = sorted((self, other), key=lambda rule: len(rule.words))
            if len(few.words) < ALIKE * len(many.words) or few._counts - many._counts:
                return False
        known = dict(self.figures)
        return any(known.get(dimension, values) != values for dimension, values in other.figures)


class RuleReader:
    """Reads the rules of one language's policies."""

    def __init__(self, language: str, words: PolicyWords) -> None:
        self._first = {fold(one): fold(group[0]) for group in words.same for one in group}
        self._same = _any_of(self._first)
        self._filler = _any_of(words.filler)
        self._kinds = _any_of([*words.kinds, *_countries(language)])
        self._refuses = _any_of(words.refuses)

    def rules(self, text: str, heading: str = "") -> list[Rule]:
        """The rules of a policy; a sentence that lists several ("Germany 3 days, France 5 days") has one for each.

        The heading is read for what the rules are about.
        """
        title = self._plain(heading)
        above = frozenset(self._words(title))
        scope = frozenset(self._kinds.findall(title))
        found = []
        for sentence in _SENTENCE.split(self._plain(text)):
            for words, figures, part in self._parts(sentence):
                words = words if set(words) - scope else [*above, *words]
                about = scope | frozenset(self._kinds.findall(part))
                if words:
                    refuses = len(self._refuses.findall(self._filler.sub(" ", part))) % 2 == 1
                    found.append(Rule(tuple(sorted(words)), about, above, figures, refuses))
        return found

    def _parts(self, sentence: str) -> Iterable[tuple[list[str], tuple[tuple[str, tuple[float, ...]], ...], str]]:
        """(words, figures, text) of the sentence, or of each clause where it lists figures of different things."""
        clauses = [(*self._read(clause), clause) for clause in _CLAUSE.split(sentence)]
        listed = [(words, figures, clause) for words, figures, clause in clauses if figures]
        if len(listed) < 2 or not all(words for words, _, _ in listed):
            return [(*self._read(sentence), sentence)]
        if len({tuple(sorted(words)) for words, _, _ in listed}) < len(listed):
            return [(*self._read(sentence), sentence)]
        kinds = {word for kind in self._kinds.findall(sentence) for word in self._words(kind)}
        lead = [word for word in clauses[0][0] if word not in kinds]
        return [
            (words if set(words) - kinds else [*lead, *words], figures, clause) for words, figures, clause in clauses
        ]

    def _plain(self, text: str) -> str:
        return self._same.sub(lambda found: self._first[found[0]], fold(text))

    def _words(self, text: str) -> list[str]:
        """The words that say something, without endings; of Chinese each character."""
        left = self._refuses.sub(" ", self._filler.sub(" ", text))
        words = [word for word in TOKEN.findall(left) if word.isalnum() and not re.fullmatch("[a-z]", word)]
        return [_ENDING.sub("", word) for word in words]

    def _read(self, text: str) -> tuple[list[str], tuple[tuple[str, tuple[float, ...]], ...]]:
        """(words without the figures and their units, figures by dimension)."""
        values: dict[str, list[float]] = {}
        left, end, dimension, size, place = [], len(text), "", 1.0, len(text)
        for found in reversed(list(FIGURES.number.finditer(text))):
            after = FIGURES.after.match(text, found.end())
            glued = "a" <= text[found.start() - 1 : found.start()] <= "z"  # A4, iphone15: a name
            if glued or not (found["digits"] or found["odd"] or (after and after.lastgroup != "count")):
                continue
            start, stop = found.span()
            if not (place < len(text) and _RANGE.fullmatch(text, stop, place)):
                dimension, size, start, stop = _unit(text, found, after)
            place = found.start()
            values.setdefault(dimension, []).append(round(size * value_of(found), 6))
            left.append(text[stop:end])
            end = start
        left.append(text[:end])
        figures = tuple((name, tuple(reversed(some))) for name, some in sorted(values.items()))
        return self._words(" ".join(reversed(left))), figures


def contradictory(rules: Iterable[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """The pairs of different rules that contradict each other, each pair both ways."""
    some = list(rules)
    rarity = Counter(word for rule in some for word in set(rule.words))
    by_word: dict[str, list[Rule]] = {}
    for rule in some:
        for word in set(rule.words):
            by_word.setdefault(word, []).append(rule)
    for rule in some:  # one of the two has all words of the other, so it has the rarest of them
        for other in by_word[min(rule.words, key=lambda word: (rarity[word], word))]:
            if other is not rule and rule.contradicts(other):
                yield rule, other
                yield other, rule


def _unit(text: str, found: re.Match[str], after: re.Match[str] | None) -> tuple[str, float, int, int]:
    """(dimension, base units in one, start, end) of a figure with what belongs to it."""
    room = max(0, found.start() - _ROOM)
    before = BEFORE.search(text[room : found.start()])
    if before and before["sign"]:
        money = next((name for name, some in MONEY_WORDS.items() if re.fullmatch(some, before["sign"])), before["sign"])
        return money, 1.0, room + before.start(), found.end()
    if after is None:
        return "", 1.0, *found.span()
    if after["unit"]:
        dimension, size = FIGURES.units[after["unit"]]
        return dimension, size, found.start(), after.end()
    if after["money"]:
        return next(name for name in MONEY_WORDS if after[name]), 1.0, found.start(), after.end()
    return str(after.lastgroup), 1.0, *found.span()


def _apart(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two headings are of one kind and name different things: "Delivery to Rome", "Delivery to Oslo"."""
    return bool(one & other and one - other and other - one)


def _countries(language: str) -> list[str]:
    """The names of all countries in a language, as the data of telephone numbers have them."""
    names: Iterable[Mapping[str, str]] = LOCALE_DATA.values()
    found = (some.get(language, "") for some in names)
    return [name for name in found if name and not name.startswith("*")]  # *: as in another language


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Any of the words, the longest first; one in Latin letters as a whole word."""
    folded = sorted({fold(word) for word in words}, key=len, reverse=True)
    latin = "|".join(re.escape(word) for word in folded if not CJK.search(word)) or "(?!)"
    other = "|".join(re.escape(word) for word in folded if CJK.search(word)) or "(?!)"
    return re.compile(rf"(?<![a-z'])(?:{latin})(?![\w'])|{other}")

"""The rules that a policy states, sentence by sentence, so that two policies can be compared.

A rule is the words of a sentence, the places and kinds that it is about, its figures in base units, and whether it
allows or refuses. Two rules contradict each other if they are about the same places and kinds, and one of two things is
true: all words of one are also in the other and a figure differs ("thirty days", "14 days"), or one refuses what the
other allows in exactly the same words. If each rule has words that the other lacks, as in "shoes" and "lamps", they are
about different things.

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

ALIKE = 0.6  # two rules are about the same if the shorter one has this share of the longer one's number of words
_SENTENCE = re.compile(r"[!?;。]+|\.(?!\d)")  # for folded text, in which ！？； have become !?;
_CLAUSE = re.compile(r"[,:、]")
_RANGE = re.compile(r" ?(?:-|~|to|or|and|至|到|或) ?")  # between two figures of which only the last has a unit
_ENDING = re.compile(r"(?<=[a-z]{3})(?:ings?|e?s|ed|e)$")
_ROOM = 12  # the sign of a currency may be in so many characters before a figure


@dataclass(frozen=True)
class Rule:
    """One thing that a policy states. words: sorted; figures: (dimension, values in base units, in text order)."""

    words: tuple[str, ...]
    scope: frozenset[str]
    heading: frozenset[str]
    figures: tuple[tuple[str, tuple[float, ...]], ...]
    refuses: bool

    @cached_property
    def _counts(self) -> Counter[str]:
        return Counter(self.words)

    def contradicts(self, other: Rule) -> bool:
        """Whether the two rules cannot both be true."""
        if self.scope != other.scope or _apart(self.heading, other.heading):
            return False
        if self.refuses != other.refuses:
            return self.words == other.words
        if self.words != other.words:
            shorter, longer = sorted((self, other), key=lambda rule: len(rule.words))
            if len(shorter.words) < ALIKE * len(longer.words) or shorter._counts - longer._counts:
                return False
        values_by_dimension = dict(self.figures)
        return any(values_by_dimension.get(dimension, values) != values for dimension, values in other.figures)


class RuleReader:
    """Reads the rules of one language's policies."""

    def __init__(self, language: str, words: PolicyWords) -> None:
        self._first = {fold(word): fold(group[0]) for group in words.same for word in group}
        self._same = _any_of(self._first)
        self._filler = _any_of(words.filler)
        self._kinds = _any_of([*words.kinds, *_countries(language)])
        self._refuses = _any_of(words.refuses)

    def rules(self, text: str, heading: str = "") -> list[Rule]:
        """The rules of a policy; a sentence that lists several ("Germany 3 days, France 5 days") gives several rules.

        The heading also says what the rules are about.
        """
        title = self._plain(heading)
        above = frozenset(self._words(title))
        scope = frozenset(self._kinds.findall(title))
        rules_found = []
        for sentence in _SENTENCE.split(self._plain(text)):
            for words, figures, part in self._parts(sentence):
                words = words if set(words) - scope else [*above, *words]
                about = scope | frozenset(self._kinds.findall(part))
                if words:
                    refuses = len(self._refuses.findall(self._filler.sub(" ", part))) % 2 == 1
                    rules_found.append(Rule(tuple(sorted(words)), about, above, figures, refuses))
        return rules_found

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
        return self._same.sub(lambda match: self._first[match[0]], fold(text))

    def _words(self, text: str) -> list[str]:
        """The words without filler words and endings; each Chinese character is a word."""
        rest = self._refuses.sub(" ", self._filler.sub(" ", text))
        words = [word for word in TOKEN.findall(rest) if word.isalnum() and not re.fullmatch("[a-z]", word)]
        return [_ENDING.sub("", word) for word in words]

    def _read(self, text: str) -> tuple[list[str], tuple[tuple[str, tuple[float, ...]], ...]]:
        """(words without the figures and their units, figures by dimension)."""
        values: dict[str, list[float]] = {}
        text_parts, end, dimension, size, last_start = [], len(text), "", 1.0, len(text)
        for number in reversed(list(FIGURES.number.finditer(text))):
            after = FIGURES.after.match(text, number.end())
            glued = "a" <= text[number.start() - 1 : number.start()] <= "z"  # A4, iphone15: a name
            if glued or not (number["digits"] or number["odd"] or (after and after.lastgroup != "count")):
                continue
            start, stop = number.span()
            if not (last_start < len(text) and _RANGE.fullmatch(text, stop, last_start)):
                dimension, size, start, stop = _unit(text, number, after)
            last_start = number.start()
            values.setdefault(dimension, []).append(round(size * value_of(number), 6))
            text_parts.append(text[stop:end])
            end = start
        text_parts.append(text[:end])
        figures = tuple((name, tuple(reversed(numbers))) for name, numbers in sorted(values.items()))
        return self._words(" ".join(reversed(text_parts))), figures


def contradictory(rules: Iterable[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """The pairs of different rules that contradict each other, each pair both ways."""
    rule_list = list(rules)
    rarity = Counter(word for rule in rule_list for word in set(rule.words))
    by_word: dict[str, list[Rule]] = {}
    for rule in rule_list:
        for word in set(rule.words):
            by_word.setdefault(word, []).append(rule)
    for rule in rule_list:  # of two such rules, one has all words of the other, so also the rarest of them
        for other in by_word[min(rule.words, key=lambda word: (rarity[word], word))]:
            if other is not rule and rule.contradicts(other):
                yield rule, other
                yield other, rule


def _unit(text: str, number: re.Match[str], after: re.Match[str] | None) -> tuple[str, float, int, int]:
    """(dimension, base units in one unit, start, end) of a figure with its unit or currency."""
    room = max(0, number.start() - _ROOM)
    before = BEFORE.search(text[room : number.start()])
    if before and before["sign"]:
        money = next(
            (name for name, pattern in MONEY_WORDS.items() if re.fullmatch(pattern, before["sign"])), before["sign"]
        )
        return money, 1.0, room + before.start(), number.end()
    if after is None:
        return "", 1.0, *number.span()
    if after["unit"]:
        dimension, size = FIGURES.units[after["unit"]]
        return dimension, size, number.start(), after.end()
    if after["money"]:
        return next(name for name in MONEY_WORDS if after[name]), 1.0, number.start(), after.end()
    return str(after.lastgroup), 1.0, *number.span()


def _apart(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two headings are similar but name different things: "Delivery to Rome", "Delivery to Oslo"."""
    return bool(one & other and one - other and other - one)


def _countries(language: str) -> list[str]:
    """The names of all countries in a language, from the data of the library for telephone numbers."""
    names: Iterable[Mapping[str, str]] = LOCALE_DATA.values()
    all_names = (translations.get(language, "") for translations in names)
    return [name for name in all_names if name and not name.startswith("*")]  # *: the same as in another language


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Matches any of the words, the longest first; words in Latin letters only as whole words."""
    folded = sorted({fold(word) for word in words}, key=len, reverse=True)
    latin = "|".join(re.escape(word) for word in folded if not CJK.search(word)) or "(?!)"
    other = "|".join(re.escape(word) for word in folded if CJK.search(word)) or "(?!)"
    return re.compile(rf"(?<![a-z'])(?:{latin})(?![\w'])|{other}")

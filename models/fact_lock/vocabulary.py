"""The words that claim something: a general vocabulary, and the catalogue's own values and brands.

Chinese has no spaces: the longest word at a place counts, and a trap (红木, 走红) is a longer word that claims nothing.
An English word counts only if no letter stands beside it; it may be written apart, with hyphens or together.
"""

from __future__ import annotations

import functools
import re
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from models.fact_lock.attribute_names import denied_by_values, parts_of_item
from models.fact_lock.claim_rules import ClaimRules, ClaimWords
from models.fact_lock.facts import KINDS, NOT_BY_WORDS_ALONE, SAID_IN_TEXT, Claim, ItemFacts, Words
from models.fact_lock.figure_claims import figure_claims
from models.fact_lock.figure_patterns import FIGURES, Figures
from models.fact_lock.sizes import sizes_between
from models.fact_lock.word_trie import tree_pattern
from models.text.languages import UNSPACED
from models.text.numerals import fold

_LETTERS = r"a-z\u00df-\u024f\u0370-\u058f"  # of scripts that put spaces between words
LATIN = re.compile(f"[{_LETTERS}]")
KIND_OF = {
    name: kind
    for kind, names in {
        "colour": "colour color colours colors 颜色 色系 配色 primary_color colour_group_name",
        "material": "material materials fabric upper build 材质 面料 材料 composition",
        "size": "size sizes 尺码 尺寸",
        "season": "season seasons 季节 适用季节",
    }.items()
    for name in names.split()
}
# Brands that are everyday words; they count as a brand only after "by".
_ORDINARY = (
    "only being her his here now status color block the and one go be he she we all in on life style original fit "
    "free soft pure new basics basic classic kids men women girl boy home house mark up you me my it art live love "
    "lee high star sports sport active comfort natural gold silver red black blue green pink white rose wild cool "
    "fresh people street fashion trend vintage modern royal sun moon sea sky hope joy grace"
)
ORDINARY = frozenset(_ORDINARY.split(" "))
_SEEMING = re.compile(
    r"(?<![a-z])(?:faux|fake|imitation|artificial|vegan|synthetic|mock|effect|look|like|style|non|no|without|free)(?![a-z])"
    r"|人造|人工|仿|假|合成|类似|无|非|不|没"
)
# Values that are no words of an attribute: a measure, which is read as a figure, and an answer to the attribute's name.
_NO_WORD = re.compile(
    r"\d[\d.,]* ?(?:mm|cm|m|g|kg|ml|l|w|v|h|min|hours?|days?|weeks?|months?|years?)|yes|no|none|true|false"
)
# Words that say more than a material: a blend may rule out 纯棉, and no row its own 棉.
_ALL_OF = re.compile("纯|全|百分百|百分之百|100|all[ -]|pure |only |solid ")
LONGEST_VALUE = 30  # characters; a longer attribute value is a text, not a word


class Synonyms(Protocol):
    """One meaning and its words, as `schemas.copywriting.lexicon.load_words` reads them.

    A form that ends in `?` is doubtful: it is an everyday word too.
    """

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def forms(self) -> tuple[str, ...]: ...
    @property
    def is_a(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Meaning:
    """What a word claims. value: such as "colour:red"; attributes: the catalogue's attributes that have the value."""

    kind: str
    value: str
    attributes: tuple[str, ...] = ()
    doubtful: bool = False


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The words of one catalogue.

    words: folded form without spaces and hyphens -> meanings, none for a trap. spelled: the forms with their spaces.
    brands: form -> the brand's value. above: value -> all values that it entails, such as burgundy -> red. figures:
    words of numbers and units. rules: what each language's sentences assert.
    """

    words: Mapping[str, tuple[Meaning, ...]]
    spelled: tuple[str, ...]
    brands: Mapping[str, str]
    above: Mapping[str, frozenset[str]]
    figures: Figures = FIGURES
    rules: tuple[ClaimRules, ...] = ()

    @classmethod
    def of(
        cls,
        rows: Iterable[ItemFacts],
        synonyms: Iterable[Synonyms] = (),
        figures: Figures = FIGURES,
        languages: Iterable[ClaimWords] = (),
    ) -> Vocabulary:
        """The vocabulary of a catalogue and of synonyms; languages: what sentences assert in each.

        Raises ValueError for a synonym whose kind is not in KINDS.
        """
        spelled: dict[str, str] = {}
        words: dict[str, dict[str, Meaning]] = defaultdict(dict)
        parents: dict[str, set[str]] = defaultdict(set)
        for synonym in synonyms:
            kind = synonym.kind
            if kind not in (*KINDS, "trap"):
                raise ValueError(f"synonyms of {synonym.name!r}: kind {kind!r} is none of {', '.join(KINDS)}, trap")
            value = f"{kind}:{synonym.name}"
            parents[value].update(f"{kind}:{name}" for name in synonym.is_a)
            for form in synonym.forms:
                meanings = words[_add(spelled, form.rstrip("?"))]  # stays empty for a trap
                if kind != "trap":
                    meanings[value] = Meaning(kind, value, (), form.endswith("?"))
        rows = list(rows)
        for name, value in _attribute_values(rows):
            _learn(words, spelled, name, value)
        return cls(
            words={key: tuple(meanings.values()) for key, meanings in words.items()},
            spelled=tuple(spelled.values()),
            brands=_brands(rows),
            above={value: _ancestors(value, parents) for value in parents},
            figures=figures,
            rules=tuple(_cached_rules(words) for words in languages),
        )

    def __reduce__(self) -> tuple[type[Vocabulary], tuple[object, ...]]:
        """Pickles the words only: another process compiles the patterns itself."""
        rules = tuple(ClaimRules(rule_set.words) for rule_set in self.rules)  # without compiled patterns
        return Vocabulary, (self.words, self.spelled, self.brands, self.above, self.figures, rules)

    def rules_of(self, language: str) -> ClaimRules | None:
        """What the language's sentences assert; None for a language without patterns."""
        return next((rule_set for rule_set in self.rules if rule_set.words.language == language), None)

    @cached_property
    def letters(self) -> dict[int, str]:
        """Code of a letter -> the letter that it is read as, in every language."""
        return {
            ord(letter): plain_letter for rule_set in self.rules for letter, plain_letter in rule_set.words.fold.items()
        }

    @cached_property
    def emoji(self) -> dict[str, str]:
        """Sign -> the word that it stands for, in the first language that has one."""
        return {sign: word for rule_set in reversed(self.rules) for sign, word in rule_set.words.emoji.items()}

    @cached_property
    def emoji_signs(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, sorted(self.emoji, key=len, reverse=True))) or "(?!)")

    @cached_property
    def chinese(self) -> re.Pattern[str]:
        return re.compile(tree_pattern(form for form in self.spelled if UNSPACED.search(form)))

    @cached_property
    def english(self) -> re.Pattern[str]:
        tree = tree_pattern(form for form in self.spelled if not UNSPACED.search(form))
        return re.compile(rf"(?<![{_LETTERS}]){tree}(?:e?s)?(?![{_LETTERS}])")

    @cached_property
    def brand_names(self) -> re.Pattern[str]:
        latin = tree_pattern(name for name in self.brands if not UNSPACED.search(name))
        chinese = tree_pattern(name for name in self.brands if UNSPACED.search(name))
        return re.compile(rf"(?<![A-Za-z]){latin}(?![A-Za-z])|{chinese}")

    @cached_property
    def spelled_claims(self) -> tuple[list[tuple[str, Claim]], list[tuple[str, Claim]]]:
        """Two lists of (word, claim), with each word of `spelled` and each claim that it makes.

        The first has the claims that only an item's words can support, the second those that other facts support, too.
        """
        by_words: list[tuple[str, Claim]] = []
        by_tables: list[tuple[str, Claim]] = []
        for word in self.spelled:
            for meaning in self.meanings(word):
                claims = by_tables if meaning.doubtful or meaning.kind in NOT_BY_WORDS_ALONE else by_words
                claims.append((word, Claim(meaning.kind, meaning.value, 0, 0, meaning.attributes, meaning.doubtful)))
        return by_words, by_tables

    @cached_property
    def own_things(self) -> weakref.WeakKeyDictionary[ItemFacts, re.Pattern[str] | None]:
        """Cache of `models.fact_lock.other_things`: matches the names of each item."""
        return weakref.WeakKeyDictionary()

    @cached_property
    def latest(self) -> dict[str, list[Claim]]:
        """Cache: the text whose claims were read last, and its claims."""
        return {}

    @cached_property
    def banned(self) -> weakref.WeakKeyDictionary[ItemFacts, frozenset[str]]:
        """Cache of `models.fact_lock.claims.banned_words`."""
        return weakref.WeakKeyDictionary()

    @cached_property
    def _supported(self) -> dict[Words, frozenset[str]]:
        return {}

    @cached_property
    def _claims_of(self) -> dict[str, list[Claim]]:
        """Cache: the claims of short item texts; many items share a colour, a brand or a kind."""
        return {}

    def _claims_in(self, text: str, read: Callable[[str, str, Vocabulary], list[Claim]]) -> list[Claim]:
        if len(text) > LONGEST_VALUE:
            return read(text, "", self)
        if text not in self._claims_of:
            self._claims_of[text] = read(text, "", self)
        return self._claims_of[text]

    def supported(self, facts: ItemFacts, read: Callable[[str, str, Vocabulary], list[Claim]]) -> frozenset[str]:
        """The values that the item's words support, with all that they entail. read: `models.fact_lock.claims.claims`.

        The result is remembered for all facts with the same words, such as an item's with an offer and without.
        """
        if facts.words not in self._supported:
            self._supported[facts.words] = self._values_in(facts, read)
        return self._supported[facts.words]

    def _values_in(self, facts: ItemFacts, read: Callable[[str, str, Vocabulary], list[Claim]]) -> frozenset[str]:
        claims = [claim for text in facts.texts() for claim in self._claims_in(text, read)]
        sure = {claim.value for claim in claims if not claim.doubtful}
        doubtful = {claim.value for claim in claims if claim.doubtful}
        measures = (claim for text in facts.texts() for claim in figure_claims(text, self.figures))
        sure.update(claim.value for claim in measures if claim.kind in ("number", "size"))
        for name, values in facts.attributes.items():
            sure.update(meaning.value for value in values for meaning in self.meanings(fold(value)))
            sure.update(
                meaning.value
                for value in values
                for word in _parts_of(value)
                for meaning in self.meanings(word)
                if meaning.kind != "material" or kind_of(name) != "colour"  # 陶土色 is no 陶土
            )
        if sizes := self._sizes_of(facts):  # it has no other: "large buttons" in its title is no size
            sure = {value for value in sure if not value.startswith("size:")} | sizes
        lacking = {f"no {thing}" for thing in denied_by_values(facts)}
        row_words = [
            facts.words_of(rule_set.fact_words) | (lacking & rule_set.excluded.keys()) for rule_set in self.rules
        ]
        sure.update(self._entailed(row_words))
        sure.update(above for value in list(sure) for above in self.above.get(value, ()))
        return frozenset(sure | doubtful | self._ruled_out(row_words, sure) | self._named(facts))

    def _sizes_of(self, facts: ItemFacts) -> set[str]:
        """The values of the item's attributes for sizes, and all sizes of a range."""
        sizes = {value.strip() for name, value in facts.folded_values if kind_of(name) == "size"}
        meant = {meaning.value for size in sizes for meaning in self.meanings(size)}
        sizes.update(size for value in list(sizes) for size in sizes_between(value))
        return {*meant, *sizes, *(f"size:{size}" for size in sizes)}

    def _named(self, facts: ItemFacts) -> set[str]:
        """The values that the names of the item's attributes state and entail, such as round from a diameter, and the
        things that a value denies."""
        names = {name for name in parts_of_item(facts) if kind_of(name) == "attribute" and LATIN.search(name)}
        words = {f"{SAID_IN_TEXT}{word}" for name in names for word in (name, *name.split(" "))}
        denied = {
            f"not {value.removeprefix(SAID_IN_TEXT)}"
            for word in denied_by_values(facts)
            for value in self.values_of(word)
        }
        return words | denied | self._entailed([names & rule_set.words.entails.keys() for rule_set in self.rules])

    def values_of(self, word: str) -> set[str]:
        """The values that a word states: those of the vocabulary, and the word itself."""
        return {meaning.value for meaning in self.meanings(word)} | {f"{SAID_IN_TEXT}{word}"}

    def _entailed(self, row_words: list[set[str]]) -> set[str]:
        """The values that a row's words entail, such as leather from suede. row_words: those of each set of rules."""
        entailed: set[str] = set()
        for rule_set, words in zip(self.rules, row_words, strict=True):
            pending = sorted(words & rule_set.words.entails.keys())
            while pending:
                for word in rule_set.words.entails.get(pending.pop(), ()):
                    if f"{SAID_IN_TEXT}{word}" not in entailed:
                        entailed |= self.values_of(word)
                        pending.append(word)
        return entailed

    def _ruled_out(self, row_words: list[set[str]], sure: set[str]) -> set[str]:
        """The negations that are true: "not ..." for each value that a row's words rule out.

        sure: the values that the facts support; of an item of two materials neither rules the other out.
        """
        materials = {value for value in sure if value.startswith("material:")}
        return {
            f"not {value.removeprefix(SAID_IN_TEXT)}"
            for rule_set, words in zip(self.rules, row_words, strict=True)
            for stated in words & rule_set.excluded.keys()
            for word in rule_set.excluded[stated]
            for value in self.values_of(word)
            if value not in sure and (_ALL_OF.match(word) or materials.isdisjoint(self.values_of(word)))
        }

    def meanings(self, word: str) -> tuple[Meaning, ...]:
        """What a folded word means; nothing if it is unknown or a trap."""
        key = _key(word)
        for form in (key, key.removesuffix("s"), key.removesuffix("es")):
            if form in self.words:
                return self.words[form]
        return ()


@functools.lru_cache(maxsize=64)
def _cached_rules(words: ClaimWords) -> ClaimRules:
    """The rules of a language. A process keeps `words` from night to night, so the patterns are compiled once."""
    return ClaimRules(words)


def _parts_of(value: str) -> Iterator[str]:
    """The words in a value of several words, such as glass in "glass jar" and 玻璃 in 玻璃瓶.

    Nothing for a value that only resembles something: faux leather, 人造皮革.
    """
    folded = fold(value)
    if _SEEMING.search(folded):
        return
    if UNSPACED.search(folded):
        yield from (folded[:end] for end in range(2, len(folded)))
        yield from (folded[start:] for start in range(1, len(folded) - 1))
    else:
        yield from re.findall(rf"[{_LETTERS}]+", folded)


def kind_of(attribute: str) -> str:
    """The kind of claim that an attribute's values make."""
    return KIND_OF.get(fold(attribute), "attribute")


def _key(form: str) -> str:
    return form.replace(" ", "").replace("-", "")


def _add(spelled: dict[str, str], form: str) -> str:
    """Add a form to `spelled`, key -> spelling with the most spaces; returns its key."""
    folded = fold(form).strip().replace("-", " ")
    key = _key(folded)
    if folded.count(" ") >= spelled.get(key, "").count(" "):
        spelled[key] = folded
    return key


def _attribute_values(rows: Iterable[ItemFacts]) -> Iterator[tuple[str, str]]:
    """Each distinct (attribute name, value), in the order of the rows."""
    seen = {(name, value): None for row in rows for name, values in row.attributes.items() for value in values}
    yield from seen


def _learn(words: dict[str, dict[str, Meaning]], spelled: dict[str, str], name: str, value: str) -> None:
    """Add one value of the attribute `name`: to the meanings that the word already has, or as a new meaning."""
    folded = fold(value).strip()
    letters = len(_key(folded))
    if not 2 <= letters <= LONGEST_VALUE or not (UNSPACED.search(folded) or LATIN.search(folded)):
        return
    if _NO_WORD.fullmatch(folded):
        return
    meanings = words[_add(spelled, folded)]
    kind = kind_of(name)
    if not meanings:
        meanings[f"{kind}:{folded}"] = Meaning(kind, f"{kind}:{folded}")
    for claimed, meaning in meanings.items():
        attributes = tuple(dict.fromkeys((*meaning.attributes, name)))
        meanings[claimed] = Meaning(meaning.kind, claimed, attributes, meaning.doubtful)


def _brands(rows: Iterable[ItemFacts]) -> dict[str, str]:
    """Form of a brand -> its value. A word that begins the Chinese titles of one brand only is a form of that brand."""
    brands: dict[str, str] = {}
    brands_of_word: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        names = [fold(name, lower=False).strip() for name in row.brands if name.strip()]
        if not names:
            continue
        value = f"brand:{names[0].lower()}"
        for name in names:
            if len(name) > 1 and name.lower() not in ORDINARY:
                brands.setdefault(name, value)
        for title in row.titles:
            first, space, _ = fold(title, lower=False).partition(" ")
            if space and 1 < len(first) <= 8 and UNSPACED.search(first):
                brands_of_word[first].add(value)
    for word, values in brands_of_word.items():
        if len(values) == 1:
            brands.setdefault(word, *values)
    return brands


def _ancestors(value: str, parents: Mapping[str, set[str]]) -> frozenset[str]:
    """The value's parents, their parents, and so on."""
    ancestors: set[str] = set()
    waiting = list(parents.get(value, ()))
    while waiting:
        parent = waiting.pop()
        if parent not in ancestors:
            ancestors.add(parent)
            waiting += parents.get(parent, ())
    return frozenset(ancestors)

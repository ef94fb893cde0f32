"""The words that claim something: a general vocabulary, and the catalogue's own values and brands.

Chinese has no spaces: the longest word at a place wins, and a trap (红木, 走红) is a longer word that claims nothing.
English words stand between letters' ends, in any of their forms, written apart, hyphenated or together.
"""

from __future__ import annotations

import re
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from models.fact_lock.facts import KINDS, Claim, Facts
from models.fact_lock.word_trie import tree_pattern
from models.text.numerals import fold

CJK = re.compile(r"[\u3400-\u9fff]")
LATIN = re.compile(r"[a-z]")
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
# Brands that are everyday words: claimed only after "by".
_ORDINARY = (
    "only being her his here now status color block the and one go be he she we all in on life style original fit "
    "free soft pure new basics basic classic kids men women girl boy home house mark up you me my it art live love "
    "lee high star sports sport active comfort natural gold silver red black blue green pink white rose wild cool "
    "fresh people street fashion trend vintage modern royal sun moon sea sky hope joy grace"
)
ORDINARY = frozenset(_ORDINARY.split(" "))
LONGEST_VALUE = 30  # characters: a longer attribute value is a text of its own, not a word


class Synonyms(Protocol):
    """One meaning and its words; `schemas.copywriting.lexicon.load_words` reads them. A form that ends in `?` is
    doubtful."""

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
    """What a word claims. value: such as "colour:red"; attributes: those of the catalogue that have the value."""

    kind: str
    value: str
    attributes: tuple[str, ...] = ()
    doubtful: bool = False


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """words: folded form without spaces and hyphens -> meanings, none for a trap; brands: form -> brand's value.

    above: value -> values that it entails (burgundy is a red), all the way up.
    """

    words: Mapping[str, tuple[Meaning, ...]]
    spelled: tuple[str, ...]  # the forms, with their spaces
    brands: Mapping[str, str]
    above: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, rows: Iterable[Facts], synonyms: Iterable[Synonyms] = ()) -> Vocabulary:
        """The catalogue's vocabulary. Raises ValueError for a synonym of a kind that is none of KINDS."""
        spelled: dict[str, str] = {}
        words: dict[str, dict[str, Meaning]] = defaultdict(dict)
        parents: dict[str, set[str]] = defaultdict(set)
        for one in synonyms:
            if one.kind not in (*KINDS, "trap"):
                raise ValueError(f"synonyms of {one.name!r}: kind {one.kind!r} is none of {', '.join(KINDS)}, trap")
            value = f"{one.kind}:{one.name}"
            parents[value].update(f"{one.kind}:{name}" for name in one.is_a)
            for form in one.forms:
                key = _add(spelled, form.rstrip("?"))
                if one.kind != "trap":
                    words[key][value] = Meaning(one.kind, value, (), form.endswith("?"))
                else:
                    words[key]  # known, and empty
        rows = list(rows)
        for name, said in _values(rows):
            _learn(words, spelled, name, said)
        return cls({key: tuple(found.values()) for key, found in words.items()}, tuple(spelled.values()),
                   _brands(rows), {value: _closure(value, parents) for value in parents})  # fmt: skip

    def __reduce__(self) -> tuple[type[Vocabulary], tuple[object, ...]]:
        """Sent to another process as its words; what was worked out from them is worked out there."""
        return Vocabulary, (self.words, self.spelled, self.brands, self.above)

    @cached_property
    def chinese(self) -> re.Pattern[str]:
        return re.compile(tree_pattern(form for form in self.spelled if CJK.search(form)))

    @cached_property
    def english(self) -> re.Pattern[str]:
        tree = tree_pattern(form for form in self.spelled if not CJK.search(form))
        return re.compile(rf"(?<![a-z]){tree}(?:e?s)?(?![a-z])")

    @cached_property
    def brand_names(self) -> re.Pattern[str]:
        latin = tree_pattern(name for name in self.brands if not CJK.search(name))
        chinese = tree_pattern(name for name in self.brands if CJK.search(name))
        return re.compile(rf"(?<![A-Za-z]){latin}(?![A-Za-z])|{chinese}")

    @cached_property
    def _supported(self) -> weakref.WeakKeyDictionary[Facts, frozenset[str]]:
        return weakref.WeakKeyDictionary()

    def supported(self, facts: Facts, read: Callable[[str, str, Vocabulary], list[Claim]]) -> frozenset[str]:
        """The values that the item's words support, with what they entail; worked out once for each `Facts`."""
        known = self._supported.get(facts)
        if known is None:
            found = [claim for text in facts.texts() for claim in read(text, "", self)]
            sure = {claim.value for claim in found if not claim.doubtful}
            doubtful = {claim.value for claim in found if claim.doubtful}
            for values in facts.attributes.values():
                sure.update(meaning.value for value in values for meaning in self.meanings(fold(value)))
            sized = [values for name, values in facts.attributes.items() if kind_of(name) == "size"]
            sizes = {fold(size).strip() for values in sized for size in values}
            if sizes:  # "large buttons" in a title is no size of an item that has one
                sure = {value for value in sure if not value.startswith("size:")}
                sure.update(meaning.value for size in sizes for meaning in self.meanings(size))
                sure.update(f"size:{size}" for size in sizes)
                sure.update(sizes)
            sure.update(above for value in list(sure) for above in self.above.get(value, ()))
            known = self._supported[facts] = frozenset(sure | doubtful)
        return known

    def meanings(self, word: str) -> tuple[Meaning, ...]:
        """What a folded word means; none where it is unknown or a trap."""
        key = _key(word)
        for form in (key, key.removesuffix("s"), key.removesuffix("es")):
            if form in self.words:
                return self.words[form]
        return ()


def kind_of(attribute: str) -> str:
    """The kind of claim that an attribute's values make."""
    return KIND_OF.get(fold(attribute), "attribute")


def _key(form: str) -> str:
    return form.replace(" ", "").replace("-", "")


def _add(spelled: dict[str, str], form: str) -> str:
    """Remember how a form is spelled; its key."""
    folded = fold(form).strip().replace("-", " ")
    key = _key(folded)
    if folded.count(" ") >= spelled.get(key, "").count(" "):
        spelled[key] = folded
    return key


def _values(rows: Iterable[Facts]) -> Iterator[tuple[str, str]]:
    """Each distinct (attribute name, value), in the order first met."""
    seen = {(name, value): None for row in rows for name, values in row.attributes.items() for value in values}
    yield from seen


def _learn(words: dict[str, dict[str, Meaning]], spelled: dict[str, str], name: str, said: str) -> None:
    """Take one attribute value into the vocabulary, or note the attribute with the meaning that the word has."""
    folded = fold(said).strip()
    letters = len(_key(folded))
    if not 2 <= letters <= LONGEST_VALUE or not (CJK.search(folded) or LATIN.search(folded)):
        return
    key = _add(spelled, folded)
    known = words[key]
    kind = kind_of(name)
    if not known:
        known[f"{kind}:{folded}"] = Meaning(kind, f"{kind}:{folded}")
    for value, meaning in known.items():
        names = tuple(dict.fromkeys((*meaning.attributes, name)))
        known[value] = Meaning(meaning.kind, value, names, meaning.doubtful)


def _brands(rows: Iterable[Facts]) -> dict[str, str]:
    """Form of a brand -> value. A name that opens the Chinese titles of one brand only is that brand's as well."""
    found: dict[str, str] = {}
    opens: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        names = [fold(name, lower=False).strip() for name in row.brands if name.strip()]
        if not names:
            continue
        value = f"brand:{names[0].lower()}"
        for name in names:
            if len(name) > 1 and name.lower() not in ORDINARY:
                found.setdefault(name, value)
        for title in row.titles:
            first, space, _ = fold(title, lower=False).partition(" ")
            if space and 1 < len(first) <= 8 and CJK.search(first):
                opens[first].add(value)
    for name, values in opens.items():
        if len(values) == 1:
            found.setdefault(name, *values)
    return found


def _closure(value: str, parents: Mapping[str, set[str]]) -> frozenset[str]:
    found: set[str] = set()
    waiting = list(parents.get(value, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += parents.get(one, ())
    return frozenset(found)

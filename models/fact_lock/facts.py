"""What a text about one item may claim, and what a text does claim."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from models.fact_lock.word_index import WordIndex, stands_alone
from models.text.languages import UNSPACED
from models.text.numerals import fold, with_digits

_CHINESE_SPACE = re.compile(r"(?<=[\u3400-\u9fff]) +(?=[\u3400-\u9fff])")

KINDS = (
    "assertion", "attribute", "award", "brand", "bundle", "celebrity", "certification", "colour", "comparison", "date",
    "delivery", "discount", "green", "health", "heritage", "ingredients", "material", "medical", "name", "negation",
    "number", "origin", "price", "safety", "sales", "scarcity", "script", "season", "shape", "size", "stock",
    "superlative", "technical", "use", "warranty",
)  # fmt: skip
SAID_IN_TEXT = "said:"  # prefix of a claim's value: the claim is true if the facts have these words
# Kinds of claims that `models.fact_lock.fact_check.supports` checks by more than the item's words.
NOT_BY_WORDS_ALONE = ("brand", "date", "discount", "negation", "number", "price", "size", "stock")
Words = tuple[tuple[str, ...], tuple[str, ...], str | None, tuple[tuple[str, tuple[str, ...]], ...], tuple[str, ...]]


@dataclass(frozen=True)
class Source:
    """Where a fact was read: the table, and the row's key as text, such as ("items", "g0000012")."""

    table: str
    row: str


@dataclass(frozen=True, eq=False)
class ItemFacts:
    """Everything that a text about one item may claim.

    attributes: name -> values as the catalogue has them, in all its languages; titles, brands: likewise.
    price, old_price, discount_amount, minimum_spend: in `currency` (ISO 4217); discount_share: 0.2 is a fifth off;
    stock: units. dates: days that a text may name, such as the last day of an offer. member_terms: sentences that the
    shop guarantees. sources: field -> where it was read; a field without an entry was read at sources["item"].
    Compared by identity, so that results for an object can be cached.
    """

    item_id: str
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    titles: tuple[str, ...] = ()
    category: str | None = None
    brands: tuple[str, ...] = ()
    price: float | None = None
    old_price: float | None = None
    discount_share: float | None = None
    discount_amount: float | None = None
    minimum_spend: float | None = None
    currency: str | None = None
    stock: float | None = None
    dates: tuple[date, ...] = ()
    member_terms: tuple[str, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)

    def source(self, name: str) -> Source:
        """Where the field `name` was read; ("items", item_id) if `sources` does not say."""
        return self.sources.get(name) or self.sources.get("item") or Source("items", self.item_id)

    @cached_property
    def words(self) -> Words:
        """Titles, brands, category, attributes and member terms: the key of cached results for the same words."""
        return self.titles, self.brands, self.category, tuple(self.attributes.items()), self.member_terms

    def texts(self) -> Iterator[str]:
        """All words of the tables: titles, brands, category levels, attribute values and member terms."""
        yield from self.titles
        yield from self.brands
        yield from (self.category or "").split(" > ")
        for values in self.attributes.values():
            yield from values
        yield from self.member_terms

    @cached_property
    def folded_texts(self) -> tuple[str, ...]:
        """All words of the tables, folded."""
        return tuple(map(fold, self.texts()))

    @cached_property
    def folded_values(self) -> tuple[tuple[str, str], ...]:
        """(name, value) of each value of each attribute, both folded."""
        return tuple((fold(name), fold(value)) for name, values in self.attributes.items() for value in values)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """What the item is called: its kinds, folded, and the last word of each (短靴, boots)."""
        kinds = [fold(kind) for kind in self.attributes.get("kind", ()) if kind]
        return (*kinds, *(kind[-2:] if UNSPACED.search(kind) else kind.rpartition(" ")[2] for kind in kinds))

    @cached_property
    def _folded(self) -> tuple[str, ...]:
        """The row's texts; Chinese ones also without spaces, as texts show them: 朱诺头戴耳机 for 朱诺 头戴耳机."""
        texts = self.folded_texts
        return (*texts, *(_CHINESE_SPACE.sub("", text) for text in texts if _CHINESE_SPACE.search(text)))

    @cached_property
    def _in_digits(self) -> tuple[str, ...]:
        return tuple(map(with_digits, self._folded))

    def says(self, words: str) -> bool:
        """Whether the row's texts have these folded words. A number may be written in another way (三条装, 3条装).

        A match inside a longer Latin word or a longer number does not count.
        """
        if _stands_in(words, self._folded):
            return True
        in_digits = with_digits(words)
        return in_digits != words and _stands_in(in_digits, self._in_digits)

    def words_of(self, index: WordIndex) -> set[str]:
        """The words of the index that the row's texts have; for many words this takes less time than `says`."""
        return {word for text in {*self._folded, *self._in_digits} for word in index.words_in(text)}

    @property
    def shares_off(self) -> tuple[float, ...]:
        """Shares off that the tables support: the stated one, and the one that price and old price make."""
        stated = () if self.discount_share is None else (self.discount_share,)
        if self.price is None or not self.old_price or self.price >= self.old_price:
            return stated
        return (*stated, 1 - self.price / self.old_price)

    @property
    def amounts_off(self) -> tuple[float, ...]:
        """Amounts off that the tables support, in `currency`."""
        stated = () if self.discount_amount is None else (self.discount_amount,)
        if self.price is None or not self.old_price or self.price >= self.old_price:
            return stated
        return (*stated, self.old_price - self.price)


def _stands_in(words: str, texts: Iterable[str]) -> bool:
    """Whether a text has the words, not as a part of a longer Latin word or number."""
    for text in texts:
        start = text.find(words)
        while start >= 0:
            if stands_alone(text, start, words):
                return True
            start = text.find(words, start + 1)
    return False


@dataclass(frozen=True)
class Claim:
    """A piece of text that says something that can be checked.

    kind: one of KINDS. value: what it says, in a form that both languages share, such as "colour:red", "not lined" or
    "99". start, end: its place in characters of the text. attributes: the catalogue's attributes that have this value.
    doubtful: True for an everyday word, which is a claim only if the item has such an attribute. of_being: True for a
    negation like "is not wool", which the fact of another material supports; "has no wool" needs more.
    """

    kind: str
    value: str
    start: int
    end: int
    attributes: tuple[str, ...] = ()
    doubtful: bool = False
    of_being: bool = False

    @property
    def is_said(self) -> bool:
        """Whether the value is words that must be true, and no value of the vocabulary."""
        return self.value.startswith(SAID_IN_TEXT)

    @property
    def words(self) -> str:
        """The value; of a claim that `is_said`, its words."""
        return self.value.removeprefix(SAID_IN_TEXT)

    @property
    def name(self) -> str:
        """The value without its kind: red of "colour:red"."""
        return self.value.rpartition(":")[2]

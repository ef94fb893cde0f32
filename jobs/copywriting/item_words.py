"""What copy may say of each item: its words in each language, its price now and before, and why it is worth a word."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from jobs.runtime.attributes import read_attributes
from models.compliance.checks import hostile_name
from models.copywriting.glossary import learn
from models.fact_lock.claims import ItemFacts, Source
from schemas.copywriting.wording import Season

COLUMNS = ["item_id", "title", "title_zh", "description", "description_zh", "category", "brand", "price", "currency",
           "stock", "is_active", "is_replenishable", "attributes"]  # fmt: skip
_CHINESE = re.compile("[\u4e00-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")
_LONGEST = 120  # characters of a title, 60 of another word: what is longer is a text, and no name
_DETAILS = 3
_TEACH = 5_000  # items that the glossary is learned from, at most


def in_language(text: str, language: str) -> bool:
    """Chinese is told by its characters; of the other languages, a shop has one."""
    return (_CHINESE.search(text) is not None) == (language == "zh")


@dataclass(frozen=True, eq=False)
class Goods:
    """One item. Words are in every language that they are known in; attributes: (name, words), in the shop's order.

    old_price: the lowest of the weeks up to the night `old_price_on`, where `price` is well below it. is_new_since: a
    night whose catalogue did not have it. season: an event that it is for. refused: what was left out, and why.
    """

    item_id: str
    titles: tuple[str, ...]
    brands: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    category: str | None = None
    price: float | None = None
    old_price: float | None = None
    old_price_on: dt.date | None = None
    currency: str | None = None
    is_new_since: dt.date | None = None
    season: Season | None = None
    refused: tuple[str, ...] = ()
    _digests: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)

    def word(self, words: Iterable[str], language: str) -> str | None:
        return next((word for word in words if in_language(word, language)), None)

    def details(self, language: str) -> list[str]:
        """Up to three attribute values in the language; a bare figure says nothing without its attribute."""
        found = [self.word(words, language) for _, words in self.attributes]
        return [word for word in found if word and _LETTER.search(word)][:_DETAILS]

    @property
    def claimable(self) -> Iterator[str]:
        """Words that claim something of an item wherever they stand: values of its attributes, its kind, its brand."""
        for words in (self.brands, self.kinds, *(words for _, words in self.attributes)):
            yield from words

    def digest(self, strategy: str, language: str) -> str:
        """Changes where, and only where, something changes that a text of this strategy and language may say."""
        seasonal = strategy == "seasonal_event" and self.season is not None
        key = (strategy, language if seasonal else "") if seasonal or strategy == "price_drop" else ("", "")
        if key not in self._digests:
            said: list[Any] = [self.titles, self.brands, self.kinds, self.attributes]
            if strategy == "price_drop":
                said += [self.price, self.old_price, self.currency]
            if seasonal and self.season:
                said += [self.season.id, self.season.names.get(language)]
            self._digests[key] = hashlib.sha256(repr(said).encode()).hexdigest()[:16]
        return self._digests[key]

    def facts(self) -> ItemFacts:
        """The same as the fact lock takes it; what is too long to be a name is none."""
        attributes = {name: _names(words) for name, words in self.attributes}
        if self.kinds:
            attributes["kind"] = _names(self.kinds)
        sources = {"old_price": Source("items", f"{self.item_id}, lowest up to {self.old_price_on}")}
        return ItemFacts(
            self.item_id,
            attributes,
            _names(self.titles),
            self.category,
            _names(self.brands),
            self.price,
            self.old_price,
            currency=self.currency,
            sources=sources if self.old_price else {},
        )

    def cleaned(self) -> Goods:
        """Without words that no page should show and no model should read; each is named in `refused`."""
        refused: list[str] = []

        def clean(column: str, words: Iterable[str], longest: int = 60) -> tuple[str, ...]:
            kept = []
            for word in words:
                if why := refusal(word, longest):
                    refused.append(f"{column}: {why}")
                else:
                    kept.append(word)
            return tuple(kept)

        names = clean("attributes", (name for name, _ in self.attributes))
        named = [(name, words) for name, words in self.attributes if name in names]
        attributes = tuple((name, clean(f"attributes.{name}", words)) for name, words in named)
        category = self.category if self.category and not refusal(self.category, _LONGEST) else None
        return Goods(
            self.item_id, clean("title", self.titles, _LONGEST), clean("brand", self.brands),
            clean("category", self.kinds), tuple((name, words) for name, words in attributes if words), category,
            self.price, self.old_price, self.old_price_on, self.currency, self.is_new_since, self.season,
            tuple(refused), self._digests,
        )  # fmt: skip


def _names(words: tuple[str, ...]) -> tuple[str, ...]:
    if max(map(len, words), default=0) <= _LONGEST:  # as good as always
        return words
    return tuple(word for word in words if len(word) <= _LONGEST)


def refusal(word: str, longest: int) -> str | None:
    """Why a word of the catalogue is not fit to be shown; None where it is."""
    if len(word) > longest:
        return f"{len(word)} characters, a name has at most {longest}"
    return next((f"{one.reason}: {one.detail}" for one in hostile_name(word)), None)


@dataclass(frozen=True)
class Before:
    """Earlier catalogues: the lowest price of each item up to the night `until`, and whom the `oldest` night knew."""

    lowest: Mapping[str, float] = field(default_factory=dict)
    until: dt.date | None = None
    known: frozenset[str] | None = None
    oldest: dt.date | None = None

    @classmethod
    def of(cls, nights: Sequence[tuple[dt.date, pa.Table]], until: dt.date, new_since: dt.date) -> Before:
        """nights: (night, item_id and price), oldest first; those up to `until` count for prices, and the first from
        `new_since` on says what is not new."""
        early = [table for night, table in nights if night <= until]
        least = pa.concat_tables(early).group_by("item_id").aggregate([("price", "min")]) if early else None
        lowest = zip(least["item_id"].to_pylist(), least["price_min"].to_pylist(), strict=True) if least else ()
        oldest = next(((night, table) for night, table in nights if night >= new_since), None)
        return cls(
            {item: price for item, price in lowest if price is not None},
            until,
            frozenset(oldest[1]["item_id"].to_pylist()) if oldest else None,
            oldest[0] if oldest else None,
        )


def read_goods(items: pa.Table, before: Before, seasons: Sequence[Season], least_drop: float) -> dict[str, Goods]:
    """Each row of ITEMS; what its attributes are called in Chinese is learned from all of them together.

    A price dropped where it is `least_drop` (a share) or more below the lowest before; an item is new where the oldest
    catalogue did not have it.
    """
    rows = items.select(COLUMNS).to_pylist()
    attributes = read_attributes(row["attributes"] for row in rows)
    values = [_values(row, own) for row, own in zip(rows, attributes, strict=True)]
    step = max(1, -(-len(rows) // _TEACH))  # an even draw: more items teach hardly another word
    latin = [{name: v for name, v in one.items() if in_language(v, "en")} for one in values[::step]]
    glossary = learn(latin, [(row["title_zh"], row["description_zh"]) for row in rows[::step]])
    found = {}
    for row, own in zip(rows, values, strict=True):
        item, price, was = row["item_id"], row["price"], before.lowest.get(row["item_id"])
        dropped = was is not None and price is not None and 0 < price <= was * (1 - least_drop)
        named = {name: tuple(w for w in (said, glossary.get((name, said))) if w) for name, said in own.items()}
        titles = (title.strip() for title in (row["title"], row["title_zh"]) if title)
        found[item] = Goods(
            item,
            tuple(dict.fromkeys(title for title in titles if title)),
            named.pop("brand", ()),
            named.pop("kind", ()),
            tuple(named.items()),
            row["category"],
            price,
            was if dropped else None,
            before.until if dropped else None,
            row["currency"],
            before.oldest if before.known is not None and item not in before.known else None,
            next((season for season in seasons if season.is_about(row["category"])), None),
        )
    return found


def _values(row: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, str]:
    """Its `own` attributes that are words or figures, with `brand` and `kind`, the last level of its category."""
    said = ((name, value) for name, value in own.items() if not isinstance(value, bool))
    found = {name: str(value).strip() for name, value in said if isinstance(value, str | int | float)}
    found |= {"brand": (row["brand"] or "").strip(), "kind": (row["category"] or "").rpartition(" > ")[2].strip()}
    return {name: value for name, value in found.items() if value}

"""What copy may say of each item: words in each language, price now and before, whether it is new, its event."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from jobs.copywriting.dictionary import Dictionary, shipped_dictionary
from jobs.runtime.attributes import read_attributes
from models.compliance.checks import hostile_name
from models.copywriting.glossary import learn
from models.fact_lock.claims import ItemFacts, Source
from models.text.languages import CJK
from schemas.copywriting.language import Language
from schemas.copywriting.lexicon import Lexicon
from schemas.copywriting.wording import Season

COLUMNS = ["item_id", "title", "title_zh", "description", "description_zh", "category", "brand", "price", "currency",
           "stock", "is_active", "is_replenishable", "attributes"]  # fmt: skip
_LETTER = re.compile(r"[^\W\d_]")
_LONGEST = 120  # characters of a title; another word has at most 60. Longer ones are no names
_DETAILS = 3
# Reasons for which a title is left out while the item's others may be shown: any honest shop has such titles.
_BY_ACCIDENT = frozenset(
    ("too long", "absurd length", "emoji", "wrong language", "control character", "line break", "repetition",
     "price in description", "offer in a name", "leak")
)  # fmt: skip
_IN_A_LABEL = 2  # details; a card has room for no more
# What files hold in place of a value.
_NOTHING = {"nan", "inf", "-inf", "infinity", "-infinity", "null", "none", "n/a", "na", "-", "--", "?", "unknown"}
_NAMES_IN_LANGUAGES = ("title", "description", "brand", "kind")  # columns that an attribute may give in a language
_TEACH = 5_000  # most items that the glossary is learned from


@dataclass(frozen=True, eq=False)
class ItemWords:
    """One item, with words in every language in which they are known; attributes: (name, words), in the shop's order.

    old_price: the lowest price up to the night `old_price_on`, set only where `price` is well below it. is_new_since:
    a night whose catalogue lacks the item. season: an event that it suits. given: language -> names and words that the
    shop gives in it, as attributes such as title_de. refused: words left out, and why.
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
    given: Mapping[str, frozenset[str]] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    dictionary: Dictionary = field(default_factory=shipped_dictionary, repr=False, compare=False)
    _digests: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)

    def word(self, words: Iterable[str], language: str, attribute: str = "") -> str | None:
        """The first of an attribute's words that is in the language, or else a translation; None without either."""
        words = tuple(words)
        given = self.given.get(language, ())
        return next((word for word in words if word in given), None) or self.dictionary.word(words, language, attribute)

    def kind(self, language: str) -> str | None:
        """What it is, in the language."""
        return self.word(self.kinds, language, "kind")

    def title(self, language: str) -> str | None:
        """What it is called in the language.

        Its title; or brand, kind and details where these are known in the language; or its title in Latin letters,
        which readers of every language know from labels.
        """
        own = next((title for title in self.titles if self._is_in(title, language)), None)
        return own or self._label(language) or next((title for title in self.titles if not CJK.search(title)), None)

    def _label(self, language: str) -> str | None:
        brand, kind, details = self.brand(language), self.kind(language), self.details(language)[:_IN_A_LABEL]
        if not (self.titles and brand and kind and details):
            return None
        spoken = self.dictionary.languages[language]
        return spoken.label.format(brand=brand, kind=kind, details=spoken.joint.join(details))

    def has_title_in(self, language: str) -> bool:
        return any(self._is_in(title, language) for title in self.titles)

    def brand(self, language: str) -> str | None:
        """Its brand as the language writes it, or else as it stands in the catalogue."""
        own = next((brand for brand in self.brands if self._is_in(brand, language)), None)
        latin = next((brand for brand in self.brands if not CJK.search(brand)), None)
        return own or latin or next(iter(self.brands), None)

    def _is_in(self, name: str, language: str) -> bool:
        return name in self.given.get(language, ()) or self.dictionary.is_in(name, language)

    def details(self, language: str) -> list[str]:
        """Up to three attribute values in the language; bare figures are left out, since they need their attribute."""
        found = [self.word(words, language, name) for name, words in self.attributes]
        return [word for word in found if word and _LETTER.search(word)][:_DETAILS]

    @property
    def claimable(self) -> Iterator[str]:
        """Words that count as a claim in any text: values of its attributes, its kind, its brand."""
        for words in (self.brands, self.kinds, *(words for _, words in self.attributes)):
            yield from words

    def digest(self, strategy: str, language: str) -> str:
        """Changes if and only if something changes that a text of this strategy and language may say."""
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
        """The item as the fact lock takes it, without words that are too long to be names."""
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

    def cleaned(self, lexicons: Iterable[Lexicon]) -> ItemWords:
        """The item without words that no page should show and no model should read; `refused` names each.

        A title that shows what its seller is after (a contact, an order to the writer, goods that may not be
        advertised) takes the item's other titles with it, since the same hand wrote them.
        """
        refused: list[str] = []
        lexicons, has_intent = tuple(lexicons), False
        languages = self.dictionary.languages.values()

        def clean(column: str, words: Iterable[str], longest: int = 60) -> tuple[str, ...]:
            nonlocal has_intent
            kept = []
            for word in words:
                if problem := refusal(word, longest, languages, lexicons):
                    reason, detail = problem
                    refused.append(f"{column}: {reason}: {detail}")
                    has_intent = has_intent or (column == "title" and reason not in _BY_ACCIDENT)
                else:
                    kept.append(word)
            return tuple(kept)

        names = clean("attributes", (name for name, _ in self.attributes))
        named = [(name, words) for name, words in self.attributes if name in names]
        attributes = tuple((name, clean(f"attributes.{name}", words)) for name, words in named)
        category = (
            self.category if self.category and not refusal(self.category, _LONGEST, languages, lexicons) else None
        )
        titles = clean("title", self.titles, _LONGEST)
        return ItemWords(
            self.item_id,
            () if has_intent else titles,
            clean("brand", self.brands),
            clean("category", self.kinds),
            tuple((name, words) for name, words in attributes if words),
            category,
            self.price,
            self.old_price,
            self.old_price_on,
            self.currency,
            self.is_new_since,
            self.season,
            self.given,
            tuple(refused),
            self.dictionary,
            self._digests,
        )


def _names(words: tuple[str, ...]) -> tuple[str, ...]:
    if max(map(len, words), default=0) <= _LONGEST:  # nearly always
        return words
    return tuple(word for word in words if len(word) <= _LONGEST)


def refusal(
    word: str, longest: int, languages: Iterable[Language] = (), lexicons: Iterable[Lexicon] = ()
) -> tuple[str, str] | None:
    """(reason, detail): why a word of the catalogue may not be shown; None where it may."""
    if len(word) > longest:
        return "too long", f"{len(word)} characters, a name has at most {longest}"
    return next(((one.reason, one.detail) for one in hostile_name(word, languages, lexicons)), None)


@dataclass(frozen=True)
class PastCatalogues:
    """Earlier catalogues: each item's lowest price up to the night `until`, and the item ids of the `oldest` night."""

    lowest: Mapping[str, float] = field(default_factory=dict)
    until: dt.date | None = None
    oldest_ids: frozenset[str] | None = None
    oldest: dt.date | None = None

    @classmethod
    def of(cls, nights: Sequence[tuple[dt.date, pa.Table]], until: dt.date, new_since: dt.date) -> PastCatalogues:
        """nights: (night, table with item_id and price), oldest first.

        Prices come from nights up to `until`. Items in the first catalogue from `new_since` on are not new.
        """
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


def read_item_words(
    catalogue: pa.Table,
    past: PastCatalogues,
    seasons: Sequence[Season],
    least_drop: float,
    dictionary: Dictionary | None = None,
) -> dict[str, ItemWords]:
    """item_id -> words of each row of ITEMS. Chinese words for attributes are learned from all rows together.

    A price has dropped if it is at least `least_drop` (a share) below the lowest earlier price. An item is new if the
    oldest catalogue lacks it.
    """
    dictionary = dictionary or shipped_dictionary()
    rows = catalogue.select(COLUMNS).to_pylist()
    attributes = read_attributes(row["attributes"] for row in rows)
    told = [_in_languages(own, dictionary.languages) for own in attributes]
    yes, nothing = _yes_and_nothing(dictionary.languages.values())
    values = [_values(row, own, yes, nothing) for row, (own, _) in zip(rows, told, strict=True)]
    step = max(1, -(-len(rows) // _TEACH))  # an even sample: more items teach hardly any new word
    latin = [{name: v for name, v in one.items() if not CJK.search(v)} for one in values[::step]]
    glossary = learn(latin, [(row["title_zh"], row["description_zh"]) for row in rows[::step]])
    items = {}
    for row, words, (_, more) in zip(rows, values, told, strict=True):
        item_id, price, lowest = row["item_id"], row["price"], past.lowest.get(row["item_id"])
        dropped = lowest is not None and price is not None and 0 < price <= lowest * (1 - least_drop)
        named = {
            name: tuple(w for w in (word, glossary.get((name, word)), *more.get(name, {}).values()) if w)
            for name, word in words.items()
        }
        of_columns = (row["title"], row["title_zh"], *more.get("title", {}).values())
        titles = (title.strip() for title in of_columns if title)
        items[item_id] = ItemWords(
            item_id,
            tuple(dict.fromkeys(title for title in titles if title)),
            named.pop("brand", ()),
            named.pop("kind", ()),
            tuple(named.items()),
            row["category"],
            price,
            lowest if dropped else None,
            past.until if dropped else None,
            row["currency"],
            past.oldest if past.oldest_ids is not None and item_id not in past.oldest_ids else None,
            next((season for season in seasons if season.is_about(row["category"])), None),
            _by_language(more),
            dictionary=dictionary,
        )
    return items


def _in_languages(own: Mapping[str, Any], languages: Iterable[str]) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """(its attributes, name -> language -> the shop's own word): `colour_de` says what `colour` is in German."""
    plain, more = dict(own), defaultdict[str, dict[str, str]](dict)
    for name in own:
        base, _, language = name.rpartition("_")
        if language in languages and (base in own or base in _NAMES_IN_LANGUAGES):
            word = plain.pop(name)
            if isinstance(word, str) and word.strip():
                more[base][language] = word.strip()
    return plain, more


def _by_language(more: Mapping[str, Mapping[str, str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for words in more.values():
        for language, word in words.items():
            found[language].add(word)
    return {language: frozenset(words) for language, words in found.items()}


def _yes_and_nothing(languages: Iterable[Language]) -> tuple[frozenset[str], frozenset[str]]:
    """(values that say that an item has the attribute, values that say that it has not or that nothing is known)."""
    languages = tuple(languages)
    yes = (word.lower() for language in languages for word in language.yes)
    no = (word.lower() for language in languages for word in language.no)
    return frozenset(("true", *yes)), frozenset(("false", *_NOTHING, *no))


def _values(
    row: Mapping[str, Any], own: Mapping[str, Any], yes: frozenset[str], nothing: frozenset[str]
) -> dict[str, str]:
    """Attributes that are words or figures, with `brand`, and `kind` (the last level of the category).

    One whose value is yes says its name ("machine washable"); one whose value is no, or stands for none, is left out.
    """
    said = {name: str(value).strip() for name, value in own.items() if isinstance(value, str | int | float)}
    found = {
        name: name.replace("_", " ") if value.lower() in yes else value
        for name, value in said.items()
        if value.lower() not in nothing
    }
    found |= {"brand": (row["brand"] or "").strip(), "kind": (row["category"] or "").rpartition(" > ")[2].strip()}
    return {name: value for name, value in found.items() if value}

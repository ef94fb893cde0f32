"""What copy may say about each item: words in each language, price now and before, whether it is new, its event."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.copywriting.dictionary import Dictionary, shipped_dictionary
from models.compliance.names import LONGEST_TITLE, LONGEST_WORD, shows_intent
from models.fact_lock.claims import ItemFacts, Source
from models.text.languages import CJK
from schemas.copywriting.wording import Season

NameRefusal = Callable[[str, int], tuple[str, str] | None]  # a name and its longest -> `models.compliance.name_refusal`
_LETTER = re.compile(r"[^\W\d_]")
_DETAILS = 3  # of one item, at most
_IN_A_LABEL = 2  # details in a label, since a card has no room for more


@dataclass(frozen=True, eq=False)
class ItemWords:
    """One item, with words in every language in which they are known; attributes: (name, words), in the shop's order.

    old_price: the lowest price up to the night `old_price_on`, set only where `price` is well below it. is_new_since:
    a night whose catalogue lacks the item. season: an event that the item suits. given: language -> the words that the
    shop itself gives in this language, in attributes such as title_de. refused: words left out, and why. judged: names
    that the catalogue has already approved to be shown.
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
    judged: frozenset[str] = frozenset()
    dictionary: Dictionary = field(default_factory=shipped_dictionary, repr=False, compare=False)
    _digests: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)

    def word(self, words: Iterable[str], language: str, attribute: str = "") -> str | None:
        """The first of an attribute's words that is in the language, or else a translation; None without either."""
        words = tuple(words)
        shop_words = self.given.get(language, ())
        return next((word for word in words if word in shop_words), None) or self.dictionary.word(
            words, language, attribute
        )

    def kind(self, language: str) -> str | None:
        """The item's kind, in the language."""
        return self.word(self.kinds, language, "kind")

    def title(self, language: str) -> str | None:
        """What the item is called in the language.

        That is its title; else brand, kind and details, where these are known in the language; else its title in Latin
        letters, which readers of every language know from labels.
        """
        native = next((title for title in self.titles if self._is_in(title, language)), None)
        return native or self._label(language) or next((title for title in self.titles if not CJK.search(title)), None)

    def _label(self, language: str) -> str | None:
        brand, kind, details = self.brand(language), self.kind(language), self.details(language)[:_IN_A_LABEL]
        if not (self.titles and brand and kind and details):
            return None
        spoken = self.dictionary.languages[language]
        return spoken.label.format(brand=brand, kind=kind, details=spoken.joint.join(details))

    def has_title_in(self, language: str) -> bool:
        return any(self._is_in(title, language) for title in self.titles)

    def brand(self, language: str) -> str | None:
        """The brand as the language writes it, or else as the catalogue writes it."""
        native = next((brand for brand in self.brands if self._is_in(brand, language)), None)
        latin = next((brand for brand in self.brands if not CJK.search(brand)), None)
        return native or latin or next(iter(self.brands), None)

    def _is_in(self, name: str, language: str) -> bool:
        return name in self.given.get(language, ()) or self.dictionary.is_in(name, language)

    def details(self, language: str) -> list[str]:
        """Up to three attribute values in the language. Bare figures are left out, since nobody understands them
        without the attribute's name."""
        translated = [self.word(words, language, name) for name, words in self.attributes]
        return [word for word in translated if word and _LETTER.search(word)][:_DETAILS]

    @property
    def claimable(self) -> Iterator[str]:
        """Words that count as a claim in any text: values of the item's attributes, its kind, its brand."""
        for words in (self.brands, self.kinds, *(words for _, words in self.attributes)):
            yield from words

    def digest(self, strategy: str, language: str) -> str:
        """A digest that changes if and only if something changes that a text of this strategy and language may say."""
        seasonal = strategy == "seasonal_event" and self.season is not None
        key = (strategy, language if seasonal else "") if seasonal or strategy == "price_drop" else ("", "")
        if key not in self._digests:
            content: list[Any] = [self.titles, self.brands, self.kinds, self.attributes]
            if strategy == "price_drop":
                content += [self.price, self.old_price, self.currency]
            if seasonal and self.season:
                content += [self.season.id, self.season.names.get(language)]
            self._digests[key] = hashlib.sha256(repr(content).encode()).hexdigest()[:16]
        return self._digests[key]

    def facts(self) -> ItemFacts:
        """The item in the form that the fact lock takes, without words that are too long to be names."""
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

    def cleaned(self, refusal: NameRefusal) -> ItemWords:
        """The item without words that no page should show and no model should read; `refused` names each of them.

        The catalogue's own names were judged before; this judges attributes and names in more languages. Where a title
        shows a bad intent of its seller (a contact, an order to the writer, goods that may not be advertised), all
        titles of the item are left out, since the same person wrote them.
        """
        refused = list(self.refused)
        has_intent = False

        def clean(column: str, words: Iterable[str], longest: int = LONGEST_WORD) -> tuple[str, ...]:
            nonlocal has_intent
            accepted = []
            for word in words:
                if word not in self.judged and (why := refusal(word, longest)):
                    refused.append(": ".join((column, *why)))
                    has_intent = has_intent or (column == "title" and shows_intent(why[0]))
                else:
                    accepted.append(word)
            return tuple(accepted)

        names = clean("attributes", (name for name, _ in self.attributes))
        shown = [(name, words) for name, words in self.attributes if name in names]
        attributes = tuple((name, clean(f"attributes.{name}", words)) for name, words in shown)
        titles = clean("title", self.titles, LONGEST_TITLE)
        return ItemWords(
            self.item_id,
            () if has_intent else titles,
            clean("brand", self.brands),
            clean("category", self.kinds),
            tuple((name, words) for name, words in attributes if words),
            self.category,
            self.price,
            self.old_price,
            self.old_price_on,
            self.currency,
            self.is_new_since,
            self.season,
            self.given,
            tuple(refused),
            self.judged,
            self.dictionary,
            self._digests,
        )


def _names(words: tuple[str, ...]) -> tuple[str, ...]:
    if max(map(len, words), default=0) <= LONGEST_TITLE:  # nearly always
        return words
    return tuple(word for word in words if len(word) <= LONGEST_TITLE)

"""An item for one brief: words that may be shown, the text of each slot, and facts to check texts against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from jobs.copywriting.briefs import Brief
from jobs.copywriting.item_words import ItemWords, NameRefusal
from jobs.copywriting.slots import slots_for, with_offer
from models.fact_lock.claims import ItemFacts, Slot


class Product(NamedTuple):
    """item: without words that may not be shown. facts_with_offer: with the longest terms that a user's offer has."""

    brief: Brief
    item: ItemWords
    slots: Mapping[str, Slot]
    facts: ItemFacts
    facts_with_offer: ItemFacts


class Products:
    """Makes products, and keeps what several briefs of an item share: its clean words, its facts, its slots."""

    def __init__(self, items: Mapping[str, ItemWords], shop: str, refusal: NameRefusal) -> None:
        self._items, self._shop, self._refusal = items, shop, refusal
        self._clean: dict[str, ItemWords] = {}
        self._facts: dict[str, tuple[ItemFacts, ItemFacts]] = {}
        self._last_slots: tuple[tuple[str, str, str], dict[str, Slot]] = (("", "", ""), {})

    def clean(self, item_id: str) -> ItemWords:
        """The item without words that may not be shown."""
        if item_id not in self._clean:
            self._clean[item_id] = self._items[item_id].cleaned(self._refusal)
        return self._clean[item_id]

    def of(self, brief: Brief) -> Product:
        item = self.clean(brief.item_id)
        if brief.item_id not in self._facts:
            facts = item.facts()
            self._facts[brief.item_id] = (facts, with_offer(facts))
        key = (brief.item_id, brief.strategy, brief.language)
        if self._last_slots[0] != key:  # briefs of an item that differ in channel and style have the same slots
            self._last_slots = (key, slots_for(item, brief, self._shop))
        return Product(brief, item, self._last_slots[1], *self._facts[brief.item_id])

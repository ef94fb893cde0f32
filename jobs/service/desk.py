"""The sources of a night's answers, read once: policies, items, accounts, templates and the answerer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.runtime.attributes import read_attributes
from jobs.runtime.model_store import load_newest
from jobs.runtime.night import Night
from jobs.service.account_facts import Account, accounts
from jobs.service.config import ServiceConfig
from jobs.service.item_facts import ITEM_COLUMNS, ItemFacts
from jobs.service.living_policies import living_policies
from models.service.answerer import Answerer
from models.service.handover import Handover
from models.text.languages import is_written
from schemas.tables import ITEMS, KNOWLEDGE

MODEL, MADE_BY = "answerer", "train_answerer"
Row = dict[str, Any]


@dataclass(eq=False)
class Desk:
    """known: (topic, language) -> the row of KNOWLEDGE for the wording asked most. answerer: None without knowledge.
    places: item id -> its row number in `items`. `items` stays in memory, and an item is read when it is needed."""

    night: Night
    until: dt.datetime
    config: ServiceConfig
    facts: ItemFacts
    handover: Handover
    answerer: Answerer | None
    policies: Mapping[str, Row]
    known: Mapping[tuple[str, str], Row]
    items: pa.Table
    places: Mapping[str, int]
    accounts: Mapping[str, Account] = field(default_factory=dict)
    _read: dict[str, tuple[Row, dict[str, Any]]] = field(default_factory=dict)
    _words_by: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def open(cls, night: Night, users: Collection[str] = ()) -> Desk:
        config: ServiceConfig = night.settings.section("service")
        knowledge = night.versions(KNOWLEDGE).tonight().arrow().to_pylist()
        known_by_topic: dict[tuple[str, str], Row] = {}
        for row in sorted(knowledge, key=lambda row: (-row["support"], row["knowledge_id"])):
            known_by_topic.setdefault((row["topic"], row["language"]), row)
        items = night.versions(ITEMS).tonight().arrow(ITEM_COLUMNS).combine_chunks()
        facts = ItemFacts.of(night)
        return cls(
            night=night,
            until=night.valid_until("service"),
            config=config,
            facts=facts,
            handover=Handover.of(wording.handover for wording in facts.wordings.values()),
            answerer=load_newest(night, MODEL, Answerer, MADE_BY) if knowledge else None,
            policies=living_policies(night),
            known=known_by_topic,
            items=items,
            places={item: index for index, item in enumerate(items["item_id"].to_pylist())},
            accounts=accounts(night, config, users),
        )

    def item(self, item_id: str) -> tuple[Row, dict[str, Any]] | None:
        """(the item's row, its attributes); None for an item that the catalogue does not have."""
        if item_id not in self.places:
            return None
        if item_id not in self._read:
            row = {name: self.items[name][self.places[item_id]].as_py() for name in ITEM_COLUMNS}
            self._read[item_id] = row, read_attributes([row["attributes"]])[0]
        return self._read[item_id]

    def title(self, item_id: str, language: str) -> str | None:
        """A name that a page may show, in the language's script where the item has one."""
        row_and_attributes = self.item(item_id)
        if row_and_attributes is None:
            return None
        row = row_and_attributes[0]
        names = [name for name in (row["shown_title"], row["shown_title_zh"]) if name]
        script = self.facts.languages[language]
        in_script = (name for name in names if is_written(name, script))
        return next(in_script, None) or next(iter(names), None)

    def sibling(self, item_id: str, attribute: str, word: str, language: str) -> str | None:
        """An item on sale of the same category and brand whose attribute is `word`; most other attributes are equal."""
        row_and_attributes = self.item(item_id)
        if row_and_attributes is None:
            return None
        row, attributes = row_and_attributes
        candidates = self.items.filter(
            pc.and_(
                pc.and_(*(_is(self.items[name], row[name]) for name in ("category", "shown_brand"))),
                pc.and_(self.items["is_active"], pc.invert(pc.fill_null(self.items["is_sold_out"], False))),
            )
        )
        best: list[tuple[int, str]] = []
        for other in candidates["item_id"].to_pylist():
            traits = self.item(other)[1]  # type: ignore[index]
            if other != item_id and (self.facts.word(traits.get(attribute), attribute, language) or "").lower() == word:
                best.append((-sum(traits.get(name) == value for name, value in attributes.items()), other))
        return min(best)[1] if best else None

    def attribute_words(self, language: str) -> Mapping[str, str]:
        """The language's word for a value, in lower case -> the attribute; for all attributes that topics are about."""
        if language not in self._words_by:
            names = [n for topic in self.facts.wordings[language].items.values() for n in topic.attributes]
            words: dict[str, str] = {}
            for attributes in read_attributes(pc.unique(self.items["attributes"]).to_pylist()):
                for name in names:
                    word = self.facts.word(attributes.get(name), name, language)
                    if word:
                        words.setdefault(word.lower(), name)
            self._words_by[language] = words
        return self._words_by[language]


def _is(column: pa.ChunkedArray, value: str | None) -> pa.ChunkedArray:
    return pc.is_null(column) if value is None else pc.fill_null(pc.equal(column, value), False)

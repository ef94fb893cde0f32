"""A shop of three items for tests of copy, and helpers that these tests share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from jobs.common.shown_names import NameRules, with_shown_names
from jobs.copywriting.briefs import Brief, Draft
from jobs.copywriting.catalogue_words import COLUMNS, PastCatalogues, read_item_words
from jobs.copywriting.dictionary import Dictionary, shipped_dictionary
from jobs.copywriting.item_words import ItemWords
from jobs.copywriting.rules import CopyConfig, CopyRules
from jobs.copywriting.writer import CopyInputs, SaidTexts, Written, usual_texts
from models.fact_lock.claims import Vocabulary
from schemas.arrow import arrow_schema
from schemas.copywriting.language import load_languages
from schemas.tables import ITEMS

NIGHT = dt.date(2026, 1, 6)
NAME_RULES = NameRules.of(CopyConfig())


def item(item_id: str = "g1", **changed: Any) -> dict[str, Any]:
    """A row of ITEMS."""
    row = {
        "item_id": item_id,
        "title": "Ivo beige wired speaker",
        "title_zh": "伊沃 米色有线音箱",
        "description": "Speaker by Ivo. It comes in beige.",
        "description_zh": "伊沃出品的音箱。颜色为米色。",
        "category": "Electronics > Audio > speaker",
        "brand": "Ivo",
        "price": 99.0,
        "cost": 50.0,
        "currency": "CNY",
        "stock": 3.0,
        "is_active": True,
        "is_replenishable": False,
        "attributes": '{"colour": "beige", "connection": "wired"}',
        "updated_on": NIGHT,
    }
    return row | changed


def items_of(
    rows: Iterable[dict[str, Any]],
    past: PastCatalogues | None = None,
    seasons: Sequence[Any] = (),
    catalogue: str = "en",
) -> dict[str, ItemWords]:
    table = with_shown_names(pa.Table.from_pylist(list(rows), arrow_schema(ITEMS)), NAME_RULES).select(COLUMNS)
    dictionary = shipped_dictionary() if catalogue == "en" else Dictionary.of(load_languages(), catalogue)
    return read_item_words(table, past or PastCatalogues(), seasons, 0.05, dictionary)


def inputs_of(
    items: dict[str, ItemWords],
    rules: CopyRules | None = None,
    shares: Any = None,
    kinds: Sequence[str] = (),
    model: str = "",
    **settings: Any,
) -> CopyInputs:
    rules = rules or CopyRules.load(CopyConfig(**settings))
    vocabulary = Vocabulary.of([item.facts() for item in items.values()], rules.words, rules.figures, rules.claim_words)
    return CopyInputs(rules, items, vocabulary, shares or {}, NIGHT, model, tuple(kinds))


def write(
    inputs: CopyInputs, brief: Brief, drafts: Sequence[Draft] | None = None, said: SaidTexts | None = None
) -> Written:
    """The usual texts of one brief; without `said`, no earlier text exists."""
    return usual_texts(inputs, said or SaidTexts(), brief, drafts)


def brief(item_id: str = "g1", **changed: str) -> Brief:
    return Brief(item_id, "recommendation", "plain", "push", "en")._replace(**changed)

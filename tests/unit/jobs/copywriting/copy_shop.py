"""A shop of three items for tests of copy, and what tests ask of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from jobs.copywriting.item_words import COLUMNS, Before, Goods, read_goods
from jobs.copywriting.rules import CopyConfig, Rules
from jobs.copywriting.slots import Brief
from jobs.copywriting.writer import Writer
from models.fact_lock.claims import Vocabulary
from schemas.arrow import arrow_schema
from schemas.tables import ITEMS

NIGHT = dt.date(2026, 1, 6)


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


def goods_of(
    rows: Iterable[dict[str, Any]], before: Before | None = None, seasons: Sequence[Any] = ()
) -> dict[str, Goods]:
    table = pa.Table.from_pylist(list(rows), arrow_schema(ITEMS)).select(COLUMNS)
    return read_goods(table, before or Before(), seasons, 0.05)


def writer_of(
    goods: dict[str, Goods],
    rules: Rules | None = None,
    shares: Any = None,
    kinds: Sequence[str] = (),
    **settings: Any,
) -> Writer:
    rules = rules or Rules.load(CopyConfig(**settings))
    vocabulary = Vocabulary.of([one.facts() for one in goods.values()], rules.words)
    return Writer(rules, goods, vocabulary, shares or {}, NIGHT, kinds=kinds)


def brief(item_id: str = "g1", **changed: str) -> Brief:
    return Brief(item_id, "recommendation", "plain", "push", "en")._replace(**changed)

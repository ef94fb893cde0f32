"""Filters a product of an earlier night: keeps the rows that may still be shown. There is one filter for each product.

Arrow in, Arrow out; nothing is read or written here. A filter only removes rows. It always removes accounts that are
not among tonight's `users`, so an erased person does not come back.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.text.wording import Wording, money
from schemas.arrow import arrow_schema
from schemas.table import Product
from schemas.tables import COPY, OFFERS

_PRICE, _EVENTS = "price", "seasons"  # in a text's facts: the slot of a price, and the table of an event
# The terms of an offer. If one of them has changed, the text states terms that are no longer valid.
_TERMS = (
    "user_id",
    "offer_id",
    "item_id",
    "category",
    "discount_share",
    "discount_amount",
    "minimum_spend",
    "currency",
    "valid_until",
)


@dataclass(frozen=True, eq=False)
class Tonight:
    """Tonight's facts, with which carried rows are compared.

    shown_from: when readers first see tonight. users: accounts, and 'anonymous'. on_sale: item ids. prices: item ->
    (price, currency). Only for copy: places, offers and texts (see `of_user_copy`), and the wording of each language.
    Only for service: items, item -> a function from a column to the digest of its value.
    """

    shown_from: dt.datetime
    users: pa.Array
    on_sale: pa.Array
    prices: dict[str, tuple[float | None, str | None]] = field(default_factory=dict)
    places: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    offers: pa.Table = field(default_factory=lambda: arrow_schema(OFFERS).empty_table())
    texts: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))
    languages: Mapping[str, Wording] = field(default_factory=dict)
    items: Mapping[str, Callable[[str], str]] = field(default_factory=dict)

    def source_hash(self, item_id: str, column: str) -> str | None:
        """The digest of the value that tonight's item has in a column; None for an item that is not on sale."""
        return self.items[item_id](column) if item_id in self.items else None

    def pairs(self, rows: pa.Table) -> NDArray[np.int64]:
        """A number for each (user_id, item_id) of `rows`, (n,) int64; -1 where tonight lacks the user or the item."""
        codes = (pc.index_in(rows["user_id"], self.users), pc.index_in(rows["item_id"], self.on_sale))
        user, item = (pc.fill_null(code, -1).to_numpy().astype(np.int64) for code in codes)
        return np.where((user < 0) | (item < 0), -1, user * max(1, len(self.on_sale)) + item)


def of_customers(rows: pa.Table, table: str, tonight: Tonight) -> pa.Table:
    """Rows of accounts that exist tonight; all rows of a table without accounts."""
    if "user_id" not in rows.column_names:
        return rows
    return rows.filter(pc.is_in(rows["user_id"], tonight.users))


def of_dated(rows: pa.Table, table: str, tonight: Tonight) -> pa.Table:
    """Offers and audiences: rows that are valid when tonight is shown, and whose item, if any, is on sale."""
    rows = of_customers(rows, table, tonight)
    rows = rows.filter(pc.greater(rows["valid_until"], pa.scalar(tonight.shown_from, rows["valid_until"].type)))
    return rows.filter(pc.or_(pc.is_null(rows["item_id"]), pc.is_in(rows["item_id"], tonight.on_sale)))


def of_images(rows: pa.Table, table: str, tonight: Tonight) -> pa.Table:
    """Rows that are valid when tonight is shown and whose item, or both similar items, are on sale."""
    for name in ("item_id", "target_item_id"):
        if name in rows.column_names:
            rows = rows.filter(pc.is_in(rows[name], tonight.on_sale))
    if "valid_until" not in rows.column_names:
        return rows
    return rows.filter(pc.greater(rows["valid_until"], pa.scalar(tonight.shown_from, rows["valid_until"].type)))


def of_service(rows: pa.Table, table: str, tonight: Tonight) -> pa.Table:
    """Answers that are valid when tonight is shown and whose source still has the same digest.

    A suggestion without a source, where a person was needed, stays. One that was read from an account or a policy is
    removed, because tonight's accounts and policies are not known here.
    """
    rows = rows.filter(pc.greater(rows["valid_until"], pa.scalar(tonight.shown_from, rows["valid_until"].type)))
    is_suggestion = "source_table" in rows.column_names
    columns = ["source_id" if is_suggestion else "item_id", "source_column", "source_hash"]
    tables = rows["source_table"].to_pylist() if is_suggestion else ["items"] * rows.num_rows
    sources = zip(*(rows[name].to_pylist() for name in columns), strict=True)
    holds = [
        from_table is None or (from_table == "items" and tonight.source_hash(item, column) == old_hash)
        for from_table, (item, column, old_hash) in zip(tables, sources, strict=True)
    ]
    return rows.filter(pa.array(holds, pa.bool_()))


def of_copy(rows: pa.Table, table: str, tonight: Tonight) -> pa.Table:
    """COPY or USER_COPY, by the name of the table."""
    return of_texts(rows, tonight) if table == COPY.name else of_user_copy(of_dated(rows, table, tonight), tonight)


def of_texts(rows: pa.Table, tonight: Tonight) -> pa.Table:
    """COPY: texts of items on sale, without those that name an event (it may be over) or an old price."""
    rows = rows.filter(pc.is_in(rows["item_id"], tonight.on_sale))
    texts = zip(*(rows[name].to_pylist() for name in ("item_id", "strategy", "language", "facts")), strict=True)
    is_true = [
        _is_still_true(item, strategy, language, json.loads(facts), tonight)
        for item, strategy, language, facts in texts
    ]
    return rows.filter(pa.array(is_true, pa.bool_()))


def _is_still_true(item: str, strategy: str, language: str, facts: list[dict[str, Any]], tonight: Tonight) -> bool:
    prices = {fact["value"] for fact in facts if fact["slot"] == _PRICE}
    if strategy == "seasonal_event" or any(fact["table"] == _EVENTS for fact in facts):
        return False
    if not prices:
        return strategy != "price_drop"
    price, currency = tonight.prices.get(item, (None, None))
    wording = tonight.languages.get(language)  # None for a language that the shop no longer has
    return price is not None and wording is not None and prices == {money(price, currency, wording)}


def of_user_copy(rows: pa.Table, tonight: Tonight) -> pa.Table:
    """USER_COPY: carried texts about an item in the user's list of tonight, or about the item of an unchanged offer.

    A text with an offer stays only if this offer is unchanged. Uses these fields of `tonight`: places (`pairs` of
    tonight's lists), offers (only those with unchanged terms) and texts (ids of the carried COPY).
    """
    rows = rows.filter(pc.is_in(rows["copy_id"], tonight.texts))
    is_listed = np.isin(tonight.pairs(rows), tonight.places)
    has_no_offer = pc.is_null(rows["offer_id"])
    offer_holds = pc.is_in(_key(rows, OFFERS.key), _key(tonight.offers, OFFERS.key))
    offer_and_item = (*OFFERS.key, "item_id")
    is_of_offer = pc.is_in(_key(rows, offer_and_item), _key(tonight.offers, offer_and_item))
    is_shown = pc.or_(pa.array(is_listed), is_of_offer)
    return rows.filter(pc.or_(pc.and_(has_no_offer, pa.array(is_listed)), pc.and_(offer_holds, is_shown)))


def with_unchanged_terms(tonight: pa.Table, text_offers: pa.Table) -> pa.Table:
    """The offers of `tonight` whose terms are the same in `text_offers`, the offers that the texts describe."""
    return tonight.filter(pc.is_in(_key(tonight, _TERMS), _key(text_offers, _TERMS)))


def _key(rows: pa.Table, names: tuple[str, ...]) -> pa.ChunkedArray:
    """The columns of each row as one string; nulls are equal to each other."""
    parts = [pc.fill_null(rows[name].cast(pa.string()), "\1") for name in names]
    return pc.binary_join_element_wise(*parts, "\0")


Filter = Callable[[pa.Table, str, Tonight], pa.Table]
FILTERS: dict[Product, Filter] = {
    "customers": of_customers,
    "offers": of_dated,
    "audiences": of_dated,
    "copy": of_copy,
    "images": of_images,
    "service": of_service,
}

"""What may still be shown of an earlier night's product: one filter for each product, which only removes rows.

Arrow in, Arrow out; nothing is read or written here. Every filter drops accounts that tonight's `users` lack: whoever
was erased does not come back.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.fact_lock.slots import money
from schemas.arrow import arrow_schema
from schemas.table import Product
from schemas.tables import COPY, OFFERS

_PRICE, _EVENTS = "price", "seasons"  # in a text's facts: the slot of the price, and the table of an event
# What a user was promised: an offer whose terms changed is another one than the text tells.
_TERMS = ("user_id", "offer_id", "item_id", "category", "discount_share", "discount_amount", "minimum_spend",
          "currency", "valid_until")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Tonight:
    """What is true tonight. users: accounts, and 'anonymous'; on_sale: items; prices: item -> (price, currency).

    shown_from: when readers first see tonight. Of copy alone: places, offers and texts (see `of_user_copy`).
    """

    shown_from: dt.datetime
    users: pa.Array
    on_sale: pa.Array
    prices: dict[str, tuple[float | None, str | None]] = field(default_factory=dict)
    places: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    offers: pa.Table = field(default_factory=lambda: arrow_schema(OFFERS).empty_table())
    texts: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))

    def pairs(self, rows: pa.Table) -> NDArray[np.int64]:
        """(n,) a number for each (user_id, item_id) of `rows`; -1 where tonight lacks the user or the item."""
        codes = (pc.index_in(rows["user_id"], self.users), pc.index_in(rows["item_id"], self.on_sale))
        user, item = (pc.fill_null(code, -1).to_numpy().astype(np.int64) for code in codes)
        return np.where((user < 0) | (item < 0), -1, user * max(1, len(self.on_sale)) + item)


def of_customers(rows: pa.Table, table: str, tonight: Tonight) -> pa.Table:
    """All of what is known of an account, as long as there is the account."""
    if "user_id" not in rows.column_names:
        return rows
    return rows.filter(pc.is_in(rows["user_id"], tonight.users))


def of_dated(rows: pa.Table, table: str, tonight: Tonight) -> pa.Table:
    """Offers and audiences: rows that are valid when tonight is shown, of no item or of one that is on sale."""
    rows = of_customers(rows, table, tonight)
    rows = rows.filter(pc.greater(rows["valid_until"], pa.scalar(tonight.shown_from, rows["valid_until"].type)))
    return rows.filter(pc.or_(pc.is_null(rows["item_id"]), pc.is_in(rows["item_id"], tonight.on_sale)))


def of_copy(rows: pa.Table, table: str, tonight: Tonight) -> pa.Table:
    return of_texts(rows, tonight) if table == COPY.name else of_user_copy(of_dated(rows, table, tonight), tonight)


def of_texts(rows: pa.Table, tonight: Tonight) -> pa.Table:
    """COPY: texts of items on sale; none that names another price than tonight's, or an event, which may be over."""
    rows = rows.filter(pc.is_in(rows["item_id"], tonight.on_sale))
    asked = zip(*(rows[name].to_pylist() for name in ("item_id", "strategy", "facts")), strict=True)
    return rows.filter(
        pa.array([_holds(item, strategy, facts, tonight) for item, strategy, facts in asked], pa.bool_())
    )


def _holds(item: str, strategy: str, facts: str, tonight: Tonight) -> bool:
    told = json.loads(facts)
    prices = {fact["value"] for fact in told if fact["slot"] == _PRICE}
    if strategy == "seasonal_event" or any(fact["table"] == _EVENTS for fact in told):
        return False
    if not prices:
        return strategy != "price_drop"
    price, currency = tonight.prices.get(item, (None, None))
    return price is not None and prices == {money(price, currency)}


def of_user_copy(rows: pa.Table, tonight: Tonight) -> pa.Table:
    """USER_COPY: texts that are carried themselves, of a place in the user's list of tonight or of the offer's item.

    places: `pairs` of tonight's lists; offers: those that stand as they were told; texts: ids in carried COPY.
    """
    rows = rows.filter(pc.is_in(rows["copy_id"], tonight.texts))
    is_listed = np.isin(tonight.pairs(rows), tonight.places)
    stands = pc.is_in(_key(rows, OFFERS.key), _key(tonight.offers, OFFERS.key))
    whole = (*OFFERS.key, "item_id")
    about = pc.is_in(_key(rows, whole), _key(tonight.offers, whole))
    kept = pc.or_(pc.and_(pc.is_null(rows["offer_id"]), pa.array(is_listed)),
                  pc.and_(stands, pc.or_(pa.array(is_listed), about)))  # fmt: skip
    return rows.filter(kept)


def standing(told: pa.Table, tonight: pa.Table) -> pa.Table:
    """Offers of `tonight` whose terms are those of `told`, the offers that texts were written of (both OFFERS)."""
    return tonight.filter(pc.is_in(_key(tonight, _TERMS), _key(told, _TERMS)))


def _key(rows: pa.Table, names: tuple[str, ...]) -> pa.ChunkedArray:
    """The columns of each row as one string; null stands for itself."""
    parts = [pc.fill_null(rows[name].cast(pa.string()), "\1") for name in names]
    return pc.binary_join_element_wise(*parts, "\0")


Filter = Callable[[pa.Table, str, Tonight], pa.Table]
FILTERS: dict[Product, Filter] = {
    "customers": of_customers,
    "offers": of_dated,
    "audiences": of_dated,
    "copy": of_copy,
}

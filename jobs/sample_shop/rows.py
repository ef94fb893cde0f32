"""Rows of the event log as numbers, and as the Arrow table that the shop delivers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.sample_shop.shoppers import account_ids, cookies

DAY_MS = 86_400_000
KINDS = ("pv", "cart_add", "fav", "pay", "refund", "search", "rate", "expose", "click")  # the shop's own names
VIEW, CART, WISHLIST, PURCHASE, RETURN, SEARCH, RATING, IMPRESSION, CLICK = range(len(KINDS))
PLACES = ("category", "search", "home", "similar")
# the error of a row; the names are those in truth/dirt.json
DIRT = (
    "none", "crawler", "duplicate_same_day", "duplicate_next_day", "late_1_day", "late_2_days", "late_3_days", "future",
    "unknown_item", "bad_price", "negative_price", "bad_quantity", "missing_item", "unknown_event_type", "bad_time",
)  # fmt: skip
DIRT_CODE = {name: code for code, name in enumerate(DIRT)}

# column -> (type, the value that means "none")
FIELDS: dict[str, tuple[type, int]] = {
    "id": (np.int64, 0),
    "kind": (np.int8, VIEW),
    "person": (np.int32, 0),
    "logged_in": (np.bool_, 0),  # the account is in the row
    "item": (np.int32, -1),  # from len(catalogue) on: an item that no catalogue has
    "time": (np.int64, 0),  # ms since 1970, UTC
    "cents": (np.int32, -1),
    "units": (np.int8, 0),
    "stars": (np.int8, 0),
    "query": (np.int32, -1),
    "order": (np.int64, 0),
    "place": (np.int8, -1),
    "position": (np.int8, 0),
    "dirt": (np.int8, 0),
}


@dataclass
class Rows:
    """Columns of equal length, one for each name in FIELDS."""

    columns: dict[str, np.ndarray]

    @classmethod
    def of(cls, count: int, **values: np.ndarray | int | bool) -> Rows:
        """`count` rows; a scalar fills its column, and a column without a value gets its "none"."""
        columns: dict[str, np.ndarray] = {}
        for name, (kind, default) in FIELDS.items():
            value = values.pop(name, default)
            if isinstance(value, np.ndarray):
                columns[name] = value.astype(kind, copy=False)
            else:
                columns[name] = np.full(count, value, dtype=kind)
        if values:
            raise KeyError(f"Rows have no column {sorted(values)}; they have {', '.join(FIELDS)}")
        return cls(columns)

    @classmethod
    def together(cls, parts: list[Rows]) -> Rows:
        return cls({name: np.concatenate([part.columns[name] for part in parts]) for name in FIELDS})

    def __len__(self) -> int:
        return len(self.columns["id"])

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[name]

    def take(self, where: np.ndarray) -> Rows:
        """The rows at these positions, or where this mask is true; always a copy."""
        return Rows({name: column[where] for name, column in self.columns.items()})


def delivered(rows: Rows, first: int, people: int, items: np.ndarray, queries: pa.Array) -> pa.Table:
    """The rows under the shop's column names. Text columns are dictionaries: one string per value, not per row.

    Every `person` is in first..first + people - 1. `items` are the ids of the catalogue, followed by ids that no
    catalogue has. Price, quantity and time are text, as in a log to which a client may send anything.
    """
    dirt = rows["dirt"]
    person = rows["person"] - first
    block = np.arange(first, first + people)
    kinds = np.where(dirt == DIRT_CODE["unknown_event_type"], len(KINDS), rows["kind"])
    return pa.table(
        {
            "log_id": pa.array(rows["id"]),
            "uid": _text(person, account_ids(block), ~rows["logged_in"]),
            "cookie": _text(person, cookies(block)),
            "act": _text(kinds, np.array([*KINDS, "hover"])),
            "goods_id": _text(rows["item"], items, rows["item"] < 0),
            "ts": _times(rows["time"], dirt == DIRT_CODE["bad_time"]),
            "price": _prices(rows["cents"], dirt),
            "qty": _quantities(rows["units"], dirt == DIRT_CODE["bad_quantity"]),
            "stars": pa.array(rows["stars"], mask=rows["stars"] == 0),
            "keyword": _text(rows["query"], queries, rows["query"] < 0),
            "order_no": pa.array(rows["order"], mask=rows["order"] == 0).cast(pa.string()),
            "place": _text(rows["place"], np.array(PLACES), rows["place"] < 0),
            "pos": pa.array(rows["position"], mask=rows["position"] == 0),
        }
    )


def _text(codes: np.ndarray, words: np.ndarray | pa.Array, null: np.ndarray | None = None) -> pa.DictionaryArray:
    """The words must differ: Parquet's writer keeps one code per distinct word."""
    indices = pa.array(codes.astype(np.int32, copy=False), mask=null)
    return pa.DictionaryArray.from_arrays(indices, words if isinstance(words, pa.Array) else pa.array(words))


def _times(times: np.ndarray, bad: np.ndarray) -> pa.Array:
    text = pa.array(times).cast(pa.string())
    return pc.if_else(pa.array(bad), "yesterday evening", text) if bad.any() else text


def _prices(cents: np.ndarray, dirt: np.ndarray) -> pa.DictionaryArray:
    is_used = np.zeros(max(int(cents.max(initial=0)), 0) + 1, dtype=bool)
    is_used[cents[cents >= 0]] = True
    distinct = np.flatnonzero(is_used)
    code_of = np.cumsum(is_used, dtype=np.int32) - 1
    codes = code_of[cents]  # where cents is -1 this picks anything; the mask hides it
    bad, negative = dirt == DIRT_CODE["bad_price"], dirt == DIRT_CODE["negative_price"]
    words = [f"{c // 100}.{c % 100:02d}" for c in distinct.tolist()]
    codes[bad], codes[negative] = len(words), len(words) + 1
    return _text(codes, np.array([*words, "abc", "-1.00"]), (cents < 0) & ~bad & ~negative)


def _quantities(units: np.ndarray, bad: np.ndarray) -> pa.DictionaryArray:
    most = int(units.max(initial=0))
    codes = np.where(bad, most, units.astype(np.int32) - 1)
    return _text(codes, np.array([*map(str, range(1, most + 1)), "two"]), (units == 0) & ~bad)

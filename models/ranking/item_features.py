"""What the ranker and the source `content` know of each item: popularity, age, repeat purchases, price, attributes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.core.shop_log import PURCHASE, RETURN, ShopLog
from models.core.top_k import I32
from models.recommenders.buy_again import Rebuy

F64 = NDArray[np.float64]
Items = dict[str, F64]  # feature -> (I,)
COMMON = 20


def item_features(log: ShopLog, long: sparse.csr_matrix, short: sparse.csr_matrix, rebuy: Rebuy, now: float) -> Items:
    """Feature -> (I,): each item's share of all interest (recent and long-term), its trend, age and repeat purchases.

    log: events before `now` (days). long, short (U, I): interest of two half-lives.
    """
    short_interest, long_interest = (np.asarray(part.sum(axis=0), np.float64).reshape(-1) for part in (short, long))
    last, first = np.full(log.n_items, np.nan), np.full(log.n_items, np.nan)
    last[log.item] = now - log.time
    first[log.item[::-1]] = now - log.time[::-1]
    events = np.bincount(log.item, minlength=log.n_items)
    users = np.bincount(long.indices, minlength=log.n_items)
    return {
        "item.short": short_interest / short_interest.sum() * 1e4,  # one in ten thousand
        "item.long": long_interest / long_interest.sum() * 1e4,
        "item.trend": (short_interest / short_interest.sum() + 1e-5) / (long_interest / long_interest.sum() + 1e-5),
        "item.days": last,
        "item.age": first,
        "item.users": users / max(len(np.unique(log.user)), 1),
        "item.events_per_user": events / np.maximum(users, 1),
        "item.bought_share": np.bincount(log.item, log.kind == PURCHASE, log.n_items) / np.maximum(events, 1),
        "item.repeat_rate": rebuy.rate,
        "item.gap": rebuy.gap,
    }


def last_prices(log: ShopLog) -> F64:
    """(I,) logarithm of the price in the item's last event; NaN without one."""
    priced = (log.price > 0) & (log.kind != RETURN)
    last = np.full(log.n_items, np.nan)
    last[log.item[priced]] = np.log(log.price[priced])
    return last


def items_by_value(described: sparse.csr_matrix, short: sparse.csr_matrix) -> sparse.csr_matrix:
    """(A, I): the items of each attribute value of `described` (I, A), weighted by log(1 + recent interest)."""
    weight = np.asarray(short.sum(axis=0)).reshape(-1)
    popularity = sparse.diags_array(np.log1p(weight).astype(np.float32))
    return sparse.csr_matrix((popularity @ described).T)


def described_items(attributes: dict[str, I32]) -> sparse.csr_matrix:
    """(I, A) unit rows: log(I / items with the value) for each attribute value of an item; zeros where it has none.

    attributes: name -> code of each item's value (I,), -1 for none. A value that more than one item in COMMON has
    counts 0: it says little, and would relate all items to each other.
    """
    blocks = []
    for codes in attributes.values():
        items = np.flatnonzero(codes >= 0)
        values, column = np.unique(codes[items], return_inverse=True)
        item_counts = np.bincount(column, minlength=len(values))
        rarity = np.where(item_counts * COMMON <= len(codes), np.log(len(codes) / item_counts), 0.0)
        shape = (len(codes), max(len(values), 1))
        block = sparse.csr_matrix((rarity[column].astype(np.float32), (items, column)), shape=shape)
        block.eliminate_zeros()
        blocks.append(block)
    rows = sparse.csr_matrix(sparse.hstack(blocks))
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).reshape(-1))
    return sparse.csr_matrix(sparse.diags_array(1 / np.where(length > 0, length, 1)) @ rows).astype(np.float32)

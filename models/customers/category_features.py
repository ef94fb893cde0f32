"""Features of (customer, category) pairs: will this customer buy in this category within the next days?

A customer has a row for each category that the customer bought or looked at, and for the most popular ones. Other
categories have none. Features count only events before the moment, as in `models.customers.customer_features`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.core.shop_log import PURCHASE, RETURN, ShopLog
from models.customers.calibrated_models import TrainingSet
from models.customers.customer_features import Customers

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
_RECENT = 28  # days that count for popularity and for looks
_OF_CUSTOMER = ("recency", "gap", "visits_28", "visits_112", "expected", "alive")


@dataclass(frozen=True)
class Pairs:
    """customer (n,): the place in `Customers.users`; category (n,): its code; and the training set of the n rows."""

    customer: I64
    category: I64
    training_set: TrainingSet


def level_of(attributes: Mapping[str, NDArray[np.int32]], most: int) -> str | None:
    """The attribute with the most values among those with 2 to `most`; None without one. Codes are -1 for no value."""
    values = {name: len(np.unique(codes[codes >= 0])) for name, codes in attributes.items()}
    eligible = [name for name, count in values.items() if 2 <= count <= most]
    return max(eligible, key=lambda name: values[name], default=None)


def popularity(log: ShopLog, category: NDArray[np.int32], now: float) -> F64:
    """(C,) the share of the buyers of the 28 days before `now` who bought in each category; 0 without buyers."""
    recent = log.between(now - _RECENT, now)
    recent = recent.where(recent.kind == PURCHASE)
    code = category[recent.item]
    pairs = np.unique(np.column_stack([recent.user, code])[code >= 0], axis=0)
    count = np.bincount(pairs[:, 1].astype(np.int64), minlength=int(category.max(initial=-1)) + 1)
    return count / max(len(np.unique(recent.user)), 1)


def pairs_at(
    log: ShopLog, category: NDArray[np.int32], popular: F64, customers: Customers, days: float, common: int = 5
) -> Pairs:
    """The pairs of `customers` at their moment, with features and labels.

    category (I,): code of each item, -1 for none. popular (C,): see `popularity`. days: the window of the labels.
    common: how many of the most popular categories every customer has a row for.
    """
    now, C, n = customers.now, len(popular), len(customers.users)
    log = log.where(np.isin(log.user, customers.users) & (category[log.item] >= 0) & (log.kind != RETURN))
    key = np.searchsorted(customers.users, log.user) * C + category[log.item]  # each event's pair as one number
    is_past, is_purchase = log.time < now, log.kind == PURCHASE
    most_popular = np.argsort(-popular, kind="stable")[: min(common, C)]
    popular_pairs = (np.arange(n)[:, None] * C + most_popular[None, :]).ravel()
    pairs = np.unique(np.concatenate([key[is_past], popular_pairs]))
    customer, code = pairs // C, pairs % C

    past = is_past & is_purchase
    purchases = _own_purchases(pairs, key[past], log.time[past], now, customers.seen.T[customer])
    own_share = purchases.visits / np.maximum(np.bincount(customer, purchases.visits, n)[customer], 1)
    looks = key[is_past & ~is_purchase & (now - log.time <= _RECENT)]
    customer_columns = {name: customers.features[customer, customers.names.index(name)] for name in _OF_CUSTOMER}
    columns: dict[str, F64] = {
        **{f"own_{window}": np.log1p(count) for window, count in purchases.lately.items()},
        "own": np.log1p(purchases.visits),
        "own_share": own_share,
        "since": np.log1p(purchases.since),
        "overdue": purchases.overdue,
        "looks_28": np.log1p(np.bincount(np.searchsorted(pairs, looks), minlength=len(pairs))),
        "popular": popular[code],
        **customer_columns,
    }
    simple = {
        "own_share": own_share,
        "popularity": popular[code],
        "own_share_x_bg_nbd": own_share * np.expm1(customer_columns["expected"]),
    }
    bought_next = np.unique(key[is_purchase & ~is_past & (log.time < now + days)])
    coverage = float(np.isin(bought_next, pairs).mean()) if len(bought_next) else float("nan")
    truth = np.isin(pairs, bought_next)
    features = np.column_stack(list(columns.values()))
    return Pairs(customer, code, TrainingSet(tuple(columns), features, simple, truth, customer, coverage))


class _OwnPurchases(NamedTuple):
    """Per pair (n,). visits: purchase days; lately: those of the last 28 and 112 days; since: days since the last one,
    the customer's tenure if there is none; overdue: since / the mean gap, at most 10; 10 with fewer than two."""

    visits: I64
    lately: dict[int, I64]
    since: F64
    overdue: F64


def _own_purchases(pairs: I64, key: I64, time: F64, now: float, tenure: F64) -> _OwnPurchases:
    """pairs (n,): sorted keys; key, time (m,): pair and time of each line bought; tenure (n,): days of the customer."""
    n = len(pairs)
    visits = np.unique(np.column_stack([np.searchsorted(pairs, key), np.floor(time)]), axis=0)
    pair, day = visits[:, 0].astype(np.int64), visits[:, 1]
    count = np.bincount(pair, minlength=n)
    first, last = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(first, pair, day)
    np.maximum.at(last, pair, day)
    age = np.floor(now) - day
    lately = {window: np.bincount(pair[age <= window], minlength=n) for window in (28, 112)}
    since = np.where(count > 0, np.floor(now) - last, tenure)
    gap = np.where(count > 1, (last - first) / np.maximum(count - 1, 1), np.inf)
    overdue = np.where(count > 1, np.minimum(since / np.maximum(gap, 1), 10), 10.0)
    return _OwnPurchases(count, lately, since, overdue)

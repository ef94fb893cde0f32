"""In which categories each customer will buy next: one row for each customer and category worth asking about.

Asked about are the categories that a customer has bought or looked at, and those that most people buy now; all others
have no row. Everything is counted before the moment, as in `models.customers.customer_features`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.core.shop_log import PURCHASE, RETURN, ShopLog
from models.customers.calibrated_models import Lesson
from models.customers.customer_features import Customers

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
_RECENT = 28  # days, in which what is popular is popular
_OF_CUSTOMER = ("recency", "gap", "visits_28", "visits_112", "expected", "alive")


@dataclass(frozen=True)
class Pairs:
    """Rows (n,): row of the customer in `Customers.users`, category code; and what is asked about them."""

    customer: I64
    category: I64
    lesson: Lesson


def level_of(attributes: Mapping[str, NDArray[np.int32]], most: int) -> str | None:
    """The attribute that tells items apart best with 2 to `most` values (codes, -1 for none); None without one."""
    values = {name: len(np.unique(codes[codes >= 0])) for name, codes in attributes.items()}
    fit = [name for name, count in values.items() if 2 <= count <= most]
    return max(fit, key=lambda name: values[name], default=None)


def popularity(log: ShopLog, category: NDArray[np.int32], now: float) -> F64:
    """(C,) share of those who bought within the 28 days before `now` who bought in each category; 0 without any."""
    late = log.between(now - _RECENT, now)
    late = late.where(late.kind == PURCHASE)
    code = category[late.item]
    pairs = np.unique(np.column_stack([late.user, code])[code >= 0], axis=0)
    count = np.bincount(pairs[:, 1].astype(np.int64), minlength=int(category.max(initial=-1)) + 1)
    return count / max(len(np.unique(late.user)), 1)


def pairs_at(log: ShopLog, category: NDArray[np.int32], popular: F64, customers: Customers, days: float,
             common: int = 5) -> Pairs:  # fmt: skip
    """The rows of `customers` at their moment; `category` (I,) codes of items, -1 for none, `popular` (C,).

    common: categories, the most popular ones, that everybody is asked about.
    """
    now, C, n = customers.now, len(popular), len(customers.users)
    known = log.where(np.isin(log.user, customers.users) & (category[log.item] >= 0) & (log.kind != RETURN))
    row = np.searchsorted(customers.users, known.user)
    key = row * C + category[known.item]
    before, bought = known.time < now, known.kind == PURCHASE
    most = np.argsort(-popular, kind="stable")[: min(common, C)]
    everybody = (np.arange(n)[:, None] * C + most[None, :]).ravel()
    asked = np.unique(np.concatenate([key[before], everybody]))
    customer, code = asked // C, asked % C

    lines = before & bought
    visits = np.unique(np.column_stack([np.searchsorted(asked, key[lines]), np.floor(known.time[lines])]), axis=0)
    pair, day = visits[:, 0].astype(np.int64), visits[:, 1]
    count = np.bincount(pair, minlength=len(asked))
    first, last = np.full(len(asked), np.inf), np.full(len(asked), -np.inf)
    np.minimum.at(first, pair, day)
    np.maximum.at(last, pair, day)
    has, age, tenure = count > 0, np.floor(now) - day, customers.seen.T[customer]
    since = np.where(has, np.floor(now) - last, tenure)
    gap = np.where(count > 1, (last - first) / np.maximum(count - 1, 1), np.inf)
    own_share = count / np.maximum(np.bincount(customer, count, n)[customer], 1)
    looked = before & ~bought & (now - known.time <= _RECENT)
    of_customer = {name: customers.features[customer, customers.names.index(name)] for name in _OF_CUSTOMER}
    columns: dict[str, F64] = {
        **{f"own_{d}": np.log1p(np.bincount(pair[age <= d], minlength=len(asked))) for d in (28, 112)},
        "own": np.log1p(count),
        "own_share": own_share,
        "since": np.log1p(since),
        "overdue": np.where(count > 1, np.minimum(since / np.maximum(gap, 1), 10), 10.0),
        "looks_28": np.log1p(np.bincount(np.searchsorted(asked, key[looked]), minlength=len(asked))),
        "popular": popular[code],
        **of_customer,
    }
    came = np.unique(key[bought & ~before & (known.time < now + days)])
    simple = {
        "own_share": own_share,
        "popularity": popular[code],
        "own_share_x_bg_nbd": own_share * np.expm1(of_customer["expected"]),
    }
    features, share = np.column_stack(list(columns.values())), np.isin(came, asked)
    reached = float(share.mean()) if len(share) else float("nan")
    return Pairs(customer, code, Lesson(tuple(columns), features, simple, np.isin(asked, came), customer, reached))

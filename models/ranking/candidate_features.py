"""The features of candidates, written user by user: a user's rows stay in the cache while all their columns are filled.

Every feature is computed in float64 and stored as float32. The columns are in the order of `names_of`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import sparse

from models.core.shop_log import KINDS, PURCHASE, RETURN, ShopLog
from models.core.top_k import F32, I32

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
OWN = tuple(f"own.{kind}s" for kind in KINDS[:RETURN])
OWN += tuple(f"own.{what}" for what in ("days", "days_bought", "elapsed", "bought_on", "long", "short"))
USER = tuple(
    f"user.{what}" for what in ("events", "bought", "days", "since", "active_days", "basket", "pause", "repeats")
)
PRICE = ("price.item", "price.distance", "price.unusual")


class Lists(NamedTuple):
    """Lists of S sources for n users: codes (S, n, K), -1 in empty places, and scores (S, n, K)."""

    codes: I32
    scores: F32


class Events(NamedTuple):
    """Events of n users: those of user u are start[u]..start[u + 1] - 1, in order of time. All other arrays are (N,).

    log_price: logarithm of the price, 0 where it counts for nothing; priced: whether it counts.
    """

    start: I64
    item: I32
    kind: NDArray[np.int8]
    time: F64
    log_price: F32
    priced: NDArray[np.bool_]


class Interest(NamedTuple):
    """CSR (n, I) of users' interest, and the sum of each row, above 0."""

    indptr: NDArray[np.integer]
    indices: NDArray[np.integer]
    data: F32
    total: F32

    @classmethod
    def of(cls, matrix: sparse.csr_matrix) -> Interest:
        total = np.maximum(np.asarray(matrix.sum(axis=1)).reshape(-1), np.finfo(np.float32).tiny)
        return cls(matrix.indptr, matrix.indices, matrix.data, total)


class ItemFacts(NamedTuple):
    """What is known of each item: features (I, F) and their names; gap (I,) in days; last_price (I,), as a logarithm;
    attributes (A, I), codes of values, -1 for none, and their names."""

    features: F32
    gap: F64
    last_price: F64
    attributes: I32
    names: tuple[str, ...]
    attribute_names: tuple[str, ...]


def names_of(sources: tuple[str, ...], items: ItemFacts) -> tuple[str, ...]:
    """The columns that `fill` writes.

    `<source>.score` and `<source>.rank` (from 1), NaN where the source does not list the item; the number of sources
    that list it and the sum of their 1 / (rank + 9); what the user did with the item; how active the user is; the
    item's own features; its price beside what the user usually pays; the share of the user's interest in the same
    attribute.
    """
    proposed = tuple(f"{source}.{what}" for source in sources for what in ("score", "rank"))
    counts = ("sources.count", "sources.reciprocal")
    affinity = tuple(f"affinity.{name}" for name in items.attribute_names)
    return proposed + counts + OWN + USER + items.names + PRICE + affinity


def events_of(log: ShopLog, by_user: I64, start: I64, users: NDArray[np.integer]) -> Events:
    """The events of `users` (n,), from `by_user` and `start` as `Sources` has them."""
    count = start[users + 1] - start[users]
    ends = np.cumsum(count)
    rows = by_user[np.repeat(start[users] - (ends - count), count) + np.arange(int(count.sum()))]
    kind, price = log.kind[rows], log.price[rows]
    priced = (price > 0) & (kind != RETURN)
    log_price = np.log(np.where(priced, price, np.float32(1)))
    return Events(np.concatenate([[0], ends]), log.item[rows], kind, log.time[rows], log_price, priced)


def union(codes: I32, n_items: int) -> tuple[I64, I32]:
    """(first (n + 1,), item (R,)): item[first[u]:first[u + 1]] are what any source lists for user u, sorted."""
    first, item = _union(codes, n_items)
    return first, item


def fill(
    lists: Lists,
    pairs: tuple[I64, I32],
    events: Events,
    interest: tuple[Interest, Interest],
    items: ItemFacts,
    now: float,
) -> F32:
    """(R, F) features of `pairs` (as `union` gives them) at `now` (days); interest: long and short."""
    width = len(names_of(("",) * len(lists.codes), items))
    table = np.full((len(pairs[1]), width), np.nan, np.float32)
    facts = items.features, items.gap, items.last_price, items.attributes
    _fill(table, lists, pairs, events, *interest, facts, float(now))
    return table


@njit(cache=True, nogil=True)
def _union(codes, n_items):  # type: ignore[no-untyped-def]
    n_sources, n, k = codes.shape
    owner, item = np.full(n_items, -1, np.int32), np.empty(codes.size, np.int32)
    first = np.zeros(n + 1, np.int64)
    for user in range(n):
        count = first[user]
        for source in range(n_sources):
            for place in range(k):
                code = codes[source, user, place]
                if code >= 0 and owner[code] != user:
                    owner[code] = user
                    item[count] = code
                    count += 1
        item[first[user] : count].sort()
        first[user + 1] = count
    return first, item[: first[n]].copy()


@njit(cache=True, nogil=True, error_model="numpy")
def _fill(table, lists, pairs, events, long, short, facts, now):  # type: ignore[no-untyped-def]
    first, item = pairs
    features, gap, last_price, attributes = facts
    own_column = 2 * len(lists.codes) + 2
    of_user = own_column + len(OWN)
    of_item = of_user + len(USER)
    price = of_item + features.shape[1]
    affinity = price + len(PRICE)
    row_of = np.full(len(features), -1, np.int64)  # rows below `low` belong to earlier users
    last_day = np.empty(len(item), np.int64)
    share = _no_shares(attributes)
    for user in range(len(first) - 1):
        low, high = first[user], first[user + 1]
        for row in range(low, high):
            row_of[item[row]] = row
        _propose(table, lists, user, low, high, row_of)
        _own(table, own_column, events, gap, user, low, high, item, row_of, last_day, now)
        _cells(table, own_column + len(OWN) - 2, long, user, low, high, row_of)
        _cells(table, own_column + len(OWN) - 1, short, user, low, high, row_of)
        _user(table, of_user, events, long.indptr[user + 1] - long.indptr[user], user, low, high, now)
        for row in range(low, high):
            for feature in range(features.shape[1]):  # for a slice, numba would also compile a message about its shape
                table[row, of_item + feature] = features[item[row], feature]
        _price(table, price, events, last_price, user, low, high, item)
        for number in range(len(attributes)):
            _affinity(
                table,
                affinity + number,
                attributes[number],
                long,
                share,
                user * len(attributes) + number,
                user,
                low,
                high,
                item,
            )


@njit(cache=True, nogil=True)
def _propose(table, lists, user, low, high, row_of):  # type: ignore[no-untyped-def]
    """What the sources say: score and rank of each, how many there are, and the sum of their reciprocal ranks."""
    n_sources, _, k = lists.codes.shape
    table[low:high, 2 * n_sources : 2 * n_sources + 2] = 0
    for source in range(n_sources):
        for place in range(k):
            code = lists.codes[source, user, place]
            if code < 0:
                continue
            row = row_of[code]
            table[row, 2 * source] = lists.scores[source, user, place]
            table[row, 2 * source + 1] = place + 1
            table[row, 2 * n_sources] += 1
            # 10: the first place counts twice as much as the eleventh
            table[row, 2 * n_sources + 1] += np.float32(1 / (place + 10))


@njit(cache=True, nogil=True, error_model="numpy")
def _own(table, own_column, events, gap, user, low, high, item, row_of, last_day, now):  # type: ignore[no-untyped-def]
    """What the user did with the item: counts by kind, days since, elapsed over the usual interval, days bought on."""
    days, bought_on = own_column + RETURN, own_column + RETURN + 3
    table[low:high, own_column:days] = 0
    table[low:high, bought_on : bought_on + 3] = 0
    last_day[low:high] = -1
    for event in range(events.start[user], events.start[user + 1]):  # in order of time: the latest one stays
        row, kind = row_of[events.item[event]], events.kind[event]
        if row < low:
            continue
        since = now - events.time[event]
        table[row, days] = since
        if kind != RETURN:
            table[row, own_column + kind] += 1
        if kind == PURCHASE:
            table[row, days + 1] = since
            table[row, days + 2] = since / gap[item[row]]
            day = np.int64(np.floor(events.time[event]))
            if day != last_day[row]:
                table[row, bought_on] += 1
                last_day[row] = day


@njit(cache=True, nogil=True)
def _cells(table, column, interest, user, low, high, row_of):  # type: ignore[no-untyped-def]
    """The user's interest in the item; the column must be 0 before."""
    for entry in range(interest.indptr[user], interest.indptr[user + 1]):
        row = row_of[interest.indices[entry]]
        if row >= low:
            table[row, column] = interest.data[entry]


@njit(cache=True, nogil=True, error_model="numpy")
def _user(table, column, events, touched, user, low, high, now):  # type: ignore[no-untyped-def]
    """How active the user is, how lately, and how much of it concerns items touched before (`touched` items)."""
    start, end = events.start[user], events.start[user + 1]
    bought, days, day = 0, 0, np.int64(-1)
    for event in range(start, end):
        bought += events.kind[event] == PURCHASE
        today = np.int64(np.floor(events.time[event]))
        days += today != day
        day = today
    last = now - events.time[end - 1] if end > start else np.nan
    since = now - events.time[start] if end > start else np.nan
    count, active = float(end - start), float(days)
    pause, basket = (since - last) / max(active - 1, 1.0), count / max(active, 1.0)
    values = (count, float(bought), last, since, active, basket, pause, 1 - touched / max(count, 1.0))
    for row in range(low, high):
        for number in range(len(values)):
            table[row, column + number] = values[number]


@njit(cache=True, nogil=True, error_model="numpy")
def _price(table, column, events, last_price, user, low, high, item):  # type: ignore[no-untyped-def]
    """The item's last price and its distance from what the user usually pays, both in logs; NaN without prices."""
    lines, total, square = 0.0, 0.0, 0.0
    for event in range(events.start[user], events.start[user + 1]):
        lines += events.priced[event]
        total += events.log_price[event]
        square += events.log_price[event] * events.log_price[event]
    usual = total / lines
    # 0.2: a single purchase says little about the spread
    spread = np.sqrt(max(square / lines - usual * usual, 0.0)) + 0.2
    for row in range(low, high):
        price = last_price[item[row]]
        table[row, column] = price
        table[row, column + 1] = price - usual
        table[row, column + 2] = abs(price - usual) / spread


@njit(cache=True, nogil=True)
def _no_shares(attributes):  # type: ignore[no-untyped-def]
    """(owner (V,), sum (V,)) where V is the number of values of the largest attribute."""
    largest = 0
    for attribute in range(len(attributes)):
        largest = max(largest, attributes[attribute].max() + 1)
    return np.full(largest, -1, np.int64), np.zeros(largest)


@njit(cache=True, nogil=True, error_model="numpy")
def _affinity(table, column, codes, long, share, owner, user, low, high, item):  # type: ignore[no-untyped-def]
    """The share of the user's interest that went to items with the item's value; NaN where the item has none."""
    owner_of, sum_of = share
    for entry in range(long.indptr[user], long.indptr[user + 1]):
        value = codes[long.indices[entry]]
        if value < 0:
            continue
        if owner_of[value] != owner:
            owner_of[value], sum_of[value] = owner, 0.0
        sum_of[value] += long.data[entry]
    for row in range(low, high):
        value = codes[item[row]]
        if value >= 0:
            table[row, column] = sum_of[value] / long.total[user] if owner_of[value] == owner else 0.0

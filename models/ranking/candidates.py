"""The ranker's input: one row for each (user, item) that a source proposes, with features from before `now`.

Features are named `group.what`. The group (a source, or own, user, item, price, affinity) is what an explanation
shows. Times are in days. NaN means unknown: LightGBM learns for each split which branch it takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.core.shop_log import KINDS, PURCHASE, RETURN, ShopLog
from models.core.top_k import F32, I32
from models.ranking.candidate_sources import Lists, Sources

F64 = NDArray[np.float64]
Columns = dict[str, NDArray[np.floating]]


@dataclass(frozen=True)
class ItemCandidates:
    """Rows sorted by user, then item: row number of the user 0..n_users-1 (R,), item code (R,), features (R, F).

    Raises ValueError if shapes disagree, rows are not sorted, a pair comes twice, or a feature is infinite.
    """

    user: I32
    item: I32
    features: F32
    names: tuple[str, ...]
    n_users: int

    def __post_init__(self) -> None:
        if not (self.features.shape == (len(self.user), len(self.names)) and len(self.user) == len(self.item)):
            raise ValueError(
                f"{len(self.user)} users, {len(self.item)} items, features {self.features.shape}, "
                f"{len(self.names)} names do not fit together"
            )
        if len(self.user) and not (self.user.min() >= 0 and self.user.max() < self.n_users):
            raise ValueError(f"user rows span {self.user.min()}..{self.user.max()}, allowed 0..{self.n_users - 1}")
        after = (np.diff(self.user) > 0) | ((np.diff(self.user) == 0) & (np.diff(self.item) > 0))
        if not after.all():
            raise ValueError(f"rows must be sorted by user and item, each pair once; row {after.argmin() + 1} is not")
        if np.isinf(self.features).any():
            column = self.names[int(np.isinf(self.features).any(axis=0).argmax())]
            raise ValueError(f"feature {column!r} is infinite somewhere; unknown is NaN")

    def __len__(self) -> int:
        return len(self.user)

    def of_users(self, chosen: NDArray[np.bool_]) -> ItemCandidates:
        """The rows of the `chosen` users (n_users,) bool, who are numbered from 0."""
        rows = chosen[self.user]
        number = (np.cumsum(chosen) - 1).astype(np.int32)
        return ItemCandidates(
            number[self.user[rows]], self.item[rows], self.features[rows], self.names, int(np.count_nonzero(chosen))
        )

    def of_rows(self, rows: NDArray[np.integer]) -> ItemCandidates:
        """The chosen rows, in any order, each as a user of its own: for functions that look at single rows."""
        number = np.arange(len(rows), dtype=np.int32)
        return ItemCandidates(number, self.item[rows], self.features[rows], self.names, len(rows))


def gather(lists: Mapping[str, Lists], n_items: int) -> tuple[I32, I32, Columns]:
    """(user row (R,), item (R,), columns of (R,)): the union of all sources' lists.

    Columns: `<source>.score` and `<source>.rank` (from 1), NaN where the source does not list the item; the number of
    sources that list it and the sum of their 1 / (rank + 9), `sources.count` and `sources.reciprocal`.
    """
    keys = {}
    for name, (codes, _) in lists.items():
        row, place = np.nonzero(codes >= 0)
        keys[name] = row.astype(np.int64) * n_items + codes[row, place], row, place
    pairs = np.unique(np.concatenate([key for key, _, _ in keys.values()]))
    columns: Columns = {}
    count, reciprocal = np.zeros(len(pairs), np.float32), np.zeros(len(pairs), np.float32)
    for name, (key, row, place) in keys.items():
        pair_row = np.searchsorted(pairs, key)
        for what, values in (("score", lists[name][1][row, place]), ("rank", place + 1)):
            columns[f"{name}.{what}"] = np.full(len(pairs), np.nan, np.float32)
            columns[f"{name}.{what}"][pair_row] = values
        count[pair_row] += 1
        reciprocal[pair_row] += (1 / (place + 10)).astype(np.float32)  # 10: a first place is worth two of the eleventh
    columns |= {"sources.count": count, "sources.reciprocal": reciprocal}
    return (pairs // n_items).astype(np.int32), (pairs % n_items).astype(np.int32), columns


def candidates_at(sources: Sources, users: NDArray[np.integer], lists: Mapping[str, Lists]) -> ItemCandidates:
    """The table for `users` (n,), ascending codes, and the `lists` that `sources` made for them."""
    row, item, columns = gather(lists, sources.log.n_items)
    events = sources.events_of(users)
    long, short = sources.long[users], sources.short[users]
    columns |= own_features(sources, events, row, item)
    columns["own.long"] = _cells(long, row, item)
    columns["own.short"] = _cells(short, row, item)
    columns |= {name: values[row] for name, values in user_features(events, long, sources.now).items()}
    columns |= {name: values[item] for name, values in sources.items.items()}
    columns |= price_features(sources, events, row, item)
    columns |= affinity_features(sources.log.attributes, long, row, item)
    return ItemCandidates(
        row, item, np.column_stack([part.astype(np.float32) for part in columns.values()]), tuple(columns), len(users)
    )


def own_features(sources: Sources, events: ShopLog, row: I32, item: I32) -> Columns:
    """What the user did with the item: counts by kind, days since, days bought on, elapsed over usual interval."""
    now = sources.now
    key = events.user.astype(np.int64) * events.n_items + events.item
    wanted = row.astype(np.int64) * events.n_items + item
    pairs, inverse = np.unique(key, return_inverse=True)
    place = np.minimum(np.searchsorted(pairs, wanted), max(len(pairs) - 1, 0))
    is_known = pairs[place] == wanted if len(pairs) else np.zeros(len(wanted), bool)

    def looked_up(values: NDArray[np.floating], absent: float) -> NDArray[np.floating]:
        return np.where(is_known, values[place], absent) if len(values) else np.full(len(wanted), absent)

    columns: Columns = {}
    for kind, name in enumerate(KINDS[:RETURN]):
        counted = np.bincount(inverse, events.kind == kind, len(pairs)).astype(np.float64)
        columns[f"own.{name}s"] = looked_up(counted, 0.0)
    last, last_bought = np.full(len(pairs), np.nan), np.full(len(pairs), np.nan)
    last[inverse] = now - events.time  # events are in order of time, so the latest one is kept
    bought = events.kind == PURCHASE
    last_bought[inverse[bought]] = now - events.time[bought]
    columns["own.days"] = looked_up(last, np.nan)
    columns["own.days_bought"] = looked_up(last_bought, np.nan)
    columns["own.elapsed"] = columns["own.days_bought"] / sources.gap[item]
    days = np.unique(np.column_stack([inverse, np.floor(events.time).astype(np.int64)])[bought], axis=0)[:, 0]
    columns["own.bought_on"] = looked_up(np.bincount(days, minlength=len(pairs)).astype(np.float64), 0.0)
    return columns


def user_features(events: ShopLog, long: sparse.csr_matrix, now: float) -> Columns:
    """(n,) each: how active the user is, how lately, and how much of it concerns items they touched before."""
    n = events.n_users
    count = np.bincount(events.user, minlength=n).astype(np.float64)
    last, first = np.full(n, np.nan), np.full(n, np.nan)
    last[events.user] = now - events.time
    first[events.user[::-1]] = now - events.time[::-1]
    items = np.diff(long.indptr).astype(np.float64)
    days = np.unique(events.user.astype(np.int64) * 100_000 + np.floor(events.time).astype(np.int64)) // 100_000
    active = np.bincount(days, minlength=n).astype(np.float64)
    return {
        "user.events": count,
        "user.bought": np.bincount(events.user, events.kind == PURCHASE, n),
        "user.days": last,
        "user.since": first,
        "user.active_days": active,
        "user.basket": count / np.maximum(active, 1),
        "user.pause": (first - last) / np.maximum(active - 1, 1),
        "user.repeats": 1 - items / np.maximum(count, 1),
    }


def price_features(sources: Sources, events: ShopLog, row: I32, item: I32) -> Columns:
    """The item's last price and its distance from what the user usually pays, both in logs; NaN without prices."""
    priced = (events.price > 0) & (events.kind != RETURN)
    log_price = np.log(np.where(priced, events.price, 1.0))
    lines = np.bincount(events.user, priced, events.n_users)
    total = np.bincount(events.user, log_price * priced, events.n_users)
    square = np.bincount(events.user, log_price**2 * priced, events.n_users)
    with np.errstate(invalid="ignore", divide="ignore"):
        habit = total / lines
        spread = (
            np.sqrt(np.maximum(square / lines - habit**2, 0)) + 0.2
        )  # 0.2: a single purchase says little about the spread
    last = sources.last_price[item]
    distance = last - habit[row]
    return {"price.item": last, "price.distance": distance, "price.unusual": np.abs(distance) / spread[row]}


def affinity_features(attributes: Mapping[str, I32], long: sparse.csr_matrix, row: I32, item: I32) -> Columns:
    """For each attribute, the share of the user's interest that went to items with the same value as this item."""
    owner = np.repeat(np.arange(long.shape[0], dtype=np.int64), np.diff(long.indptr))
    total = np.maximum(np.asarray(long.sum(axis=1)).reshape(-1), np.finfo(np.float32).tiny)
    columns: Columns = {}
    for name, codes in attributes.items():
        values = int(codes.max(initial=-1)) + 2  # the last code means none
        keys, inverse = np.unique(owner * values + codes[long.indices] % values, return_inverse=True)
        sums = np.bincount(inverse, long.data, len(keys))
        wanted = row.astype(np.int64) * values + codes[item] % values
        share = np.zeros(len(wanted))
        if len(keys):
            place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            share = np.where(keys[place] == wanted, sums[place], 0.0) / total[row]
        columns[f"affinity.{name}"] = np.where(codes[item] < 0, np.nan, share)
    return columns


def _cells(matrix, user: I32, item: I32) -> F64:  # type: ignore[no-untyped-def]
    """The cells (R,) of a CSR at (user, item); 0 where nothing is stored."""
    row = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
    keys = row * matrix.shape[1] + matrix.indices
    wanted = user.astype(np.int64) * matrix.shape[1] + item
    if not len(keys):
        return np.zeros(len(wanted))
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, matrix.data[place], 0.0)

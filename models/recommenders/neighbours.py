"""Neighbourhood recommenders: BM25 weights, similar users, co-visitation; and trending items.

Lists are as in `baselines`: codes (n, k) int32 and scores (n, k) float32, best first, ties to the lower code, -1 and
-inf where a place is empty. CSR weights must be finite and above 0, without duplicates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.core.interactions import check_interest, refuse_weights
from models.core.top_k import F32, I32, best_entries
from models.recommenders.sparse_lists import Allowed, best_entries_of, best_of_product, best_through_nearest


def bm25(interest: Any, k1: float = 1.2, b: float = 0.75) -> sparse.csr_matrix:
    """`interest` (U, I) CSR by BM25, users as documents and items as terms: common items and busy users count less.

    Robertson's BM25 with idf = log(1 + U / users of the item). Raises ValueError if k1 <= 0 or b is not in 0..1.
    """
    if not (k1 > 0 and 0 <= b <= 1):
        raise ValueError(f"k1 must be above 0 and b in 0..1, not {k1} and {b}")
    weighted = check_interest(interest).copy()
    users_of = np.bincount(weighted.indices, minlength=weighted.shape[1])
    length = np.asarray(weighted.sum(axis=1)).reshape(-1)
    typical = length[length > 0].mean() if (length > 0).any() else 1.0
    row = np.repeat(length, np.diff(weighted.indptr))
    idf = np.log1p(weighted.shape[0] / np.maximum(users_of, 1))[weighted.indices]
    weighted.data = weighted.data * (k1 + 1) / (weighted.data + k1 * (1 - b + b * row / typical)) * idf
    return weighted.astype(np.float32)


@dataclass(frozen=True)
class UserNeighbours:
    """Similar users by cosine.

    interest (U, I); unit (U, I): its rows at length 1; others (I, U): its transpose, with only the `most` users for
    whom each item weighs most. Users who share only a bestseller are no neighbours, and there are too many of them.
    """

    interest: sparse.csr_matrix
    unit: sparse.csr_matrix
    others: sparse.csr_matrix

    PARTS = ("interest", "unit", "others")

    @classmethod
    def fit(cls, interest: Any, most: int = 1000) -> UserNeighbours:
        """Raises ValueError for duplicate pairs, or a weight that is not finite and above 0."""
        interest = check_interest(interest)
        length = np.sqrt(np.asarray(interest.multiply(interest).sum(axis=1)).reshape(-1))
        unit = sparse.diags_array((1 / np.where(length > 0, length, 1)).astype(np.float32)) @ interest
        return cls(interest, sparse.csr_matrix(unit), keep_largest(sparse.csr_matrix(unit.T), most))

    def recommend(
        self, users: NDArray[np.integer], neighbours: int, k: int, allowed: Allowed = None
    ) -> tuple[I32, F32]:
        """Lists (n, k) of what the `neighbours` most similar others of each of `users` (n,) are interested in.

        Items that no neighbour touched are not listed. Raises ValueError if k is not in 1..I.
        """

        return best_through_nearest(
            self.unit[users], self.others, self.interest, np.asarray(users), neighbours, k, allowed
        )


def related(rows: Any, similarity: Any, k: int, allowed: Allowed = None) -> tuple[I32, F32]:
    """Ranks items by their summed similarity (I, I) to the items of each row (n, I).

    It lists no unrelated item and makes no dense matrix, which `models.reference.block_ranking` does. Raises ValueError
    if k is not in 1..I.
    """
    return best_of_product(sparse.csr_matrix(rows), similarity, k, allowed)


def covisitation(
    user: I32,
    item: I32,
    weight: F32,
    time: NDArray[np.float64],
    n_items: int,
    *,
    now: float,
    window: float,
    half_life: float,
    offsets: int = 20,
    neighbours: int = 100,
    popularity_power: float = 0.5,
) -> sparse.csr_matrix:
    """How often two items come together in one user's events within `window` days: CSR (I, I), no diagonal.

    Events (N,): codes, weights > 0, times in days. A pair counts the product of its weights, halved every `half_life`
    days before `now`, and less the further apart its events are in the window. Each event is paired with the `offsets`
    events that follow it at most, which bounds memory by N * offsets. A pair's count is divided by (n_i * n_j) to the
    `popularity_power`, n being an item's decayed count: 0 prefers bestsellers, 0.5 is a cosine.
    Raises ValueError if a weight is not finite and above 0, or a time lies after `now`.
    """
    if len(time) and np.max(time) > now:
        raise ValueError(f"an event at day {np.max(time)} lies after now, {now}: cut the log first")
    refuse_weights(weight)
    order = np.lexsort((time, user))
    user, item, weight, time = user[order], item[order], weight[order], time[order]
    decay = np.exp2((time - now) / half_life)
    counts: Any = sparse.csr_matrix((n_items, n_items), dtype=np.float32)
    for offset in range(1, min(offsets, len(user) - 1) + 1):
        gap = time[offset:] - time[:-offset]
        close = np.flatnonzero((user[offset:] == user[:-offset]) & (gap <= window) & (item[offset:] != item[:-offset]))
        value = weight[close] * weight[close + offset] * decay[close + offset] / (1 + gap[close] / window)
        pairs = (value.astype(np.float32), (item[close], item[close + offset]))
        counts = counts + sparse.csr_matrix(pairs, shape=(n_items, n_items))
    counts = sparse.csr_matrix(counts + counts.T)
    scale_of = np.bincount(item, weight.astype(np.float64) ** 2 * decay, n_items)
    scale_of = np.power(np.maximum(scale_of, np.finfo(np.float32).tiny), -popularity_power)
    scale = sparse.diags_array(scale_of)
    return keep_largest(sparse.csr_matrix(scale @ counts @ scale).astype(np.float32), neighbours)


def trending(
    item: I32,
    weight: F32,
    time: NDArray[np.float64],
    n_items: int,
    *,
    now: float,
    short: float,
    long: float,
    lift_power: float = 0.5,
) -> F32:
    """(I,) score of what sells more than usual: the short-run rate times (short-run / long-run rate) ** `lift_power`.

    Rates are weights a day, decayed with half-lives `short` < `long` in days. The lift is shrunk towards 1 by one
    typical item's long-run rate, so that a single sale is no trend. Items without events score 0.
    Raises ValueError if short >= long or a time lies after `now`.
    """
    if not 0 < short < long:
        raise ValueError(f"short must be above 0 and below long, not {short} and {long}")
    if len(time) and np.max(time) > now:
        raise ValueError(f"an event at day {np.max(time)} lies after now, {now}: cut the log first")
    refuse_weights(weight)
    days_of_log = now - float(np.min(time, initial=now))

    def rate(half_life: float) -> NDArray[np.float64]:
        # What a constant rate of 1 a day would have summed to since the log began.
        days = half_life / np.log(2) * -np.expm1(-np.log(2) * max(days_of_log, 1e-9) / half_life)
        return np.bincount(item, weight * np.exp2((time - now) / half_life), n_items) / days

    fast, slow = rate(short), rate(long)
    typical = slow[slow > 0].mean() if (slow > 0).any() else 1.0
    return (fast * ((fast + typical) / (slow + typical)) ** lift_power).astype(np.float32)


def best_of_all(weight: F32, n_users: int, k: int, allowed: Allowed = None) -> tuple[I32, F32]:
    """The k items of the highest `weight` (I,) above 0, the same for all `n_users`; ValueError if k is not in 1..I."""
    codes, scores = top_sparse(sparse.csr_matrix(weight[None]), k, allowed)
    return np.repeat(codes, n_users, axis=0), np.repeat(scores, n_users, axis=0)


def top_sparse(scores: Any, k: int, allowed: Allowed = None) -> tuple[I32, F32]:
    """Lists of the k best entries above 0 of each row of scores (n, I) CSR; ValueError if k is not in 1..I."""
    return best_entries_of(sparse.csr_matrix(scores), k, allowed)


def keep_largest(matrix: Any, count: int) -> sparse.csr_matrix:
    """The `count` largest entries above 0 of each row; ties to the lower column."""
    entries = sparse.csr_matrix(matrix).tocoo()
    positive = entries.data > 0
    row, column, value = entries.row[positive], entries.col[positive], entries.data[positive].astype(np.float32)
    largest, _ = best_entries(row, column, value, count)
    return sparse.csr_matrix((value[largest], (row[largest], column[largest])), shape=matrix.shape)

"""The ranking metrics, defined in this one place.

Lists are ranked over all items, never over sampled negatives. For a user with R relevant items and a list of K:
`recall` = hits / R; `hr` = any hit; `precision` = hits / K; `mrr` = 1 / rank of the first hit, else 0;
`ndcg` = binary gains 1 / log2(rank + 1), ideal over min(K, R); `map` = mean precision at the hits, over min(K, R).
A user whose list is empty or short counts its empty places as misses; K stays the divisor.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def score_lists(lists: NDArray[np.integer], truth: Any, k: int) -> dict[str, F64]:
    """Each user's `recall@k`, `hr@k`, `precision@k`, `mrr@k`, `ndcg@k` and `map@k`: arrays (U,) in 0..1 by that key.

    lists (U, K) item codes, best first, -1 where a place is empty, K >= k; truth (U, I) CSR, an entry marks a relevant
    item (its value is not read, an explicit zero is refused).
    Raises ValueError if shapes disagree, K < k, a code is outside -1..I-1 or twice in a list, or a user has no truth
    (the caller leaves such users out and reports how many they were).
    """
    truth = _checked(lists, truth, k)
    hits = _hits(lists[:, :k], truth)
    relevant = np.diff(truth.indptr)
    ranks = np.arange(1, k + 1)
    gains = 1 / np.log2(ranks + 1)
    ideal = np.minimum(relevant, k)
    hits_so_far = hits.cumsum(axis=1)
    any_hit = hits_so_far[:, -1] > 0
    return {
        f"recall@{k}": hits_so_far[:, -1] / relevant,
        f"hr@{k}": any_hit.astype(np.float64),
        f"precision@{k}": hits_so_far[:, -1] / k,
        f"mrr@{k}": np.where(any_hit, 1 / (1 + hits.argmax(axis=1)), 0.0),
        f"ndcg@{k}": (hits * gains).sum(axis=1) / gains.cumsum()[ideal - 1],
        f"map@{k}": (hits * hits_so_far / ranks).sum(axis=1) / ideal,
    }


def bootstrap_interval(values: F64, seed: int, resamples: int = 1000) -> tuple[float, float, float]:
    """(mean, low, high): the mean over users and its 95 % percentile bootstrap interval.

    values (U,), one per user, any unit. Instead of U users, the count of each distinct value is drawn by a multinomial:
    the distribution is the same, and far fewer draws are needed, since most users share a value (mostly 0).
    Memory stays near 16 MB, or one row of the distinct values. Deterministic for a seed.
    Raises ValueError if `values` is empty or holds NaN.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or not len(values) or np.isnan(values).any():
        raise ValueError(f"values must be a non-empty vector without NaN, got shape {values.shape}")
    distinct, counts = np.unique(values, return_counts=True)
    rng = np.random.default_rng(seed)
    means = np.empty(resamples)
    rows = max(1, 1_000_000 // len(distinct))
    for low in range(0, resamples, rows):
        drawn = rng.multinomial(len(values), counts / len(values), size=min(rows, resamples - low))
        means[low : low + rows] = drawn @ distinct / len(values)
    low_edge, high_edge = np.percentile(means, [2.5, 97.5])
    return float(values.mean()), float(low_edge), float(high_edge)


def refuse_overlap(history: Any, truth: Any) -> None:
    """Raises ValueError if a (user, item) is in both `history` and `truth`, CSR (U, I): that would be leakage.

    Not for tasks where buying again counts. The message has the number of such pairs and the first one.
    """
    if history.shape != truth.shape:
        raise ValueError(
            f"history is {history.shape}, truth is {truth.shape}: they must be over the same users and items"
        )
    both = history.astype(bool).multiply(truth.astype(bool)).tocoo()
    if both.nnz:
        users = len(np.unique(both.row))
        raise ValueError(
            f"{both.nnz:,} of {truth.nnz:,} truth pairs, of {users:,} users, are also in the history "
            f"(first: user code {both.row[0]}, item code {both.col[0]}); split by time, or drop repeats from the truth"
        )


def _checked(lists: NDArray[np.integer], truth: Any, k: int) -> Any:
    """`truth` as CSR with sorted indices. Raises ValueError as `score_lists` says."""
    if lists.ndim != 2 or not 1 <= k <= lists.shape[1] or lists.shape[0] != truth.shape[0]:
        raise ValueError(f"lists {lists.shape} do not fit k={k} and truth {truth.shape} (users, items)")
    truth = truth.tocsr()
    if not truth.has_canonical_format or (truth.data == 0).any():
        raise ValueError(
            "truth has duplicate or zero entries, or unsorted rows; sum_duplicates() and eliminate_zeros()"
        )
    without = int((np.diff(truth.indptr) == 0).sum())
    if without:
        raise ValueError(
            f"{without:,} of {truth.shape[0]:,} users have no truth; leave them out and report how many they are"
        )
    ordered = np.sort(lists, axis=1)
    if len(lists) and (ordered[:, 0].min() < -1 or ordered[:, -1].max() >= truth.shape[1]):
        raise ValueError(f"lists hold codes outside -1..{truth.shape[1] - 1}")
    twice = int(((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any(axis=1).sum())
    if twice:
        raise ValueError(f"{twice:,} of {len(lists):,} lists hold an item twice")
    return truth


def _hits(lists: NDArray[np.integer], truth: Any) -> NDArray[np.bool_]:
    """(U, k) bool: the item at this rank is relevant. Pairs are looked up as user * I + item in the sorted truth."""
    users, items = truth.shape
    row = np.arange(users, dtype=np.int64)[:, None]
    pairs = np.repeat(row[:, 0] * items, np.diff(truth.indptr)) + truth.indices
    wanted = np.where(lists < 0, -1, row * items + lists)
    place = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
    return pairs[place] == wanted

"""Places that chance fills: which source gets each user's place, with which probability, and what it puts there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.core.top_k import I32
from models.ranking.candidates import ItemCandidates

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def best_by_source(candidates: ItemCandidates, names: tuple[str, ...], above: I32, n_items: int) -> I32:
    """(n, S) the item that each source named lists highest for each user, not among `above` (n, m); -1 without one.

    Sources without a column, such as `lstm` in a young shop, list nothing.
    """
    best = np.full((candidates.n_users, len(names)), -1, np.int32)
    row, place = np.nonzero(above >= 0)
    standing = row * np.int64(n_items) + above[row, place]
    free = ~np.isin(candidates.user.astype(np.int64) * n_items + candidates.item, standing)
    for number, name in enumerate(names):
        if f"{name}.rank" not in candidates.names:
            continue
        rank = candidates.features[:, candidates.names.index(f"{name}.rank")]
        at = np.flatnonzero(free & np.isfinite(rank))
        at = at[np.lexsort((rank[at], candidates.user[at]))]
        users, first = np.unique(candidates.user[at], return_index=True)
        best[users, number] = candidates.item[at[first]]
    return best


def draw(shares: F64, able: NDArray[np.bool_], chance: F64) -> tuple[I64, F64]:
    """(source, its probability) of each user (n,): by `shares` (S,) among the sources that are `able` (n, S).

    `chance` (n,) in 0..1, even. Source -1 and probability 1 where none is able.
    """
    mass = np.where(able, shares, 0.0)
    total = mass.sum(axis=1, keepdims=True)
    some = total[:, 0] > 0
    probability = np.divide(mass, total, out=np.zeros_like(mass), where=total > 0)
    ends = np.cumsum(probability, axis=1)
    source = (ends <= np.minimum(chance, 1 - 1e-12)[:, None] * ends[:, -1:]).sum(axis=1)
    source = np.where(some, np.minimum(source, able.shape[1] - 1), -1)
    return source, np.where(some, probability[np.arange(len(source)), source], 1.0)

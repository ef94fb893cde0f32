"""Explored places: draws a random source for each user, and finds the item that the source puts there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.core.top_k import I32
from models.ranking.candidates import ItemCandidates

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def best_by_source(candidates: ItemCandidates, names: tuple[str, ...], above: I32, n_items: int) -> I32:
    """(n, S): the item that each named source lists highest for each user, not among `above` (n, m); -1 without one.

    A source without a column, such as `lstm` in a young shop, has no item.
    """
    best = np.full((candidates.n_users, len(names)), -1, np.int32)
    row, place = np.nonzero(above >= 0)
    listed_pairs = row * np.int64(n_items) + above[row, place]
    free = ~np.isin(candidates.user.astype(np.int64) * n_items + candidates.item, listed_pairs)
    for number, name in enumerate(names):
        if f"{name}.rank" not in candidates.names:
            continue
        rank = candidates.features[:, candidates.names.index(f"{name}.rank")]
        rows = np.flatnonzero(free & np.isfinite(rank))
        rows = rows[np.lexsort((rank[rows], candidates.user[rows]))]
        users, first = np.unique(candidates.user[rows], return_index=True)
        best[users, number] = candidates.item[rows[first]]
    return best


def draw(shares: F64, has_item: NDArray[np.bool_], chance: F64) -> tuple[I64, F64]:
    """(source (n,), its probability (n,)): drawn by `shares` (S,) among the sources that `has_item` (n, S) marks.

    `chance` (n,): uniform in 0..1. Source -1 and probability 1 where no source has an item.
    """
    mass = np.where(has_item, shares, 0.0)
    total = mass.sum(axis=1, keepdims=True)
    has_any = total[:, 0] > 0
    probability = np.divide(mass, total, out=np.zeros_like(mass), where=total > 0)
    ends = np.cumsum(probability, axis=1)
    source = (ends <= np.minimum(chance, 1 - 1e-12)[:, None] * ends[:, -1:]).sum(axis=1)
    source = np.where(has_any, np.minimum(source, has_item.shape[1] - 1), -1)
    return source, np.where(has_any, probability[np.arange(len(source)), source], 1.0)

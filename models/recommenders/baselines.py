"""Simple recommenders that the night's lists are compared with: popularity, item-item cosine, the user's own items.

All return codes (U, k) int32 and scores (U, k) float32 as `top_k` does: best first, ties to the lower item code, -1 and
-inf where fewer than k items are left. Items in `seen` (U, I) CSR, or not in `allowed` (I,) bool, are never returned.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from implicit._nearest_neighbours import all_pairs_knn
from numba import njit
from scipy import sparse

from models.core.interactions import check_interest
from models.core.top_k import F32, I32
from models.recommenders.sparse_lists import Allowed, best_entries_of


def popularity(interest: Any) -> tuple[I32, F32]:
    """(ranking, weight): item codes (I,) by summed interest, best first, and each item's sum (I,), in item order.

    Raises ValueError for duplicate pairs, or a weight that is not finite and above 0.
    """
    weight = np.asarray(check_interest(interest).sum(axis=0), np.float32).reshape(-1)
    return np.argsort(-weight, kind="stable").astype(np.int32), weight


def popular(interest: Any, n_users: int, k: int, seen: Any = None, allowed: Allowed = None) -> tuple[I32, F32]:
    """The items with the most summed `interest` (any, I) CSR: one list for all `n_users`, less what each has seen.

    Raises ValueError if k is not in 1..I.
    """
    ranking, weight = popularity(interest)
    if not 1 <= k <= len(ranking):
        raise ValueError(f"k={k} is not in 1..{len(ranking)}, the number of items")
    if allowed is not None:
        ranking = ranking[allowed[ranking]]
    if seen is None:
        codes = np.full((n_users, k), -1, np.int32)
        codes[:, : len(ranking)] = ranking[:k]
    else:
        codes = _first_unseen(ranking, k, len(weight), np.asarray(seen.indptr), np.asarray(seen.indices))
    return codes, np.where(codes < 0, np.float32(-np.inf), weight[codes])


@njit(cache=True, nogil=True)
def _first_unseen(ranking, k, n_items, indptr, indices):  # type: ignore[no-untyped-def]
    """The first k items of `ranking` that are not in each row: (rows, k), -1 where fewer are left."""
    n = len(indptr) - 1
    codes, seen_by = np.full((n, k), -1, np.int32), np.full(n_items, -1, np.int32)
    for row in range(n):
        for entry in range(indptr[row], indptr[row + 1]):
            seen_by[indices[entry]] = row
        place = 0
        for code in ranking:
            if seen_by[code] != row:
                codes[row, place] = code
                place += 1
                if place == k:
                    break
    return codes


def item_item(interest: Any, neighbours: int, threads: int = 2) -> sparse.csr_matrix:
    """Cosine of each item with its `neighbours` nearest others, over users: CSR (I, I), unitless 0..1, no diagonal.

    Memory grows with I * neighbours. An item without events has an empty row. Raises ValueError for duplicate pairs,
    or a weight that is not finite and above 0.
    """
    interest = sparse.csr_matrix(check_interest(interest), dtype=np.float64)
    length = np.sqrt(np.asarray(interest.multiply(interest).sum(axis=0)).reshape(-1))
    unit = sparse.csr_matrix(interest.multiply(1 / np.where(length > 0, length, 1)))
    # One more, since `implicit` counts the item itself among its neighbours.
    nearest = all_pairs_knn(unit, neighbours + 1, num_threads=threads, show_progress=False)
    similarity = sparse.csr_matrix(nearest, dtype=np.float32)
    similarity.setdiag(0)
    similarity.eliminate_zeros()
    return similarity


def buy_again(interest: Any, k: int, allowed: Allowed = None) -> tuple[I32, F32]:
    """The user's own items by interest (U, I), highest first; no other item fills the list.

    Raises ValueError if k is not in 1..I.
    """
    return best_entries_of(sparse.csr_matrix(interest, dtype=np.float32), k, allowed)

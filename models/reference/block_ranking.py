"""Ranks all items of a block of users by dense scores: for models that score every item, and for small catalogues.

The night uses `models.recommenders.neighbours.related`, which makes no dense matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

from models.core.memory import DoesNotFit
from models.core.top_k import F32, I32, MEMORY_BYTES, rank_scores
from models.recommenders.sparse_lists import Allowed


def from_neighbours(
    interest: Any,
    similarity: Any,
    k: int,
    seen: Any = None,
    allowed: Allowed = None,
    memory_bytes: int = MEMORY_BYTES,
) -> tuple[I32, F32]:
    """Ranks items by their summed similarity (I, I) to those of each user's interest (U, I); unrelated ones score 0.

    Raises ValueError if k is not in 1..I, DoesNotFit if one user's scores exceed `memory_bytes`.
    """
    interest = sparse.csr_matrix(interest, dtype=np.float32)
    return rank_by_block(
        interest.shape, lambda block: (interest[block] @ similarity).toarray(), k, seen, allowed, memory_bytes
    )


def rank_by_block(
    shape: tuple[int, int],
    score: Callable[[slice], F32],
    k: int,
    seen: Any,
    allowed: Allowed,
    memory_bytes: int = MEMORY_BYTES,
) -> tuple[I32, F32]:
    """Ranks `score(users)` (b, I) block by block, with as many of the U users in a block as memory holds.

    shape: (U, I). The array that `score` returns is overwritten.

    Raises ValueError if k is not in 1..I, DoesNotFit if one user's scores exceed `memory_bytes`.
    """
    users, items = shape
    rows = min(1024, memory_bytes // (items * 40))
    if rows < 1:
        raise DoesNotFit(f"the scores of one user need {items * 40:,} bytes, memory_bytes is {memory_bytes:,}")
    if not 1 <= k <= items:
        raise ValueError(f"k={k} is not in 1..{items}, the number of items")
    codes, scores = np.empty((users, k), np.int32), np.empty((users, k), np.float32)
    for low in range(0, users, rows):
        block = slice(low, min(low + rows, users))
        dense = score(block)
        if allowed is not None:
            dense[:, ~allowed] = -np.inf
        if seen is not None:
            dense[sparse.csr_matrix(seen[block]).nonzero()] = -np.inf
        codes[block], scores[block] = rank_scores(dense, k)
    return codes, scores

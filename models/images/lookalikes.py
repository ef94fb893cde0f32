"""Look-alikes: the items whose pictures are nearest to an item's pictures, by cosine; exact.

Two items are as alike as their two most alike pictures, so that a back view is compared with a back view. Items of one
product (other colours) can be kept apart from items that look alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from models.core.top_k import F32, I32, rank_scores
from models.core.unit import unit

Bools = NDArray[np.bool_]
I64 = NDArray[np.int64]
BLOCK_BYTES = 64 * 2**20  # of scores at once


class LookAlikes:
    """Pictures (P, D) of items, ready to be searched.

    item (P,): codes 0..I-1 of the item on each picture. group (I,): codes of products; items of one group are other
    colours of each other, -1 where an item has none. allowed (I,): an item with False is never returned.
    """

    def __init__(
        self,
        vectors: NDArray[np.floating],
        item: NDArray[np.integer],
        n_items: int,
        group: NDArray[np.integer] | None = None,
        allowed: Bools | None = None,
    ) -> None:
        """Raises ValueError if the shapes disagree or a code is not in 0..n_items-1."""
        if len(vectors) != len(item) or (len(item) and not 0 <= item.min() <= item.max() < n_items):
            raise ValueError(f"{len(vectors)} pictures of {len(item)} items; codes must be in 0..{n_items - 1}")
        for name, column in (("group", group), ("allowed", allowed)):
            if column is not None and len(column) != n_items:
                raise ValueError(f"{name} has {len(column)} rows for {n_items} items")
        order = np.argsort(item, kind="stable")
        self.pictures = unit(np.asarray(vectors, np.float32)[order])
        self.shown, self.starts = np.unique(np.asarray(item, np.int64)[order], return_index=True)
        self.ends = np.append(self.starts[1:], len(item))
        self.n_items = n_items
        self.group = np.full(n_items, -1, np.int64) if group is None else np.asarray(group, np.int64)
        self.allowed = np.ones(n_items, bool) if allowed is None else np.asarray(allowed, bool)

    def to_items(self, vectors: NDArray[np.floating], items: NDArray[np.integer]) -> F32:
        """The best cosine (n,) of each picture (n, D) with the pictures of its item in `items` (n,).

        -inf where the item has no picture, or is -1.
        """
        cosines = np.full(len(items), -np.inf, np.float32)
        queries, entries = unit(np.asarray(vectors, np.float32)), np.searchsorted(self.shown, items)
        for row, entry in enumerate(entries):
            if entry < len(self.shown) and self.shown[entry] == items[row]:
                cosines[row] = (self.pictures[self.starts[entry] : self.ends[entry]] @ queries[row]).max()
        return cosines

    def similar(
        self, items: NDArray[np.integer], k: int, kind: str = "looks_alike", threads: int = 2
    ) -> tuple[I32, F32]:
        """The k items (n, k) most like each of `items` (n,), best first, and their cosines; ties: the lower code.

        An item never finds itself, and one without a picture finds none. Code -1 and -inf where fewer items have
        pictures and are allowed. kind: "looks_alike" leaves out items of the same group, "same_product" finds only
        those. Raises ValueError for another kind, or if k is not in 1..I.
        """
        if kind not in ("looks_alike", "same_product"):
            raise ValueError(f"kind must be looks_alike or same_product, not {kind!r}")
        codes = np.asarray(items, np.int64)
        blocks = []
        for low, high in self._blocks(len(codes)):
            block = codes[low:high]
            scores = self._of_items(block, threads)
            same = (self.group[block][:, None] == self.group) & (self.group[block] >= 0)[:, None]
            scores[same if kind == "looks_alike" else ~same] = -np.inf
            scores[np.arange(len(block)), block] = -np.inf
            blocks.append(rank_scores(scores, k))
        return _joined(blocks, k)

    def _of_items(self, items: I64, threads: int) -> F32:
        """Scores (n, I): the best cosine of an item's pictures with each other item's pictures."""
        scores = np.full((len(items), self.n_items), -np.inf, np.float32)
        place = np.minimum(np.searchsorted(self.shown, items), len(self.shown) - 1)
        for row in np.flatnonzero(self.shown[place] == items) if len(self.shown) else ():
            pictures = self.pictures[self.starts[place[row]] : self.ends[place[row]]]
            for low, high in self._blocks(len(pictures)):
                np.maximum(scores[row], self._scores(pictures[low:high], threads).max(axis=0), out=scores[row])
        return scores

    def _scores(self, queries: F32, threads: int) -> F32:
        """(n, I): the best cosine of a query with an item's pictures; -inf where it has none or is not allowed."""
        scores = np.full((len(queries), self.n_items), -np.inf, np.float32)
        if len(self.shown):
            with threadpool_limits(threads):
                cosines = queries @ self.pictures.T
            scores[:, self.shown] = np.maximum.reduceat(cosines, self.starts, axis=1)
        scores[:, ~self.allowed] = -np.inf
        return scores

    def _blocks(self, n: int) -> list[tuple[int, int]]:
        rows = max(1, BLOCK_BYTES // (4 * max(len(self.pictures), self.n_items, 1)))
        return [(low, min(low + rows, n)) for low in range(0, n, rows)]


def _joined(blocks: list[tuple[I32, F32]], k: int) -> tuple[I32, F32]:
    if not blocks:
        return np.empty((0, k), np.int32), np.empty((0, k), np.float32)
    codes, scores = zip(*blocks, strict=True)
    return np.concatenate(codes), np.concatenate(scores)

"""Exact top-k by inner product: a GEMM proposes, a dot product in a fixed order decides.

For a block of ROWS users and a tile of TILE items: one GEMM, seen items set to -inf, the maximum of every GROUP scores.
Only groups whose maximum beats the user's k-th best score so far are read again.

OpenBLAS rounds the same pair differently in different lanes of its kernel (Haswell and Zen: users 0-5 of 12 and 6-11
differ in the last bits). Equal users would get different lists, and a list would depend on who else is in the call. So
the k + SPARE best by GEMM are scored again, each by a dot product of its own, and ranked by that. An item can only
belong to the k best if its GEMM score is within a rounding bound of the k-th. Where SPARE cannot hold all such items
(many near-equal ones), the user is scored without the GEMM. Lists and scores are therefore the same bits for any memory
budget, number of threads, order of users and split of users over calls.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

# The fastest of 128..512 x 2048..4096 x 8..32 on 2 Zen 3 cores with 512 KiB L2 each.
ROWS, TILE, GROUP, SPARE = 256, 4096, 8, 32
GROUPS = TILE // GROUP
SLICE = 32  # users scored again at once: their (SLICE, k + SPARE, D) item rows stay in the cache
EMPTY = np.iinfo(np.int64).max  # the key of "no item"; it sorts behind every real key
MEMORY_BYTES = 2 * 2**30

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]


class DoesNotFit(MemoryError):
    """The work needs more memory than it may use; the message says how much, and what to change."""


@dataclass(frozen=True)
class Plan:
    """The memory that `top_k` uses beside its inputs, in bytes, and the number of blocks it runs at once."""

    threads: int
    workspace_bytes: int  # one block in flight
    shared_bytes: int  # checked catalogue copy and the result

    @property
    def bytes_needed(self) -> int:
        return self.shared_bytes + self.threads * self.workspace_bytes


def plan_blocks(
    n_items: int, dim: int, memory_bytes: int, threads: int, *, n_users: int = 0, k: int = 100, seen_per_block: int = 0
) -> Plan:
    """The largest number of threads, up to `threads`, whose workspaces fit `memory_bytes`.

    A night asks before it starts. Inputs are not counted, except a copy of the items (made where `allowed` drops some).
    Raises DoesNotFit where not even one thread fits.
    """
    width = 2 * k + SPARE + TILE
    scores = ROWS * TILE * 4 + ROWS * GROUPS * 5 + ROWS * dim * 4
    keys = 2 * ROWS * width * 8 + SLICE * (k + SPARE) * (dim * 4 + 32)  # buffer, the copy a merge makes, second scoring
    gather = ROWS * TILE * 64  # worst case: every score of a tile is a candidate, with its positions, order and keys
    workspace = scores + keys + gather + seen_per_block * 32
    shared = n_items * (dim * 4 + 8) + n_users * k * 8
    fitting = (memory_bytes - shared) // workspace
    if fitting < 1:
        raise DoesNotFit(
            f"top_k of {n_users:,} users x {n_items:,} items x {dim} dims, k={k}: needs {shared + workspace:,} bytes "
            f"(lists and items {shared:,}, one thread {workspace:,}), has {memory_bytes:,}; "
            f"score fewer users per call or raise memory_bytes"
        )
    return Plan(max(1, min(threads, int(fitting))), workspace, shared)


def top_k(
    users: F32,
    items: F32,
    k: int,
    seen: Any = None,
    allowed: NDArray[np.bool_] | None = None,
    *,
    memory_bytes: int = MEMORY_BYTES,
    threads: int = 2,
) -> tuple[I32, F32]:
    """The k best items of each user, best first; ties go to the lower item code.

    users (U, D) and items (I, D) float32, unitless; `seen` (U, I) CSR, an entry of any value is never returned;
    `allowed` (I,) bool, False is never returned. Returns codes (U, k) int32 and scores (U, k) float32; code -1 and
    score -inf where fewer than k items are left.
    Raises ValueError if k is not in 1..I, shapes disagree, or factors are NaN, infinite or so large that a score could
    overflow; DoesNotFit if `memory_bytes` is too small for one block.
    """
    users, items = _checked(users, items, k, seen, allowed)
    edges = np.append(np.arange(0, len(users), ROWS), len(users))
    widest = 0 if seen is None else int(np.diff(seen.indptr[edges]).max(initial=0))
    plan = plan_blocks(
        len(items), items.shape[1], memory_bytes, threads, n_users=len(users), k=k, seen_per_block=widest
    )
    codes = np.arange(len(items))
    if allowed is not None and not allowed.all():
        codes, items = np.flatnonzero(allowed), items[allowed]
    place = np.full(seen.shape[1], -1) if seen is not None else None
    if place is not None:
        place[codes] = np.arange(len(codes))

    out = np.empty((len(users), k), np.int32), np.empty((len(users), k), np.float32)
    longest = float(_lengths(items).max(initial=0))

    def run(lane: int) -> None:
        work = _Workspace(items, k, longest)
        for low in range(lane * ROWS, len(users), plan.threads * ROWS):
            block = slice(low, min(low + ROWS, len(users)))
            places, scores = _unpacked(work.best(users[block], *_hidden(seen, place, block)))
            out[0][block] = np.where(places < 0, -1, codes[places])
            out[1][block] = scores

    if not len(codes):
        out[0].fill(-1)
        out[1].fill(-np.inf)
        return out
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(plan.threads) as pool:
        list(pool.map(run, range(plan.threads)))
    return out


def rank_scores(scores: F32, k: int) -> tuple[I32, F32]:
    """The k best columns of each row of scores (B, I), as `top_k` returns them; a score of -inf is never returned.

    Works on int64 copies: 24 bytes for each score. Raises ValueError if k is not in 1..I.
    """
    if not 1 <= k <= scores.shape[1]:
        raise ValueError(f"k={k} is not in 1..{scores.shape[1]}, the number of items")
    keys = _keys(scores, np.arange(scores.shape[1]))
    keys[np.isneginf(scores)] = EMPTY
    return _unpacked(np.sort(np.partition(keys, k - 1, axis=1)[:, :k], axis=1))


def places(row: NDArray[np.integer], column: NDArray[np.integer], score: NDArray[np.floating]) -> I64:
    """The place (N,) of each entry in its row: 0 for the highest score; ties go to the lower column."""
    order = np.lexsort((column, -score, row))
    ordered = row[order]
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    return place


def best_entries(row: NDArray[np.integer], column: NDArray[np.integer], score: F32, k: int) -> tuple[I64, I64]:
    """(entry, place): the k best entries of each row, row by row, best first, and the place 0..k-1 of each in its row.

    Ties go to the lower column. Entries (N,) must be grouped by row, in rising order.
    """
    keys = _keys(score, column.astype(np.int64))
    bounds = np.flatnonzero(np.diff(row, prepend=-1, append=np.iinfo(row.dtype).max))
    kept = np.ones(len(keys), bool)
    # Sorting all entries would cost ten times as much: most rows have far more than k.
    for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        if high - low > k:
            kept[low:high] = keys[low:high] <= np.partition(keys[low:high], k - 1)[k - 1]
    entry = np.flatnonzero(kept)
    entry = entry[np.lexsort((keys[entry], row[entry]))]
    ordered = row[entry]
    return entry, np.arange(len(entry)) - np.searchsorted(ordered, ordered)


def rank_entries(
    row: NDArray[np.integer], column: NDArray[np.integer], score: F32, n_rows: int, k: int
) -> tuple[I32, F32]:
    """The k best entries of each row by `best_entries`, as codes and scores (n_rows, k) like those of `top_k`."""
    entry, place = best_entries(row, column, score, k)
    codes, scores = np.full((n_rows, k), -1, np.int32), np.full((n_rows, k), -np.inf, np.float32)
    codes[row[entry], place], scores[row[entry], place] = column[entry], score[entry]
    return codes, scores


def _checked(users: F32, items: F32, k: int, seen: Any, allowed: Any) -> tuple[F32, F32]:
    users, items = np.ascontiguousarray(users, np.float32), np.ascontiguousarray(items, np.float32)
    if users.ndim != 2 or items.ndim != 2 or users.shape[1] != items.shape[1]:
        raise ValueError(f"users {users.shape} and items {items.shape} must both be (rows, dims) with equal dims")
    if not 1 <= k <= len(items):
        raise ValueError(f"k={k} is not in 1..{len(items)}, the number of items")
    if seen is not None and seen.shape != (len(users), len(items)):
        raise ValueError(f"seen is {seen.shape}, expected {(len(users), len(items))} (users, items)")
    if allowed is not None and (allowed.shape != (len(items),) or allowed.dtype != np.bool_):
        raise ValueError(f"allowed is {allowed.dtype} {allowed.shape}, expected bool {(len(items),)}")
    largest = [max(float(a.max(initial=0)), -float(a.min(initial=0))) for a in (users, items)]  # NaN stays NaN
    if not largest[0] * largest[1] * items.shape[1] < float(np.finfo(np.float32).max):
        raise ValueError(
            f"factors hold NaN or infinity, or overflow float32: largest |user| {largest[0]}, |item| {largest[1]}"
        )
    return users, items


def _hidden(seen: Any, place: I64 | None, block: slice) -> tuple[I64, I64]:
    """(positions in a (ROWS, TILE) tile, tile number of each) of a block's seen entries, sorted by tile."""
    if seen is None or place is None:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    bounds = seen.indptr[block.start : block.stop + 1].astype(np.int64)
    column = place[seen.indices[bounds[0] : bounds[-1]]]
    row = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))[column >= 0]
    tile, within = np.divmod(column[column >= 0], TILE)
    order = np.argsort(tile, kind="stable")
    return (row * TILE + within)[order], tile[order]


class _Workspace:
    """The buffers of one thread, and the pass over the catalogue for one block of users."""

    def __init__(self, items: F32, k: int, longest: float) -> None:
        self.items, self.k, self.kept, self.longest = items, k, k + SPARE, longest
        self.users = np.zeros((ROWS, items.shape[1]), np.float32)
        self.scores = np.empty((ROWS, TILE), np.float32)
        self.maxima = np.empty((ROWS, GROUPS), np.float32)
        # The best so far, then those waiting for a merge; a merge leaves the second part EMPTY.
        self.keys = np.full((ROWS, self.kept + k + TILE), EMPTY)

    def best(self, users: F32, hidden: I64, tiles: I64) -> I64:
        """Sorted keys (len(users), k) of the best items; `hidden` and `tiles` as `_hidden` gives them."""
        k, scores, flat = self.k, self.scores, self.scores.reshape(-1)
        self.users[: len(users)], self.users[len(users) :] = users, 0
        self.keys[:, : self.kept] = EMPTY
        waiting = np.zeros(ROWS, np.int64)
        least = np.full((ROWS, 1), -np.inf, np.float32)  # only a higher score can still enter a user's list
        # Two ways to round a dot product of D terms differ by at most D * 2^-23 |user| |item|: four times that.
        length = _lengths(self.users)
        bound = self.items.shape[1] * 2.0**-21 * self.longest * length + np.finfo(np.float32).tiny * (length > 0)
        margin = bound.astype(np.float32)[:, None]
        ends = np.searchsorted(tiles, np.arange(len(self.items) // TILE + 2))
        for tile, start in enumerate(range(0, len(self.items), TILE)):
            width = min(TILE, len(self.items) - start)
            np.matmul(self.users, self.items[start : start + width].T, out=scores[:, :width])
            scores[:, width:] = -np.inf
            flat[hidden[ends[tile] : ends[tile + 1]]] = -np.inf
            if tile == 0 and k <= TILE:  # the k-th best of the first tile; nextafter lets its equals in
                kth = np.partition(scores, TILE - k, axis=1)[:, TILE - k, None]
                least = np.nextafter(kth - margin, np.float32(-np.inf))
            waiting += self._store(self._candidates(least), start, waiting)
            if waiting.max() > k // 2:
                least = self._merge(waiting) - margin
        crowded = np.flatnonzero(self._crowded(self._merge(waiting) - margin)[: len(users)])
        for low in range(0, len(users), SLICE):
            self._score_again(slice(low, min(low + SLICE, len(users))))
        for row in crowded:
            self._score_all(int(row), (hidden % TILE + tiles * TILE)[hidden // TILE == row])
        return np.sort(self.keys[: len(users), :k], axis=1)

    def _candidates(self, least: F32) -> I64:
        """Positions (n,) in the tile of scores above their user's `least`, sorted by user."""
        self.scores.reshape(ROWS, GROUP, GROUPS).max(axis=1, out=self.maxima)
        group = np.flatnonzero(self.maxima > least)
        row = group // GROUPS
        cells = group + row * (TILE - GROUPS) + (np.arange(GROUP) * GROUPS)[:, None]  # (GROUP, n): long inner loops
        higher = self.scores.reshape(-1).take(cells) > least.reshape(-1).take(row)
        chosen = cells.reshape(-1).take(np.flatnonzero(higher))  # a third of the time of cells[higher]
        return chosen[np.argsort((chosen // TILE).astype(np.int16), kind="stable")]

    def _store(self, cells: I64, start: int, waiting: I64) -> I64:
        """Appends candidates behind each user's waiting ones; returns how many each user got."""
        row, column = np.divmod(cells, TILE)
        new = np.bincount(row, minlength=ROWS)
        first = np.arange(ROWS) * self.keys.shape[1] + self.kept + waiting - (np.cumsum(new) - new)
        keys = _keys(self.scores.reshape(-1).take(cells), column + start)
        self.keys.reshape(-1)[np.arange(len(row)) + first[row]] = keys
        return new

    def _merge(self, waiting: I64) -> F32:
        """Merges the waiting keys into the best ones; returns each user's k-th best score (ROWS, 1)."""
        width = self.kept + int(waiting.max())
        kept = np.partition(self.keys[:, :width], self.kept - 1, axis=1)[:, : self.kept]
        self.keys[:, : self.kept] = np.partition(kept, self.k - 1, axis=1)
        self.keys[:, self.kept : width] = EMPTY
        waiting.fill(0)
        return _scores(self.keys[:, self.k - 1, None])

    def _crowded(self, least: F32) -> NDArray[np.bool_]:
        """(ROWS,) bool: users for whom an item that might be among the k best may have been dropped."""
        return (_scores(self.keys[:, self.kept - 1, None]) > least)[:, 0]

    def _score_again(self, rows: slice) -> None:
        """Replaces the GEMM scores of the kept items by dot products, and puts the k best first."""
        kept = self.keys[rows, : self.kept]
        codes = np.where(kept == EMPTY, 0, kept & 0xFFFFFFFF)
        exact = _keys(_dots(self.items.take(codes, axis=0), self.users[rows]), codes)
        exact[kept == EMPTY] = EMPTY
        self.keys[rows, : self.k] = np.partition(exact, self.k - 1, axis=1)[:, : self.k]

    def _score_all(self, row: int, hidden: I64) -> None:
        """The k best of one user by dot products with the whole catalogue."""
        exact = _keys(_dots(self.items[None], self.users[row, None])[0], np.arange(len(self.items)))
        exact[hidden] = EMPTY
        best = np.partition(exact, min(self.k, len(exact)) - 1)[: self.k]
        self.keys[row, : len(best)], self.keys[row, len(best) : self.k] = best, EMPTY


def _dots(items: F32, users: F32) -> F32:
    """(B, n) scores of items (B, n, D) for users (B, D); each is summed over D in the same order in every call."""
    return np.einsum("bnd,bd->bn", items, users)


def _lengths(rows: F32) -> NDArray[np.float64]:
    """Euclidean length of each row, in float64 so that squares neither overflow nor vanish."""
    return np.sqrt(np.einsum("nd,nd->n", rows, rows, dtype=np.float64))


def _keys(scores: F32, codes: I64) -> I64:
    """int64 keys that ascend from the best: score down, then code up. -0.0 counts as 0.0."""
    bits = (scores + np.float32(0)).view(np.int32)
    ascending = bits ^ ((bits >> 31) & 0x7FFFFFFF)
    return ((~ascending).astype(np.int64) << 32) | codes


def _scores(keys: I64) -> F32:
    """The scores of keys; -inf for EMPTY."""
    ascending = ~(keys >> 32).astype(np.int32)
    scores = (ascending ^ ((ascending >> 31) & 0x7FFFFFFF)).view(np.float32)
    return np.where(keys == EMPTY, np.float32(-np.inf), scores)


def _unpacked(keys: I64) -> tuple[I32, F32]:
    """Codes and scores of keys; -1 and -inf for EMPTY."""
    return np.where(keys == EMPTY, -1, keys & 0xFFFFFFFF).astype(np.int32), _scores(keys)

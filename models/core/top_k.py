"""Exact top-k by inner product: coarse scores with a proven bound find candidates, exact dot products rank them.

For a block of ROWS users and a tile of items: one matrix product in bfloat16 or float32, from which `coarse_scan` takes
the items that may belong to the k best. The candidates that are left after the last tile are scored again, each by a
dot product of its own, and ranked by that. So lists and scores are the same bits for any precision of the product,
memory budget, number of threads, order of users and split of users over calls, although products in bfloat16 are coarse
and OpenBLAS rounds the same pair differently in different lanes of its kernel.

Where a bound leaves too many candidates (many near-equal items), the user is scored again from float32 products, and
where even those leave too many, from dot products with the whole catalogue.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from models.core.coarse_products import bf16_products, products
from models.core.coarse_scan import Buffers, scan, seen_of, settle
from models.core.item_tiles import F32, I64, TILE, Coarse, ItemTiles, bounds, in_bf16, largest_of, lengths
from models.core.memory import DoesNotFit

# The fastest of 128..1024 users x 2048..8192 items on 2 cores with 2 MiB L2 each.
ROWS, SPARE = 512, 512  # SPARE: candidates of a user beside 2 * k
SLICE_BYTES = 8 * 2**20  # of item rows gathered at once for the dot products
EMPTY = np.iinfo(np.int64).max  # the key of "no item"; it sorts behind every real key
MEMORY_BYTES = 2 * 2**30

I32 = NDArray[np.int32]


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

    A night calls this first. Inputs are not counted, except a copy of the items (made if `allowed` drops some).
    Raises DoesNotFit where not even one thread fits.
    """
    room = min(2 * k + SPARE, n_items)
    scores = ROWS * (TILE * 4 + dim * 14)  # a tile, the users in both precisions
    keys = ROWS * (room * 8 + k * 28) + 2 * SLICE_BYTES + room * (dim + 16) * 4
    whole_catalogue = n_items * 40  # a user scored with the whole catalogue
    workspace = scores + keys + whole_catalogue + seen_per_block * 16
    shared = n_items * (dim * 6 + 32) + n_users * k * 8
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
    items: F32 | ItemTiles,
    k: int,
    seen: Any = None,
    allowed: NDArray[np.bool_] | None = None,
    *,
    memory_bytes: int = MEMORY_BYTES,
    threads: int = 2,
) -> tuple[I32, F32]:
    """The k best items of each user, best first; ties go to the lower item code.

    users (U, D) and items (I, D) float32, unitless; with `ItemTiles`, calls need not lay out the items again;
    `seen` (U, I) CSR, an item with an entry of any value is never returned; `allowed` (I,) bool, an item with False is
    never returned. Returns codes (U, k) int32 and scores (U, k) float32; code -1 and score -inf where fewer than k
    items are left.
    Raises ValueError if k is not in 1..I, shapes disagree, or factors are NaN, infinite or so large that a score could
    overflow; DoesNotFit if `memory_bytes` is too small for one block.
    """
    tiles = items if isinstance(items, ItemTiles) else ItemTiles.of(items, allowed)
    users = _checked(users, tiles, k, seen)
    edges = np.append(np.arange(0, len(users), ROWS), len(users))
    widest = 0 if seen is None else int(np.diff(seen.indptr[edges]).max(initial=0))
    plan = plan_blocks(
        tiles.n_items, tiles.items.shape[1], memory_bytes, threads, n_users=len(users), k=k, seen_per_block=widest
    )
    out = np.full((len(users), k), -1, np.int32), np.full((len(users), k), -np.inf, np.float32)
    hidden = _hidden(seen, len(users))
    rows = np.flatnonzero(users.any(axis=1))
    for bf16 in (True, False) if tiles.bf16 and _fits_bf16(users, tiles) else (False,):
        rows = _ranked(users, rows, tiles, k, hidden, bf16, plan.threads, out)
    for user in rows.tolist():
        out[0][user], out[1][user] = _exact_list(users[user], tiles, k, hidden, user)
    for user in np.flatnonzero(~users.any(axis=1)).tolist():
        codes = _lowest(tiles, k, hidden, user)
        out[0][user, : len(codes)], out[1][user, : len(codes)] = codes, 0
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
    edges = np.flatnonzero(np.diff(row, prepend=-1, append=np.iinfo(row.dtype).max))
    is_candidate = np.ones(len(keys), bool)
    # Sorting all entries would cost ten times as much: most rows have far more than k.
    for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if high - low > k:
            is_candidate[low:high] = keys[low:high] <= np.partition(keys[low:high], k - 1)[k - 1]
    entry = np.flatnonzero(is_candidate)
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


def _checked(users: F32, tiles: ItemTiles, k: int, seen: Any) -> F32:
    users = np.ascontiguousarray(users, np.float32)
    if users.ndim != 2 or users.shape[1] != tiles.items.shape[1]:
        items = tiles.n_items, tiles.items.shape[1]
        raise ValueError(f"users {users.shape} and items {items} must both be (rows, dims) with equal dims")
    if not 1 <= k <= tiles.n_items:
        raise ValueError(f"k={k} is not in 1..{tiles.n_items}, the number of items")
    if seen is not None and seen.shape != (len(users), tiles.n_items):
        raise ValueError(f"seen is {seen.shape}, expected {(len(users), tiles.n_items)} (users, items)")
    largest = largest_of(users)
    if not largest * tiles.largest * users.shape[1] < float(np.finfo(np.float32).max):
        raise ValueError(
            f"factors hold NaN or infinity, or overflow float32: largest |user| {largest}, |item| {tiles.largest}"
        )
    return users


def _fits_bf16(users: F32, tiles: ItemTiles) -> bool:
    """Whether no score can overflow when it is rounded up."""
    return largest_of(users) * tiles.largest * users.shape[1] < float(np.finfo(np.float32).max) / 8


class Hidden(NamedTuple):
    """The items that each user may not be shown, as CSR without data: indptr (U + 1,), item codes (E,)."""

    indptr: I64
    codes: I32


def _hidden(seen: Any, n_users: int) -> Hidden:
    if seen is None:
        return Hidden(np.zeros(n_users + 1, np.int64), np.empty(0, np.int32))
    return Hidden(seen.indptr.astype(np.int64), seen.indices.astype(np.int32, copy=False))


def _ranked(
    users: F32, rows: I64, tiles: ItemTiles, k: int, hidden: Hidden, bf16: bool, threads: int, out: tuple[I32, F32]
) -> I64:
    """Writes the lists of `rows` of the users into `out`; returns the rows with too many candidates."""
    is_unproven = np.zeros(len(rows), bool)
    if not len(tiles.codes):
        return rows[:0]

    def run(lane: int) -> None:
        lists = _Lists(tiles, k, hidden, bf16)
        for low in range(lane * ROWS, len(rows), threads * ROWS):
            block = rows[low : low + ROWS]
            keys, is_unproven[low : low + ROWS] = lists.best(users[block], block)
            out[0][block], out[1][block] = _unpacked(keys)

    with _one_thread(bf16), ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, range(min(threads, -(-len(rows) // ROWS)))))
    return rows[is_unproven]


@functools.cache
def _libraries() -> ThreadpoolController:
    """The libraries of this process that have threads; looking for them takes longer than a small product."""
    return ThreadpoolController()


@contextmanager
def _one_thread(bf16: bool) -> Iterator[None]:
    """Inside the block, each product uses one thread: blocks of users run in parallel instead."""
    with _libraries().limit(limits=1, user_api="blas"):
        if not bf16:
            yield
            return
        from models.core.torch_threads import torch_threads  # torch, which takes seconds

        with torch_threads(1):
            yield


class _Lists:
    """The buffers of one thread, and the pass over the catalogue for one block of users."""

    def __init__(self, tiles: ItemTiles, k: int, hidden: Hidden, bf16: bool) -> None:
        self.tiles, self.k, self.hidden, self.bf16 = tiles, k, hidden, bf16
        self.buffers = Buffers.empty(ROWS, min(2 * k + SPARE, len(tiles.codes)), k)
        self.product = bf16_products(tiles, ROWS) if bf16 else products(tiles, ROWS)

    def best(self, users: F32, rows: I64) -> tuple[I64, NDArray[np.bool_]]:
        """(sorted keys (B, k) of the best items, True (B,) if nothing is proven) of the block of users at `rows`."""
        tiles, buffers = self.tiles, self.buffers.of(len(users))
        coarse = in_bf16(users) if self.bf16 else Coarse(users, np.zeros(len(users)))
        length = lengths(users)
        seen = seen_of(rows, *self.hidden, tiles.place_of)
        for tile, start in enumerate(range(0, len(tiles.codes), TILE)):
            bound = bounds(tiles, tile, length, coarse.off, self.bf16)
            if (bound.reach < buffers.certain[:, 0]).all():  # the following items are not longer than these
                break
            scan(self.product(coarse.rows, start), start, bound, seen, buffers)
        settle(buffers)
        return self._decided(users, buffers), buffers.crowded

    def _decided(self, users: F32, buffers: Buffers) -> I64:
        """The keys of the k best candidates by dot products."""
        keys = np.full((len(users), self.k), EMPTY)
        most = max(int(buffers.filled.max(initial=0)), self.k)
        step = max(1, SLICE_BYTES // (most * users.shape[1] * 4))
        for low in range(0, len(users), step):
            block = slice(low, min(low + step, len(users)))
            is_candidate = np.arange(most) < buffers.filled[block, None]
            width = min(most, buffers.place.shape[1])
            place = np.zeros(is_candidate.shape, np.int64)
            place[:, :width] = np.where(is_candidate[:, :width], buffers.place[block, :width], 0)
            exact = _keys(_dots(self.tiles.items.take(place, axis=0), users[block]), self.tiles.codes[place])
            exact[~is_candidate] = EMPTY
            keys[block] = np.sort(np.partition(exact, self.k - 1, axis=1)[:, : self.k], axis=1)
        return keys


def _exact_list(user: F32, tiles: ItemTiles, k: int, hidden: Hidden, row: int) -> tuple[I32, F32]:
    """The k best of one user by dot products with the whole catalogue."""
    keys = _keys(_dots(tiles.items[None], user[None])[0], tiles.codes)
    keys[np.isin(tiles.codes, hidden.codes[hidden.indptr[row] : hidden.indptr[row + 1]])] = EMPTY
    keys = np.append(keys, np.full(k, EMPTY))
    return _unpacked(np.sort(np.partition(keys, k - 1)[:k]))


def _lowest(tiles: ItemTiles, k: int, hidden: Hidden, row: int) -> I64:
    """The list of a user whose factors are all 0, to whom all items are equal: the k lowest codes, or fewer."""
    refused = hidden.codes[hidden.indptr[row] : hidden.indptr[row + 1]]
    lowest = tiles.in_order[: k + len(refused)]
    return lowest[~np.isin(lowest, refused)][:k]


def _dots(items: F32, users: F32) -> F32:
    """(B, n) scores of items (B, n, D) for users (B, D); each is summed over D in the same order in every call."""
    return np.einsum("bnd,bd->bn", items, users)


def _keys(scores: F32, codes: I64) -> I64:
    """int64 keys, lowest for the best: descending by score, then ascending by code. -0.0 counts as 0.0."""
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

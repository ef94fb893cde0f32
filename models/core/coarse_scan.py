"""Finds in a tile of coarse scores the items that may be among a user's k best, and drops those that no longer may be.

A coarse score sets a lowest and a highest possible exact score. The k-th best item certainly reaches the k-th highest
of all lowest possible scores. An item whose highest possible score is below that is dropped.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.core.item_tiles import F32, I64, Bounds

I32 = NDArray[np.int32]


class Seen(NamedTuple):
    """places (E,) of the items that B users may not be shown; user u has places[indptr[u] : indptr[u + 1]], ascending.

    next (B,): for each user, the index of the first place that no tile has reached yet.
    """

    indptr: I64
    places: I32
    next: I64


def seen_of(users: I64, indptr: I64, codes: I32, place_of: I32) -> Seen:
    """The `Seen` of `users` (B,), from the CSR of all users; place_of (n_items,): each item's place, -1 for none."""
    ends, places = _seen_of(users, indptr, codes, place_of)
    return Seen(ends, places, ends[:-1].copy())


class Buffers(NamedTuple):
    """Candidates of B users, with room for `room` each.

    place, highest (B, room): the item's place and its highest possible exact score. filled (B,): candidates so far.
    certain (B, k): a heap of the k highest of all lowest possible scores, the least first; an item that cannot reach
    that one is out. crowded (B,): True if there was no room for all candidates, so nothing is proven.
    """

    place: I32
    highest: F32
    filled: I64
    certain: F32
    crowded: NDArray[np.bool_]

    @classmethod
    def empty(cls, users: int, room: int, k: int) -> Buffers:
        place, highest = np.empty((users, room), np.int32), np.empty((users, room), np.float32)
        return cls(place, highest, np.zeros(users, np.int64), np.empty((users, k), np.float32), np.zeros(users, bool))

    def of(self, users: int) -> Buffers:
        """The buffers of the first users, cleared."""
        self.filled.fill(0)
        self.certain.fill(-np.inf)
        self.crowded.fill(False)
        return Buffers(
            self.place[:users], self.highest[:users], self.filled[:users], self.certain[:users], self.crowded[:users]
        )


def scan(bits: NDArray[np.signedinteger], start: int, bound: Bounds, seen: Seen, buffers: Buffers) -> None:
    """Adds to `buffers` the candidates among the items from `start` on; bits (B, n): of float32 or bfloat16 scores.

    Tiles come in order. The scores of seen items are overwritten.
    """
    shift = 32 - 8 * bits.itemsize  # a bfloat16 is the upper half of a float32
    _scan(bits, shift, start, bound.absolute, bound.relative, seen, buffers)


def settle(buffers: Buffers) -> None:
    """Drops from every user's buffer the candidates that are out by now."""
    _settle(buffers)


@njit(cache=True, nogil=True)
def _scan(bits, shift, start, absolute, relative, seen, buffers):  # type: ignore[no-untyped-def]
    word = np.empty(1, np.int32)
    number = word.view(np.float32)
    room, width = buffers.place.shape[1], bits.shape[1]
    is_near = np.zeros(-(-width // 8) * 8, np.bool_)
    eights = is_near.view(np.uint64)
    hidden = bits.dtype.type(np.int32(-0x800000) >> shift)  # the bits of minus infinity
    for user in range(len(bits)):
        row, certain = bits[user], buffers.certain[user]
        while seen.next[user] < seen.indptr[user + 1] and seen.places[seen.next[user]] < start + width:
            row[seen.places[seen.next[user]] - start] = hidden
            seen.next[user] += 1
        _mark(row, _cut(certain[0], absolute[user], relative, word, number) >> shift, is_near)
        for eight in range(len(eights)):
            if buffers.crowded[user]:
                break
            if eights[eight] == 0:
                continue
            for column in range(8 * eight, min(8 * eight + 8, width)):
                if not is_near[column] or row[column] == hidden:
                    continue
                word[0] = np.int32(row[column]) << shift
                score = number[0]
                slack = absolute[user] + relative * abs(score)
                if score + slack < certain[0]:
                    continue
                if buffers.filled[user] == room:
                    _drop(user, buffers)
                    if 4 * buffers.filled[user] > 3 * room:
                        buffers.crowded[user] = True
                        break
                buffers.place[user, buffers.filled[user]] = start + column
                buffers.highest[user, buffers.filled[user]] = score + slack
                buffers.filled[user] += 1
                if score - slack > certain[0]:
                    _replace_least(certain, score - slack)


@njit(cache=True, nogil=True)
def _mark(row, cut, is_near):  # type: ignore[no-untyped-def]
    """Writes to `is_near` whether each score reaches `cut`, the bits of a score; a cut of 0 marks all scores."""
    least = row.dtype.type(cut)  # compared in the width of the scores, 16 or 32 at once
    if cut > 0:  # positive floats are ordered like their bits, and negative ones stand below
        for column in range(len(row)):
            is_near[column] = row[column] >= least
    else:
        is_near[: len(row)] = True


@njit(cache=True, nogil=True)
def _replace_least(heap, score):  # type: ignore[no-untyped-def]
    """Replaces the first and least of a heap by a higher score."""
    index, child = 0, 1
    while child + 1 < len(heap):
        child += int(heap[child + 1] < heap[child])  # added: a CPU would mispredict a branch half the time
        if heap[child] >= score:
            break
        heap[index] = heap[child]
        index, child = child, 2 * child + 1
    if child + 1 == len(heap) and heap[child] < score:
        heap[index] = heap[child]
        index = child
    heap[index] = score


@njit(cache=True, nogil=True)
def _settle(buffers):  # type: ignore[no-untyped-def]
    for user in range(len(buffers.filled)):
        _drop(user, buffers)


@njit(cache=True, nogil=True)
def _cut(least, absolute, relative, word, number):  # type: ignore[no-untyped-def]
    """The bits of a positive score below which no item can reach `least`; 0 if any score may reach it."""
    lowest = (least - absolute) / (1 + relative) * (1 - np.float32(2.0**-20))
    if not lowest > 0:
        return np.int32(0)
    number[0] = lowest
    return word[0]


@njit(cache=True, nogil=True)
def _seen_of(users, indptr, codes, place_of):  # type: ignore[no-untyped-def]
    ends = np.zeros(len(users) + 1, np.int64)
    for user in range(len(users)):
        ends[user + 1] = ends[user] + indptr[users[user] + 1] - indptr[users[user]]
    places = np.empty(ends[-1], np.int32)
    for user in range(len(users)):
        count = np.int64(0)
        for entry in range(indptr[users[user]], indptr[users[user] + 1]):
            if place_of[codes[entry]] >= 0:
                places[ends[user] + count] = place_of[codes[entry]]
                count += 1
        places[ends[user] : ends[user] + count].sort()
        places[ends[user] + count : ends[user + 1]] = np.iinfo(np.int32).max  # behind the last tile
    return ends, places


@njit(cache=True, nogil=True)
def _drop(user, buffers):  # type: ignore[no-untyped-def]
    """Keeps those of the user's candidates that can reach the least of the certain scores."""
    remaining = 0
    for column in range(buffers.filled[user]):
        if buffers.highest[user, column] >= buffers.certain[user, 0]:
            buffers.place[user, remaining], buffers.highest[user, remaining] = (
                buffers.place[user, column],
                buffers.highest[user, column],
            )
            remaining += 1
    buffers.filled[user] = remaining

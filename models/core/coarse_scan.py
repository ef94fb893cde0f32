"""Picks from a tile of coarse scores the items that may belong to a user's k best, and drops those that no longer may.

A coarse score allows a lowest and a highest exact one. The k-th highest of the lowest is a score that the k-th best
item reaches for certain: an item whose highest does not reach it is out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.core.item_tiles import F32, I64, Bounds

I32 = NDArray[np.int32]


class Seen(NamedTuple):
    """Places (E,) of items that B users may not be shown: those of user u are at[indptr[u]:indptr[u + 1]], ascending.

    next (B,): the first of each that no tile has reached yet.
    """

    indptr: I64
    at: I32
    next: I64


def seen_of(users: I64, indptr: I64, codes: I32, place_of: I32) -> Seen:
    """Of `users` (B,), from the CSR of all users; place_of (n_items,): each item's place, -1 for none."""
    ends, at = _seen_of(users, indptr, codes, place_of)
    return Seen(ends, at, ends[:-1].copy())


class Buffers(NamedTuple):
    """Candidates of B users, `room` each: place among the items and highest exact score (B, room), found (B,) of them.

    certain (B, k): a heap of the k highest of all lowest exact scores, the least of them first: an item that cannot
    reach it is out. crowded (B,): there was no room for all candidates, so nothing is proven.
    """

    place: I32
    highest: F32
    found: I64
    certain: F32
    crowded: NDArray[np.bool_]

    @classmethod
    def empty(cls, users: int, room: int, k: int) -> Buffers:
        place, highest = np.empty((users, room), np.int32), np.empty((users, room), np.float32)
        return cls(place, highest, np.zeros(users, np.int64), np.empty((users, k), np.float32), np.zeros(users, bool))

    def of(self, users: int) -> Buffers:
        """Those of the first users, cleared."""
        self.found.fill(0)
        self.certain.fill(-np.inf)
        self.crowded.fill(False)
        return Buffers(
            self.place[:users], self.highest[:users], self.found[:users], self.certain[:users], self.crowded[:users]
        )


def scan(bits: NDArray[np.signedinteger], start: int, bound: Bounds, seen: Seen, into: Buffers) -> None:
    """Adds to `into` the candidates among the items from `start` on; bits (B, n): of float32 or bfloat16 scores.

    Tiles come in order. The scores of seen items are overwritten.
    """
    shift = 32 - 8 * bits.itemsize  # a bfloat16 is the upper half of a float32
    _scan(bits, shift, start, bound.absolute, bound.relative, seen, into)


def settle(into: Buffers) -> None:
    """Drops from every buffer who is out by now."""
    _settle(into)


@njit(cache=True, nogil=True)
def _scan(bits, shift, start, absolute, relative, seen, into):  # type: ignore[no-untyped-def]
    word = np.empty(1, np.int32)
    number = word.view(np.float32)
    room, width = into.place.shape[1], bits.shape[1]
    is_near = np.zeros(-(-width // 8) * 8, np.bool_)
    eights = is_near.view(np.uint64)
    hidden = bits.dtype.type(np.int32(-0x800000) >> shift)  # the bits of minus infinity
    for user in range(len(bits)):
        row, certain = bits[user], into.certain[user]
        while seen.next[user] < seen.indptr[user + 1] and seen.at[seen.next[user]] < start + width:
            row[seen.at[seen.next[user]] - start] = hidden
            seen.next[user] += 1
        _mark(row, _cut(certain[0], absolute[user], relative, word, number) >> shift, is_near)
        for eight in range(len(eights)):
            if into.crowded[user]:
                break
            if eights[eight] == 0:
                continue
            for at in range(8 * eight, min(8 * eight + 8, width)):
                if not is_near[at] or row[at] == hidden:
                    continue
                word[0] = np.int32(row[at]) << shift
                score = number[0]
                slack = absolute[user] + relative * abs(score)
                if score + slack < certain[0]:
                    continue
                if into.found[user] == room:
                    _drop(user, into)
                    if 4 * into.found[user] > 3 * room:
                        into.crowded[user] = True
                        break
                into.place[user, into.found[user]] = start + at
                into.highest[user, into.found[user]] = score + slack
                into.found[user] += 1
                if score - slack > certain[0]:
                    _replace_least(certain, score - slack)


@njit(cache=True, nogil=True)
def _mark(row, cut, is_near):  # type: ignore[no-untyped-def]
    """Whether each score reaches `cut`: its bits, or 0 where all are to be looked at."""
    least = row.dtype.type(cut)  # compared in the width of the scores, 16 or 32 at once
    if cut > 0:  # positive floats are ordered like their bits, and negative ones stand below
        for at in range(len(row)):
            is_near[at] = row[at] >= least
    else:
        is_near[: len(row)] = True


@njit(cache=True, nogil=True)
def _replace_least(heap, score):  # type: ignore[no-untyped-def]
    """Replaces the first and least of a heap by a higher score."""
    at, child = 0, 1
    while child + 1 < len(heap):
        child += int(heap[child + 1] < heap[child])  # added, since a branch would be guessed wrong half the time
        if heap[child] >= score:
            break
        heap[at] = heap[child]
        at, child = child, 2 * child + 1
    if child + 1 == len(heap) and heap[child] < score:
        heap[at] = heap[child]
        at = child
    heap[at] = score


@njit(cache=True, nogil=True)
def _settle(into):  # type: ignore[no-untyped-def]
    for user in range(len(into.found)):
        _drop(user, into)


@njit(cache=True, nogil=True)
def _cut(least, absolute, relative, word, number):  # type: ignore[no-untyped-def]
    """The bits of a positive score below which no item can reach `least`; 0 where all are to be looked at."""
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
    at = np.empty(ends[-1], np.int32)
    for user in range(len(users)):
        count = np.int64(0)
        for entry in range(indptr[users[user]], indptr[users[user] + 1]):
            if place_of[codes[entry]] >= 0:
                at[ends[user] + count] = place_of[codes[entry]]
                count += 1
        at[ends[user] : ends[user] + count].sort()
        at[ends[user] + count : ends[user + 1]] = np.iinfo(np.int32).max  # behind the last tile
    return ends, at


@njit(cache=True, nogil=True)
def _drop(user, into):  # type: ignore[no-untyped-def]
    """Keeps of the user's candidates those who reach what is certain."""
    kept = 0
    for at in range(into.found[user]):
        if into.highest[user, at] >= into.certain[user, 0]:
            into.place[user, kept], into.highest[user, kept] = into.place[user, at], into.highest[user, at]
            kept += 1
    into.found[user] = kept

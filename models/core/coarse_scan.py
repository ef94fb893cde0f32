"""Picks from a tile of coarse scores the items that may belong to a user's k best, and drops those that no longer may.

Of each candidate the buffers hold the lowest and the highest exact score that its coarse one allows. The k-th highest
of the lowest is a score that the k-th best item reaches for certain: who cannot reach it is out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.core.item_tiles import F32, I64, Bounds

I32 = NDArray[np.int32]
GROUP = 128  # scores compared with the least at once: four to sixteen vector instructions


class Seen(NamedTuple):
    """What each user may not be shown: CSR without data, codes ascending within a row."""

    indptr: I64
    codes: I32


class Buffers(NamedTuple):
    """Candidates of B users, `room` each: place among the items, lowest and highest exact score, all (B, room).

    found (B,): how many there are; least (B,): who cannot reach it is out; crowded (B,): they found no room, so nothing
    is proven.
    """

    place: I32
    lowest: F32
    highest: F32
    found: I64
    least: F32
    crowded: NDArray[np.bool_]

    @classmethod
    def empty(cls, users: int, room: int) -> Buffers:
        place, scores = np.empty((users, room), np.int32), np.empty((2, users, room), np.float32)
        least, crowded = np.full(users, -np.inf, np.float32), np.zeros(users, bool)
        return cls(place, scores[0], scores[1], np.zeros(users, np.int64), least, crowded)

    def of(self, users: int) -> Buffers:
        """Those of the first users, cleared."""
        some = Buffers(
            self.place[:users],
            self.lowest[:users],
            self.highest[:users],
            self.found[:users],
            self.least[:users],
            self.crowded[:users],
        )
        some.found.fill(0)
        some.least.fill(-np.inf)
        some.crowded.fill(False)
        return some


def scan(
    bits: NDArray[np.signedinteger],
    start: int,
    bound: Bounds,
    codes: I64,
    seen: Seen,
    users: I64,
    k: int,
    into: Buffers,
) -> None:
    """Adds to `into` the candidates among the items from `start` on; bits (B, n): of float32 or bfloat16 scores.

    codes (n,): of all items; `users` (B,): rows of `seen`.
    """
    shift = 32 - 8 * bits.itemsize  # a bfloat16 is the upper half of a float32
    _scan(bits, shift, start, bound.absolute, bound.relative, codes, seen, users, k, into)


def settle(k: int, into: Buffers) -> None:
    """Drops from every buffer who is out by now."""
    _settle(k, into)


@njit(cache=True, nogil=True)
def _scan(bits, shift, start, absolute, relative, codes, seen, users, k, into):  # type: ignore[no-untyped-def]
    word = np.empty(1, np.int32)
    number = word.view(np.float32)
    room, width = into.place.shape[1], bits.shape[1]
    for user in range(len(bits)):
        cut = _cut(into.least[user], absolute[user], relative, word, number) >> shift
        for low in range(0, width, GROUP):
            if into.crowded[user]:
                break
            high = min(low + GROUP, width)
            if cut > 0:  # positive floats are ordered like their bits, and negative ones stand below
                any_there = False
                for at in range(low, high):
                    any_there |= bits[user, at] >= cut
                if not any_there:
                    continue
            for at in range(low, high):
                if cut > 0 and bits[user, at] < cut:
                    continue
                word[0] = np.int32(bits[user, at]) << shift
                score = number[0]
                slack = absolute[user] + relative * abs(score)
                code = codes[start + at]
                if score + slack < into.least[user] or _is_seen(code, seen, users[user]):
                    continue
                count = into.found[user]
                if count == room:
                    into.found[user] = _drop(user, k, into)
                    count = into.found[user]
                    if 4 * count > 3 * room:
                        into.crowded[user] = True
                        break
                    cut = _cut(into.least[user], absolute[user], relative, word, number) >> shift
                into.place[user, count] = start + at
                into.lowest[user, count], into.highest[user, count] = score - slack, score + slack
                into.found[user] = count + 1


@njit(cache=True, nogil=True)
def _settle(k, into):  # type: ignore[no-untyped-def]
    for user in range(len(into.found)):
        into.found[user] = _drop(user, k, into)


@njit(cache=True, nogil=True)
def _cut(least, absolute, relative, word, number):  # type: ignore[no-untyped-def]
    """The bits of a positive score below which no candidate can reach `least`; 0 where all are to be looked at."""
    lowest = (least - absolute) / (1 + relative) * (1 - np.float32(2.0**-20))
    if not lowest > 0:
        return np.int32(0)
    number[0] = lowest
    return word[0]


@njit(cache=True, nogil=True)
def _is_seen(code, seen, user):  # type: ignore[no-untyped-def]
    low, high = seen.indptr[user], seen.indptr[user + 1]
    while low < high:
        middle = (low + high) // 2
        if seen.codes[middle] < code:
            low = middle + 1
        else:
            high = middle
    return low < seen.indptr[user + 1] and seen.codes[low] == code


@njit(cache=True, nogil=True)
def _drop(user, k, into):  # type: ignore[no-untyped-def]
    """Raises the user's least, and moves those who reach it to the front; returns how many they are."""
    count = into.found[user]
    if count < k:
        return count
    certain = np.partition(into.lowest[user, :count], count - k)[count - k]
    into.least[user] = max(into.least[user], certain)
    kept = 0
    for at in range(count):
        if into.highest[user, at] >= into.least[user]:
            into.place[user, kept] = into.place[user, at]
            into.lowest[user, kept], into.highest[user, kept] = into.lowest[user, at], into.highest[user, at]
            kept += 1
    return kept

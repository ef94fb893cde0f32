"""Each user's items in order of time, as flat arrays from which windows and the LSTM's input are cut."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]


class Sequences(NamedTuple):
    """Events of n users: `codes[indptr[u] : indptr[u + 1]]` are the item codes of user u, oldest first.

    indptr (n + 1,) int64 from 0 upwards, codes (E,) int32.
    """

    indptr: I64
    codes: I32

    @property
    def lengths(self) -> I64:
        """Events of each user (n,)."""
        return np.diff(self.indptr)

    def of(self, users: slice) -> Sequences:
        """The sequences of a contiguous range of users."""
        bounds = self.indptr[users.start : users.stop + 1]
        return Sequences(bounds - bounds[0], self.codes[bounds[0] : bounds[-1]])

    def taken(self, users: NDArray[np.integer]) -> Sequences:
        """The sequences of `users` (n,), ascending, each once."""
        chosen = np.zeros(len(self.lengths), bool)
        chosen[users] = True
        indptr = np.concatenate([[0], self.lengths[chosen].cumsum()])
        return Sequences(indptr, self.codes[np.repeat(chosen, self.lengths)])

    def without_last(self, dropped: NDArray[np.integer] | int = 1) -> Sequences:
        """The same users without their last `dropped` events, a number or (n,); shorter sequences become empty."""
        remaining = np.maximum(self.lengths - dropped, 0)
        place = np.arange(len(self.codes)) - np.repeat(self.indptr[:-1], self.lengths)
        indptr = np.concatenate([[0], remaining.cumsum()])
        return Sequences(indptr, self.codes[place < np.repeat(remaining, self.lengths)])

    def latest(self, length: int) -> tuple[I32, I64]:
        """(codes (n, T), events (n,)): the last T <= `length` events, oldest first, then zeros where there are fewer.

        T is the most that any user has, at least 1. The padding stands behind: a recurrent net reads it last.
        """
        events = np.minimum(self.lengths, length)
        column = np.arange(max(1, int(events.max(initial=0))))
        place = (self.indptr[1:] - events)[:, None] + column
        is_event = column < events[:, None]
        codes = np.zeros(is_event.shape, np.int32)
        codes[is_event] = self.codes[place[is_event]]
        return codes, events

    def counts(self, n_items: int) -> sparse.csr_matrix:
        """(n, I) CSR float32: how often each user had each item."""
        ones = np.ones(len(self.codes), np.float32)
        return sparse.csr_matrix((ones, self.codes, self.indptr), shape=(len(self.indptr) - 1, n_items)).tocoo().tocsr()


def checked(sequences: Sequences, n_items: int) -> Sequences:
    """`sequences` as int64 and int32 arrays. Raises ValueError if indptr is no indptr or a code is not an item's."""
    indptr, codes = np.asarray(sequences.indptr), np.asarray(sequences.codes)
    if not (np.issubdtype(indptr.dtype, np.integer) and (np.issubdtype(codes.dtype, np.integer) or not len(codes))):
        raise ValueError(f"sequences must be integers, not indptr {indptr.dtype} and codes {codes.dtype}")
    if indptr.ndim != 1 or codes.ndim != 1 or not len(indptr) or indptr[0] != 0 or indptr[-1] != len(codes):
        raise ValueError(f"indptr {indptr.shape} must run from 0 to the {codes.shape} codes")
    if (np.diff(indptr) < 0).any():
        raise ValueError(f"indptr falls at user {int(np.flatnonzero(np.diff(indptr) < 0)[0])}")
    if len(codes) and not (codes.min() >= 0 and codes.max() < n_items):
        raise ValueError(f"item codes span {codes.min()}..{codes.max()}, the catalogue has 0..{n_items - 1}")
    return Sequences(indptr.astype(np.int64), codes.astype(np.int32))

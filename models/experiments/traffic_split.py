"""Arms whose shares move: each arm holds some of 10,000 places, and few of them change hands.

A user's place never changes (`assignment.places`); the user is in the arm that holds it. When shares move, as few
places as possible change hands, and first those that have changed hands before. So each arm keeps a large `core`: the
places that it has held since the first night. Users of the cores have been in one arm all along, so results compare
only them. That is no bias: a hash gives out the places, and whether one changes hands does not depend on who stands
there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I8 = NDArray[np.int8]
PLACES = 10_000


@dataclass(frozen=True)
class Allotment:
    """holds (10_000,): the number in `arms` of each place's arm; core: the same, -1 where the place changed hands."""

    arms: tuple[str, ...]
    holds: I8
    core: I8

    @classmethod
    def first(cls, shares: Mapping[str, float]) -> Allotment:
        """The first night's allotment, in the order of the arms.

        Raises ValueError unless the shares are above 0 and sum to 1.
        """
        if not shares or min(shares.values()) <= 0 or abs(sum(shares.values()) - 1) > 1e-9:
            raise ValueError(f"shares must be above 0 and sum to 1, not {dict(shares)}")
        holds = np.repeat(np.arange(len(shares), dtype=np.int8), _counts(np.array(list(shares.values()))))
        return cls(tuple(shares), holds, holds.copy())

    @property
    def shares(self) -> dict[str, float]:
        counts = np.bincount(self.holds, minlength=len(self.arms)) / PLACES
        return dict(zip(self.arms, counts.tolist(), strict=True))

    @property
    def core_shares(self) -> dict[str, float]:
        """The cores' shares of all places; they sum to less than 1 once a place has changed hands."""
        counts = np.bincount(self.core[self.core >= 0], minlength=len(self.arms)) / PLACES
        return dict(zip(self.arms, counts.tolist(), strict=True))

    def arm_of(self, places: F64) -> I8:
        """Number of the arm (n,) of users at `places` (n,) in 0..1."""
        return self.holds[self._place_numbers(places)]

    def core_of(self, places: F64) -> I8:
        """As `arm_of`, -1 where the place has changed hands."""
        return self.core[self._place_numbers(places)]

    def moved(self, shares: Mapping[str, float]) -> Allotment:
        """The allotment with these shares, rounded to whole places; no arm both gives and takes places.

        Raises ValueError for other arms, or shares that do not sum to 1.
        """
        if set(shares) != set(self.arms) or abs(sum(shares.values()) - 1) > 1e-6 or min(shares.values()) < 0:
            raise ValueError(f"shares {dict(shares)} are not of {list(self.arms)}, summing to 1")
        gain = _counts(np.array([shares[arm] for arm in self.arms])) - np.bincount(self.holds, minlength=len(self.arms))
        holds, core = self.holds.copy(), self.core.copy()
        givers, takers = np.flatnonzero(gain < 0).tolist(), np.flatnonzero(gain > 0)
        if givers:
            moving = np.sort(np.concatenate([self._to_give(arm, -int(gain[arm])) for arm in givers]))
            core[moving] = -1
            holds[moving] = np.repeat(takers, gain[takers])
        return Allotment(self.arms, holds, core)

    def ranges(self) -> list[tuple[str, str]]:
        """For each arm, the places it holds and its core, as text such as '0-4999 7000-7009'."""
        return [(_as_ranges(self.holds == arm), _as_ranges(self.core == arm)) for arm in range(len(self.arms))]

    @classmethod
    def of_ranges(cls, arms: Mapping[str, tuple[str, str]]) -> Allotment:
        """The allotment whose `ranges` these are. Raises ValueError where a place belongs to no arm."""
        holds, core = np.full(PLACES, -1, np.int8), np.full(PLACES, -1, np.int8)
        for number, parts in enumerate(arms.values()):
            for numbers, text in zip((holds, core), parts, strict=True):
                for first, _, last in (part.partition("-") for part in text.split()):
                    numbers[int(first) : int(last) + 1] = number
        if (holds < 0).any():
            raise ValueError(f"{int((holds < 0).sum())} of {PLACES} places belong to none of {list(arms)}")
        return cls(tuple(arms), holds, core)

    def _place_numbers(self, places: F64) -> NDArray[np.int64]:
        return np.minimum((places * PLACES).astype(np.int64), PLACES - 1)

    def _to_give(self, arm: int, count: int) -> NDArray[np.int64]:
        """`count` places of the arm: first those it got from others, then its core, the last place first."""
        held = np.flatnonzero(self.holds == arm)
        return held[np.lexsort((-held, self.core[held] == arm))][:count]


def _counts(shares: F64) -> NDArray[np.int64]:
    """Whole places (A,) that sum to 10,000, by the largest remainders."""
    exact = shares / shares.sum() * PLACES
    counts = np.floor(exact + 1e-9).astype(np.int64)
    missing = PLACES - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[:missing]] += 1
    return counts


def _as_ranges(held: NDArray[np.bool_]) -> str:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], held.astype(np.int8), [0]])))
    return " ".join(f"{first}-{end - 1}" for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))

"""The cells that most people are in, with differential privacy, where all cells are known, such as a catalogue's items.

It takes two looks, since a person has one budget for all its cells, and few of them are among the best:

1. Each person spreads one unit of length over all its cells: 1 / sqrt(n) in each of n. The cells with the greatest
   noised sums are the candidates.
2. Each person counts 1 in each candidate that it is in; in more than `WHOLE` candidates sqrt(WHOLE / n) in each of n.

One person more or fewer changes the sums of the first look by a vector of length 1 at most, those of the second by
sqrt(WHOLE). The second look depends on the first, which zero-concentrated differential privacy allows: costs add up
(Bun and Steinke 2016). Dropping a person's surplus cells at random, as with unknown cells, loses more than it saves.
The noise is OpenDP's discrete Gaussian: it takes no seed.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import opendp.prelude as dp
from numpy.typing import NDArray

from models.privacy.private_counts import smallest

I64 = NDArray[np.int64]
UNIT = 1_000  # sums are whole numbers; so many are one person
WHOLE = 4  # candidates in which a person counts whole
FIRST_SHARE = 0.35  # of the cost, for the first look
CANDIDATES = 3  # for each place of the ranking


class Looks(NamedTuple):
    """The noise of both looks: its standard deviation, in people."""

    first: float
    second: float


def looks_for(epsilon: float, delta: float) -> Looks:
    """The least noise with which both looks together are (epsilon, delta)-private, by OpenDP's own accounting.

    Raises ValueError where epsilon is not above 0, or delta not between 0 and 1.
    """
    if not (epsilon > 0 and 0 < delta < 1):
        raise ValueError(f"epsilon must be above 0, delta between 0 and 1; saw {epsilon}, {delta}")
    alone = smallest(lambda scale: dp.c.make_zCDP_to_approxDP(_gaussian(scale)).map(1.0).epsilon(delta) <= epsilon)
    return Looks(alone / math.sqrt(FIRST_SHARE), alone * math.sqrt(WHOLE / (1 - FIRST_SHARE)))


def share_in(cells: I64, whole: int) -> I64:
    """What a person adds to each of its `cells` (n,), in `UNIT`s: a vector of length sqrt(whole) at most."""
    return np.minimum(UNIT, np.floor(UNIT * np.sqrt(whole / np.maximum(cells, 1)))).astype(np.int64)


def best(sums: I64, scale: float, n: int) -> tuple[I64, I64]:
    """(places, noised sums) of the n cells with the greatest noised sums, best first; `sums` (C,) in `UNIT`s.

    scale: the noise of a look, in people. `sums` must hold every known cell, also those that nobody is in.
    """
    noised = np.array(_gaussian(UNIT * scale)(sums.tolist()), np.int64)
    places = np.argsort(-noised, kind="stable")[:n]
    return places, noised[places]


def _gaussian(scale: float) -> dp.Measurement:
    return dp.m.make_gaussian(dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T=float), scale=scale)

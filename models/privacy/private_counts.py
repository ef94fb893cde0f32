"""Counts of people with differential privacy: Gaussian noise and a threshold, both drawn and accounted by OpenDP.

A cell is what people are counted in, such as an item. Each person is in at most `most_cells` cells and counts 1 in
each, so with one person more or fewer at most `most_cells` counts change, by 1. Only cells that somebody is in are
counted. That a cell exists may reveal one person, so only cells whose noised count reaches a threshold are released.
Cells that are known from elsewhere are ranked by `private_ranking.py`.

Half of delta pays for the threshold, the rest for the noise (zero-concentrated differential privacy, Bun and Steinke
2016, converted by OpenDP). The noise is OpenDP's discrete Gaussian: it takes no seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import opendp.prelude as dp
from numpy.typing import NDArray
from scipy.special import ndtri

dp.enable_features("contrib")  # OpenDP's name for code that its contributors have proved and no third party has audited

I64 = NDArray[np.int64]
_MEASURE = "Approximate<ZeroConcentratedDivergence>"
_SMALLEST, _LARGEST = 0.1, 1e6  # of the noise's standard deviation


@dataclass(frozen=True)
class Noise:
    """The noise of one release: its standard deviation, and the noised count from which a cell is released."""

    scale: float
    threshold: int


def noise_for(epsilon: float, delta: float, most_cells: int, least_people: int = 1) -> Noise:
    """The least noise with which counts are (epsilon, delta)-private, by OpenDP's own accounting.

    most_cells: how many cells one person is in at most. least_people: the least threshold.
    Raises ValueError where epsilon or delta is not above 0, or `most_cells` is below 1.
    """
    if not (epsilon > 0 and 0 < delta < 1 and most_cells >= 1):
        raise ValueError(
            f"epsilon must be above 0, delta between 0 and 1, most_cells 1 or more; "
            f"saw {epsilon}, {delta}, {most_cells}"
        )
    scale = smallest(lambda s: _epsilon(Noise(s, _threshold(s, delta, most_cells)), delta, most_cells) <= epsilon)
    return Noise(scale, max(_threshold(scale, delta, most_cells), least_people))


def release(counts: I64, noise: Noise) -> tuple[I64, I64]:
    """(places, noised counts) of the cells that are released, by place; `counts` (C,) of people, none of them 0."""
    noised = _mechanism(noise)(dict(enumerate(counts.tolist())))
    places = np.array(sorted(noised), np.int64)
    return places, np.array([noised[place] for place in places.tolist()], np.int64)


def _mechanism(noise: Noise) -> dp.Measurement:
    cells = dp.map_domain(dp.atom_domain(T=int), dp.atom_domain(T=int))
    distance = dp.l02inf_distance(dp.absolute_distance(T=float))
    return dp.m.make_gaussian_threshold(cells, distance, scale=noise.scale, threshold=noise.threshold, MO=_MEASURE)


def _epsilon(noise: Noise, delta: float, most_cells: int) -> float:
    """The epsilon of a release at `delta`; infinite where the threshold alone spends all of delta."""
    profile, delta_spent = dp.c.make_zCDP_to_approxDP(_mechanism(noise)).map((most_cells, math.sqrt(most_cells), 1.0))
    return profile.epsilon(delta - delta_spent) if delta_spent < delta else math.inf


def _threshold(scale: float, delta: float, most_cells: int) -> int:
    """The threshold at which the chance that a cell of one person is released costs half of delta.

    A count of 1 passes t with the chance of a normal above (t - 1) / scale; t - 2 leaves room for whole numbers.
    """
    return math.ceil(2 - float(ndtri(delta / 2 / most_cells)) * scale)


def smallest(holds: Callable[[float], bool]) -> float:
    """The least standard deviation for which `holds` is true, to a thousandth of it; all larger ones must hold too.

    Raises ValueError if none up to a million holds.
    """
    low, high = _SMALLEST, _LARGEST
    if not holds(high):
        raise ValueError(f"no noise up to a standard deviation of {high:,.0f} is enough; raise epsilon or delta")
    while high > low * 1.001:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high

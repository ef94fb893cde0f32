"""Counts of people with differential privacy: Gaussian noise and a threshold, both drawn and accounted by OpenDP.

A cell is what people are counted in, such as an item. Each person is in at most `each` cells and counts 1 in each, so
with one person more or fewer at most `each` counts change, by 1. Cells are those that somebody is in: that a cell is
there may tell on one person, so only cells whose noised count reaches a threshold are released. Cells that are known
from elsewhere are ranked by `private_ranking.py`.

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

dp.enable_features("contrib")  # OpenDP's word for what its contributors proved but no third party has audited

I64 = NDArray[np.int64]
_MEASURE = "Approximate<ZeroConcentratedDivergence>"
_SMALLEST, _LARGEST = 0.1, 1e6  # of the noise's standard deviation


@dataclass(frozen=True)
class Noise:
    """The noise of one release: its standard deviation, and the noised count from which a cell is released."""

    scale: float
    threshold: int


def noise_for(epsilon: float, delta: float, each: int, least_people: int = 1) -> Noise:
    """The least noise with which counts are (epsilon, delta)-private, by OpenDP's own accounting.

    each: cells that one person is in at most. least_people: no cell below it is released, however private.
    Raises ValueError where epsilon or delta is not above 0, or `each` is below 1.
    """
    if not (epsilon > 0 and 0 < delta < 1 and each >= 1):
        raise ValueError(
            f"epsilon must be above 0, delta between 0 and 1, each 1 or more; saw {epsilon}, {delta}, {each}"
        )
    scale = smallest(lambda s: _epsilon(Noise(s, _hides(s, delta, each)), delta, each) <= epsilon)
    return Noise(scale, max(_hides(scale, delta, each), least_people))


def release(counts: I64, noise: Noise) -> tuple[I64, I64]:
    """(places, noised counts) of the cells that are released, by place; `counts` (C,) of people, none of them 0."""
    noised = _mechanism(noise)(dict(enumerate(counts.tolist())))
    places = np.array(sorted(noised), np.int64)
    return places, np.array([noised[place] for place in places.tolist()], np.int64)


def _mechanism(noise: Noise) -> dp.Measurement:
    cells = dp.map_domain(dp.atom_domain(T=int), dp.atom_domain(T=int))
    distance = dp.l02inf_distance(dp.absolute_distance(T=float))
    return dp.m.make_gaussian_threshold(cells, distance, scale=noise.scale, threshold=noise.threshold, MO=_MEASURE)


def _epsilon(noise: Noise, delta: float, each: int) -> float:
    """The epsilon of a release at `delta`; infinite where the threshold alone spends all of delta."""
    profile, spent = dp.c.make_zCDP_to_approxDP(_mechanism(noise)).map((each, math.sqrt(each), 1.0))
    return profile.epsilon(delta - spent) if spent < delta else math.inf


def _hides(scale: float, delta: float, each: int) -> int:
    """The threshold at which a cell of one person is released with a chance that half of delta pays for.

    A count of 1 passes t with the chance of a normal above (t - 1) / scale; t - 2 leaves room for whole numbers.
    """
    return math.ceil(2 - float(ndtri(delta / 2 / each)) * scale)


def smallest(holds: Callable[[float], bool]) -> float:
    """The least standard deviation for which `holds`, to a thousandth of it; it holds from there on.

    Raises ValueError where it holds for none up to a million.
    """
    low, high = _SMALLEST, _LARGEST
    if not holds(high):
        raise ValueError(f"no noise up to a standard deviation of {high:,.0f} is enough; raise epsilon or delta")
    while high > low * 1.001:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high

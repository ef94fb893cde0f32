"""How lists treat items and groups of users: exposure, its inequality, popularity lift, means at equal activity.

Exposure of a place is 1 / log2(rank + 1), the share of attention that ndcg gives it (Singh and Joachims 2018).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

F64 = NDArray[np.float64]
I64 = NDArray[np.integer]
FOUR_FIFTHS = 0.8  # the selection ratio below which US agencies look for adverse impact (29 CFR 1607.4 D)


class Matched(NamedTuple):
    """A group's mean and its 95 % interval; NaN where there is not enough data."""

    mean: float
    low: float
    high: float


def exposure_of(codes: I64, n_items: int) -> F64:
    """(I,) exposure of each item over lists (U, K) of codes, best first; -1 is an empty place."""
    weight = np.broadcast_to(1 / np.log2(np.arange(2, codes.shape[1] + 2)), codes.shape)
    listed = codes >= 0
    return np.bincount(codes[listed], weight[listed], n_items).astype(np.float64)


def gini(values: F64) -> float:
    """Gini coefficient of values (n,), 0 or more: 0 if all are equal, near 1 if one has all; 0 if the sum is 0."""
    ordered = np.sort(values)
    total = ordered.sum()
    if not total > 0:
        return 0.0
    n = len(ordered)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * total))


def popularity_lift(exposure: F64, popularity: F64) -> float | None:
    """How much more popular the shown items are than the chosen ones: 0 equally, 1 twice as popular.

    exposure (I,), popularity (I,) >= 0, such as purchases. The mean popularity per place, divided by the mean
    popularity per purchase, less 1 (Abdollahpouri et al. 2019, over all users together). None without exposure or
    purchases.
    """
    if not (exposure.sum() > 0 and popularity.sum() > 0):
        return None
    shown = exposure @ popularity / exposure.sum()
    chosen = popularity @ popularity / popularity.sum()
    return float(shown / chosen - 1)


def tail_of(popularity: F64, share: float = 0.5) -> NDArray[np.bool_]:
    """(I,) whether an item is among the `share` of items that are least popular; of equals, later ones first."""
    order = np.argsort(-popularity, kind="stable")
    tail = np.zeros(len(popularity), bool)
    tail[order[len(order) - int(share * len(order)) :]] = True
    return tail


def activity_bands(activity: F64, bands: int) -> I64:
    """(U,) a band 0..bands-1 of each user by activity, as equal in size as ties allow; equal users share a band."""
    edges = np.quantile(activity, np.arange(1, bands) / bands) if len(activity) else np.zeros(0)
    return np.searchsorted(edges, activity, side="left")


def matched_means(values: F64, group: I64, band: I64, least: int) -> list[Matched]:
    """Each group's mean of `values` (U,) as if its users were as active as all users together.

    group, band (U,) codes from 0. A group's mean in each band is weighted by the band's share of all users (direct
    standardisation); the interval is normal, from the variance within bands. A group with fewer than `least` users in
    a band (2 at least) gets NaN: there is nobody to match.
    """
    groups, bands = int(group.max(initial=-1)) + 1, int(band.max(initial=-1)) + 1
    cell, cells = group * bands + band, groups * bands
    count, total, squares = (
        np.bincount(cell, weight, cells).reshape(groups, bands) for weight in (None, values, values * values)
    )
    share = np.bincount(band, minlength=bands) / max(len(band), 1)
    means = []
    for row in range(groups):
        n, used = count[row].astype(np.float64), share > 0
        if (n[used] < max(least, 2)).any():
            means.append(Matched(np.nan, np.nan, np.nan))
            continue
        n, weight = n[used], share[used]
        mean = total[row][used] / n
        variance = np.maximum(squares[row][used] - n * mean**2, 0) / (n - 1)
        middle, reach = float(weight @ mean), ndtri(0.975) * float(np.sqrt((weight**2 * variance / n).sum()))
        means.append(Matched(middle, middle - reach, middle + reach))
    return means


def selection_ratios(share: F64) -> F64:
    """(G,) each group's share over the largest one; NaN for a group without a figure, or where nobody is chosen."""
    top = np.nanmax(share) if np.isfinite(share).any() else np.nan
    return share / top if top > 0 else np.full(len(share), np.nan)

"""Confidence intervals of shares and of means."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

F64 = NDArray[np.float64]


def wilson_interval(hits: F64, users: F64, level: float = 0.05) -> tuple[F64, F64]:
    """(low, high) of each share hits / users, by Wilson's score: it holds its level for shares near 0 or 1 too.

    Wilson (1927), "Probable inference, the law of succession, and statistical inference".
    """
    z = ndtri(1 - level / 2)
    share = hits / users
    middle = (share + z**2 / (2 * users)) / (1 + z**2 / users)
    reach = z / (1 + z**2 / users) * np.sqrt(share * (1 - share) / users + z**2 / (4 * users**2))
    return np.maximum(middle - reach, 0.0), np.minimum(middle + reach, 1.0)


def mean_interval(count: F64, total: F64, squares: F64, level: float = 0.05) -> tuple[F64, F64, F64]:
    """(mean, low, high) of each group of `count` values, from their sum and their sum of squares.

    low and high are NaN for a group of fewer than two values.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / count
        variance = np.maximum(squares - count * mean**2, 0.0) / (count - 1)
        reach = ndtri(1 - level / 2) * np.sqrt(variance / count)
    reach = np.where(count > 1, reach, np.nan)
    return mean, mean - reach, mean + reach

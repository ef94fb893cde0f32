"""Thompson sampling: the share of each arm tomorrow is the probability that it is the best, within bounds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def next_shares(
    wins: Mapping[str, int],
    shown: Mapping[str, int],
    least: float,
    most_change: float,
    now: Mapping[str, float],
    seed: int,
) -> dict[str, float]:
    """Shares of the next night by Thompson sampling: how often each arm's rate is the highest of 10,000 draws.

    An arm's rate is Beta with a uniform prior: `wins` of `shown`. No share falls below `least`, none moves by more than
    `most_change` from `now`. Raises ValueError if the bounds leave no room, or an arm won more often than it was shown.
    """
    arms = list(now)
    if not (0 <= least * len(arms) <= 1 and most_change >= 0) or set(wins) != set(arms) or set(shown) != set(arms):
        raise ValueError(f"arms {arms} with at least {least} each, at most {most_change} of change: no such shares")
    if any(not 0 <= wins[arm] <= shown[arm] for arm in arms):
        raise ValueError(f"an arm won more often than it was shown: {dict(wins)} of {dict(shown)}")
    rng = np.random.default_rng(seed)
    rates = np.column_stack([rng.beta(1 + wins[arm], 1 + shown[arm] - wins[arm], 10_000) for arm in arms])
    shares = shares_of(rates, np.array([now[arm] for arm in arms]), least, most_change)
    return dict(zip(arms, shares.tolist(), strict=True))


def shares_of(draws: F64, now: F64, least: float, most_change: float) -> F64:
    """The next shares (A,), proportional to how often each column of `draws` (N, A) is the highest of its row.

    They sum to what `now` (A,) sums to; none falls below `least`, none moves by more than `most_change`. Raises
    ValueError if these bounds leave no room.
    """
    total = float(now.sum())
    wanted = np.bincount(draws.argmax(axis=1), minlength=len(now)) / len(draws) * total
    low, high = np.maximum(least, now - most_change), np.minimum(total, now + most_change)
    if low.sum() > total + 1e-9 or high.sum() < total - 1e-9:
        raise ValueError(f"{now.tolist()} cannot reach at least {least} each by a change of at most {most_change}")
    return _within(wanted, low, np.maximum(high, low), total)


def _within(wanted: F64, low: F64, high: F64, total: float) -> F64:
    """The shares (A,) nearest to `wanted` that lie within the bounds and sum to `total`.

    All are shifted by one amount and clipped; bisection finds the amount.
    """
    left, right = -1.0, 1.0
    for _ in range(60):
        middle = (left + right) / 2
        if np.clip(wanted + middle, low, high).sum() < total:
            left = middle
        else:
            right = middle
    return np.asarray(np.clip(wanted + right, low, high))

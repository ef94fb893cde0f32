"""Decides whether a new model replaces the running one: it does unless it is significantly worse on unseen truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.core.list_metrics import bootstrap_interval


@dataclass(frozen=True)
class Decision:
    """Means of both models over the same `users`; low, high: 95 % interval of the paired difference, new - running."""

    new: float
    running: float
    low: float
    high: float
    users: int

    @property
    def promoted(self) -> bool:
        """True unless the whole interval of the difference lies below 0."""
        return self.high >= 0


def decide(new: NDArray[np.float64], running: NDArray[np.float64], seed: int = 7, resamples: int = 1000) -> Decision:
    """Compares one metric, higher is better, of each user (U,) under both models.

    Raises ValueError if the two are not over the same users, or there are none, or a value is NaN.
    """
    if new.shape != running.shape or not len(new):
        raise ValueError(f"both models must be judged by the same users: {new.shape} and {running.shape} values")
    if np.isnan(new).any() or np.isnan(running).any():
        raise ValueError("a user's figure is NaN: compare users with a truth only")
    _, low, high = bootstrap_interval(new - running, seed, resamples)
    return Decision(float(new.mean()), float(running.mean()), low, high, len(new))

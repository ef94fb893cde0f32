"""Whether a new model takes the place of the running one: unless it is surely worse on truth that neither has seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.core.list_metrics import bootstrap_interval


@dataclass(frozen=True)
class Decision:
    """Means of both over the same `users`, their paired difference (new - running) with its 95 % interval."""

    new: float
    running: float
    low: float
    high: float
    users: int

    @property
    def promoted(self) -> bool:
        """Not worse by more than the interval: a difference of 0 or more lies within it."""
        return self.high >= 0


def decide(new: NDArray[np.float64], running: NDArray[np.float64], seed: int = 7, resamples: int = 1000) -> Decision:
    """By one metric, where more is better, of each user (U,) under both models.

    Raises ValueError if the two are not over the same users, or there are none, or a value is NaN.
    """
    if new.shape != running.shape or not len(new):
        raise ValueError(f"both models must be judged by the same users: {new.shape} and {running.shape} values")
    if np.isnan(new).any() or np.isnan(running).any():
        raise ValueError("a user's figure is NaN: judge users with a truth only")
    _, low, high = bootstrap_interval(new - running, seed, resamples)
    return Decision(float(new.mean()), float(running.mean()), low, high, len(new))

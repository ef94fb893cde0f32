"""Blends the scores of several models: standardised per user, weighted, summed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.core.top_k import F32

SHIFTS = (0.0, 0.25, 0.5, 1.0, 2.0)  # values that `choose_weights` tries for one weight while the others stay


def standardise(scores: F32) -> F32:
    """Each row of scores (B, I) minus its mean, divided by its deviation: unitless; a constant row becomes zeros."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    spread = centred.std(axis=1, keepdims=True)
    return centred / np.where(spread > 0, spread, 1)


def blend(scores: Sequence[F32], weights: Sequence[float]) -> F32:
    """The weighted sum of standardised scores, each (B, I). Raises ValueError if the numbers of both differ."""
    if len(scores) != len(weights) or not scores:
        raise ValueError(f"{len(scores)} models, {len(weights)} weights: there must be one each, and at least one")
    return weighted_sum([standardise(part) for part in scores], weights)


def weighted_sum(scores: Sequence[F32], weights: Sequence[float]) -> F32:
    """The sum (B, I) of scores, each (B, I), times their weights; a weight of 0 costs nothing."""
    total = np.zeros_like(scores[0])
    for part, weight in zip(scores, weights, strict=True):
        if weight:
            total += np.float32(weight) * part
    return total


def choose_weights(
    models: int, judge: Callable[[NDArray[np.float64]], float], rounds: int = 2
) -> tuple[NDArray[np.float64], float]:
    """(weights (models,), figure): coordinate ascent on `judge`, starting from the best single model, of weight 1.

    judge: weights -> a metric on a validation slice, higher is better. Deterministic; ties keep the earlier weights.
    """
    single = [judge(np.eye(models)[model]) for model in range(models)]
    first = int(np.argmax(single))
    weights, best = np.eye(models)[first], single[first]
    for _ in range(rounds):
        before = best
        for model in (m for m in range(models) if m != first):
            for value in SHIFTS:
                tried = weights.copy()
                tried[model] = value
                figure = judge(tried) if value != weights[model] else best
                if figure > best:
                    weights, best = tried, figure
        if best == before:
            break
    return weights, best

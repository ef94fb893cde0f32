"""Figures of answers given and handed over."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

F64 = NDArray[np.float64]
Bools = NDArray[np.bool_]


def auroc(scores: F64, positive: Bools) -> float:
    """Chance that a positive row has the greater score, ties counting half; NaN where one kind is missing."""
    n, others = int(positive.sum()), int((~positive).sum())
    if not n or not others:
        return float("nan")
    return float((rankdata(scores)[positive].sum() - n * (n + 1) / 2) / (n * others))


def answered(chances: F64, right: Bools, threshold: float) -> dict[str, float]:
    """Share of questions whose chance reaches the threshold, and the share of these answers that are right."""
    is_answered = chances >= threshold
    return {
        "share_answered": float(is_answered.mean()),
        "precision": float(right[is_answered].mean()) if is_answered.any() else 0.0,
    }


def share_at(chances: F64, right: Bools, precision: float) -> float:
    """The greatest share of rows, surest first, with the wanted precision; computing it needs the test's truth."""
    order = np.argsort(-chances, kind="stable")
    share = np.arange(1, len(order) + 1) / len(order)
    enough = np.flatnonzero(np.cumsum(right[order]) / np.arange(1, len(order) + 1) >= precision)
    return float(share[enough[-1]]) if len(enough) else 0.0


def recall_at(chances: F64, positive: Bools, precision: float) -> float:
    """The greatest recall at any threshold above which rows have the wanted precision."""
    order = np.argsort(-chances, kind="stable")
    hits = np.cumsum(positive[order])
    enough = np.flatnonzero(hits / np.arange(1, len(order) + 1) >= precision)
    return float(hits[enough[-1]] / positive.sum()) if len(enough) else 0.0


def best_threshold(chances: F64, figure: Callable[[float], float]) -> float:
    """The threshold with the greatest figure among 200 quantiles of the chances; the lowest if several are equal."""
    tried = np.unique(np.append(np.quantile(chances, np.linspace(0, 1, 200)), 0.0))
    return float(tried[int(np.argmax([figure(float(threshold)) for threshold in tried]))])

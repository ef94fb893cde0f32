"""How good predicted probabilities are (AUC, average precision, calibration, log loss), and isotonic calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
BINS = 10  # of a reliability table, with equally many customers each


def auc(chance: F64, truth: NDArray[np.bool_]) -> float:
    """Area under the ROC curve: the share of (buyer, other) pairs in which the buyer has the higher chance.

    Ties count half. NaN unless there are both buyers and others.
    """
    buyers = int(truth.sum())
    others = len(truth) - buyers
    if not buyers or not others:
        return float("nan")
    _, group, count = np.unique(chance, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[group]  # from 1; equal chances share their mean rank
    return float((rank[truth].sum() - buyers * (buyers + 1) / 2) / (buyers * others))


def average_precision(chance: F64, truth: NDArray[np.bool_]) -> float:
    """Mean precision over the buyers, highest chance first; customers with the same chance are one step."""
    order = np.argsort(-chance, kind="stable")
    hits = np.cumsum(truth[order])
    last = np.append(np.diff(chance[order]) != 0, True)
    new_hits = np.diff(hits[last], prepend=0)
    return float((new_hits * hits[last] / (np.flatnonzero(last) + 1)).sum() / max(int(truth.sum()), 1))


def reliability(chance: F64, truth: NDArray[np.bool_]) -> list[tuple[int, float, float]]:
    """(customers, mean chance, share who bought) of BINS groups of equal size, from the lowest chance up."""
    order = np.argsort(chance, kind="stable")
    groups = [part for part in np.array_split(order, BINS) if len(part)]
    return [(len(part), float(chance[part].mean()), float(truth[part].mean())) for part in groups]


def calibration_error(chance: F64, truth: NDArray[np.bool_]) -> float:
    """Expected calibration error: mean distance of chance and share in `reliability`, weighted by customers."""
    return sum(n * abs(predicted - seen) for n, predicted, seen in reliability(chance, truth)) / max(len(truth), 1)


def log_loss(chance: F64, truth: NDArray[np.bool_]) -> float:
    """Mean log loss in nats; chances are clipped to 0.001..0.999."""
    return float(-log_likelihood(chance, truth).mean())


def log_likelihood(chance: F64, truth: NDArray[np.bool_]) -> F64:
    """(n,) log-likelihood of each outcome in nats, 0 or less; chances are clipped to 0.001..0.999."""
    clipped = np.clip(chance, 1e-3, 1 - 1e-3)
    return np.where(truth, np.log(clipped), np.log1p(-clipped))


@dataclass(frozen=True)
class Calibration:
    """A rising function from scores to probabilities: linear between points (score, share), each (K,); flat beyond."""

    score: F64
    share: F64

    def __call__(self, scores: F64) -> F64:
        return np.asarray(np.interp(scores, self.score, self.share))


def calibrated(scores: F64, truth: NDArray[np.bool_]) -> Calibration:
    """The calibration that turns scores (n,) into the shares of `truth` (n,) seen at such scores.

    Isotonic regression over groups of about a hundred customers, linear between the groups' means.
    """
    from scipy.optimize import isotonic_regression  # half a second, which only a fit has to wait for

    order = np.argsort(scores, kind="stable")
    groups = [part for part in np.array_split(order, max(2, min(len(order) // 100, 50))) if len(part)]
    # Groups with the same mean score are one: many customers may share a score.
    mean_scores, group = np.unique([scores[part].mean() for part in groups], return_inverse=True)
    weight = np.bincount(group, [len(part) for part in groups])
    share = np.bincount(group, [truth[part].sum() for part in groups]) / weight
    return Calibration(mean_scores, np.asarray(isotonic_regression(share, weights=weight).x))

"""Fits segments to a sample of accounts: the space of their places, k-means at each k, and the silhouette that decides.

The sample (at most `fit_users` accounts) lies in numpy on one machine and needs no cluster. The same sample and
seed give the same bits.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.customers.segments import SegmentsConfig, moved_centres, squared_distances, standardised

F64 = NDArray[np.float64]
_STARTS = 10  # of k-means at each k
_ROUNDS = 30  # of each start; the best start then runs on until no account changes, for at most _LAST_ROUNDS more
_LAST_ROUNDS = 300


@dataclass(frozen=True)
class Space:
    """mean, scale (F,) and components (F, C): with the features' weights, the projection onto places."""

    mean: F64
    scale: F64
    components: F64


def fit_space(rows: F64, weights: F64, least: F64, config: SegmentsConfig) -> Space:
    """Mean and deviation of each feature's known values, and the components that explain `config.variance`.

    rows (n, F), n at least 2, NaN where unknown; weights (F,). A feature that is unknown, or the same, for all has
    scale 0; one that varies less than `least` (F,) has `least`.
    """
    known = np.isfinite(rows)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, rows, 0.0).sum(axis=0) / count
    filled = np.where(known, rows, mean)  # unknown values are imputed by the mean
    scale = filled.std(axis=0, ddof=1)
    scale = np.where(scale > 1e-9, np.maximum(scale, least), 0.0)
    weighted = standardised(filled, mean, scale) * weights
    return Space(mean, scale, principal_components(weighted, config.variance))


def principal_components(rows: F64, variance: float) -> F64:
    """(F, C): the first components of rows (n, F) that together explain the share `variance`; one if nothing varies.

    The largest entry of each is made positive, since the sign of an eigenvector is arbitrary.
    """
    variances, vectors = np.linalg.eigh(np.atleast_2d(np.cov(rows, rowvar=False)))  # the largest comes last
    explained = np.cumsum(np.maximum(variances[::-1], 0.0))
    count = int(np.searchsorted(explained, (variance - 1e-9) * explained[-1]) + 1)
    components = vectors[:, ::-1][:, : min(count, rows.shape[1])]
    # Two entries may differ by rounding alone: then the first of them decides.
    largest = np.argmax(np.round(np.abs(components), 9), axis=0)
    return np.ascontiguousarray(components * np.sign(components[largest, np.arange(components.shape[1])]))


def fit_centres(places: F64, config: SegmentsConfig) -> tuple[F64, float, dict[int, float]]:
    """(centres (k, C), their silhouette, k -> silhouette): the best k of the range without a too small segment.

    Where every k has one, the smallest k is taken. There are never more centres than different places (n, C).
    """
    distinct = len(np.unique(places, axis=0))
    quality: dict[int, float] = {}
    centres: dict[int, F64] = {}
    for k in range(config.least, config.most + 1):
        centres[k] = k_means(places, min(k, distinct), np.random.default_rng((config.seed, k)))
        labels = np.argmin(squared_distances(places, centres[k]), axis=1)
        quality[k] = silhouette(places, labels)
        if np.bincount(labels, minlength=len(centres[k])).min() < config.least_share * len(places):
            quality[k] = -1.0
    best = max(quality, key=lambda k: (quality[k], -k))
    return centres[best], quality[best], quality


def k_means(places: F64, k: int, rng: np.random.Generator) -> F64:
    """(k, C): the best centres of several k-means++ starts (Arthur and Vassilvitskii 2007) for the places (n, C).

    Best: the least sum of squared distances. k is at most the number of different places.
    """
    from scipy.cluster.vq import kmeans2  # takes half a second to import, and only a new fit needs it

    starts = []
    with warnings.catch_warnings():
        # A centre that loses all its places stays where it was; such a start is one of the worse.
        warnings.filterwarnings("ignore", "One of the clusters is empty")
        for _ in range(_STARTS):
            centres, _ = kmeans2(places, k, iter=_ROUNDS, minit="++", rng=rng)
            starts.append((float(squared_distances(places, centres).min(axis=1).sum()), centres))
    _, best = min(starts, key=lambda start: start[0])
    return moved_centres(places, best, rounds=_LAST_ROUNDS)


def silhouette(places: F64, labels: NDArray[np.int64]) -> float:
    """The mean silhouette of places (n, C) with these labels (n,), over squared distances; -1 where all have one label.

    A place alone with its label counts 0. The mean squared distance from a place to a group follows from the group's
    sums, so this takes n k C steps. Spark's ClusteringEvaluator does the same and gives the same figure.
    """
    groups, label = np.unique(labels, return_inverse=True)
    if len(groups) < 2:
        return -1.0
    row = np.arange(len(places))
    sizes = np.bincount(label).astype(np.float64)
    norms = (places**2).sum(axis=1)
    means = np.stack([places[label == group].mean(axis=0) for group in range(len(groups))])
    distances = norms[:, None] + np.bincount(label, norms) / sizes - 2 * places @ means.T
    group_size = sizes[label]
    within = distances[row, label] * group_size / np.maximum(group_size - 1, 1)  # without the place itself
    distances[row, label] = np.inf
    nearest_other = distances.min(axis=1)
    most = np.maximum(within, nearest_other)
    values = np.where((group_size > 1) & (most > 0), (nearest_other - within) / np.where(most > 0, most, 1.0), 0.0)
    return float(values.mean())

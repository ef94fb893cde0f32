"""Segments of shoppers: features are standardised, projected onto principal components and put to the nearest centre.

A segment keeps its number across fits: new centres are matched with the last ones (Hungarian method), and a centre
without a match gets a number that no segment ever had.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.config import check_bounds
from models.core.manifest import read_manifest, write_manifest

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
EVERYBODY = 0  # the only segment of a shop with too few accounts; others are numbered from 1
_MOST_SDS = 3.0  # deviations are clipped here; else one wholesaler, 100 deviations away, would be a segment alone


@dataclass(frozen=True)
class SegmentsConfig:
    """How many segments there may be, and when they are fitted anew."""

    least: int = field(
        default=4, metadata={"doc": "fewest segments tried; the best silhouette of the range decides", "least": 2}
    )
    most: int = field(default=8, metadata={"doc": "most segments tried"})
    least_share: float = field(
        default=0.02, metadata={"doc": "share of the accounts; a fit with a smaller segment is not used", "least": 0}
    )
    least_users: int = field(default=100, metadata={"doc": "with fewer accounts everybody is one segment"})
    every_days: int = field(
        default=7, metadata={"doc": "days until they are fitted anew, unless the accounts double earlier", "least": 1}
    )
    fit_users: int = field(default=20_000, metadata={"doc": "accounts that a fit learns from, by the hash of their id"})
    variance: float = field(
        default=0.9, metadata={"doc": "share of the variance that the components kept explain", "above": 0, "most": 1}
    )
    gain: float = field(
        default=0.15, metadata={"doc": "silhouette by which new centres must beat the moved last ones", "least": 0}
    )
    stay_within: float = field(
        default=0.15,
        metadata={
            "doc": "an account stays while its centre is at most this share farther than the nearest",
            "least": 0,
        },
    )
    half_trust: float = field(
        default=5.0,
        metadata={"doc": "events at which an account's own shares of tastes count as much as the shop's", "least": 0},
    )
    categories: int = field(
        default=8, metadata={"doc": "first-level categories that are features, the most liked", "least": 0}
    )
    rules: int = field(
        default=20, metadata={"doc": "category rules kept for each segment, highest lift first", "least": 0}
    )
    rule_users: int = field(
        default=10, metadata={"doc": "accounts that must like both categories of a rule", "least": 2}
    )
    seed: int = field(default=7, metadata={"doc": "seed of k-means"})

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.least > self.most:
            raise ValueError(f"least must be at most `most`; saw {self.least}, {self.most}")
        for name in ("least_users", "fit_users"):
            if getattr(self, name) < 2 * self.most:
                raise ValueError(f"{name} must be {2 * self.most} or more (twice `most`), not {getattr(self, name)}")
        if self.least_share >= 1 / self.most:
            raise ValueError(f"least_share must be below 1/most (1/{self.most}), not {self.least_share}")


@dataclass(frozen=True)
class Segments:
    """k segments over F features in C components.

    middles (F,): the shop's mean share of each taste, towards which accounts with little evidence are shrunk; else 0.
    mean, scale (F,): of each feature; scale is 0 where it did not vary. weights (F,): of each feature's deviation.
    components (F, C), centres (k, C): both over weighted deviations. ids (k,): the segments' numbers; next_id: the
    lowest number never given. of_buyers (k,): whether a segment holds buyers; buyers are assigned to these alone,
    other accounts to the others. accounts: how many there were at the fit. names, traits: k each, English and Chinese.
    """

    config: SegmentsConfig
    features: tuple[str, ...]
    middles: F64
    mean: F64
    scale: F64
    weights: F64
    components: F64
    centres: F64
    ids: I64
    of_buyers: NDArray[np.bool_]
    next_id: int
    accounts: int
    names: tuple[tuple[str, str], ...]
    traits: tuple[tuple[str, str], ...]

    def project(self, rows: F64) -> F64:
        """(n, C) from features (n, F)."""
        return (standardised(rows, self.mean, self.scale) * self.weights) @ self.components

    def assign(self, rows: F64, last: I64 | None = None) -> I64:
        """The segment number (n,) of each row; of two equally near centres, the first.

        last (n,): last night's numbers, -1 for none. So that accounts between two centres do not change every night, an
        account stays while its centre is at most the share `stay_within` farther than the nearest.
        """
        squares = squared_distances(self.project(rows), self.centres)
        if "frequency" in self.features:
            other_kind = self.of_buyers != (rows[:, self.features.index("frequency")] > 0)[:, None]
            squares = np.where(other_kind & ~other_kind.all(axis=1, keepdims=True), np.inf, squares)
        nearest = np.argmin(squares, axis=1)
        if last is not None:
            row_of_id = np.full(max(self.next_id, int(last.max(initial=0)) + 1) + 1, -1, np.int64)
            row_of_id[self.ids] = np.arange(len(self.ids))
            before = row_of_id[last]  # -1 reads the last entry, which stays -1
            row = np.arange(len(rows))
            limit = (1 + self.config.stay_within) ** 2 * squares[row, nearest]
            stays = (before >= 0) & (squares[row, before] <= limit)
            nearest = np.where(stays, before, nearest)
        return self.ids[nearest]

    def save(self, folder: str | Path) -> None:
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {name: getattr(self, name) for name in _ARRAYS}
        np.savez(path / "segments.npz", **arrays)
        write_manifest(
            path,
            "segments",
            self.config,
            features=list(self.features),
            next_id=self.next_id,
            accounts=self.accounts,
            names=[list(pair) for pair in self.names],
            traits=[list(pair) for pair in self.traits],
        )

    @classmethod
    def load(cls, folder: str | Path) -> Segments:
        """Raises FileNotFoundError if nothing is there."""
        path = Path(folder)
        config, manifest = read_manifest(path, SegmentsConfig)
        with np.load(path / "segments.npz", allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in _ARRAYS if name in stored}
        names = tuple((pair[0], pair[1]) for pair in manifest["names"])
        # Models of an older version mark buyers in the names alone, and have traits in English alone.
        arrays.setdefault("of_buyers", np.array([not name.startswith("Not buyers yet") for name, _ in names]))
        traits = tuple(
            (trait, trait) if isinstance(trait, str) else (trait[0], trait[1]) for trait in manifest["traits"]
        )
        return cls(
            config=config,
            features=tuple(manifest["features"]),
            next_id=manifest["next_id"],
            accounts=manifest["accounts"],
            names=names,
            traits=traits,
            **arrays,
        )


_ARRAYS = ("middles", "mean", "scale", "weights", "components", "centres", "ids", "of_buyers")


def family_weights(features: tuple[str, ...]) -> F64:
    """(F,): the tastes of one kind, such as the hours, together weigh as much as one other feature."""
    kinds = [name.partition("=")[0] for name in features]
    return np.array([1 / np.sqrt(kinds.count(kind)) for kind in kinds])


def standardised(rows: F64, mean: F64, scale: F64) -> F64:
    """(n, F) deviations from the shop's mean (F,), clipped at 3; NaN (not known) and features with scale 0 become 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        deviations = (rows - mean) / scale
    return np.clip(np.nan_to_num(np.where(scale > 0, deviations, 0.0)), -_MOST_SDS, _MOST_SDS)


def squared_distances(rows: F64, centres: F64) -> F64:
    """(n, k), none below 0."""
    squares = (rows**2).sum(axis=1)[:, None] - 2 * rows @ centres.T + (centres**2).sum(axis=1)
    return np.maximum(squares, 0.0)


def moved_centres(rows: F64, start: F64, rounds: int = 20) -> F64:
    """Centres (k, C) after Lloyd's rounds over rows (n, C) from `start` (k, C); an empty one stays where it is."""
    centres = start.copy()
    for _ in range(rounds):
        nearest = np.argmin(squared_distances(rows, centres), axis=1)
        sizes = np.bincount(nearest, minlength=len(centres))
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, rows)
        new = np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], centres)
        if np.array_equal(new, centres):
            break
        centres = new
    return centres


def apart(places: F64, centres: F64, is_buyer: NDArray[np.bool_]) -> tuple[F64, NDArray[np.bool_]]:
    """(centres (k, C), whether of buyers (k,)): each centre is given to buyers or to others, and fitted to these alone.

    A centre goes to the kind of most accounts nearest to it, by their places (n, C). A kind without a centre gets one,
    so that the first buyer of a young shop has a segment.
    """
    nearest = np.argmin(squared_distances(places, centres), axis=1)
    sizes = np.bincount(nearest, minlength=len(centres))
    buyers = np.bincount(nearest, is_buyer, len(centres))
    of_buyers = buyers / np.maximum(sizes, 1) > 0.5
    for kind in (False, True):
        kind_places = places[is_buyer == kind]
        if not (of_buyers == kind).any():
            centres = np.vstack([centres, kind_places.mean(axis=0) if len(kind_places) else np.zeros(centres.shape[1])])
            of_buyers = np.append(of_buyers, kind)
        centres = centres.copy()
        centres[of_buyers == kind] = moved_centres(kind_places, centres[of_buyers == kind])
    return centres, of_buyers


def matched(new: F64, old: F64, old_ids: I64, next_id: int) -> tuple[I64, int]:
    """(numbers (k,) of the new centres, the lowest number never given): a new centre takes the number of its match.

    new (k, C), old (m, C) in one space. Pairs have the least total distance (Hungarian method). A pair is a match
    unless it is farther apart than the old centre was from its nearest neighbour.
    """
    from scipy.optimize import linear_sum_assignment  # takes half a second to import, and only a new fit needs it

    distances = np.sqrt(squared_distances(new, old))
    old_distances = np.sqrt(squared_distances(old, old))
    np.fill_diagonal(old_distances, np.inf)
    ids = np.full(len(new), -1, np.int64)
    for new_row, old_row in zip(*linear_sum_assignment(distances), strict=True):
        if distances[new_row, old_row] <= old_distances[old_row].min():
            ids[new_row] = old_ids[old_row]
    unmatched = np.flatnonzero(ids < 0)
    ids[unmatched] = next_id + np.arange(len(unmatched))
    return ids, next_id + len(unmatched)

"""Classifiers that score without Spark, stored in an open form: weights, trees as arrays, or LightGBM's text.

Each has `score`: finite features (n, F) -> scores (n,) in 0..1. Models fitted by Spark ML are stored in this form as
well, so a later night or another machine scores with numpy alone.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
_ROWS = 4096  # a forest scores so many rows at a time, so that the nodes of all trees stay in the cache


class Classifier(Protocol):
    """A model fitted on features (n, F) and labels (n,)."""

    def score(self, features: F64) -> F64: ...

    def save(self, folder: Path, name: str) -> None: ...


@dataclass(frozen=True)
class Logistic:
    """weights (F,) in log-odds per unit of each feature; intercept in log-odds; spread (F,): the standard deviation of
    each feature in the training set."""

    weights: F64
    intercept: float
    spread: F64
    suffix: ClassVar[str] = "npz"

    def score(self, features: F64) -> F64:
        return np.asarray(expit(features @ self.weights + self.intercept))

    def effects(self) -> F64:
        """(F,) change of the log-odds by one standard deviation of each feature, the others held fixed."""
        return self.weights * self.spread

    def save(self, folder: Path, name: str) -> None:
        _write(self, folder / f"{name}.{self.suffix}")

    @classmethod
    def load(cls, path: Path) -> Logistic:
        stored = _read(path, cls)
        return cls(stored["weights"], float(stored["intercept"]), stored["spread"])


@dataclass(frozen=True)
class Forest:
    """T binary trees with N nodes in all.

    feature (N,): the feature that a node splits on, -1 in a leaf; threshold (N,): rows with this value or less go left;
    left, right (N,): the next node; share (N,): the positive share of the node's training rows; roots (T,).
    """

    feature: I32
    threshold: F64
    left: I32
    right: I32
    share: F64
    roots: I32
    suffix: ClassVar[str] = "npz"

    def __post_init__(self) -> None:
        inner = self.feature >= 0
        for name in ("left", "right"):
            children = getattr(self, name)[inner]
            # Children come after their parent, so every path ends.
            if len(children) and not ((children > np.flatnonzero(inner)) & (children < len(self.feature))).all():
                raise ValueError(f"{name}: a child must stand after its parent and before node {len(self.feature)}")

    def score(self, features: F64) -> F64:
        """The mean over trees of the share in the leaf that each row falls into."""
        parts = [self._mean_share(features[begin : begin + _ROWS]) for begin in range(0, len(features), _ROWS)]
        return np.concatenate([np.zeros(0), *parts])

    def _mean_share(self, features: F64) -> F64:
        rows = np.arange(len(features))[:, None]
        node = np.broadcast_to(self.roots, (len(features), len(self.roots)))
        while (self.feature[node] >= 0).any():
            feature = self.feature[node]
            small = features[rows, np.maximum(feature, 0)] <= self.threshold[node]
            node = np.where(feature < 0, node, np.where(small, self.left[node], self.right[node]))
        return np.asarray(self.share[node].mean(axis=1))

    def save(self, folder: Path, name: str) -> None:
        _write(self, folder / f"{name}.{self.suffix}")

    @classmethod
    def load(cls, path: Path) -> Forest:
        return cls(**_read(path, cls))


@dataclass(frozen=True)
class Boosted:
    """LightGBM's trees, in its text form."""

    text: str
    suffix: ClassVar[str] = "txt"

    def score(self, features: F64) -> F64:
        return np.asarray(self._booster().predict(features)) if len(features) else np.zeros(0)

    def contributions(self, features: F64) -> tuple[F64, F64]:
        """(mean absolute contribution of each feature to the log-odds (F,), its direction (F,)).

        The direction is the correlation of contribution and feature, 0 where either is constant.
        """
        added = np.asarray(self._booster().predict(features, pred_contrib=True))[:, :-1]
        a, f = added - added.mean(axis=0), features - features.mean(axis=0)
        scale = np.sqrt((a**2).sum(axis=0) * (f**2).sum(axis=0))
        return np.abs(added).mean(axis=0), np.where(scale > 0, (a * f).sum(axis=0) / np.maximum(scale, 1e-300), 0.0)

    def _booster(self) -> Any:
        import lightgbm  # the other classifiers need no LightGBM

        return lightgbm.Booster(model_str=self.text, params={"num_threads": 2, "verbosity": -1})

    def save(self, folder: Path, name: str) -> None:
        (folder / f"{name}.{self.suffix}").write_text(self.text)

    @classmethod
    def load(cls, path: Path) -> Boosted:
        return cls(path.read_text())


CLASSIFIERS: dict[str, type[Logistic] | type[Forest] | type[Boosted]] = {
    "logistic": Logistic,
    "forest": Forest,
    "boosted": Boosted,
}


def read_classifier(kind: str, folder: Path, name: str) -> Classifier:
    """The classifier that `save` wrote. Raises FileNotFoundError without a file, ValueError for other arrays in it."""
    cls = CLASSIFIERS[kind]
    return cls.load(folder / f"{name}.{cls.suffix}")


def _write(model: Logistic | Forest, path: Path) -> None:
    arrays: dict[str, Any] = {f.name: np.asarray(getattr(model, f.name)) for f in fields(model)}
    np.savez(path, **arrays)


def _read(path: Path, cls: type[Logistic] | type[Forest]) -> dict[str, NDArray[Any]]:
    expected = {f.name for f in fields(cls)}
    with np.load(path, allow_pickle=False) as stored:
        if set(stored.files) != expected:
            raise ValueError(
                f"{path} holds {sorted(stored.files)}, {cls.__name__} is {sorted(expected)}; train it anew"
            )
        return {name: stored[name] for name in stored.files}

"""Likeness: the directions of picture vectors in which products differ, without those in which one product varies.

Linear discriminant analysis (Fisher 1936; Rao 1948) with the products as classes: what differs between pictures of one
product, a colour, a fold or a view, is divided out, and the directions in which products differ most are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.core.config import check_bounds
from models.core.manifest import read_manifest, write_manifest
from models.core.top_k import F32
from models.core.unit import unit


@dataclass(frozen=True)
class LikenessConfig:
    """Settings of one fit; chosen on H&M's `val`: mAP@R of siblings .199 for vectors as they are, .556 with these."""

    dims: int = field(default=128, metadata={"least": 1})
    shrinkage: float = field(
        default=0.1,
        metadata={"doc": "added to the variance within products, in mean variances", "above": 0},
    )
    min_pairs: int = field(
        default=200,
        metadata={
            "doc": "pictures whose product has another picture; with fewer, vectors stay as they are",
            "least": 1,
        },
    )

    def __post_init__(self) -> None:
        check_bounds(self)


class Likeness:
    """Whitened vectors -> places (n, E) float32 whose cosine says how alike two products are.

    mean (W,), axes (W, E), of the columns before `colours`; `learned` is False where too few products had two pictures.
    """

    def __init__(self, config: LikenessConfig, mean: F32, axes: F32, colours: slice, learned: bool) -> None:
        self.config, self.mean, self.axes, self.colours, self.learned = config, mean, axes, colours, learned

    @classmethod
    def fit(
        cls,
        config: LikenessConfig,
        vectors: NDArray[np.floating],
        product: NDArray[np.generic],
        parts: Mapping[str, slice],
    ) -> Likeness:
        """From whitened vectors (n, D) of pictures, the product (n,) on each, and the parts of `Whitening`."""
        form = np.asarray(vectors[:, : parts["colours"].start], np.float64)
        mean = form.mean(axis=0)
        _names, code, count = np.unique(product, return_inverse=True, return_counts=True)
        has_sibling = count[code] > 1
        learned = int(has_sibling.sum()) >= config.min_pairs
        axes = _discriminant(form - mean, code, count, config) if learned else np.eye(form.shape[1])
        return cls(config, mean.astype(np.float32), axes.astype(np.float32), parts["colours"], learned)

    def apply(self, vectors: NDArray[np.floating], colour: float = 0.0) -> F32:
        """Places (n, E) of length 1; with `colour` above 0, colours count beside the form, by that weight.

        0 finds one product in any colour; above 0 finds what looks alike to a shopper.
        """
        vectors = np.asarray(vectors, np.float32)
        form = np.asarray((vectors[:, : self.colours.start] - self.mean) @ self.axes, np.float32)
        places = unit(form)
        if not colour:
            return places
        return unit(np.concatenate([places, np.float32(colour) * unit(vectors[:, self.colours])], axis=1))

    def save(self, folder: str | Path) -> None:
        """Writes likeness.npz (no pickle) and manifest.json into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(folder / "likeness.npz", mean=self.mean, axes=self.axes)
        colours = [self.colours.start, self.colours.stop]
        write_manifest(folder, "likeness", self.config, learned=self.learned, colours=colours)

    @classmethod
    def load(cls, folder: str | Path, config: LikenessConfig | None = None) -> Likeness:
        """What `save` wrote. With `config`, one fitted under another config is refused.

        Raises FileNotFoundError if nothing is there; ValueError naming the settings that differ.
        """
        folder = Path(folder)
        saved, manifest = read_manifest(folder, LikenessConfig, config)
        with np.load(folder / "likeness.npz", allow_pickle=False) as arrays:
            return cls(saved, arrays["mean"], arrays["axes"], slice(*manifest["colours"]), manifest["learned"])


def _discriminant(
    centred: NDArray[np.float64], code: NDArray[np.integer], count: NDArray[np.integer], config: LikenessConfig
) -> NDArray[np.float64]:
    """Axes (W, E): first the variance within products is made equal, then the main axes of all pictures are taken."""
    means = np.zeros((len(count), centred.shape[1]))
    np.add.at(means, code, centred)
    means /= count[:, None]
    has_sibling = count[code] > 1
    within = (centred - means[code])[has_sibling]
    covariance = within.T @ within / max(1, len(within) - int((count > 1).sum()))
    ridge = config.shrinkage * np.trace(covariance) / len(covariance)
    variance, directions = np.linalg.eigh(covariance + ridge * np.eye(len(covariance)))
    whitened_axes = directions / np.sqrt(np.maximum(variance, 1e-12))
    between = centred @ whitened_axes
    _, main = np.linalg.eigh(between.T @ between)
    return np.asarray(whitened_axes @ main[:, -config.dims :])

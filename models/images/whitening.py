"""Whitening: raw vectors of pictures -> fewer axes without correlation, stored in float16.

Each part (things, stages, colours) is standardised and rotated onto its own main axes, so that a part with many numbers
does not drown one with few. Axes of small variance are mostly noise: they are scaled up, but not fully.
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

F16 = NDArray[np.float16]
STEADY = 1e-3  # added to a column's deviation, so that a column that is nearly constant stays small


@dataclass(frozen=True)
class WhiteningConfig:
    """Settings of one fit; axes of each part, chosen on the `val` of `make bench-images`."""

    things: int = field(default=320, metadata={"doc": "axes of the CNN's last layer", "least": 1})
    stages: int = field(default=256, metadata={"doc": "axes of the CNN's stages", "least": 1})
    colours: int = field(default=128, metadata={"doc": "axes of the colours", "least": 1})
    power: float = field(
        default=0.25, metadata={"doc": "0: axes keep their variance, 1: all the same", "least": 0, "most": 1}
    )
    things_weight: float = field(default=1.0, metadata={"least": 0})
    stages_weight: float = field(default=1.0, metadata={"least": 0})
    colours_weight: float = field(default=1.0, metadata={"least": 0})

    def __post_init__(self) -> None:
        check_bounds(self)


@dataclass(frozen=True)
class Part:
    """The raw columns from `low` on: their mean (W,), and axes (W, A) that include all scales."""

    low: int
    mean: F32
    axes: F32


class Whitening:
    """Raw vectors (n, W) float32 -> (n, `width`) float16; `parts` names the columns of each kind in the result."""

    def __init__(self, config: WhiteningConfig, fitted: Mapping[str, Part]) -> None:
        self.config, self.fitted = config, dict(fitted)
        ends = np.cumsum([0, *(part.axes.shape[1] for part in self.fitted.values())]).tolist()
        self.parts = {name: slice(low, high) for name, low, high in zip(self.fitted, ends, ends[1:], strict=False)}
        self.width = ends[-1]

    @classmethod
    def fit(cls, config: WhiteningConfig, vectors: F32, parts: Mapping[str, slice]) -> Whitening:
        """From raw vectors (n, W) of pictures, n at least 2; `parts` as `PictureEncoder` has them.

        Raises ValueError for fewer rows, or for NaN or infinity.
        """
        if len(vectors) < 2 or not np.isfinite(vectors).all():
            raise ValueError(f"whitening needs at least 2 vectors of finite numbers, not {vectors.shape}")
        fitted = {}
        for name, columns in parts.items():
            axes, weight = getattr(config, name), getattr(config, f"{name}_weight")
            fitted[name] = _fit_part(vectors[:, columns], columns.start, axes, config.power, weight)
        return cls(config, fitted)

    def apply(self, vectors: F32) -> F16:
        """(n, W) -> (n, width) float16; the mean squared length of a part is about its weight squared."""
        pieces = [(vectors[:, p.low : p.low + len(p.mean)] - p.mean) @ p.axes for p in self.fitted.values()]
        return np.concatenate(pieces, axis=1).clip(-1e4, 1e4).astype(np.float16)

    def save(self, folder: str | Path) -> None:
        """Writes whitening.npz (no pickle) and manifest.json into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {f"{name}_{key}": getattr(part, key) for name, part in self.fitted.items() for key in ("mean", "axes")}
        np.savez(folder / "whitening.npz", **arrays)
        lows = {name: part.low for name, part in self.fitted.items()}
        write_manifest(folder, "whitening", self.config, lows=lows, width=self.width)

    @classmethod
    def load(cls, folder: str | Path, config: WhiteningConfig | None = None) -> Whitening:
        """What `save` wrote. With `config`, one fitted under another config is refused.

        Raises FileNotFoundError if nothing is there; ValueError naming the settings that differ.
        """
        folder = Path(folder)
        saved, manifest = read_manifest(folder, WhiteningConfig, config)
        with np.load(folder / "whitening.npz", allow_pickle=False) as arrays:
            fitted = {
                name: Part(low, arrays[f"{name}_mean"], arrays[f"{name}_axes"])
                for name, low in manifest["lows"].items()
            }
        return cls(saved, fitted)


def _fit_part(columns: F32, low: int, axes: int, power: float, weight: float) -> Part:
    mean = columns.mean(axis=0, dtype=np.float64)
    deviation = columns.std(axis=0, dtype=np.float64) + STEADY
    scaled = ((columns - mean) / deviation).astype(np.float32)
    variance, directions = _main_axes(scaled)
    chosen = np.argsort(-variance)[: min(axes, len(scaled) - 1)]
    spread = np.maximum(variance[chosen], 1e-6 * max(variance.max(), 1e-12)) ** (power / 2)
    result = directions[:, chosen] / spread
    length = np.sqrt((variance[chosen] / spread**2).sum())
    result = weight * result / deviation[:, None] / max(length, 1e-12)
    return Part(low, mean.astype(np.float32), result.astype(np.float32))


def _main_axes(scaled: F32) -> tuple[F32, F32]:
    """Variances (A,) and main axes (W, A) of columns (n, W) with mean 0; from the n x n products where n is smaller."""
    n, width = scaled.shape
    if n >= width:
        variance, axes = np.linalg.eigh(scaled.T @ scaled / n)
        return variance, axes
    variance, rotation = np.linalg.eigh(scaled @ scaled.T / n)
    return variance, scaled.T @ rotation / np.sqrt(np.maximum(n * variance, 1e-12))

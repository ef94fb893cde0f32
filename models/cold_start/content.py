"""Content vectors of items: attributes and texts -> weighted words -> truncated SVD; and lists by content alone.

Each column of words is scaled to length 1, so that a long text counts no more than a colour. Amounts (a price) are
standardised and appended to the axes of the SVD, each with the weight of one column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from models.cold_start.attribute_words import Columns, Words, amounts, is_amount, unit_rows
from models.core.config import check_bounds
from models.core.interactions import Ids, check_interest
from models.core.manifest import read_manifest, write_manifest
from models.core.top_k import F32, I32, top_k
from models.core.unit import unit

SWEEPS = 4  # of subspace iteration (Halko, Martinsson, Tropp 2011)
SPARE = 16  # extra axes in the iteration; without them the last axes that are used converge slowly
FAR = 3.0  # standard deviations; amounts are clipped at this distance from the mean


@dataclass(frozen=True)
class ContentConfig:
    """Settings of one fit; the defaults were chosen on validation items of `make bench-cold`, ranked by content alone.

    ndcg@20 on Amazon Beauty / H&M's week: 128 dims .0740/.0537, 512 .0995/.0588; min_items 1 -/.0587 (512 dims).
    """

    dims: int = field(default=512, metadata={"least": 1})
    min_items: int = field(default=2, metadata={"doc": "a word that fewer items have is left out", "least": 1})
    max_words: int = field(default=50_000, metadata={"doc": "words of a column, the most frequent", "least": 1})
    seed: int = 7

    def __post_init__(self) -> None:
        check_bounds(self)


class Content:
    """Content vectors (I, C) float32 of the items of the fit, and the vocabularies and axes that encode other items.

    C = `dims` + the number of amounts; less where there are fewer words, 1 at least. An item without attributes has a
    zero vector and scores 0.
    """

    def __init__(
        self,
        config: ContentConfig,
        item_ids: Ids,
        words: dict[str, Words],
        scales: dict[str, tuple[float, float]],
        axes: F32,
        vectors: F32,
    ) -> None:
        self.config, self.item_ids = config, item_ids
        self.words, self.scales, self.axes, self.vectors = words, scales, axes, vectors

    @classmethod
    def fit(cls, config: ContentConfig, columns: Columns, item_ids: Ids) -> Content:
        """Learns vocabularies, scales and axes from `columns` (`models.cold_start.attribute_words`), one value per id.

        Raises ValueError if a column has another length than `item_ids` or mixes amounts with words.
        """
        _check(columns, len(item_ids))
        scales = {name: _scale(values) for name, values in columns.items() if is_amount(name, values)}
        words = {
            name: Words.of(values, config.min_items, config.max_words)
            for name, values in columns.items()
            if name not in scales
        }
        axes = _axes(_weigh(words, columns, len(item_ids)), config)
        vectors = _vectors(words, scales, axes, columns, len(item_ids))
        return cls(config, item_ids, words, scales, axes, vectors)

    def encode(self, columns: Columns, items: int) -> F32:
        """Vectors (items, C) of any items; a column, word or value that `fit` did not see counts as unknown.

        Raises ValueError if a column has another length than `items`.
        """
        _check(columns, items)
        return _vectors(self.words, self.scales, self.axes, columns, items)

    def recommend(
        self, interest: Any, k: int, seen: Any = None, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[I32, F32]:
        """The k items (n, k) nearest by cosine to what each user is interested in; `interest` (n, I) CSR, weights > 0.

        Scores are in -1..1, and 0 for a user without interest. Raises ValueError if k is not in 1..I.
        """
        return top_k(profiles(interest, self.vectors), unit(self.vectors), k, seen, allowed)

    def save(self, folder: str | Path) -> None:
        """Writes content.npz (no pickle) and manifest.json (config with its seed, sizes) into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {"item_ids": self.item_ids, "vectors": self.vectors, "axes": self.axes}
        for number, column_words in enumerate(self.words.values()):
            arrays |= {f"words_{number}": column_words.words, f"weights_{number}": column_words.weights}
        np.savez(folder / "content.npz", **arrays)
        words = {name: len(column_words.words) for name, column_words in self.words.items()}
        write_manifest(folder, "content", self.config, items=len(self.item_ids), words=words, scales=self.scales)

    @classmethod
    def load(cls, folder: str | Path, config: ContentConfig | None = None) -> Content:
        """The model that `save` wrote. With `config`, a model fitted under another config is refused.

        Raises FileNotFoundError if nothing is there; ValueError naming the settings that differ, or if the files
        disagree with the manifest.
        """
        folder = Path(folder)
        saved, manifest = read_manifest(folder, ContentConfig, config)
        with np.load(folder / "content.npz", allow_pickle=False) as arrays:
            names = manifest["words"]
            words = {
                name: Words(arrays[f"words_{number}"], arrays[f"weights_{number}"]) for number, name in enumerate(names)
            }
            item_ids, axes, vectors = (arrays[name] for name in ("item_ids", "axes", "vectors"))
        if not len(vectors) == len(item_ids) == manifest["items"]:
            raise ValueError(
                f"{folder} holds {len(item_ids)} ids and vectors {vectors.shape}, its manifest says "
                f"{manifest['items']} items; train it again"
            )
        scales = {name: (mean, deviation) for name, (mean, deviation) in manifest["scales"].items()}
        return cls(saved, item_ids, words, scales, axes, vectors)


def profiles(interest: Any, vectors: F32) -> F32:
    """Each user's mean item vector, weighted by `interest` (n, I) CSR, as unit vectors (n, C); else zeros."""
    return unit(np.asarray(check_interest(interest) @ unit(vectors), np.float32))


def with_pictures(attributes: F32, pictures: F32, weight: float) -> F32:
    """Content (I, C + P) from attributes (I, C) and pictures (I, P), rows of length 1; a zero row counts for nothing.

    weight: the weight of the pictures; the attributes weigh 1. Raises ValueError if the numbers of items differ.
    """
    if len(attributes) != len(pictures):
        raise ValueError(f"{len(attributes)} items have attributes, {len(pictures)} have pictures; give a row for each")
    return unit(np.concatenate([unit(attributes), np.float32(weight) * unit(pictures)], axis=1))


def _check(columns: Columns, items: int) -> None:
    for name, values in columns.items():
        if len(values) != items:
            raise ValueError(f"column {name!r} has {len(values):,} values for {items:,} items")


def _scale(values: Any) -> tuple[float, float]:
    """Mean and standard deviation of the known amounts; a column of one value gets deviation 1."""
    known = amounts(values)
    known = known[~np.isnan(known)]
    deviation = float(known.std()) if len(known) else 0.0
    return (float(known.mean()) if len(known) else 0.0, deviation if deviation > 0 else 1.0)


def _weigh(words: dict[str, Words], columns: Columns, items: int) -> sparse.csr_matrix:
    """Weighted words (items, W) of all columns side by side, rows of length 1; an absent column counts as unknown."""
    blocks = [column_words.weigh(columns.get(name, [None] * items)) for name, column_words in words.items()]
    side_by_side = sparse.hstack(blocks, format="csr") if blocks else sparse.csr_matrix((items, 0), dtype=np.float32)
    return unit_rows(side_by_side)


def _vectors(
    words: dict[str, Words], scales: dict[str, tuple[float, float]], axes: F32, columns: Columns, items: int
) -> F32:
    parts = [np.asarray(_weigh(words, columns, items) @ axes, np.float32)]
    for name, (mean, deviation) in scales.items():
        standard = (amounts(columns.get(name, [None] * items)) - mean) / deviation
        part = np.clip(np.nan_to_num(standard), -FAR, FAR) / (FAR * np.sqrt(len(words) + len(scales)))
        parts.append(part.astype(np.float32)[:, None])
    return np.ascontiguousarray(np.hstack(parts))


def _axes(weighted: sparse.csr_matrix, config: ContentConfig) -> F32:
    """The first `dims` right singular vectors (W, dims) of `weighted` (items, W); fewer where it has fewer."""
    rng = np.random.default_rng(config.seed)
    width = min(config.dims + SPARE, *weighted.shape)
    if not width:
        return np.zeros((weighted.shape[1], 1), np.float32)
    basis = rng.standard_normal((weighted.shape[1], width))
    with threadpool_limits(1, "blas"):  # the same bits for any number of threads
        for _ in range(SWEEPS):
            basis = np.linalg.qr(weighted.T @ (weighted @ basis))[0]
        projected = weighted @ basis
        strength, rotation = np.linalg.eigh(projected.T @ projected)
    strongest = np.argsort(-strength, kind="stable")[: config.dims]
    return np.ascontiguousarray((basis @ rotation[:, strongest]).astype(np.float32))

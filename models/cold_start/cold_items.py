"""Item cold start: embeddings for items that nobody has touched, made from their content.

`regressor` and `gan` predict an embedding in the space of ALS, so that any user's factors can score it. `content` does
not use that space: a cold item scores by the cosine of its content with the user's mean item.
Content predicts an embedding's direction well, but its length (how much an item is wanted) badly. So only a part of
the predicted length is used. The mean residual at the warm items nearest in content is added: a dress in a new colour
belongs near the dress that is sold already, and no smooth function of 512 axes puts it there.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.cold_start.content import profiles
from models.cold_start.gan import GAN, GANConfig, check
from models.core.config import check_bounds
from models.core.manifest import read_manifest, write_manifest
from models.core.top_k import F32, I32, top_k
from models.core.unit import unit

NEARNESS = 4  # a neighbour counts by this power of its cosine
ROWS = 1024  # items corrected at once
MODELS = ("content", "regressor", "gan")


@dataclass(frozen=True)
class ColdConfig:
    """Settings of one fit."""

    model: str = "regressor"
    length: float = field(
        default=1.0,
        metadata={
            "doc": "length of a cold embedding, in median lengths of warm ones; content: weight of its cosine",
            "above": 0,
        },
    )
    own_length: float = field(
        default=0.5,
        metadata={
            "doc": "share, in logarithms, of the predicted length that is used",
            "least": 0,
            "most": 1,
        },
    )
    ridge: float = field(
        default=3.0,
        metadata={"doc": "L2 penalty of the regressor, in items, since contents are unit vectors", "above": 0},
    )
    neighbours: int = field(
        default=50,
        metadata={"doc": "nearest warm items whose residuals correct a predicted embedding; 0: none", "least": 0},
    )

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.model not in MODELS:
            raise ValueError(f"model must be one of {', '.join(MODELS)}, not {self.model!r}")


@dataclass(frozen=True)
class Regressor:
    """Ridge regression of embeddings on conditions: weights (C, D), mean (C,), constant (D,)."""

    weights: F32
    mean: F32
    constant: F32

    @classmethod
    def fit(cls, ridge: float, conditions: F32, embeddings: F32) -> Regressor:
        """From warm items: conditions (n, C), embeddings (n, D), any unit. Raises ValueError as `GAN.fit` does."""
        check(conditions, embeddings)
        mean, constant = (np.asarray(rows.mean(axis=0, dtype=np.float64)) for rows in (conditions, embeddings))
        centred = conditions - mean
        gram = centred.T @ centred + ridge * np.eye(conditions.shape[1])
        weights = np.linalg.solve(gram, centred.T @ (embeddings - constant))
        return cls(weights.astype(np.float32), mean.astype(np.float32), constant.astype(np.float32))

    def generate(self, conditions: F32) -> F32:
        """Embeddings (n, D) of conditions (n, C)."""
        return np.asarray((conditions - self.mean) @ self.weights + self.constant, np.float32)


class ColdItems:
    """Embeddings of all items, warm and cold: `places` (I, E) float32; E = D, or D + C for `content`."""

    def __init__(
        self, config: ColdConfig, places: F32, content: F32, cold: NDArray[np.bool_], maker: GAN | Regressor | None
    ) -> None:
        self.config, self.places, self.content, self.cold, self.maker = config, places, content, cold, maker

    @classmethod
    def fit(cls, config: ColdConfig, item_factors: F32, content: F32, gan: GANConfig | None = None) -> ColdItems:
        """Learns from the warm items and makes embeddings for the cold ones.

        item_factors (I, D): zeros mark a cold item. content (I, C): zeros mark an item without attributes.
        Where no item is warm, all embeddings stay zeros.
        Raises ValueError if the rows disagree or hold NaN or infinity.
        """
        check(content, item_factors)
        content = unit(content)
        cold: NDArray[np.bool_] = np.logical_not(item_factors.any(axis=1))
        if config.model == "content":
            places = _beside(item_factors, content * np.where(cold, config.length, 0)[:, None])
            return cls(config, places, content, cold, None)
        items = cls(config, item_factors.copy(), content, cold, None)
        if not cold.all():
            warm = content[~cold], item_factors[~cold]
            items.maker = (
                GAN.fit(gan or GANConfig(), *warm) if config.model == "gan" else Regressor.fit(config.ridge, *warm)
            )
            items.places[cold] = items.embed(content[cold])
        return items

    def embed(self, content: F32) -> F32:
        """Embeddings (n, D) of items with this content (n, C): the prediction plus the residuals of near warm items.

        Raises ValueError if no model was trained.
        """
        if self.maker is None:
            raise ValueError(
                f"{self.config.model} learnt no embedding: there was no warm item, or the model makes none"
            )
        content, warm = unit(content), self.content[~self.cold]
        residuals = self.places[~self.cold] - self.maker.generate(warm)
        embeddings, neighbours = self.maker.generate(content), min(self.config.neighbours, len(warm))
        for low in range(0, len(content) if neighbours else 0, ROWS):
            codes, cosines = top_k(content[low : low + ROWS], warm, neighbours)
            weights = np.maximum(cosines, 0) ** NEARNESS
            weights /= weights.sum(axis=1, keepdims=True) + 1  # + 1: as if one more neighbour had no residual
            embeddings[low : low + ROWS] += np.einsum("nk,nkd->nd", weights, residuals[codes])
        median_length = np.median(np.linalg.norm(self.places[~self.cold], axis=1))
        length = np.linalg.norm(embeddings, axis=1, keepdims=True) / median_length
        return unit(embeddings) * (self.config.length * median_length * length**self.config.own_length).astype(
            np.float32
        )

    def users(self, user_factors: F32, interest: Any) -> F32:
        """User rows (n, E), to be multiplied with `places`, from user_factors (n, D) and interest (n, I) CSR."""
        if self.config.model != "content":
            return user_factors
        return _beside(user_factors, profiles(interest, self.content))

    def recommend(
        self,
        user_factors: F32,
        interest: Any,
        k: int,
        seen: Any = None,
        allowed: NDArray[np.bool_] | None = None,
    ) -> tuple[I32, F32]:
        """The k best items, warm and cold, of each user (n,): codes and scores (n, k) as `top_k` returns them.

        user_factors (n, D) and interest (n, I) CSR belong to the same users. Raises ValueError if k is not in 1..I.
        """
        return top_k(self.users(user_factors, interest), self.places, k, seen, allowed)

    def save(self, folder: str | Path) -> None:
        """Writes places.npz (no pickle), manifest.json (config, sizes) and the GAN's files into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {"places": self.places, "content": self.content, "cold": self.cold}
        if isinstance(self.maker, Regressor):
            arrays |= dataclasses.asdict(self.maker)
        elif self.maker is not None:
            self.maker.save(folder / "gan")
        np.savez(folder / "places.npz", **arrays)
        kind = {GAN: "gan", Regressor: "regressor"}.get(type(self.maker)) if self.maker else None
        write_manifest(folder, "cold", self.config, maker=kind, items=len(self.places))

    @classmethod
    def load(cls, folder: str | Path, config: ColdConfig | None = None) -> ColdItems:
        """The model that `save` wrote. With `config`, a model fitted under another config is refused.

        Raises FileNotFoundError if nothing is there; ValueError naming the settings that differ, or if the files
        disagree with the manifest.
        """
        folder = Path(folder)
        saved, manifest = read_manifest(folder, ColdConfig, config)
        maker: GAN | Regressor | None = GAN.load(folder / "gan") if manifest["maker"] == "gan" else None
        with np.load(folder / "places.npz", allow_pickle=False) as arrays:
            places, content, cold = arrays["places"], arrays["content"], arrays["cold"]
            if manifest["maker"] == "regressor":
                maker = Regressor(arrays["weights"], arrays["mean"], arrays["constant"])
        if not len(places) == len(content) == manifest["items"]:
            raise ValueError(
                f"{folder} holds {len(places)} places and {len(content)} contents, its manifest says "
                f"{manifest['items']} items; train it again"
            )
        return cls(saved, places, content, cold, maker)


def _beside(left: F32, right: F32) -> F32:
    return np.ascontiguousarray(np.hstack([left, right]), dtype=np.float32)

"""Elasticities under the shop's item ids: fitted block by block, saved, loaded, and looked up."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.manifest import read_manifest, write_manifest
from models.pricing.elasticity import Elasticities, ElasticityConfig, fit_elasticities

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
_NAMES = tuple(field.name for field in fields(Elasticities))
_TYPES: dict[str, Any] = {"weeks": np.int64, "prices": np.int64}
_OF_CATEGORIES = ("category_mean", "category_spread", "dispersion")


@dataclass(frozen=True)
class ItemElasticities:
    """A fit under the shop's item ids (I,), sorted: what one night fits and the next ones use."""

    config: ElasticityConfig
    item_ids: NDArray[np.str_]
    elasticities: Elasticities

    @classmethod
    def fit(
        cls, config: ElasticityConfig, item_ids: NDArray[np.str_], units: F64, price: F64, category: I64, cells: int
    ) -> ItemElasticities:
        """`fit_elasticities` on blocks of whole categories, of about `cells` matrix cells (item and week) each.

        Categories share nothing, so the fit in blocks is the same. Memory is bounded by the largest block, which is
        larger than `cells` only if a single category is.
        """
        category_cells = np.bincount(category) * units.shape[1]
        block_of_category = (np.cumsum(category_cells) - category_cells) // cells
        elasticities = Elasticities(
            *(
                np.zeros(len(category_cells if name in _OF_CATEGORIES else item_ids), _TYPES.get(name, float))
                for name in _NAMES
            )
        )
        for block in np.unique(block_of_category):
            categories = np.flatnonzero(block_of_category == block)
            items = np.flatnonzero(block_of_category[category] == block)
            part = fit_elasticities(config, units[items], price[items], category[items] - categories[0])
            for name in _NAMES:
                getattr(elasticities, name)[categories if name in _OF_CATEGORIES else items] = getattr(part, name)
        return cls(config, item_ids, elasticities)

    def save(self, folder: str | Path) -> None:
        """Write elasticities.npz and manifest.json into `folder`, which is made if it is missing."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {name: getattr(self.elasticities, name) for name in _NAMES}
        np.savez_compressed(folder / "elasticities.npz", item_ids=self.item_ids, **arrays)
        write_manifest(folder, "elasticity", self.config, items=len(self.item_ids))

    @classmethod
    def load(cls, folder: str | Path) -> ItemElasticities:
        """What `save` wrote. Raises FileNotFoundError if nothing is there; ValueError if the files disagree."""
        folder = Path(folder)
        config, manifest = read_manifest(folder, ElasticityConfig)
        with np.load(folder / "elasticities.npz", allow_pickle=False) as arrays:
            elasticities = Elasticities(*(arrays[name] for name in _NAMES))
            ids = arrays["item_ids"]
        items = len(elasticities.mean)
        if not len(ids) == items == manifest["items"]:
            raise ValueError(
                f"{folder} holds {len(ids)} ids and {items} elasticities, its manifest says {manifest['items']} items; "
                "fit it again"
            )
        return cls(config, ids, elasticities)

    def rows_of(self, item_ids: NDArray[np.str_]) -> NDArray[np.int64]:
        """(N,) the row of each id; -1 for an id that was not fitted."""
        if not len(self.item_ids):
            return np.full(len(item_ids), -1)
        row = np.minimum(np.searchsorted(self.item_ids, item_ids), len(self.item_ids) - 1)
        return np.where(self.item_ids[row] == item_ids, row, -1)

"""Vectors of tonight's pictures, in the form that the jobs after embed_images read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.common.picture_packs import read_vectors
from jobs.runtime.night import Night
from schemas.tables import IMAGE_VECTORS, IMAGES


@dataclass(frozen=True)
class ItemPictures:
    """N pictures of items by item and place, with their vectors.

    item_ids: sorted ids (I,) of items with a picture; item (N,): position in them; place (N,) from 1.
    """

    item_ids: list[str]
    item: NDArray[np.int64]
    place: NDArray[np.int64]
    pictures: list[str]
    vectors: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.pictures)


def item_pictures(night: Night) -> ItemPictures:
    """Tonight's pictures that have a vector; several items may have the same picture."""
    names, vectors = read_vectors(night.lake, night.versions(IMAGE_VECTORS).tonight().arrow(["picture", "pack"]))
    images = night.versions(IMAGES).tonight().arrow(["item_id", "place", "picture"])
    images = images.sort_by([("item_id", "ascending"), ("place", "ascending")])
    row_of = {name: row for row, name in enumerate(names)}
    rows = [row for row in images.to_pylist() if row["picture"] in row_of]
    item_ids = sorted({row["item_id"] for row in rows})
    code = {item: number for number, item in enumerate(item_ids)}
    return ItemPictures(
        item_ids,
        np.array([code[row["item_id"]] for row in rows], np.int64),
        np.array([row["place"] for row in rows], np.int64),
        [row["picture"] for row in rows],
        vectors[np.array([row_of[row["picture"]] for row in rows], np.int64)] if rows else vectors,
    )


def vector_rows(rows: list[dict[str, str]]) -> pa.Table:
    """IMAGE_VECTORS from rows in memory."""
    return pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in IMAGE_VECTORS.names})

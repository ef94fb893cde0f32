"""Vectors of tonight's pictures, as the jobs after embed_images read them, and the encoder that makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.common.picture_packs import read_vectors
from jobs.runtime.lake import Lake
from jobs.runtime.model_store import load_model
from jobs.runtime.night import Night
from schemas.tables import IMAGE_VECTORS, IMAGES

if TYPE_CHECKING:
    from models.images.vectors import PictureEncoder

ENCODER = "picture_encoder"  # the model's name, where the shop has one of its own
Folder = tuple[str, ...] | None


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
    """Tonight's pictures that have a vector; the same picture may stand for several items."""
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


def encoder_folder(night: Night) -> Folder:
    """The shop's own encoder, newest up to tonight; None: the pretrained one."""
    return night.lake.model_before(ENCODER, night.date, including=True)


def encoder_name(folder: Folder) -> str:
    """What names an encoder in IMAGE_VECTORS: vectors with the same name compare."""
    if folder is not None:
        return "/".join(folder)
    from models.images.weights import SOURCE_SHA256  # torch, which takes seconds: not where there are no pictures

    return f"pretrained {SOURCE_SHA256[:16]}"


def load_encoder(lake: Lake, folder: Folder) -> PictureEncoder:
    from models.images.vectors import PictureEncoder

    return load_model(lake, folder, PictureEncoder) if folder is not None else PictureEncoder.pretrained()


def vector_rows(rows: list[dict[str, str]]) -> pa.Table:
    """IMAGE_VECTORS from rows in memory."""
    return pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in IMAGE_VECTORS.names})

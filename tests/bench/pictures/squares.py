"""Reads a folder of pictures as squares: train, val and test .parquet, each with a column `image` of files' bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from jobs.runtime.progress import say
from models.image_editing.editor import stretched
from models.images.reading import PictureRefused, read_picture
from tests.bench.pictures.picture_sets import LIMITS

LOT = 7  # seed of the sample


def read_squares(folder: Path, split: str, size: int, most: int = 0) -> NDArray[np.uint8]:
    """Pictures (n, size, size, 3) of a split, each stretched whole to a square; `most` of them drawn by lot, 0: all.

    A file that cannot be read is left out and counted.
    Raises FileNotFoundError where the folder lacks the split, ValueError where no picture is left.
    """
    path = folder / f"{split}.parquet"
    if not path.is_file():
        raise FileNotFoundError(f"{folder} has no {split}.parquet; a folder of pictures has train, val and test")
    files = pq.read_table(path, columns=["image"])["image"].to_pylist()
    order = np.random.default_rng(LOT).permutation(len(files))[: most or None] if most else range(len(files))
    found = [picture for at in order if (picture := _read(files[at], size)) is not None]
    if len(found) < len(order):
        say(f"{path}: {len(order) - len(found)} of {len(order)} files cannot be read")
    if not found:
        raise ValueError(f"{path} has no picture that can be read")
    return np.stack(found)


def _read(data: bytes | None, size: int) -> NDArray[np.uint8] | None:
    try:
        return stretched(read_picture(data or b"", LIMITS).pixels, size)
    except PictureRefused:
        return None

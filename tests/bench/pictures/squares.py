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
    """Pictures (n, size, size, 3) of a split, stretched to squares, nothing cut off. most: so many at random; 0: all.

    A file that cannot be read is left out and counted.
    Raises FileNotFoundError if the folder lacks the split, ValueError if no picture is left.
    """
    path = folder / f"{split}.parquet"
    if not path.is_file():
        raise FileNotFoundError(f"{folder} has no {split}.parquet; a folder of pictures has train, val and test")
    files = pq.read_table(path, columns=["image"])["image"].to_pylist()
    order = np.random.default_rng(LOT).permutation(len(files))[: most or None] if most else range(len(files))
    pictures = [picture for row in order if (picture := _read(files[row], size)) is not None]
    if len(pictures) < len(order):
        say(f"{path}: {len(order) - len(pictures)} of {len(order)} files cannot be read")
    if not pictures:
        raise ValueError(f"{path} has no picture that can be read")
    return np.stack(pictures)


def _read(data: bytes | None, size: int) -> NDArray[np.uint8] | None:
    try:
        return stretched(read_picture(data or b"", LIMITS).pixels, size)
    except PictureRefused:
        return None

"""Small pictures of items for pages that people read. They are clean, small, and embedded in the page."""

from __future__ import annotations

import base64
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from jobs.common.picture_packs import read_packed
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from models.images.reading import clean_pixels, thumbnail
from schemas.tables import IMAGES


def thumbnails(lake: Lake, pairs: Iterable[tuple[str, str]], side: int) -> dict[str, bytes]:
    """Picture -> a JPEG of at most `side` pixels in width and height; pairs: (picture, its pack)."""
    clean = read_packed(lake, pairs)
    return {picture: thumbnail(clean_pixels(data), side) for picture, data in clean}


def item_thumbnails(night: Night, item_ids: Iterable[str], side: int) -> dict[str, str]:
    """Item -> its main picture as a data: URL, for the items that have one tonight; {} where IMAGES did not pass."""
    images = night.versions(IMAGES).passed()
    if images is None or not images.count:
        return {}
    rows = images.arrow(["item_id", "place", "picture", "pack"])
    of_items = pc.is_in(rows["item_id"], pa.array(sorted(set(item_ids)), pa.string()))
    main = rows.filter(pc.and_(of_items, pc.equal(rows["place"], 1))).to_pylist()
    small = thumbnails(night.lake, ((row["picture"], row["pack"]) for row in main), side)
    return {row["item_id"]: as_url(small[row["picture"]]) for row in main}


def as_url(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"

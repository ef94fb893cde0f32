"""Makes a vector of each picture that has none yet -> image_vectors and packs of float16 numbers.

A picture is embedded once. It is embedded again only where another encoder is used tonight, since vectors of two
encoders do not compare. Few pictures are embedded here; from `images.spark_from` on Spark's workers share them, each
with one thread and an encoder of its own.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
from PIL import Image

from jobs.common.picture_packs import VECTORS, PackWriter, read_packed
from jobs.images.vector_store import Folder, encoder_folder, encoder_name, load_encoder, vector_rows
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from schemas.tables import IMAGE_VECTORS, IMAGES

_AT_ONCE = 256  # pictures decoded before they are embedded
_TODO = "picture string, pack string"


def main(night: Night) -> None:
    images = night.versions(IMAGES).tonight().arrow(["picture", "pack"])
    packs = dict(zip(images["picture"].to_pylist(), images["pack"].to_pylist(), strict=True))
    if not packs:
        night.write_arrow(IMAGE_VECTORS, vector_rows([]))
        night.report(embedded=0, unchanged=0)
        return
    folder = encoder_folder(night)
    name = encoder_name(folder)
    known = {
        row["picture"]: row["pack"]
        for row in night.versions(IMAGE_VECTORS).previous().arrow().to_pylist()
        if row["encoder"] == name and row["picture"] in packs
    }
    todo = sorted((pack, picture) for picture, pack in packs.items() if picture not in known)
    made = _embed(night, folder, [(picture, pack) for pack, picture in todo])
    rows = [{"picture": one, "encoder": name, "pack": pack} for one, pack in sorted({**known, **made}.items())]
    night.write_arrow(IMAGE_VECTORS, vector_rows(rows))
    night.report(embedded=len(made), unchanged=len(known), encoder=name)
    night.log.info("%d pictures embedded, %d were before", len(made), len(known))


def _embed(night: Night, folder: Folder, todo: list[tuple[str, str]]) -> dict[str, str]:
    """Picture -> the pack with its vector."""
    if not todo:
        return {}
    if len(todo) < night.settings.section("images").spark_from:
        return dict(embed_some(night.lake, folder, todo, night))
    parts = max(2, min(len(todo) // 250, 8 * night.spark.sparkContext.defaultParallelism))
    frame = night.spark.createDataFrame(todo, _TODO).repartition(parts)
    root, place = night.lake.root, Place(night)

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = [(p, k) for batch in batches for p, k in zip(*(c.to_pylist() for c in batch.columns), strict=True)]
        if rows:
            done = list(embed_some(Lake(root), folder, rows, place))
            columns = [pa.array(column, pa.string()) for column in zip(*done, strict=True)]
            yield pa.RecordBatch.from_arrays(columns, ["picture", "pack"])

    return {row.picture: row.pack for row in frame.mapInArrow(work, _TODO).collect()}


class Place:
    """The night and run that a worker writes packs of."""

    def __init__(self, night: Night) -> None:
        self.date, self.run = night.date, night.run


def embed_some(
    lake: Lake, folder: Folder, todo: Iterable[tuple[str, str]], place: Place | Night
) -> Iterator[tuple[str, str]]:
    """(picture, the pack of its vector) of each (picture, the pack of its pixels)."""
    encoder = load_encoder(lake, folder)
    with PackWriter(lake, VECTORS, place.date, place.run) as packs:
        for names, pixels in _decoded(read_packed(lake, todo)):
            for name, vector in zip(names, encoder.encode(pixels), strict=True):
                yield name, packs.add(name, vector.astype("<f2").tobytes())


def _decoded(pictures: Iterable[tuple[str, bytes]]) -> Iterator[tuple[list[str], list[np.ndarray]]]:
    names: list[str] = []
    pixels: list[np.ndarray] = []
    for name, data in pictures:
        names.append(name)
        pixels.append(np.asarray(Image.open(io.BytesIO(data))))  # clean JPEGs of our own
        if len(names) == _AT_ONCE:
            yield names, pixels
            names, pixels = [], []
    if names:
        yield names, pixels

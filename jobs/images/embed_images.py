"""Makes a vector of each picture that has none yet -> image_vectors and packs of float16 numbers.

A picture is embedded once. It is embedded again only where another encoder or whitening is used tonight, since vectors
of different ones cannot be compared. This process embeds a few pictures itself. From `images.spark_from` pictures on,
Spark's workers share them, each with one thread and its own encoder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.common.picture_packs import VECTORS, PackWriter, read_packed
from jobs.images.vector_maker import FIT_ON, MakerFolders, fit_whitening, newest_maker
from jobs.images.vector_store import vector_rows
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.progress import Progress
from models.images.reading import clean_pixels
from schemas.tables import IMAGE_VECTORS, IMAGES

_AT_ONCE = 256  # pictures decoded before they are embedded
_PACKED = "picture string, pack string"
Packed = tuple[str, str]  # a picture, and the pack that holds it


class Place(NamedTuple):
    """The lake, night and run for which packs are written; it can be sent to a worker."""

    root: str
    date: str
    run: str


def main(night: Night) -> None:
    images = night.versions(IMAGES).tonight().arrow(["picture", "pack"])
    packs = dict(zip(images["picture"].to_pylist(), images["pack"].to_pylist(), strict=True))
    if not packs:
        night.write_arrow(IMAGE_VECTORS, vector_rows([]))
        night.report(embedded=0, unchanged=0)
        return
    place = Place(night.lake.root, str(night.date), night.run)
    maker = newest_maker(night, len(packs))
    new_packs: dict[str, str] = {}
    if maker is None:
        maker, new_packs = _begin(night, place, sorted(packs.items()))
    known_packs = {
        row["picture"]: row["pack"]
        for row in night.versions(IMAGE_VECTORS).previous().arrow().to_pylist()
        if row["encoder"] == maker.name and row["picture"] in packs
    }
    todo = [
        (picture, pack)
        for picture, pack in sorted(packs.items())
        if picture not in known_packs and picture not in new_packs
    ]
    new_packs |= _embed(night, place, maker, todo)
    rows = [
        {"picture": picture, "encoder": maker.name, "pack": pack}
        for picture, pack in sorted({**known_packs, **new_packs}.items())
    ]
    night.write_arrow(IMAGE_VECTORS, vector_rows(rows))
    night.report(embedded=len(new_packs), unchanged=len(known_packs), encoder=maker.name)
    night.log.info("%d pictures embedded tonight, %d embedded earlier", len(new_packs), len(known_packs))


def _begin(night: Night, place: Place, pictures: list[Packed]) -> tuple[MakerFolders, dict[str, str]]:
    """(maker, picture -> the pack of its vector): fits the whitening to some of the pictures and embeds these."""
    dice = np.random.default_rng(7)
    chosen = (
        pictures if len(pictures) <= FIT_ON else [pictures[row] for row in dice.permutation(len(pictures))[:FIT_ON]]
    )
    names: list[str] = []
    pixels: list[NDArray[np.uint8]] = []
    for name, data in read_packed(night.lake, chosen):
        names.append(name)
        pixels.append(clean_pixels(data))
    maker, vectors = fit_whitening(night, pixels, len(pictures))
    return maker, dict(_write(place, [(names, vectors)]))


def _embed(night: Night, place: Place, maker: MakerFolders, todo: list[Packed]) -> dict[str, str]:
    """Picture -> the pack with its vector."""
    if len(todo) < night.settings.section("images").spark_from:
        if not todo:
            return {}
        with Progress("embedding", len(todo), "pictures") as doing:
            return dict(doing.over(embed_some(place, maker, todo), None))
    parts = max(2, min(len(todo) // 250, 8 * night.spark.sparkContext.defaultParallelism))
    frame = night.spark.createDataFrame(todo, _PACKED).repartition(parts)

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = [pair for batch in batches for pair in zip(*(c.to_pylist() for c in batch.columns), strict=True)]
        if rows:
            columns = zip(*embed_some(place, maker, rows), strict=True)
            yield pa.RecordBatch.from_arrays([pa.array(c, pa.string()) for c in columns], ["picture", "pack"])

    return {row.picture: row.pack for row in frame.mapInArrow(work, _PACKED).collect()}


def embed_some(place: Place, folders: MakerFolders, todo: Iterable[Packed]) -> Iterator[Packed]:
    """(picture, the pack of its vector) for each (picture, the pack of its pixels) of `todo`."""
    lake = Lake(place.root)
    maker = folders.load(lake)
    decoded = _decoded(read_packed(lake, todo))
    yield from _write(place, ((names, maker.vectors(pixels)) for names, pixels in decoded))


def _write(place: Place, parts: Iterable[tuple[list[str], NDArray[np.float16]]]) -> Iterator[Packed]:
    with PackWriter(Lake(place.root), VECTORS, place.date, place.run) as packs:
        for names, vectors in parts:
            for name, vector in zip(names, vectors, strict=True):
                yield name, packs.add(name, vector.astype("<f2").tobytes())


def _decoded(pictures: Iterable[tuple[str, bytes]]) -> Iterator[tuple[list[str], list[NDArray[np.uint8]]]]:
    names: list[str] = []
    pixels: list[NDArray[np.uint8]] = []
    for name, data in pictures:
        names.append(name)
        pixels.append(clean_pixels(data))
        if len(names) == _AT_ONCE:
            yield names, pixels
            names, pixels = [], []
    if names:
        yield names, pixels

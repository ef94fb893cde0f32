"""Searches the items for what shoppers photographed -> image_search_results; the photos are deleted after the night.

A photo is read, checked and embedded like a picture of the shop. Neither the photo nor its vector is copied into the
lake. prune_lake deletes the files of a published night from the drop, unless `images.keep_photos` is set. A night that
runs again keeps the results of photos that are gone.

Photos of a night help each other: photos that probably show the same item show how it looks in shoppers' hands.

A result is `same_item` if it is the photo's best result, and more similar to the photo than 95 of 100 items of the shop
are to their most similar item.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.common.raw_drop import for_night
from jobs.images.config import ImagesConfig
from jobs.images.item_facts import item_facts
from jobs.images.named_files import matching
from jobs.images.picture_files import PictureFiles
from jobs.images.vector_maker import newest_maker
from jobs.images.vector_store import ItemPictures, item_pictures
from jobs.runtime.night import Night
from jobs.runtime.threads import usable_cores
from models.images.reading import PictureRefused, read_picture
from schemas.arrow import arrow_schema
from schemas.tables import IMAGE_SEARCH_RESULTS, IMAGE_VECTORS
from schemas.tables.images import LOOKS_ALIKE, SAME_ITEM

if TYPE_CHECKING:
    from models.images.lookalikes import LookAlikes

_SURE = 0.95  # share of the shop's items that are less similar to any other item
_ASKED = 1_000  # items that are used to measure how similar different items are
_SHOWN = 20  # most refused photos that the report names


@dataclass(frozen=True)
class Photos:
    """names: paths of the photos that could be read. refused: path of each other photo -> the reason."""

    names: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def main(night: Night) -> None:
    spec = night.source.images
    config: ImagesConfig = night.settings.section("images")
    paths: list[str] = []
    if spec is not None and spec.photos:
        files = PictureFiles(night.raw, max_bytes=night.settings.section("pictures").max_bytes)
        paths = [match[0] for match in matching(files, for_night(spec.photos, night.date))]
    before = _answered_before(night, paths)
    if len(paths) > config.max_photos:
        night.log.warning(
            "%d photos; only the first %d are searched (images.max_photos)", len(paths), config.max_photos
        )
    shown = item_pictures(night) if paths else None
    rows = [before]
    photos = Photos()
    if shown is not None and len(shown):
        rows.append(_search(night, config, shown, _read(night, files, paths[: config.max_photos], photos), photos))
    night.write_arrow(IMAGE_SEARCH_RESULTS, pa.concat_tables(rows))
    night.report(
        photos=len(paths), searched=len(photos.names), refused=dict(Counter(photos.refused.values())),
        refused_photos=dict(list(photos.refused.items())[:_SHOWN]),
        to_forget=[] if config.keep_photos else [path for path in paths if _is_within_drop(files, path)],
    )  # fmt: skip


def _is_within_drop(files: PictureFiles, path: str) -> bool:
    """Whether a photo lies in the drop itself: what a link leads to is not ours to delete."""
    try:
        files.check_path(path)
    except PictureRefused:
        return False
    return True


def _read(night: Night, files: PictureFiles, paths: list[str], photos: Photos) -> Iterator[NDArray[np.uint8]]:
    """The pixels of the photos, one after another, so that only a few are in memory; fills `photos`."""
    for path in paths:
        try:
            picture = read_picture(files.read(path)[0], night.settings.section("pictures"))
        except PictureRefused as refused:
            photos.refused[path] = refused.reason
            continue
        photos.names.append(path)
        yield picture.pixels


def _search(
    night: Night, config: ImagesConfig, shown: ItemPictures, pixels: Iterator[NDArray[np.uint8]], photos: Photos
) -> pa.Table:
    """Rows of IMAGE_SEARCH_RESULTS; `photos` is complete once all `pixels` are read."""
    from models.images.lookalikes import LookAlikes
    from models.images.picture_search import search_photos

    folders = newest_maker(night)
    made_by = night.versions(IMAGE_VECTORS).tonight().arrow(["encoder"])["encoder"][0].as_py()
    if folders is None or folders.name != made_by:
        raise FileNotFoundError(
            f"the vectors of tonight's pictures were made by {made_by}, and the newest encoder and whitening are "
            f"{folders.name if folders else 'none'}; run `python -m jobs embed_images` first"
        )
    maker, facts = folders.load(night.lake), item_facts(night, shown.item_ids, config.colours)
    vectors, n_items = maker.vectors(pixels), len(shown.item_ids)
    codes, scores = search_photos(
        vectors, shown.vectors, shown.item, n_items, maker.whitening.parts, min(config.results, n_items),
        allowed=np.asarray(facts.on_sale),
    )  # fmt: skip
    row, rank = np.nonzero(codes >= 0)
    alike = LookAlikes(shown.vectors, shown.item, n_items, facts.product)
    best = (rank == 0) & (alike.to_items(vectors, codes[:, 0])[row] >= _usual_likeness(alike, n_items))
    names, ids = pa.array(photos.names, pa.string()), pa.array(shown.item_ids, pa.string())
    until = pa.array([night.valid_until("images")] * len(row), pa.timestamp("us", tz="UTC"))
    return pa.table(
        {
            "photo": names.take(pa.array(row)),
            "item_id": ids.take(pa.array(codes[row, rank])),
            "rank": pa.array(rank + 1, pa.int32()),
            "score": pa.array(scores[row, rank], pa.float32()),
            "kind": pc.if_else(pa.array(best), SAME_ITEM, LOOKS_ALIKE),
            "valid_until": until,
        }
    ).cast(arrow_schema(IMAGE_SEARCH_RESULTS))


def _usual_likeness(alike: LookAlikes, items: int) -> float:
    """The cosine above which only 1 - _SURE of the items are to their most similar item; 2 without other items."""
    some = np.random.default_rng(7).permutation(items)[:_ASKED]
    nearest = alike.similar(some, 1, "looks_alike", usable_cores())[1][:, 0]
    nearest = nearest[np.isfinite(nearest)]
    return float(np.quantile(nearest, _SURE)) if len(nearest) else 2.0


def _answered_before(night: Night, paths: list[str]) -> pa.Table:
    """The results of an earlier run of this night for photos that are gone now."""
    version = night.lake.current(IMAGE_SEARCH_RESULTS, night.date)
    if version is None:
        return arrow_schema(IMAGE_SEARCH_RESULTS).empty_table()
    rows = night.versions(IMAGE_SEARCH_RESULTS).of([version]).arrow()
    return rows.filter(pc.invert(pc.is_in(rows["photo"], pa.array(paths, pa.string()))))

"""Draws the pictures' page for people, reports/date=D/images.html: what looks alike, what was recognised and refused.

`images.page_rows` limits the page. It holds small pictures that we made, and no bytes of a file that arrived. A shop
without pictures gets no page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.common.thumbnails import thumbnails
from jobs.images.page import Seen, page_of
from jobs.runtime.night import Night
from schemas.table import Table
from schemas.tables import (
    DOUBTED_ATTRIBUTES,
    IMAGE_SEARCH_RESULTS,
    IMAGES,
    ITEMS,
    RECOGNISED_ATTRIBUTES,
    REFUSED_IMAGES,
    SIMILAR_IMAGES,
)
from schemas.tables.images import OTHER_COLOUR

_SIDE = 96  # pixels of a small picture
_NEIGHBOURS = 6  # of each kind
Rows = list[dict[str, Any]]


def main(night: Night) -> None:
    images = night.versions(IMAGES).tonight().arrow(["item_id", "place", "picture", "pack"])
    refused = _rows(night, REFUSED_IMAGES)
    if not images.num_rows and not refused:
        return
    page = page_of(_shown(night, images, refused))
    folder = ("reports", f"date={night.date}")
    night.lake.put_text(page, *folder, "images.html")
    night.report(page="/".join((*folder, "images.html")), bytes=len(page))


def _shown(night: Night, images: pa.Table, refused: Rows) -> Seen:
    most = night.settings.section("images").page_rows
    similar = _similar(night, most)
    doubted, recognised = (
        sorted(_rows(night, table), key=lambda row: -row["chance"])[:most]
        for table in (DOUBTED_ATTRIBUTES, RECOGNISED_ATTRIBUTES)
    )
    search_results = _grouped(_first_ranks(night, IMAGE_SEARCH_RESULTS).to_pylist(), "photo", most)
    items = {*similar, *(row["item_id"] for row in [*doubted, *recognised])}
    items |= {row["item_id"] for rows in [*similar.values(), *search_results.values()] for row in rows}
    of_items = images.filter(pc.is_in(images["item_id"], pa.array(sorted(items), pa.string())))
    packs = dict(zip(of_items["picture"].to_pylist(), of_items["pack"].to_pylist(), strict=True))
    main = {row["item_id"]: row["picture"] for row in of_items.to_pylist() if row["place"] == 1}
    pictures = {*main.values(), *(row["picture"] for row in [*doubted, *recognised])}
    return Seen(
        date=str(night.date),
        most=most,
        counts={
            "items": len(pc.unique(images["item_id"])),
            "pictures": images.num_rows,
            "new": night.facts("receive_images").get("kept", 0),
            "refused": len(refused),
        },
        similar=similar,
        doubted=doubted,
        recognised=recognised,
        found=search_results,
        refused=refused[:most],
        main=main,
        titles=_titles(night, items),
        thumbnails=thumbnails(
            night.lake, [(picture, packs[picture]) for picture in sorted(pictures) if picture in packs], _SIDE
        ),
    )


def _similar(night: Night, most: int) -> dict[str, Rows]:
    """Item -> its neighbours, other colours first. Of all items, those that have other colours come first."""
    rows = _first_ranks(night, SIMILAR_IMAGES)
    colours = rows.filter(pc.equal(rows["kind"], OTHER_COLOUR))
    targets = pc.unique(pa.concat_tables([colours, rows])["target_item_id"]).slice(0, most)
    rows = rows.filter(pc.is_in(rows["target_item_id"], targets))
    ordered = rows.sort_by([("target_item_id", "ascending"), ("kind", "descending"), ("rank", "ascending")])
    return _grouped(ordered.to_pylist(), "target_item_id", most)


def _first_ranks(night: Night, table: Table) -> pa.Table:
    rows = night.versions(table).tonight().arrow()
    return rows.filter(pc.less_equal(rows["rank"], _NEIGHBOURS))


def _grouped(rows: Rows, column: str, most: int) -> dict[str, Rows]:
    groups: dict[str, Rows] = defaultdict(list)
    for row in rows:
        if row[column] in groups or len(groups) < most:
            groups[row[column]].append(row)
    return groups


def _titles(night: Night, items: Iterable[str]) -> dict[str, tuple[str, str]]:
    names = ["item_id", "shown_title", "shown_title_zh"]
    rows = night.versions(ITEMS).tonight().arrow(names)
    rows = rows.filter(pc.is_in(rows["item_id"], pa.array(sorted(items), pa.string())))
    return {row["item_id"]: (row["shown_title"] or "", row["shown_title_zh"] or "") for row in rows.to_pylist()}


def _rows(night: Night, table: Table) -> Rows:
    return night.versions(table).tonight().arrow().to_pylist()

"""A merchant's requests -> image_drafts: pictures repaired, recoloured or on a new background, for a person to approve.

`image_drafts.requests` names the requests, `image_drafts.review` the decisions of a person on the page
reports/date=D/drafts.html. Each draft is a PNG below drafts/ of the lake that says in its metadata that it is
generated. A recoloured product is offered only if the recogniser sees the requested colour in it.
Only an approved draft reaches a published table, approved_images, and only while its file is the one that was approved.
If picture, request and editor are unchanged, the draft is not made again. Without requests both tables are empty.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa

from jobs.images.draft_config import DraftsConfig
from jobs.images.drafts_page import write_page
from jobs.runtime.night import Night
from schemas.arrow import arrow_schema
from schemas.image_requests import load_decisions, load_requests
from schemas.tables import APPROVED_IMAGES, IMAGE_DRAFTS, IMAGES
from schemas.tables.image_drafts import APPROVED

Row = dict[str, Any]


def main(night: Night) -> None:
    config: DraftsConfig = night.settings.section("image_drafts")
    requests = load_requests(config.requests)
    decisions = load_decisions(config.review)
    if not requests:
        write(night, [])
        night.report(asked=0)
        return
    from jobs.images.making_drafts import drafts_of, with_decision  # torch, which takes seconds

    images = night.versions(IMAGES).tonight().arrow(["item_id", "place", "picture", "pack"]).to_pylist()
    rows = [with_decision(row, decisions, night) for row in drafts_of(night, requests, images, config)]
    write(night, rows)
    write_page(night, rows, {row["picture"]: row["pack"] for row in images}, config.page_rows)
    night.report(asked=len(requests), states=Counter(row["state"] for row in rows))


def write(night: Night, rows: list[Row]) -> None:
    """Writes tonight's drafts, and the approved ones for the storefront."""
    approved = [row for row in rows if row["state"] == APPROVED]
    for table, drafts in ((IMAGE_DRAFTS, rows), (APPROVED_IMAGES, approved)):
        columns = [{name: row[name] for name in table.names} for row in sorted(drafts, key=lambda row: row["draft_id"])]
        night.write_arrow(table, pa.Table.from_pylist(columns, arrow_schema(table)))

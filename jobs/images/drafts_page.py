"""The page of drafts, where a person approves or blocks each draft beside its original. It works offline."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from jobs.common.picture_packs import read_packed
from jobs.common.safe_page import page_with
from jobs.common.thumbnails import as_url
from jobs.images.draft_files import read_draft
from jobs.runtime.night import Night
from models.images.reading import thumbnail
from schemas.tables import ITEMS
from schemas.tables.image_drafts import APPROVED, BLOCKED, OFFERED, REFUSED

_PAGE = Path(__file__).with_name("drafts_page.html")
_SIDE = 320  # pixels of a picture on the page
_LONGEST = 300  # characters of a text
_ORDER = (OFFERED, APPROVED, BLOCKED, REFUSED)
Row = dict[str, Any]


def write_page(night: Night, rows: list[Row], packs: Mapping[str, str], most: int) -> str:
    """Writes reports/date=D/drafts.html into the lake and returns its path; packs: picture -> its pack."""
    shown = first_rows(rows, most)
    needed = {row["picture"] for row in shown if row["file"] and row["picture"] in packs}
    originals = {picture: small(data) for picture, data in read_packed(night.lake, [(p, packs[p]) for p in needed])}
    drafts = {row["draft_id"]: small(read_draft(night, row["file"])) for row in shown if row["file"]}
    items = night.versions(ITEMS).tonight().arrow(["item_id", "shown_title", "shown_title_zh"])
    shown_items = {row["item_id"] for row in shown}
    titles = {row["item_id"]: row for row in items.to_pylist() if row["item_id"] in shown_items}
    parts = ("reports", f"date={night.date}", "drafts.html")
    night.lake.put_text(page_of(str(night.date), rows, shown, originals, drafts, titles), *parts)
    return night.lake.path(*parts)


def first_rows(rows: list[Row], most: int) -> list[Row]:
    """At most `most` rows; those that wait for a decision come first."""
    return sorted(rows, key=lambda row: (_ORDER.index(row["state"]), row["item_id"], row["draft_id"]))[:most]


def page_of(
    date: str,
    rows: list[Row],
    shown: list[Row],
    originals: Mapping[str, str],
    drafts: Mapping[str, str],
    titles: Mapping[str, Row],
) -> str:
    """The page as HTML. originals, drafts: data URIs by picture and by draft; titles: of the items that are shown."""
    data = {
        "date": date,
        "drafts": len(rows),
        "states": Counter(row["state"] for row in rows),
        "rows": [_on_page(row, originals, drafts, titles.get(row["item_id"], {})) for row in shown],
    }
    return page_with(_PAGE.read_text("utf-8"), data, pictures=True)


def _on_page(row: Row, originals: Mapping[str, str], drafts: Mapping[str, str], titles: Row) -> Row:
    copied = ("draft_id", "draft_hash", "item_id", "kind", "state", "looks", "chance")
    texts = {"asked": row["asked"], "reason": row["reason"], "en": titles.get("shown_title"),
             "zh": titles.get("shown_title_zh")}  # fmt: skip
    pictures = {"before": originals.get(row["picture"]), "after": drafts.get(row["draft_id"])}
    cut = {name: text and text[:_LONGEST] for name, text in texts.items()}
    return {**{name: row[name] for name in copied}, **cut, **pictures, "made_on": str(row["made_on"])}


def small(data: bytes) -> str:
    """A small JPEG of a picture's bytes, as a data URI; empty where the bytes are not a picture any more."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            pixels = np.asarray(image.convert("RGB"))
    except (OSError, ValueError):
        return ""
    return as_url(thumbnail(pixels, _SIDE))

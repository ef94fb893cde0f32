"""Tonight's rows of image_drafts: those that exist already, and those that are made now."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from jobs.common.picture_packs import read_packed
from jobs.images.colour_words import colour_looks, colours_of_shop
from jobs.images.draft_config import DraftsConfig
from jobs.images.draft_files import read_draft, write_draft
from jobs.images.drafting import Maker, NoDraft
from jobs.runtime.model_store import load_model
from jobs.runtime.night import Night
from models.image_editing.editor import PictureEditor
from models.images.reading import clean_pixels
from schemas.image_requests import RECOLOUR, Decisions, Request
from schemas.tables import IMAGE_DRAFTS
from schemas.tables.image_drafts import APPROVED, BLOCKED, OFFERED, REFUSED

EDITOR = "image_editor"
Row = dict[str, Any]


def drafts_of(night: Night, requests: Sequence[Request], images: list[Row], config: DraftsConfig) -> list[Row]:
    """A row for each request, except those that wait for another night; images: rows of tonight's IMAGES."""
    places = {(row["item_id"], row["place"]): (row["picture"], row["pack"]) for row in images}
    maker = maker_of(night, requests, images, config)
    rows, todo, waiting = planned(night, requests, places, maker, config.most)
    night.report(made=len(todo), waiting=waiting)
    return rows + make_drafts(night, maker, todo)


def maker_of(night: Night, requests: Sequence[Request], images: list[Row], config: DraftsConfig) -> Maker:
    """The maker for tonight's requests. It reads colours only where a request needs them."""
    folder = night.lake.model_before(EDITOR, night.date, including=True)
    editor = load_model(night.lake, folder, PictureEditor) if folder else None
    colours = {request.colour for request in requests if request.kind == RECOLOUR}
    return Maker(
        editor,
        "/".join(folder or ()),
        colours_of_shop(night, colours, images, config.palette) if colours else {},
        colour_looks(night) if colours else None,
        config.least_chance,
    )


def planned(
    night: Night, requests: Sequence[Request], places: dict[tuple[str, int], tuple[str, str]], maker: Maker, most: int
) -> tuple[list[Row], list[tuple[Row, Request, str]], int]:
    """(rows that exist already, (row, request, pack) of drafts to make, how many wait for another night)."""
    before = {row["draft_id"]: row for row in night.versions(IMAGE_DRAFTS).previous().arrow().to_pylist()}
    rows: list[Row] = []
    todo: list[tuple[Row, Request, str]] = []
    for request in requests:
        picture, pack = places.get((request.item_id, request.picture), ("", ""))
        row = new_row(night, request, picture, maker)
        last = before.get(row["draft_id"])
        if not picture:
            rows.append(row | refusal(f"the item has no picture {request.picture} tonight"))
        elif last is not None and last["file"]:
            rows.append(last)
        else:
            todo.append((row, request, pack))
    todo.sort(key=lambda entry: entry[0]["draft_id"] in before)  # those that were refused before are tried again last
    return rows, todo[:most], max(0, len(todo) - most)


def new_row(night: Night, request: Request, picture: str, maker: Maker) -> Row:
    empty = dict.fromkeys(IMAGE_DRAFTS.names)
    columns = {"item_id": request.item_id, "kind": request.kind, "asked": request.asked, "picture": picture}
    return empty | columns | {
        "draft_id": maker.draft_id(request, picture or f"{request.picture}"), "generated": True, "model": "",
        "made_on": night.date, "state": OFFERED,
    }  # fmt: skip


def refusal(reason: str) -> Row:
    return {"state": REFUSED, "reason": reason, "file": None, "draft_hash": None}


def make_drafts(night: Night, maker: Maker, todo: list[tuple[Row, Request, str]]) -> list[Row]:
    """The rows of `todo` with their drafts, whose files it writes, or with the reason why no draft is offered."""
    by_picture: dict[str, list[tuple[Row, Request]]] = {}
    for row, request, _ in todo:
        by_picture.setdefault(row["picture"], []).append((row, request))
    rows: list[Row] = []
    for picture, data in read_packed(night.lake, [(row["picture"], pack) for row, _, pack in todo]):
        pixels = clean_pixels(data)
        for row, request in by_picture[picture]:
            try:
                draft = maker.make(request, pixels)
            except NoDraft as why:
                rows.append(row | refusal(str(why)))
                continue
            file = write_draft(night, row["draft_id"], draft.data)
            result = {"looks": draft.looks, "chance": draft.chance, "model": maker.model if draft.by_network else ""}
            rows.append(row | result | {"file": file, "draft_hash": draft.digest})
    return rows


def with_decision(row: Row, decisions: Decisions, night: Night) -> Row:
    """The row in the state that a person's decision gives it. An approval counts only for the bytes that were shown."""
    if not row["file"]:
        return row
    draft = row["draft_id"]
    if draft in decisions.blocked:
        return row | {"state": BLOCKED}
    if decisions.approved.get(draft) != row["draft_hash"]:
        return row | {"state": OFFERED}
    if hashlib.sha256(read_draft(night, row["file"])).hexdigest() != row["draft_hash"]:
        return row | refusal("its file is not the one that was approved; delete the request and ask again")
    return row | {"state": APPROVED}

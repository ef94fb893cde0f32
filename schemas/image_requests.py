"""Two TOML files: the drafts of pictures that a merchant wants, and what people decided about drafts; stdlib only.

[[repair]]                        a damaged picture
item_id = "g0000012"              with picture = 2 for its second one; where = "scratches" (they are found), or boxes of
where = [[0.1, 0.2, 0.4, 0.3]]    left, top, right, bottom as shares of the picture, or mask = "file.png" (white: gone)

[[recolour]]                      the product in another colour, a word of the catalogue
item_id = "g0000012"
colour = "Dark Blue"

[[background]]                    the product on a background of one colour
item_id = "g0000012"
colour = "#f2f2f2"

The page of drafts writes the second file: [[approve]] and [[block]], each with `draft_id` and `draft_hash`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.toml_files import parse, read, refuse_unknown

REPAIR, RECOLOUR, BACKGROUND = "repair", "recolour", "background"
KINDS = (REPAIR, RECOLOUR, BACKGROUND)
SCRATCHES = "scratches"
Box = tuple[float, float, float, float]
_KEYS = {REPAIR: {"where", "mask"}, RECOLOUR: {"colour"}, BACKGROUND: {"colour"}}
_DECIDED = ("draft_id", "draft_hash")


class RequestError(ValueError):
    """A file of requests or decisions that cannot be used; the message names file, entry and what was seen."""


@dataclass(frozen=True)
class Request:
    """One draft that a merchant wants. picture: its number among the item's pictures; 1 is the main one.

    A repair sets one of `boxes`, `mask` (a file) and `find` (scratches); the other kinds set `colour`.
    """

    kind: str
    item_id: str
    picture: int = 1
    colour: str = ""
    boxes: tuple[Box, ...] = ()
    mask: str = ""
    find: bool = False

    @property
    def asked(self) -> str:
        """What the merchant wants, in words: for a person to read, and as a part of the draft's id."""
        if self.kind != REPAIR:
            return self.colour
        return SCRATCHES if self.find else self.mask or "; ".join(" ".join(f"{x:g}" for x in box) for box in self.boxes)


@dataclass(frozen=True)
class Decisions:
    """draft_id -> the hash of the file that was seen when it was approved, or blocked."""

    approved: Mapping[str, str]
    blocked: Mapping[str, str]


def load_requests(file: str) -> tuple[Request, ...]:
    """The requests of a file in its order, each once; '' gives none. Raises RequestError or FileNotFoundError."""
    if not file:
        return ()
    path = Path(file)
    raw = _read(path, KINDS, "image_drafts.requests")
    requests = [_request(f"{path}: {kind} {number}", kind, entry, path.parent)
             for kind in KINDS for number, entry in enumerate(raw.get(kind, []), 1)]  # fmt: skip
    return tuple(dict.fromkeys(requests))


def load_decisions(file: str) -> Decisions:
    """What a person decided; '' gives nothing. Raises RequestError or FileNotFoundError."""
    if not file:
        return Decisions({}, {})
    path = Path(file)
    raw = _read(path, ("approve", "block"), "image_drafts.review")
    decided: dict[str, dict[str, str]] = {"approve": {}, "block": {}}
    for verb, hashes in decided.items():
        for number, entry in enumerate(raw.get(verb, []), 1):
            where = f"{path}: {verb} {number}"
            _check_entry(where, entry, {*_DECIDED, "note"})
            draft, file_hash = (_text(where, entry, key) for key in _DECIDED)
            hashes[draft] = file_hash
    if contradictory := decided["approve"].keys() & decided["block"].keys():
        raise RequestError(f"{path} both approves and blocks {min(contradictory)}; keep one of the two entries")
    return Decisions(decided["approve"], decided["block"])


def _read(path: Path, known: tuple[str, ...], setting: str) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}; leave {setting} empty, or name one that exists")
    raw = parse(read(path, RequestError), path, RequestError)
    refuse_unknown(str(path), raw, known, RequestError)
    for key, entries in raw.items():
        if not isinstance(entries, list):
            raise RequestError(f"{path}: '{key}' is no list of entries; write [[{key}]], with two brackets each side")
    return raw


def _request(where: str, kind: str, entry: Any, folder: Path) -> Request:
    _check_entry(where, entry, {"item_id", "picture", "note", *_KEYS[kind]})
    item, picture = _text(where, entry, "item_id"), entry.get("picture", 1)
    if not isinstance(picture, int) or isinstance(picture, bool) or picture < 1:
        raise RequestError(f"{where}: picture is {picture!r}; it is the picture's number, 1 for the main one")
    if kind == REPAIR:
        return _repair(where, Request(kind, item, picture), entry, folder)
    colour = _text(where, entry, "colour")
    if kind == BACKGROUND and not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise RequestError(f"{where}: colour is {colour!r}; write a background as #rrggbb, such as #f2f2f2")
    return Request(kind, item, picture, colour)


def _repair(where: str, request: Request, entry: Mapping[str, Any], folder: Path) -> Request:
    if ("where" in entry) == ("mask" in entry):
        raise RequestError(f"{where} needs one of 'where' and 'mask': what is damaged")
    if "mask" in entry:
        return Request(REPAIR, request.item_id, request.picture, mask=str(folder / _text(where, entry, "mask")))
    place = entry["where"]
    if place == SCRATCHES:
        return Request(REPAIR, request.item_id, request.picture, find=True)
    if not isinstance(place, list) or not place:
        raise RequestError(f"{where}: where is {place!r}; it is '{SCRATCHES}' or a list of boxes")
    boxes = tuple(_box(where, box) for box in place)
    return Request(REPAIR, request.item_id, request.picture, boxes=boxes)


def _box(where: str, box: Any) -> Box:
    numbers = isinstance(box, list) and all(isinstance(x, int | float) and not isinstance(x, bool) for x in box)
    if not numbers or len(box) != 4 or not (0 <= box[0] < box[2] <= 1 and 0 <= box[1] < box[3] <= 1):
        raise RequestError(f"{where}: {box!r} is no box; write [left, top, right, bottom], each in 0..1")
    return (float(box[0]), float(box[1]), float(box[2]), float(box[3]))


def _check_entry(where: str, entry: Any, known: set[str]) -> None:
    if not isinstance(entry, dict):
        raise RequestError(f"{where} is {entry!r}, not an entry with keys")
    refuse_unknown(where, entry, known, RequestError)


def _text(where: str, entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise RequestError(f"{where} needs '{key}', a text; saw {value!r}")
    return value

"""Makes one draft of one picture, or says why there is none. A recoloured product must show the requested colour."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jobs.images.generated_mark import marked_png
from models.image_editing.damage import find_scratches
from models.image_editing.editor import PictureEditor
from models.image_editing.masks import Mask
from models.image_editing.recolour import CannotRecolour, on_background, recolour
from schemas.image_requests import BACKGROUND, RECOLOUR, Request

RULES = "1"  # raise it when drafts are made differently: then all drafts are made again
VARIETIES = (0.25, 0.6, 0.0)  # shares of a product's variety of colours that the draft keeps, tried in this order
U8 = NDArray[np.uint8]
Looks = Callable[[U8], tuple[str, float]]  # pixels -> (the colour that the recogniser sees, its chance)


class NoDraft(ValueError):
    """Why no draft is offered, for a person to read."""


@dataclass(frozen=True)
class Draft:
    """A generated picture. data: the marked file. by_network: whether the network made a part of it. looks, chance:
    what the recogniser sees, where it was asked."""

    data: bytes
    by_network: bool
    looks: str | None = None
    chance: float | None = None

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Maker:
    """All that making drafts needs. model: the editor's folder in the lake; colours: word of a colour -> OKLab."""

    editor: PictureEditor | None
    model: str
    colours: Mapping[str, tuple[float, float, float]]
    looks: Looks | None
    least_chance: float

    def draft_id(self, request: Request, picture: str) -> str:
        """The same id for the same picture, request and maker; of a mask, the bytes of its file count."""
        mask = _file_digest(request.mask) if request.mask else ""
        model = "" if request.kind == RECOLOUR else self.model
        identity = "\n".join((RULES, picture, request.item_id, request.kind, request.asked, mask, model))
        return hashlib.sha256(identity.encode()).hexdigest()[:16]

    def make(self, request: Request, pixels: U8) -> Draft:
        """The draft of one request. Raises NoDraft."""
        try:
            if request.kind == RECOLOUR:
                return self._recoloured(request, pixels)
            if request.kind == BACKGROUND:
                ground = tuple(bytes.fromhex(request.colour.removeprefix("#")))
                edited = on_background(pixels, (ground[0], ground[1], ground[2]), self.editor)
                return _draft(edited, by_network=self.editor is not None)
            return self._repaired(request, pixels)
        except CannotRecolour as problem:
            raise NoDraft(str(problem)) from None

    def _repaired(self, request: Request, pixels: U8) -> Draft:
        if self.editor is None:
            raise NoDraft("no picture editor is trained yet; train_image_editor says why")
        mask = damage_of(request, pixels)
        try:
            return _draft(self.editor.complete(pixels, mask), by_network=True)
        except ValueError as problem:
            raise NoDraft(str(problem)) from None

    def _recoloured(self, request: Request, pixels: U8) -> Draft:
        """The draft with the first of VARIETIES in which the recogniser sees the requested colour."""
        colour = self.colours.get(request.colour)
        if colour is None:
            raise NoDraft(f"too few pictures show the colour '{request.colour}'; use a word of the catalogue")
        if self.looks is None:
            raise NoDraft("no recogniser of colours is trained, so nobody can tell whether the draft has the colour")
        look = ("", 0.0)
        for variety in VARIETIES:
            recoloured = recolour(pixels, colour, variety)
            look = self.looks(recoloured)
            if look[0] == request.colour and look[1] >= self.least_chance:
                return replace(_draft(recoloured, by_network=False), looks=look[0], chance=look[1])
        raise NoDraft(f"the draft looks {look[0]} ({look[1]:.0%}), not {request.colour}")


def damage_of(request: Request, pixels: U8) -> Mask:
    """Where a request says that a picture is damaged. Raises NoDraft where the request cannot be used."""
    height, width = pixels.shape[:2]
    if request.find:
        mask = find_scratches(pixels)
        if not mask.any():
            raise NoDraft("no scratch was found; name boxes in 'where' or give a mask")
        return mask
    if request.mask:
        return _mask_of(Path(request.mask), width, height)
    mask = np.zeros((height, width), bool)
    for left, top, right, bottom in request.boxes:
        rows = slice(int(top * height), max(int(top * height) + 1, round(bottom * height)))
        mask[rows, int(left * width) : max(int(left * width) + 1, round(right * width))] = True
    return mask


def _mask_of(path: Path, width: int, height: int) -> Mask:
    try:
        with Image.open(path) as image:
            white = image.convert("L").point(lambda grey: 255 * (grey > 127))
    except (OSError, ValueError, Image.DecompressionBombError) as problem:
        raise NoDraft(f"the mask {path.name} is no picture: {problem}") from None
    # A pixel is damaged where any part of it is white: a thin line in a large mask must not get holes.
    mask: Mask = np.asarray(white.resize((width, height), Image.Resampling.BOX)) > 0
    if not mask.any():
        raise NoDraft(f"the mask {path.name} has no white pixel, so nothing is damaged")
    return mask


def _draft(pixels: U8, by_network: bool) -> Draft:
    return Draft(marked_png(pixels, by_network), by_network)


def _file_digest(path: str) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return "missing"

"""Recolours a product on a plain background, and replaces the background.

Without a network: the product is what differs from the picture's edge; its colour moves in OKLab and its shading stays.
With the network: where product and old background mix, a seam, the editor fills the pixels anew.
It gives up, with a reason, where the edge is no plain background. The recogniser judges whether the result has the
wanted colour, and a person whether it is good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_erosion, binary_fill_holes, binary_opening, label

from models.image_editing.colours import lab_of, picture_of
from models.image_editing.editor import PictureEditor
from models.image_editing.masks import Mask

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
EDGE = 0.02  # of each side: the frame whose colour is the background's
PLAIN = 0.06  # most median distance of the frame from its colour, in OKLab; a grey gradient has .02
APART = 0.045  # least distance of the product from the background's colour
ON_EDGE = 0.15  # share of the frame that may be product: more is no picture of a product on a background
FAINT = 0.35  # share of the product that may be within twice the least distance: with more, its outline is doubtful
SHARE = (0.02, 0.95)  # of the picture that a product may take
KEPT = 0.25  # share of the product's own differences of colour that stays
ROOM = 0.03, 0.97  # lightness stays within these


class CannotRecolour(ValueError):
    """No product stands out from a plain background."""


@dataclass(frozen=True)
class Palette:
    """Colour's name -> its OKLab (3,), measured on the shop's own pictures of that colour."""

    colours: Mapping[str, tuple[float, float, float]]

    @classmethod
    def fit(cls, pictures: Sequence[U8], names: Sequence[str | None], least: int = 5) -> Palette:
        """For each colour, the median over pictures of the product's median; `least` pictures are needed.

        Pictures without a product on a plain background are skipped.
        """
        colours_of: dict[str, list[F32]] = {}
        for picture, name in zip(pictures, names, strict=True):
            if name:
                try:
                    colours_of.setdefault(name, []).append(np.median(lab_of(picture[product_in(picture)]), axis=0))
                except CannotRecolour:
                    continue
        medians = {name: np.median(rows, axis=0) for name, rows in sorted(colours_of.items()) if len(rows) >= least}
        return cls({name: (float(row[0]), float(row[1]), float(row[2])) for name, row in medians.items()})


def product_in(picture: U8) -> Mask:
    """Where the product is (h, w). Raises CannotRecolour, saying what was seen."""
    height, width = picture.shape[:2]
    lab = lab_of(picture)
    border = max(1, round(EDGE * min(height, width)))
    inside = np.zeros((height, width), bool)
    inside[border : height - border, border : width - border] = True
    frame = lab[~inside]
    background = np.median(frame, axis=0)
    uneven = float(np.median(np.linalg.norm(frame - background, axis=1)))
    if uneven > PLAIN:
        raise CannotRecolour(f"the edge is no plain background: its colours differ by {uneven:.2f}, {PLAIN} at most")
    distance, least = np.linalg.norm(lab - background, axis=2), max(APART, 3 * uneven)
    stands_out = distance > least
    product_share = float(stands_out[~inside].mean())
    if product_share > ON_EDGE:
        raise CannotRecolour(f"{product_share:.0%} of the edge is no background, {ON_EDGE:.0%} at most")
    if min(height, width) >= 16:
        stands_out = binary_opening(stands_out)
    product = binary_fill_holes(_large_parts(stands_out))
    share = float(product.mean())
    if not SHARE[0] <= share <= SHARE[1]:
        raise CannotRecolour(f"the product takes {share:.0%} of the picture, not {SHARE[0]:.0%} to {SHARE[1]:.0%}")
    faint = float((distance[product] < 2 * least).mean())
    if faint > FAINT:
        raise CannotRecolour(f"{faint:.0%} of the product hardly stands out from the background, {FAINT:.0%} at most")
    return product


def _large_parts(mask: Mask) -> Mask:
    """Without parts smaller than a fiftieth of the largest one: dust and shadows."""
    parts, count = label(mask)
    if not count:
        return mask
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return (sizes >= sizes.max() / 50)[parts] & mask


def recolour(picture: U8, colour: tuple[float, float, float], variety: float = KEPT) -> U8:
    """The picture (h, w, 3) with its product in `colour` (OKLab). Background: every byte stays.

    variety: share of the product's own differences of colour that stays; its shading stays as it is, unless the new
    colour is so light or dark that the shading must be compressed to fit.
    Raises CannotRecolour.
    """
    product = product_in(picture)
    lab = lab_of(picture[product])
    middle = np.median(lab, axis=0)
    deviation = lab - middle
    room = np.where(deviation[:, 0] > 0, ROOM[1] - colour[0], colour[0] - ROOM[0])
    excess = max(float(np.percentile(np.abs(deviation[:, 0]) / np.maximum(room, 1e-3), 98)), 1.0)
    moved = np.column_stack([colour[0] + deviation[:, 0] / excess, colour[1:] + variety * deviation[:, 1:]])
    recoloured = picture.copy()
    recoloured[product] = picture_of(moved.astype(np.float32))
    return recoloured


def on_background(picture: U8, ground: tuple[int, int, int], editor: PictureEditor | None = None) -> U8:
    """The picture with its product on a background of one colour (sRGB bytes); inside the product every byte stays.

    With an editor, the network fills the seam of two pixels around the product. Raises CannotRecolour.
    """
    product = product_in(picture)
    composed = np.where(product[..., None], picture, np.array(ground, np.uint8))
    seam = binary_dilation(product) & ~binary_erosion(product)
    return composed if editor is None else editor.complete(composed, seam)

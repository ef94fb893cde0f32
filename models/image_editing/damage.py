"""Finds scratches: long thin lines whose colour is neither side's. No network: it proposes, a person approves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, find_objects, label, median_filter

from models.image_editing.colours import lab_of
from models.image_editing.masks import Mask

U8 = NDArray[np.uint8]
AROUND = 16  # the shorter side divided by this: how far colours to both sides of a line are looked for
APART = 0.1  # least distance of a scratch from them, in OKLab
LONG = 0.15  # of the longer side: least extent of a scratch
THIN = 0.25  # most share of its length that a scratch is wide
MOST = 0.25  # of the picture: with more it is a pattern, not damage


def find_scratches(picture: U8) -> Mask:
    """Where scratches are (h, w), a pixel wider than seen; nothing where there are none, or so many as in a pattern."""
    lab = lab_of(picture)
    height, width = picture.shape[:2]
    size = max(3, min(height, width) // AROUND) | 1
    without = np.stack([median_filter(lab[..., part], size) for part in range(3)], axis=2)
    parts, _ = label(np.linalg.norm(lab - without, axis=2) > APART, np.ones((3, 3)))
    found = np.zeros((height, width), bool)
    for number, place in enumerate(find_objects(parts), 1):
        line = parts[place] == number
        length = float(np.hypot(*line.shape))
        if length >= LONG * max(height, width) and line.sum() <= THIN * length**2:
            found[place] |= line
    found = binary_dilation(found, np.ones((3, 3)))
    return found if found.mean() <= MOST else np.zeros_like(found)

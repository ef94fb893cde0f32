"""Finds scratches: long thin lines whose colour is neither side's. No network: it proposes, a person approves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, find_objects, label, median_filter

from models.image_editing.colours import lab_of
from models.image_editing.masks import Mask

U8 = NDArray[np.uint8]
# The shorter side divided by these: how far colours to both sides of a line are looked for. Where lines cross, the
# nearer ones are lines themselves.
AROUND = (16, 8)
APART = 0.1  # least distance of a scratch from them, in OKLab
LONG = 0.15  # of the longer side: least extent of a scratch
THIN = 0.25  # most share of its length that a scratch is wide
WIDER = 2  # pixels beside a scratch into which a JPEG smears it
MOST = 0.3  # of the picture: with more it is a pattern, not damage


def find_scratches(picture: U8) -> Mask:
    """Where scratches are (h, w), two pixels wider than seen; nothing where there are none, or a pattern of them."""
    lab = lab_of(picture)
    height, width = picture.shape[:2]
    stands_out = np.zeros((height, width), bool)
    for part in AROUND:
        size = max(3, min(height, width) // part) | 1
        without = np.stack([median_filter(lab[..., channel], size) for channel in range(3)], axis=2)
        stands_out |= np.linalg.norm(lab - without, axis=2) > APART
    parts, _ = label(stands_out, np.ones((3, 3)))
    found = np.zeros((height, width), bool)
    for number, place in enumerate(find_objects(parts), 1):
        line = parts[place] == number
        length = float(np.hypot(*line.shape))
        if length >= LONG * max(height, width) and line.sum() <= THIN * length**2:
            found[place] |= line
    found = binary_dilation(found, np.ones((3, 3)), iterations=WIDER)
    return found if found.mean() <= MOST else np.zeros_like(found)

"""Finds scratches: long thin lines whose colour differs from both sides. No network: it proposes, a person approves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, find_objects, label, median_filter

from models.image_editing.colours import lab_of
from models.image_editing.masks import Mask

U8 = NDArray[np.uint8]
# The shorter side divided by these: windows whose median colour is a line's surroundings. Where lines cross, the small
# window holds lines itself.
AROUND = (16, 8)
APART = 0.1  # least distance of a scratch from its surroundings, in OKLab
LONG = 0.15  # of the longer side: least extent of a scratch
THIN = 0.25  # a scratch is at most this share of its length wide
WIDER = 2  # pixels beside a scratch into which a JPEG smears it
MOST = 0.3  # of the picture: with more it is a pattern, not damage


def find_scratches(picture: U8) -> Mask:
    """Where scratches are (h, w), two pixels wider than seen; nothing if there are none, or if they form a pattern."""
    lab = lab_of(picture)
    height, width = picture.shape[:2]
    stands_out = np.zeros((height, width), bool)
    for divisor in AROUND:
        size = max(3, min(height, width) // divisor) | 1
        surroundings = np.stack([median_filter(lab[..., channel], size) for channel in range(3)], axis=2)
        stands_out |= np.linalg.norm(lab - surroundings, axis=2) > APART
    parts, _ = label(stands_out, np.ones((3, 3)))
    scratches = np.zeros((height, width), bool)
    for number, box in enumerate(find_objects(parts), 1):
        line = parts[box] == number
        length = float(np.hypot(*line.shape))
        if length >= LONG * max(height, width) and line.sum() <= THIN * length**2:
            scratches[box] |= line
    scratches = binary_dilation(scratches, np.ones((3, 3)), iterations=WIDER)
    return scratches if scratches.mean() <= MOST else np.zeros_like(scratches)

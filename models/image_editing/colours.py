"""Colours as OKLab (Ottosson 2020): lightness 0..1, green to red, blue to yellow; equal steps look equal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
_TO_CONES = np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                      [0.0883024619, 0.2817188376, 0.6299787005]])  # fmt: skip
_TO_LAB = np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                    [0.0259040371, 0.7827717662, -0.8086757660]])  # fmt: skip
_TO_RGB, _FROM_LAB = np.linalg.inv(_TO_CONES), np.linalg.inv(_TO_LAB)


def lab_of(picture: U8) -> F32:
    """sRGB bytes (..., 3) -> OKLab (..., 3)."""
    x = picture / 255.0
    linear = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    return (np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T).astype(np.float32)


def picture_of(lab: F32) -> U8:
    """OKLab (..., 3) -> sRGB bytes (..., 3); colours that a screen cannot show are clipped."""
    linear = ((lab @ _FROM_LAB.T) ** 3) @ _TO_RGB.T
    linear = np.clip(linear, 0, 1)
    x = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(np.clip(x, 0, 1) * 255).astype(np.uint8)

"""Pictures drawn for tests: one shape of one colour on a white ground, with a little noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COLOURS = {"red": (200, 30, 40), "green": (30, 150, 60), "blue": (40, 60, 190), "black": (20, 20, 22)}
SHAPES = ("disc", "bar", "frame")


def drawn(shape: str, colour: str, seed: int, height: int = 96, width: int = 64) -> NDArray[np.uint8]:
    """uint8 (height, width, 3); `seed` moves and resizes the shape."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    down, across = height * rng.uniform(0.4, 0.6), width * rng.uniform(0.4, 0.6)
    size = min(height, width) * rng.uniform(0.25, 0.35)
    dy, dx = np.abs(y - down), np.abs(x - across)
    inside = {
        "disc": np.hypot(dy, dx) < size,
        "bar": (dy < size / 3) & (dx < 1.3 * size),
        "frame": (np.maximum(dy, dx) < size) & (np.maximum(dy, dx) > 0.6 * size),
    }[shape]
    paper = np.full((height, width, 3), 250.0)
    paper[inside] = COLOURS[colour]
    return (paper + rng.normal(0, 3, paper.shape)).clip(0, 255).astype(np.uint8)

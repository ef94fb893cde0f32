"""Masks (height, width) bool, True where a picture's bytes are missing: what training hides and what a bench hides.

Lengths are shares of the picture's sides, so that masks of 64 and of 128 pixels hide about the same part.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Mask = NDArray[np.bool_]
Draw = Callable[[int, int, np.random.Generator], Mask]
CENTRE, SCRATCHES, STROKES, WATERMARK = "centre", "scratches", "strokes", "watermark"

LINES = (6, 10)  # scratches of a picture, from and to
ACROSS = (40, 25)  # a scratch's width: the shorter side divided by 40 to 25, so 2 or 3 px at 64
BENDS = 3  # straight pieces of a scratch
TURN = 0.35  # radians by which it turns before each piece, at most
STAMP = "SAMPLE PHOTO DEMO COPY 0123456789 \u00a9"  # letters of drawn watermarks


def centre(height: int, width: int, rng: np.random.Generator) -> Mask:
    """The middle square (here a rectangle) of half of each side: a quarter of the picture. Nothing is random."""
    mask = np.zeros((height, width), bool)
    mask[height // 4 : height - height // 4, width // 4 : width - width // 4] = True
    return mask


def scratches(height: int, width: int, rng: np.random.Generator) -> Mask:
    """6 to 10 lines, slightly bent, of .4 to 1.2 times the longer side; 2 or 3 pixels wide at 64, 3 to 5 at 128."""
    canvas, pen = _blank(height, width)
    thin, thick = (max(1, round(min(height, width) / part)) for part in ACROSS)
    for _ in range(rng.integers(LINES[0], LINES[1] + 1)):
        step = rng.uniform(0.4, 1.2) * max(height, width) / BENDS
        x, y, angle = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0, 2 * math.pi)
        points = [(x, y)]
        for _ in range(BENDS):
            angle += rng.uniform(-TURN, TURN)
            x, y = x + step * math.cos(angle), y + step * math.sin(angle)
            points.append((x, y))
        pen.line(points, fill=255, width=int(rng.integers(thin, thick + 1)))
    return _mask(canvas)


def strokes(height: int, width: int, rng: np.random.Generator) -> Mask:
    """1 to 4 strokes of a round brush of .05 to .2 of the shorter side that turns freely (Yu et al. 2019)."""
    canvas, pen = _blank(height, width)
    side = min(height, width)
    for _ in range(rng.integers(1, 5)):
        x, y, angle = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0, 2 * math.pi)
        brush = max(2, round(rng.uniform(0.05, 0.2) * side))
        for _ in range(rng.integers(2, 7)):
            angle += rng.uniform(-1.2, 1.2)
            length = rng.uniform(0.08, 0.3) * side
            end = min(max(x + length * math.cos(angle), 0), width), min(max(y + length * math.sin(angle), 0), height)
            pen.line([(x, y), end], fill=255, width=brush)
            pen.ellipse([end[0] - brush / 2, end[1] - brush / 2, end[0] + brush / 2, end[1] + brush / 2], fill=255)
            x, y = end
    return _mask(canvas)


def watermark(height: int, width: int, rng: np.random.Generator) -> Mask:
    """A few letters, rotated, repeated over the whole picture or in one row, as watermarks are."""
    side = max(height, width)
    letters = "".join(rng.choice(list(STAMP), size=int(rng.integers(3, 9))))
    font = ImageFont.load_default(max(6.0, rng.uniform(0.12, 0.35) * side))
    canvas = Image.new("L", (2 * side, 2 * side))
    pen = ImageDraw.Draw(canvas)
    left, top, right, bottom = pen.textbbox((0, 0), letters, font=font)
    wide, high = max(1, round(right - left)), max(1, round(bottom - top))
    gap = rng.uniform(1.2, 3.0)
    rows = range(0, 2 * side, max(1, round(gap * high)))
    for row in rows if rng.random() < 0.6 else [side - high // 2]:
        for column in range(round(-rng.random() * wide), 2 * side, wide + high):
            pen.text((column - left, row - top), letters, fill=255, font=font)
    turned = canvas.rotate(rng.uniform(-45, 45), Image.Resampling.BILINEAR)
    x, y = side - width // 2, side - height // 2
    return _mask(turned.crop((x, y, x + width, y + height)))


KINDS: Mapping[str, Draw] = {CENTRE: centre, SCRATCHES: scratches, STROKES: strokes, WATERMARK: watermark}


def draw_mask(kind: str, height: int, width: int, rng: np.random.Generator) -> Mask:
    """A mask of a kind; it hides at least one pixel, and leaves at least one visible.

    Raises ValueError for an unknown kind, or a picture of fewer than 2 x 2 pixels.
    """
    if kind not in KINDS:
        raise ValueError(f"no mask is called {kind!r}; there are {', '.join(KINDS)}")
    if min(height, width) < 2:
        raise ValueError(f"a picture of {width} x {height} pixels is too small for a mask; 2 x 2 at least")
    mask = KINDS[kind](height, width, rng)
    if not mask.any():
        mask[height // 2, width // 2] = True
    if mask.all():
        mask[0, 0] = False
    return mask


def _blank(height: int, width: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    canvas = Image.new("L", (width, height))
    return canvas, ImageDraw.Draw(canvas)


def _mask(canvas: Image.Image) -> Mask:
    return np.asarray(canvas) > 127

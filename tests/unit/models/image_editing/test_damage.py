"""Scratches are found where they are, and nowhere else."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from models.image_editing.damage import find_scratches


def packshot(side=160):
    """A blue shirt with sleeves and a soft shadow, on light grey."""
    canvas = Image.new("RGB", (side, side), (236, 236, 238))
    pen = ImageDraw.Draw(canvas)
    pen.polygon([(50, 30), (110, 30), (150, 70), (130, 85), (112, 68), (112, 140), (48, 140), (48, 68), (30, 85),
                 (10, 70)], fill=(40, 70, 150))  # fmt: skip
    return canvas


@pytest.mark.parametrize("ink", [(255, 255, 255), (20, 20, 20), (230, 60, 60)], ids=["white", "black", "red"])
def test_a_scratch_over_the_product_is_found_where_it_is(ink):
    canvas, where = packshot(), Image.new("L", (160, 160))
    for line in ([(55, 50), (105, 120)], [(60, 130), (100, 60)]):
        ImageDraw.Draw(canvas).line(line, fill=ink, width=2)
        ImageDraw.Draw(where).line(line, fill=255, width=2)
    drawn, detected = np.asarray(where) > 0, find_scratches(np.asarray(canvas))
    assert detected[drawn].mean() > 0.95
    assert detected.sum() < 5 * drawn.sum()


@pytest.mark.parametrize("size", [(160, 160), (2, 2), (1, 7), (40, 23)])
def test_a_whole_picture_has_no_scratch(size):
    assert not find_scratches(np.asarray(packshot().resize(size))).any()


def test_stripes_are_a_pattern():
    stripes = np.full((160, 160, 3), 240, np.uint8)
    stripes[:, ::4] = 20
    assert not find_scratches(stripes).any()

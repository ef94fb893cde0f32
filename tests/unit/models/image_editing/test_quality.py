"""The figures with which editors are compared."""

import numpy as np
import pytest

from models.image_editing.masks import KINDS
from models.image_editing.quality import drawn_masks, psnr


def test_psnr_is_that_of_the_books():
    real = np.full((2, 8, 8, 3), 100, np.uint8)
    generated = real.copy()
    generated[0] += 5
    assert psnr(generated, real) == pytest.approx([20 * np.log10(255 / 5), 100])


def test_masks_to_compare_by_are_of_every_kind_and_the_same_for_all():
    masks = drawn_masks(2 * len(KINDS), 32, 7)
    np.testing.assert_array_equal(masks[: len(KINDS)], drawn_masks(len(KINDS), 32, 7))
    assert masks.any(axis=(1, 2)).all()

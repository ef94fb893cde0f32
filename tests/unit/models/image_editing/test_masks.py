"""Masks: what each kind hides, and that only the seed decides it."""

import numpy as np
import pytest

from models.image_editing.masks import CENTRE, KINDS, SCRATCHES, draw_mask


def lot(seed=3):
    return np.random.default_rng(seed)


def test_the_centre_is_half_of_each_side():
    mask = draw_mask(CENTRE, 64, 64, lot())
    assert mask.sum() == 32 * 32
    assert mask[16:48, 16:48].all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(2, 2), (2, 9), (7, 3), (33, 64), (160, 107)])
def test_every_size_gets_a_mask_that_hides_something_and_leaves_something(kind, shape):
    for seed in range(5):
        mask = draw_mask(kind, *shape, lot(seed))
        assert mask.shape == shape
        assert mask.dtype == bool
        assert mask.any()
        assert not mask.all()


@pytest.mark.parametrize("kind", KINDS)
def test_one_seed_gives_one_mask(kind):
    np.testing.assert_array_equal(draw_mask(kind, 64, 64, lot()), draw_mask(kind, 64, 64, lot()))


def test_scratches_hide_about_a_ninth_at_64_and_a_tenth_at_128():
    hidden = [
        np.mean([draw_mask(SCRATCHES, side, side, lot(seed)).mean() for seed in range(200)]) for side in (64, 128)
    ]
    assert hidden == pytest.approx([0.118, 0.098], abs=0.015)


def test_an_unknown_kind_and_a_picture_of_one_pixel_are_refused():
    with pytest.raises(ValueError, match="no mask is called 'rain'; there are centre, scratches"):
        draw_mask("rain", 64, 64, lot())
    with pytest.raises(ValueError, match="1 x 5 pixels is too small"):
        draw_mask(CENTRE, 5, 1, lot())

"""Recolouring: the product takes the colour, shading and background stay, doubtful pictures are refused."""

import numpy as np
import pytest

from models.image_editing.colours import lab_of, picture_of
from models.image_editing.editor import PictureEditor
from models.image_editing.network import EditorConfig, Generator
from models.image_editing.recolour import CannotRecolour, Palette, on_background, product_in, recolour

RED, GREY = (190, 30, 40), (242, 242, 242)


def packshot(colour=RED, height=60, width=40, ground=GREY):
    """A box with a shadow on its lower half, on a plain background with a little noise."""
    rng = np.random.default_rng(0)
    picture = np.clip(rng.normal(ground, 1.0, (height, width, 3)), 0, 255).astype(np.uint8)
    box = picture[10:-10, 8:-8]
    box[:] = colour
    box[len(box) // 2 :] = (np.array(colour) * 0.7).astype(np.uint8)
    return picture


def test_bytes_survive_the_way_to_oklab_and_back():
    pixels = np.random.default_rng(0).integers(0, 256, (1000, 3), dtype=np.uint8)
    assert np.abs(picture_of(lab_of(pixels)).astype(int) - pixels).max() <= 1
    np.testing.assert_allclose(lab_of(np.array([255, 255, 255], np.uint8)), [1, 0, 0], atol=1e-3)


def test_the_product_is_the_part_that_differs_from_the_edge():
    product = product_in(packshot())
    assert product[12:-12, 10:-10].all()
    assert not product[:8].any()
    assert not product[:, :6].any()


def test_the_product_takes_the_colour_keeps_its_shading_and_the_background_stays():
    picture = packshot()
    blue = tuple(lab_of(np.array([30, 60, 180], np.uint8)))
    recoloured = recolour(picture, blue)
    product = product_in(picture)
    np.testing.assert_array_equal(recoloured[~product], picture[~product])
    middle = np.median(lab_of(recoloured[product]), axis=0)
    assert np.linalg.norm(middle - blue) < 0.08
    upper, lower = (lab_of(recoloured[row, 20])[0] for row in (15, 45))
    assert upper > lower + 0.05


@pytest.mark.parametrize("tone", [(250, 250, 250), (8, 8, 8)], ids=["white", "black"])
def test_white_and_black_leave_room_for_the_shading(tone):
    recoloured = recolour(packshot(), tuple(lab_of(np.array(tone, np.uint8))))
    assert (recoloured[15, 20] != recoloured[45, 20]).any()
    assert np.abs(recoloured[15, 20].astype(int) - tone).max() < 60


def test_a_background_is_replaced_and_the_product_stays():
    picture = packshot()
    replaced = on_background(picture, (10, 200, 10))
    product = product_in(picture)
    np.testing.assert_array_equal(replaced[product], picture[product])
    assert (replaced[~product] == (10, 200, 10)).all()


def test_with_an_editor_only_the_seam_is_the_networks():
    editor = PictureEditor(
        EditorConfig(size=32, width=8, widest=16), Generator(EditorConfig(size=32, width=8, widest=16))
    )
    picture = packshot()
    plain, refined = on_background(picture, (10, 200, 10)), on_background(picture, (10, 200, 10), editor)
    changed = (plain != refined).any(axis=2)
    assert changed.any()
    assert not changed[15:-15, 13:-13].any()
    assert not changed[:7].any()


def test_pictures_without_a_product_on_a_plain_background_are_refused():
    noise = np.random.default_rng(0).integers(0, 256, (60, 40, 3), dtype=np.uint8)
    with pytest.raises(CannotRecolour, match="no plain background"):
        recolour(noise, (0.5, 0, 0))
    with pytest.raises(CannotRecolour, match="takes 0% of the picture"):
        recolour(np.full((60, 40, 3), 240, np.uint8), (0.5, 0, 0))
    with pytest.raises(CannotRecolour, match=r"takes 0% of the picture"):
        recolour(np.full((1, 1, 3), 240, np.uint8), (0.5, 0, 0))


def test_a_palette_knows_the_colours_of_enough_pictures():
    names = ["red"] * 5 + ["blue"] * 4 + [None]
    pictures = [packshot()] * 5 + [packshot((20, 40, 200))] * 4 + [packshot((9, 9, 9))]
    palette = Palette.fit(pictures, names)
    assert set(palette.colours) == {"red"}
    assert np.linalg.norm(palette.colours["red"] - lab_of(np.array(RED, np.uint8))) < 0.15

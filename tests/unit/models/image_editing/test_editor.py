"""The editor: bytes outside a mask, sizes, seeds, what it learns, what it refuses."""

from dataclasses import replace

import numpy as np
import pytest

from models.image_editing.editor import PictureEditor, windows
from models.image_editing.masks import KINDS, draw_mask
from models.image_editing.network import EditorConfig, Generator

L1 = EditorConfig(size=32, width=8, widest=16, steps=3, batch=4, every=2, adversarial=0.0, features=0.0)
WHOLE = replace(L1, adversarial=0.01, features=0.5, alone=0.4)


def shop(count=12, side=32, seed=0):
    """Pictures (n, side, side, 3): a coloured box on white, one colour each."""
    rng = np.random.default_rng(seed)
    pictures = np.full((count, side, side, 3), 250, np.uint8)
    pictures[:, side // 6 : -side // 6, side // 4 : -side // 4] = rng.integers(0, 255, (count, 1, 1, 3))
    return pictures


@pytest.fixture(scope="module")
def editor():
    return PictureEditor.fit(L1, shop())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(2, 2), (3, 40), (32, 32), (47, 31), (40, 130), (160, 107)])
def test_outside_the_mask_every_byte_stays(editor, kind, shape):
    rng = np.random.default_rng(5)
    picture = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    mask = draw_mask(kind, *shape, rng)
    completed = editor.complete(picture, mask)
    assert completed.shape == picture.shape
    assert completed.dtype == np.uint8
    np.testing.assert_array_equal(completed[~mask], picture[~mask])
    assert (completed[mask] != picture[mask]).any()


def test_pixels_under_the_mask_are_never_read(editor):
    rng = np.random.default_rng(6)
    for shape in ((32, 32), (47, 31), (40, 130)):
        picture = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
        mask = draw_mask("scratches", *shape, rng)
        other = np.where(mask[..., None], 255 - picture, picture)
        np.testing.assert_array_equal(editor.complete(picture, mask), editor.complete(other, mask))


def test_a_mask_of_nothing_changes_nothing_and_a_mask_of_all_is_refused(editor):
    picture = shop(1)[0]
    np.testing.assert_array_equal(editor.complete(picture, np.zeros((32, 32), bool)), picture)
    with pytest.raises(ValueError, match="hides the whole picture; leave some of it"):
        editor.complete(picture, np.ones((32, 32), bool))
    nearly = np.ones((900, 32), bool)
    nearly[0, 0] = False
    with pytest.raises(ValueError, match="hides nearly the whole picture"):
        editor.complete(np.zeros((900, 32, 3), np.uint8), nearly)


def test_shapes_that_do_not_fit_are_refused(editor):
    with pytest.raises(ValueError, match=r"its mask \(h, w\), not uint8 \(32, 32, 3\) and \(32, 31\)"):
        editor.complete(shop(1)[0], np.zeros((32, 31), bool))
    with pytest.raises(ValueError, match="`complete` takes any size"):
        editor.fill(shop(1, 64), np.zeros((1, 64, 64), bool))
    with pytest.raises(ValueError, match=r"training needs pictures \(n, 32, 32, 3\)"):
        PictureEditor.fit(L1, shop(2, 64))
    with pytest.raises(ValueError, match="n at least 1"):
        PictureEditor.fit(L1, shop(0))


def test_windows_cover_every_hidden_pixel_of_a_large_picture():
    hidden = np.random.default_rng(0).random((100, 333)) < 0.01
    covered = np.zeros_like(hidden)
    for rows, columns, inner_rows, inner_columns in windows(hidden, 32):
        assert hidden[rows, columns].shape == (32, 32)
        assert rows.start <= inner_rows.start
        assert columns.start <= inner_columns.start
        covered[inner_rows, inner_columns] = True
    assert covered[hidden].all()


@pytest.mark.parametrize("config", [L1, WHOLE], ids=["l1", "gan"])
def test_one_seed_gives_one_editor_and_another_gives_another(config):
    picture, mask = shop(1), draw_mask("centre", 32, 32, np.random.default_rng(0))[None]
    first, second = (PictureEditor.fit(config, shop()).fill(picture, mask) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert (PictureEditor.fit(replace(config, seed=8), shop()).fill(picture, mask) != first).any()


def test_it_learns_to_fill_a_plain_box():
    """A hole in a box of one colour is filled with that colour, much closer than the mean colour of all boxes."""
    only_centre = {"scratches": 0.0, "strokes": 0.0, "watermark": 0.0}
    config = replace(L1, steps=200, batch=8, rate=5e-3, every=200, **only_centre)
    made_on, new = shop(60), shop(8, seed=9)
    masks = np.stack([draw_mask("centre", 32, 32, np.random.default_rng(0))] * 8)
    filled = PictureEditor.fit(config, made_on).fill(new, masks).astype(float)
    mean = np.where(masks[..., None], made_on.mean(axis=0), new)
    assert np.abs(filled - new)[masks].mean() < 0.5 * np.abs(mean - new)[masks].mean()


def test_saved_and_loaded_it_fills_the_same(editor, tmp_path):
    picture, mask = shop(1), draw_mask("strokes", 32, 32, np.random.default_rng(0))[None]
    editor.save(tmp_path)
    np.testing.assert_array_equal(PictureEditor.load(tmp_path, L1).fill(picture, mask), editor.fill(picture, mask))
    with pytest.raises(ValueError, match=r"seed 7 \(asked 8\)"):
        PictureEditor.load(tmp_path, replace(L1, seed=8))


def test_sizes_and_shares_have_bounds():
    with pytest.raises(ValueError, match="size must be one of 32, 64, 128, 256, not 100"):
        EditorConfig(size=100)
    with pytest.raises(ValueError, match="one kind of mask must occur"):
        EditorConfig(centre=0, scratches=0, strokes=0, watermark=0)


def test_the_generator_has_two_to_four_million_parameters_at_its_usual_sizes():
    for size in (64, 128):
        count = sum(value.numel() for value in Generator(EditorConfig(size=size)).parameters())
        assert 2e6 < count < 4e6

"""One draft: what the recogniser must see, where damage is, and why no draft is offered."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from jobs.images.drafting import Maker, NoDraft, damage_of
from jobs.images.generated_mark import ALGORITHM, TRAINED, mark_of
from models.image_editing.colours import lab_of
from schemas.image_requests import BACKGROUND, RECOLOUR, REPAIR, Request
from tests.unit.jobs.images.drawn_shop import COLOURS, packshot, pixels_of, small_editor

WORDS = {name: tuple(lab_of(np.array(rgb, np.uint8))) for name, rgb in COLOURS.items()}
BOX = Request(REPAIR, "a", boxes=((0.25, 0.5, 0.5, 0.75),))


def nearest(pixels):
    """A recogniser that is right: the nearest colour of the middle pixel."""
    middle = lab_of(pixels[len(pixels) // 2, pixels.shape[1] // 2])
    return min(WORDS, key=lambda word: float(np.linalg.norm(middle - WORDS[word]))), 0.9


def maker(looks=nearest, editor=None, model=""):
    return Maker(editor, model, WORDS, looks, 0.5)


def test_a_recoloured_product_is_offered_if_it_looks_as_asked():
    draft = maker().make(Request(RECOLOUR, "a", colour="Blue"), packshot("Red"))
    assert (draft.looks, draft.chance) == ("Blue", 0.9)
    assert mark_of(draft.data) == ALGORITHM
    recoloured = pixels_of(draft.data)
    assert recoloured[24, 24, 2] > recoloured[24, 24, 0]
    np.testing.assert_array_equal(recoloured[:6], packshot("Red")[:6])


@pytest.mark.parametrize(
    ("looks", "said"),
    [
        (lambda pixels: ("Green", 0.8), r"the draft looks Green \(80%\), not Blue"),
        (lambda pixels: ("Blue", 0.3), r"the draft looks Blue \(30%\), not Blue"),
        (None, "no recogniser of colours is trained"),
    ],
    ids=["another colour", "too unsure", "nobody to ask"],
)
def test_a_colour_that_is_not_recognised_is_not_offered(looks, said):
    with pytest.raises(NoDraft, match=said):
        maker(looks).make(Request(RECOLOUR, "a", colour="Blue"), packshot("Red"))


def test_an_unknown_colour_and_a_picture_without_a_product_are_not_offered():
    with pytest.raises(NoDraft, match="too few pictures show the colour 'Lilac'"):
        maker().make(Request(RECOLOUR, "a", colour="Lilac"), packshot("Red"))
    with pytest.raises(NoDraft, match="the product takes 0%"):
        maker().make(Request(RECOLOUR, "a", colour="Blue"), np.full((48, 48, 3), 240, np.uint8))


def test_a_repair_changes_its_box_alone_and_says_that_a_network_made_it():
    picture = packshot("Red")
    draft = maker(editor=small_editor()).make(BOX, picture)
    changed = (pixels_of(draft.data) != picture).any(axis=2)
    assert changed[24:36, 12:24].any()
    changed[24:36, 12:24] = False
    assert not changed.any()
    assert mark_of(draft.data) == TRAINED
    with pytest.raises(NoDraft, match="no picture editor is trained yet"):
        maker().make(BOX, picture)


def test_a_repair_of_everything_is_not_offered():
    with pytest.raises(NoDraft, match="hides the whole picture"):
        maker(editor=small_editor()).make(Request(REPAIR, "a", boxes=((0, 0, 1, 1),)), packshot("Red"))


def test_a_background_is_replaced_with_and_without_a_network():
    request = Request(BACKGROUND, "a", colour="#10c810")
    for editor, mark in ((None, ALGORITHM), (small_editor(), TRAINED)):
        draft = maker(editor=editor).make(request, packshot("Red"))
        assert mark_of(draft.data) == mark
        replaced = pixels_of(draft.data)
        assert replaced[2, 2].tolist() == [16, 200, 16]
        np.testing.assert_array_equal(replaced[20:28, 20:28], packshot("Red")[20:28, 20:28])


def test_damage_is_where_a_mask_is_white_or_a_scratch_is_found(tmp_path):
    canvas = Image.new("L", (24, 24))
    ImageDraw.Draw(canvas).rectangle((0, 0, 11, 11), fill=255)
    canvas.save(tmp_path / "m.png")
    mask = damage_of(Request(REPAIR, "a", mask=str(tmp_path / "m.png")), packshot("Red"))
    assert mask[:24, :24].all()
    assert mask.sum() == 24 * 24
    scratched = Image.fromarray(packshot("Red"))
    ImageDraw.Draw(scratched).line([(12, 12), (36, 36)], fill=(255, 255, 255), width=1)
    assert damage_of(Request(REPAIR, "a", find=True), np.asarray(scratched))[20, 20]


def test_a_thin_line_in_a_large_mask_hides_a_whole_line(tmp_path):
    large = Image.new("L", (480, 480))
    ImageDraw.Draw(large).line([(0, 101), (479, 101)], fill=255, width=1)
    large.save(tmp_path / "line.png")
    mask = damage_of(Request(REPAIR, "a", mask=str(tmp_path / "line.png")), packshot("Red"))
    assert mask[10].all()
    assert mask.sum() == 48


def test_an_unreadable_mask_and_absent_scratches_are_not_repaired(tmp_path):
    (tmp_path / "text.png").write_text("white")
    black = io.BytesIO()
    Image.new("L", (4, 4)).save(black, "PNG")
    (tmp_path / "black.png").write_bytes(black.getvalue())
    for name, error in (("text.png", "is no picture"), ("black.png", "no white pixel"), ("gone.png", "is no picture")):
        with pytest.raises(NoDraft, match=error):
            damage_of(Request(REPAIR, "a", mask=str(tmp_path / name)), packshot("Red"))
    with pytest.raises(NoDraft, match="no scratch was found"):
        damage_of(Request(REPAIR, "a", find=True), packshot("Red"))


def test_a_draft_has_another_id_if_picture_request_mask_or_editor_differ(tmp_path):
    recolour = Request(RECOLOUR, "a", colour="Blue")
    first, second = maker(model="m/1"), maker(model="m/2")
    assert first.draft_id(BOX, "p") != second.draft_id(BOX, "p")
    assert first.draft_id(recolour, "p") == second.draft_id(recolour, "p")
    assert len({first.draft_id(request, picture) for request in (BOX, recolour) for picture in ("p", "q")}) == 4
    masked = Request(REPAIR, "a", mask=str(tmp_path / "m.png"))
    before = first.draft_id(masked, "p")
    (tmp_path / "m.png").write_bytes(b"another")
    assert first.draft_id(masked, "p") != before

"""Words for colours: what they look like in the shop's pictures, and what the shop's recogniser sees in a draft."""

import numpy as np
import pytest

from jobs.images import draft_images, embed_images, recognise_attributes
from jobs.images.colour_words import colour_in, colour_looks, colours_of_shop
from models.image_editing.colours import lab_of
from schemas.tables import IMAGE_DRAFTS, IMAGE_VECTORS, IMAGES
from tests.unit.jobs.images.drawn_shop import COLOURS, night_of, packshot, receive

ASKED = '[[recolour]]\nitem_id = "Red-0"\ncolour = "Blue"\n[[recolour]]\nitem_id = "Red-1"\ncolour = "Lilac"\n'


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """A shop of 3 x 30 pictures, embedded, with its recognisers."""
    root = tmp_path_factory.mktemp("shop")
    (root / "asked.toml").write_text(ASKED)
    night = night_of(
        root / "lake", image_drafts={"requests": str(root / "asked.toml")}, recogniser={"min_confirmed": 5}
    )
    receive(night, COLOURS, 30)
    embed_images.main(night)
    night.lake.make_current(night.version(IMAGE_VECTORS))
    recognise_attributes.main(night)
    return night


def test_the_shops_own_recogniser_judges_a_recoloured_draft(night):
    draft_images.main(night)
    rows = {row["item_id"]: row for row in night.versions(IMAGE_DRAFTS).tonight().arrow().to_pylist()}
    assert (rows["Red-0"]["state"], rows["Red-0"]["looks"]) == ("offered", "Blue")
    assert rows["Red-0"]["chance"] >= 0.5
    assert rows["Red-1"]["state"] == "refused"


def test_the_recogniser_sees_the_colours_that_it_learned(night):
    looks = colour_looks(night)
    assert looks is not None
    assert [looks(packshot(colour, 60))[0] for colour in COLOURS] == list(COLOURS)


def test_a_shop_without_a_recogniser_cannot_judge_a_draft(tmp_path):
    assert colour_looks(night_of(tmp_path)) is None


def test_a_colour_is_as_the_shops_pictures_have_it(night):
    images = night.versions(IMAGES).tonight().arrow().to_pylist()
    colours = colours_of_shop(night, {"Red", "Lilac"}, images, 10)
    assert set(colours) == {"Red"}
    assert np.linalg.norm(np.subtract(colours["Red"], lab_of(np.array(COLOURS["Red"], np.uint8)))) < 0.03


def test_the_first_attribute_that_is_a_text_counts():
    assert colour_in({"color": "Red", "colour": ["Blue"]}, ("colour", "color")) == "Red"
    assert colour_in({}, ("colour",)) is None

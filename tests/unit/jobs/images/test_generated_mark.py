"""The metadata of a generated picture say that it is generated, and its pixels are unchanged."""

import io

import numpy as np
import pytest
from PIL import Image

from jobs.images.generated_mark import ALGORITHM, TRAINED, mark_of, marked_png

PIXELS = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)


@pytest.mark.parametrize(("by_network", "kind"), [(True, TRAINED), (False, ALGORITHM)])
def test_the_mark_is_in_text_and_in_xmp_and_there_is_no_exif(by_network, kind):
    data = marked_png(PIXELS, by_network)
    image = Image.open(io.BytesIO(data))
    assert mark_of(data) == kind
    assert image.getxmp()["xmpmeta"]["RDF"]["Description"]["DigitalSourceType"] == kind
    assert not dict(image.getexif())
    np.testing.assert_array_equal(np.asarray(image), PIXELS)


def test_the_same_pixels_give_the_same_bytes():
    assert marked_png(PIXELS, True) == marked_png(PIXELS, True)


def test_other_pictures_bear_no_mark():
    out = io.BytesIO()
    Image.fromarray(PIXELS).save(out, "PNG")
    assert mark_of(out.getvalue()) is None

from __future__ import annotations

from models.images.reading import REASONS
from schemas.picture_reasons import PICTURE_REASONS, READ_REASONS


def test_the_reasons_of_bytes_are_those_that_the_reader_gives_in_its_order() -> None:
    assert list(READ_REASONS) == list(REASONS)


def test_every_reason_is_explained() -> None:
    assert all(text.endswith(".") for text in PICTURE_REASONS.values())

from __future__ import annotations

import pytest

from jobs.images.item_facts import product_key


def test_a_product_in_another_colour_has_the_same_key() -> None:
    red = product_key("Luma red cotton shirt", "Tops", "Luma", ["red"])
    assert red == product_key("Luma Navy Blue cotton shirt", "Tops", "Luma", ["navy blue"])
    assert red != product_key("Luma red wool shirt", "Tops", "Luma", ["red"])
    assert red != product_key("Luma red cotton shirt", "Tops", "Kestrel", ["red"])


def test_a_colour_within_a_word_stays() -> None:
    assert "wired" in product_key("Wired red lamp", None, None, ["red"])


@pytest.mark.parametrize("title", [None, "", "red"])
def test_an_item_without_a_name_of_its_own_is_no_product(title: str | None) -> None:
    assert product_key(title, "Tops", "Luma", ["red"]) == ""

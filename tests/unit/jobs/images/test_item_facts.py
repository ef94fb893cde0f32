from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jobs.images.item_facts import item_facts, product_key
from schemas.tables import ITEMS
from tests.sample import put
from tests.unit.jobs.images.drawn_shop import night_of


@pytest.mark.parametrize(
    ("value", "shown", "is_other"),
    [
        ("red", "red", False), (" ", "", False), ("", "", False), (None, "", False), ([], "", False), ({}, "", False),
        (["red", "white"], "", True), (0, "", True), (4.5, "", True), ({"en": "red"}, "", True), ("x" * 200, "", True),
        (False, "false", False),
    ],
)  # fmt: skip
def test_what_no_picture_can_show_is_still_a_value_of_the_catalogue(
    tmp_path: Path, value: Any, shown: str, is_other: bool
) -> None:
    night = night_of(tmp_path)
    rows = [{"item_id": name, "attributes": json.dumps(attributes), "is_active": True, "updated_on": night.date}
            for name, attributes in (("a", {"colour": "blue"}), ("b", {"colour": value}), ("c", {}))]  # fmt: skip
    put(night, ITEMS, rows)
    facts = item_facts(night, ["a", "b", "c"], [])
    assert facts.values["colour"].tolist() == ["blue", shown, ""]
    assert facts.others["colour"].tolist() == [False, is_other, False]


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

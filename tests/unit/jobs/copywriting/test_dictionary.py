"""An item's words in each language: the item's own words, words from the shop, and translations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jobs.copywriting.item_words import ItemWords
from tests.unit.jobs.copywriting.copy_shop import item, items_of


def words_of(**changed: Any) -> ItemWords:
    return items_of([item(**changed)])["g1"]


def test_a_title_in_another_language_becomes_a_name_of_known_words() -> None:
    words = words_of()
    assert words.title("en") == "Ivo beige wired speaker"
    assert words.title("zh") == "伊沃 米色有线音箱"
    assert words.title("de") == "Ivo Lautsprecher, Beige, mit Kabel"
    assert words.title("ja") == "Ivoのスピーカー（ベージュ、有線）"
    assert [language for language in ("de", "en", "ja", "zh") if words.has_title_in(language)] == ["en", "zh"]


def test_a_title_stays_where_the_kind_is_unknown() -> None:
    assert words_of(category="Toys > kazoo").title("de") == "Ivo beige wired speaker"


def test_what_the_shop_gives_in_a_language_comes_first() -> None:
    attributes = {"colour": "beige", "colour_de": "sandfarben", "title_de": "Ivo Box, sandfarben", "kind_de": "Box"}
    words = words_of(attributes=json.dumps(attributes))
    assert (words.title("de"), words.kind("de"), words.details("de")) == ("Ivo Box, sandfarben", "Box", ["sandfarben"])
    assert words.details("en") == ["beige"]
    assert words.has_title_in("de")


def test_a_lined_notebook_is_not_a_lined_coat() -> None:
    notebook = words_of(attributes='{"ruling": "lined"}', title_zh=None)
    assert notebook.details("de") == ["liniert"]
    assert words_of(attributes='{"inside": "lined"}').details("de") == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("yes", ["machine washable"]),
        ("True", ["machine washable"]),
        ("no", []),
        ("nan", []),
        ("inf", []),
        ("-", []),
        ("N/A", []),
    ],
)
def test_yes_gives_the_attributes_name_and_empty_values_give_no_word(value: str, said: list[str]) -> None:
    assert words_of(attributes=json.dumps({"machine_washable": value})).details("en") == said

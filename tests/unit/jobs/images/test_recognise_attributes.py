from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from jobs.images.item_facts import ItemFacts
from jobs.images.recognise_attributes import doubts, is_usual, recognised
from jobs.images.vector_store import ItemPictures
from models.images.recogniser import Recogniser, RecogniserConfig

COLOURS = np.array(["black", "white", "red"], np.str_)


def shop(items: int = 240) -> tuple[ItemPictures, ItemFacts, np.ndarray]:
    """Two pictures of each item, whose vectors tell its colour; all have a product of their own."""
    dice = np.random.default_rng(5)
    colour = np.arange(items) % 3
    item = np.repeat(np.arange(items), 2)
    vectors = 4.0 * np.eye(3)[colour[item]] + dice.normal(0, 0.4, (len(item), 3))
    shown = ItemPictures([f"i{n:03d}" for n in range(items)], item, np.tile([1, 2], items),
                         [f"p{n}" for n in range(len(item))], vectors.astype(np.float16))  # fmt: skip
    shop_labels = COLOURS[colour].copy()
    facts = ItemFacts(
        np.ones(items, bool), np.arange(items), {"colour": shop_labels, "category": np.full(items, "Tops")}
    )
    return shown, facts, shop_labels


def fitted(shown: ItemPictures, shop_labels: np.ndarray) -> Recogniser:
    return Recogniser.fit(RecogniserConfig(), shown.vectors, shop_labels[shown.item], shown.item)


def test_only_missing_values_are_filled_in() -> None:
    shown, facts, shop_labels = shop()
    shop_labels[[0, 4]] = ""
    rows = list(recognised(shown, facts, "colour", shop_labels, fitted(shown, shop_labels)))
    assert [(row["item_id"], row["value"]) for row in rows] == [("i000", "black"), ("i004", "white")]
    assert all(row["chance"] > 0.9 for row in rows)
    assert [row["picture"] in (f"p{2 * n}", f"p{2 * n + 1}") for n, row in zip((0, 4), rows, strict=True)]


def test_a_value_that_no_picture_can_show_is_a_value_too() -> None:
    """Item 0 has a list of colours, item 4 has none."""
    shown, facts, shop_labels = shop()
    shop_labels[[0, 4]] = ""
    facts = replace(facts, others={"colour": np.arange(len(shop_labels)) == 0})
    rows = list(recognised(shown, facts, "colour", shop_labels, fitted(shown, shop_labels)))
    assert [row["item_id"] for row in rows] == ["i004"]


def test_nothing_is_filled_in_without_a_confirmed_threshold() -> None:
    shown, facts, shop_labels = shop()
    shop_labels[0] = ""
    recogniser = fitted(shown, shop_labels)
    recogniser.threshold = None
    assert list(recognised(shown, facts, "colour", shop_labels, recogniser)) == []
    assert list(doubts(shown, facts, shop_labels, recogniser)) == []


def test_an_attribute_that_a_category_does_not_have_is_not_filled_in() -> None:
    shop_labels = np.array(["red", "red", "", "", "", ""], np.str_)
    category: Any = np.array(["Tops", "Tops", "Tops", "Mugs", "Mugs", "Mugs"], np.str_)
    assert is_usual("colour", shop_labels, category).tolist() == [True] * 3 + [False] * 3
    assert is_usual("category", shop_labels, category).all()
    assert is_usual("colour", shop_labels, None).all()


def test_a_wrong_label_is_doubted_once_and_the_shops_label_stays() -> None:
    shown, facts, shop_labels = shop()
    shop_labels[3] = "white"  # its pictures are black
    rows = list(doubts(shown, facts, shop_labels, fitted(shown, shop_labels)))
    assert [(row["item_id"], row["value"], row["looks"]) for row in rows] == [("i003", "white", "black")]
    assert rows[0]["chance"] > rows[0]["value_chance"]
    assert shop_labels[3] == "white"

"""Slots: facts fill them, and figures outside slots are found."""

from __future__ import annotations

from datetime import date

import pytest

from models.fact_lock.claims import ItemFacts, SlotError, digits_of_its_own, fill, slots_of
from schemas.copywriting.language import load_languages
from tests.unit.models.fact_lock.test_claims import SHIRT, wrong

LANGUAGES = load_languages()


def test_slots_name_their_table_and_row() -> None:
    filled = fill("{title}，现价{price}，{ends}截止", slots_of(SHIRT, LANGUAGES["zh"]))
    assert filled.text == "露玛 藏青色纯棉衬衫，现价¥99，1月31日截止"
    assert [(used.slot, used.table, used.row) for used in filled.facts_used] == [
        ("title", "items", "g1"), ("price", "prices", "g1|2026-01-06"), ("ends", "offers", "u1|winter")
    ]  # fmt: skip
    assert all(filled.text[used.start : used.end] == used.text for used in filled.facts_used)
    assert wrong(filled.text) == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_slot_is_supported_by_the_facts_that_fill_it(language: str) -> None:
    facts = ItemFacts(
        "g",
        titles=("Shirt", "衬衫"),
        price=80.0,
        old_price=100.0,
        currency="USD",
        stock=5,
        minimum_spend=200.0,
        dates=(date(2026, 3, 9),),
    )
    templates = (
        "now {price}",
        "was {old_price}",
        "save {saving}",
        "{discount}",
        "spend {minimum_spend}",
        "until {ends}",
    )
    for template in templates:
        assert wrong(fill(template, slots_of(facts, LANGUAGES[language])).text, facts) == []


def test_a_slot_that_nothing_fills_is_refused_by_name() -> None:
    with pytest.raises(SlotError, match=r"\{discount\}; this item fills title"):
        fill("{discount}", slots_of(ItemFacts("g", titles=("x",)), LANGUAGES["en"]))
    with pytest.raises(SlotError, match="no slot"):
        fill("{Price}", slots_of(SHIRT, LANGUAGES["en"]))


def test_braces_in_a_value_are_text() -> None:
    facts = ItemFacts("g", titles=("{price} mug",), price=5.0)
    assert fill("{title}", slots_of(facts, LANGUAGES["en"])).text == "{price} mug"


@pytest.mark.parametrize(
    "text", ["买{stock}件", "{price} only", "一款十分百搭的一字领衬衫", "one of a kind, this one", "万千宠爱"]
)
def test_slots_and_idioms_are_no_figures(text: str) -> None:
    assert digits_of_its_own(text) == []


@pytest.mark.parametrize(
    ("text", "figure"),
    [("只要99", "99"), ("只要９９", "９９"), ("只要九十九元", "九十九元"), ("五折", "五折"), ("半价",
                                                                                              "半价"), ("٣٥ off",
                                                                                                        "٣٥"),
     ("①号", "①号"), ("½ price", "½"), ("fifty percent off", "fifty percent off"), ("half price", "half price"),
     ("{price} or 20 yuan", "20 yuan"), ("第2件", "2"), ("𝟗𝟗", "𝟗𝟗"), ("१२", "१२")],
)  # fmt: skip
def test_figures_of_its_own_are_caught(text: str, figure: str) -> None:
    figures = digits_of_its_own(text)
    assert figure in [text[claim.start : claim.end] for claim in figures]

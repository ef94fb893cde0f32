"""What follows from a row's figures: sums, shares, limits, sides, ages and counts; the wrong ones are refused."""

from __future__ import annotations

import pytest

from models.fact_lock.claims import ItemFacts, Vocabulary, unsupported
from schemas.copywriting.claims import load_claim_words
from schemas.copywriting.lexicon import load_words

PLATES = ItemFacts(
    "p1",
    {"kind": ("plate",), "count": ("6 pieces",), "diameter": ("22 cm",), "colour": ("green and white",)},
    titles=("Aldermoor side plates",),
    price=90.0,
    old_price=120.0,
    currency="EUR",
)
SCARF = ItemFacts(
    "p2",
    {
        "kind": ("scarf",),
        "fabric": ("80% silk, 20% linen",),
        "size": ("90 x 180 cm",),
        "weight": ("95 g",),
        "age": ("4-9 years",),
        "thickness": ("2.5 mm",),
        "closure": ("double-breasted",),
        "storage": ("2 TB",),
    },
    titles=("Aldermoor scarf",),
    price=14.5,
    currency="GBP",
)
BAGS = ItemFacts("p4", {"kind": ("tea",), "count": ("8 bags",), "net weight": ("40 g",)}, currency="EUR", price=8.0)
LACKING = ItemFacts("p3", {"kind": ("jacket",), "lining": ("none",), "charger": ("sold separately",)})
WORDS = Vocabulary.of([PLATES, SCARF, BAGS, LACKING], load_words(), languages=load_claim_words())


def refused(text: str, facts: ItemFacts) -> bool:
    return bool(unsupported(text, facts, WORDS, "en"))


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (PLATES, "Fifteen euros a plate.", "Twelve euros a plate."),
        (PLATES, "Nearly fifteen euros each.", "Nearly eleven euros each."),
        (PLATES, "Fifteen euros each.", "Ninety euros each."),
        (PLATES, "Fifteen euros apiece.", "Fifteen dollars apiece."),
        (PLATES, "The price has come down by thirty.", "The price has come down by fifty."),
        (PLATES, "Thirty euros less than before.", "Forty euros less than before."),
        (PLATES, "Thirty euros under the old price.", "Sixty euros under the old price."),
        (PLATES, "Now 90 euros, down from 120.", "Now 90 euros, down from 150."),
        (PLATES, "It used to cost 120 euros.", "It used to cost 180 euros."),
        (SCARF, "Fourteen pounds fifty.", "Twelve pounds fifty."),
        (SCARF, "Fourteen pounds and fifty pence.", "Fourteen pounds and twenty pence."),
    ],
)
def test_sums_of_money_that_follow_from_prices_are_true(facts: ItemFacts, true: str, lie: str) -> None:
    assert not refused(true, facts)
    assert refused(lie, facts)


@pytest.mark.parametrize(
    ("true", "lie"),
    [
        ("It measures 90 by 180 cm.", "It measures 60 by 180 cm."),
        ("Ninety centimetres by one hundred and eighty.", "Ninety centimetres by one hundred and forty."),
        ("Four fifths silk.", "Three fifths silk."),
        ("Two point five millimetres of cloth.", "Two point eight millimetres of cloth."),
        ("Two and a half millimetres of cloth.", "Three and a half millimetres of cloth."),
        ("Under a hundred grams.", "Under eighty grams."),
        ("Over 90 g.", "Over 200 g."),
        ("Made for a six-year-old.", "Made for a twelve-year-old."),
        ("Room for two thousand gigabytes.", "Room for three thousand gigabytes."),
    ],
)
def test_measures_in_words_and_limits_are_those_of_the_row(true: str, lie: str) -> None:
    assert not refused(true, SCARF)
    assert refused(lie, SCARF)


@pytest.mark.parametrize(
    ("true", "lie"),
    [
        ("Five grams each.", "Nine grams each."),
        ("One spout left, one right.", "There is one left in the shop."),
        ("The 7:42 is late.", "It weighs 742 g."),
    ],
)
def test_figures_beside_others_are_read_apart(true: str, lie: str) -> None:
    assert not refused(true, BAGS)
    assert refused(lie, BAGS)


def test_a_number_may_count_what_the_row_lists_or_entails() -> None:
    assert not refused("A plate in two colours.", PLATES)
    assert refused("A plate in three colours.", PLATES)
    assert not refused("Two rows of buttons run down the front.", SCARF)
    assert refused("Three rows of buttons run down the front.", SCARF)


def test_the_name_of_an_attribute_counts_as_said_unless_the_item_lacks_it() -> None:
    assert not refused("It weighs 95 g.", SCARF)
    assert refused("It weighs next to nothing.", PLATES)
    assert refused("It comes with a lining.", LACKING)
    assert refused("A charger comes with it.", LACKING)
    assert not refused("A round plate.", PLATES)


@pytest.mark.parametrize(
    ("true", "lie"),
    [
        ("Put one on and forget the phone for half an hour.", "It dries in half an hour."),
        ("The first ten minutes of the day are yours.", "It softens within the first ten minutes."),
        ("Ask any five-year-old.", "A design twelve years old."),
        ("For a slow evening for two.", "It comes with two pockets."),
        ("Breathe in for four.", "It lasts four weeks."),
        ("One foot sticking out of the bed.", "It is one foot long."),
    ],
)
def test_numbers_of_the_reader_and_the_scene_are_no_figures_of_the_item(true: str, lie: str) -> None:
    assert not refused(true, PLATES)
    assert refused(lie, PLATES)

"""What a value entails or rules out in English, festive days, and idioms; the neighbouring lie is refused."""

from __future__ import annotations

import pytest

from models.fact_lock.claims import ItemFacts, Vocabulary, unsupported
from schemas.copywriting.claims import load_claim_words
from schemas.copywriting.lexicon import load_words

LOAFERS = ItemFacts("s1", {"kind": ("loafers",), "colour": ("pale green",), "fit": ("unisex",)}, titles=("Loafers",))
CLOCK = ItemFacts("s2", {"kind": ("clock",), "movement": ("quartz",), "glass": ("3 mm",)}, titles=("Wall clock",))
RUG = ItemFacts("s3", {"kind": ("rug",), "weave": ("flatweave",), "finish": ("unscented",), "trim": ("satin",)})
BLIND = ItemFacts("s4", {"kind": ("curtain",), "light": ("light filtering",), "care": ("washable",)})
SHELF = ItemFacts("s5", {"kind": ("shelf",), "assembly": ("no assembly needed",), "lamp": ("extendable",)})
OTHERS = ItemFacts("s6", {"kind": ("charging cable",), "gender": ("women", "men"), "style": ("blackout curtain",)})
WORDS = Vocabulary.of([LOAFERS, CLOCK, RUG, BLIND, SHELF, OTHERS], load_words(), languages=load_claim_words())


def refused(text: str, facts: ItemFacts) -> bool:
    return bool(unsupported(text, facts, WORDS, "en"))


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (LOAFERS, "They slip on.", "They zip up at the side."),
        (LOAFERS, "There are no laces.", "There is no heel."),
        (LOAFERS, "Made for men and women.", "Made for children."),
        (LOAFERS, "A soft shade of green.", "A soft shade of blue."),
        (CLOCK, "There is no charging cable.", "There is no button."),
        (RUG, "There is no pile.", "There is no fringe."),
        (RUG, "It is woven flat.", "It is knitted."),
        (RUG, "With no scent added to the satin trim.", "With no dye added to the satin trim."),
        (BLIND, "These are not blackout curtains.", "These are blackout curtains."),
        (BLIND, "It filters the light.", "It purifies the air."),
        (BLIND, "It can be taken off and washed.", "It never shrinks."),
        (SHELF, "There is no assembly.", "There is no smell."),
        (SHELF, "The lamp extends.", "The lamp folds flat."),
    ],
)
def test_what_a_value_entails_or_rules_out_is_true(facts: ItemFacts, true: str, lie: str) -> None:
    assert not refused(true, facts)
    assert refused(lie, facts)


@pytest.mark.parametrize(
    ("true", "lie"),
    [
        ("A present for Mother's Day.", "Our Mother's Day sale is on."),
        ("For a long Boxing Day lunch.", "It is there in time for Christmas."),
        ("Nice on the road, since the clock is light.", "Loved since the first shop opened."),
        ("It asks for nothing.", "Get a second one for nothing."),
        ("For those who have promised each other one walk.", "No other one is like it."),
        ("You have a spare hour.", "A spare battery is in the box."),
        ("The city begins to light up.", "Its numbers light up."),
        ("It hangs near half the shelf.", "Half the town owns it."),
        ("Everything goes back in its case.", "The design goes back to 1920."),
        ("With more minutes than anyone could count.", "It runs for longer than other clocks."),
    ],
)
def test_festive_days_causes_and_idioms_claim_nothing(true: str, lie: str) -> None:
    assert not refused(true, CLOCK)
    assert refused(lie, CLOCK)

"""Colours, materials and everyday words of the scene, the outfit and the reader; of the item itself they are claims."""

from __future__ import annotations

import pytest

from models.fact_lock.claims import ItemFacts, Vocabulary, unsupported
from schemas.copywriting.claims import load_claim_words
from schemas.copywriting.lexicon import load_words

JACKET = ItemFacts(
    "j1",
    {"kind": ("jacket",), "colour": ("navy",), "fabric": ("cotton",)},
    titles=("Aldermoor jacket",),
)
OTHERS = [  # whose words are in the vocabulary too
    ItemFacts("j2", {"kind": ("plate",), "shape": ("round",), "pattern": ("plain",), "form": ("bar",)}),
    ItemFacts("j3", {"kind": ("tent",), "level": ("beginner",), "detail": ("pocket",)}),
]
WORDS = Vocabulary.of([JACKET, *OTHERS], load_words(), languages=load_claim_words())


def refused(text: str) -> bool:
    return bool(unsupported(text, JACKET, WORDS, "en"))


@pytest.mark.parametrize(
    ("true", "lie"),
    [
        ("Navy goes well with rust, cream and pale oak.", "The jacket comes in rust and olive."),
        ("Navy softens grey.", "The jacket is soft grey."),
        ("It sings against olive.", "It is olive."),
        ("The sky turns pink and the streets are white.", "The jacket turns out to be pink, with white cuffs."),
        ("Look for the grey of the sea.", "See the grey of the cloth."),
        ("After a month of black and grey.", "A jacket of black and grey."),
        ("If you are tired of black, here is navy.", "If you like black, here it is."),
        ("Navy instead of black.", "Black instead of brown."),
        ("Cotton rather than leather.", "Leather rather than cotton."),
        ("The low sun turns the hall to gold.", "The buttons are of gold."),
        ("Rain runs down the glass.", "Its buttons are of glass."),
        ("A path leads into the woods.", "Its buttons are of wood."),
        ("Stand it beside the zinc watering cans.", "Its buttons are of zinc."),
        ("Hot chestnuts wait: a paper bag of chestnuts.", "A jacket in chestnut."),
        ("The hall is full of white coats.", "The jacket is full of white feathers."),
    ],
)
def test_colours_and_materials_of_other_things_are_not_claimed(true: str, lie: str) -> None:
    assert not refused(true)
    assert refused(lie)


@pytest.mark.parametrize(
    ("true", "lie"),
    [
        ("On a plain outfit it does the talking.", "It is a plain jacket."),
        ("We took the long way round.", "Its collar is round."),
        ("Tie it round your waist.", "A soft round hem."),
        ("It is a pocket of sunshine.", "A cotton jacket with a pocket on the sleeve."),
        ("Time for staring at a progress bar.", "It comes as a bar."),
        ("For the beginner who has just bought a bicycle.", "A beginner jacket."),
    ],
)
def test_everyday_words_are_claims_only_of_the_item(true: str, lie: str) -> None:
    assert not refused(true)
    assert refused(lie)


@pytest.mark.parametrize(
    ("true", "lie"),
    [
        (
            "The bell rings, a neighbour waves with a violet glove, and the jacket is on.",
            "The collar has a violet trim.",
        ),
        ("You whistle, the dog brings two sticks, and the jacket is muddy.", "You whistle, it has two hoods."),
        ("A grey cat crosses the platform, and the jacket is yours.", "Grey, for the jacket of your dreams."),
    ],
)
def test_a_clause_of_the_scene_is_not_about_the_item(true: str, lie: str) -> None:
    assert not unsupported(true, JACKET, WORDS, "en", judged=True)
    assert unsupported(lie, JACKET, WORDS, "en", judged=True)

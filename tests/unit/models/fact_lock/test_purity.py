"""No text says of a blend that it is all of one material."""

from __future__ import annotations

import pytest

from models.fact_lock.claims import ItemFacts, Vocabulary, unsupported
from schemas.copywriting.claims import load_claim_words
from schemas.copywriting.lexicon import load_words

BLEND = ItemFacts("b", {"kind": ("shirt", "衬衫"), "material": ("55% linen, 45% cotton", "55%亚麻 45%棉")})
MIXED = ItemFacts("m", {"kind": ("scarf", "围巾"), "material": ("wool blend", "羊毛混纺")})
WHOLE = ItemFacts("w", {"kind": ("shirt", "衬衫"), "material": ("linen", "亚麻"), "wash": ("30 degrees", "30度")})
WORDS = Vocabulary.of([BLEND, MIXED, WHOLE], load_words(), languages=load_claim_words())


def kinds(text: str, facts: ItemFacts) -> set[str]:
    return {claim.kind for claim in unsupported(text, facts, WORDS, "")}


@pytest.mark.parametrize(
    "text", ["A shirt of pure linen.", "The shirt is all linen.", "纯亚麻的衬衫。", "一件全亚麻衬衫。"]
)
def test_a_blend_is_not_all_of_one_of_its_materials(text: str) -> None:
    assert "material" in kinds(text, BLEND)
    assert "material" not in kinds(text, WHOLE)


@pytest.mark.parametrize("text", ["A scarf of nothing but soft wool.", "这条围巾是纯羊毛的。"])
def test_a_row_says_in_a_word_that_it_is_a_blend(text: str) -> None:
    assert "material" in kinds(text, MIXED)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("A linen shirt for warm evenings.", BLEND),
        ("All day in linen and cotton.", BLEND),
        ("亚麻里有棉，棉里有亚麻。", BLEND),
        ("It isn't pure wool, and it doesn't pretend to be.", MIXED),
        ("一条羊毛围巾。", MIXED),
    ],
)
def test_its_materials_may_be_named(text: str, facts: ItemFacts) -> None:
    assert "material" not in kinds(text, facts)

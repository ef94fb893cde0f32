"""Sentences that no pattern matches are judged by examples: claims are refused, moods pass, facts are blanked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.fact_lock.claims import ItemFacts, Vocabulary, assertion_probability, unsupported
from models.fact_lock.sentence_judge import SentenceJudge, with_holes
from schemas.copywriting.claims import load_claim_words
from schemas.copywriting.lexicon import load_words

LANTERN = ItemFacts(
    "g1",
    {"kind": ("lantern", "提灯"), "colour": ("green", "绿色"), "origin": ("Fujian", "福建")},
    titles=("Wren green lantern", "雷恩 绿色提灯"),
    brands=("Wren", "雷恩"),
)
WORDS = Vocabulary.of([LANTERN], load_words(), languages=load_claim_words())
UNTAUGHT = Vocabulary.of(
    [LANTERN], load_words(), languages=[replace(words, examples=None) for words in load_claim_words()]
)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "A locksmith's family has guarded how the lantern is put together since the flood."),
        ("en", "Two aunts and a surgeon now refuse to sleep without the lantern's help."),
        ("zh", "提灯的图纸，锁在祖师爷的铁箱里。"),
        ("zh", "隔壁三家都搬回去一只提灯，第四家还在等货。"),
    ],
)
def test_a_sentence_that_asserts_is_refused_in_what_a_model_writes(language: str, text: str) -> None:
    assert unsupported(text, LANTERN, WORDS, language, judged=True)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Dusk on the porch, moths in the garden, and the green lantern between you."),
        ("en", "The lantern hums along with whatever you are thinking."),
        ("zh", "院子里的晚风，绿色提灯，还有你。"),
        ("zh", "提灯像夜里的一颗糖。"),
    ],
)
def test_a_mood_is_let_through(language: str, text: str) -> None:
    assert unsupported(text, LANTERN, WORDS, language, judged=True) == []


def test_what_the_row_says_does_not_make_a_sentence_an_assertion() -> None:
    judge = next(rules.judge for rules in WORDS.rules if rules.words.language == "en")
    assert judge is not None
    text = "A lantern from Fujian."
    blanked = assertion_probability(text, LANTERN, WORDS, "en")
    assert blanked is not None
    assert blanked < judge.probability(text.lower())


def test_a_language_without_examples_has_no_judge() -> None:
    assert assertion_probability("Eine grüne Laterne.", LANTERN, WORDS, "de") is None
    assert assertion_probability("A green lantern.", LANTERN, UNTAUGHT, "en") is None


def test_the_judge_learns_the_same_from_the_same_examples() -> None:
    asserting, plain = ["{item} won a prize"] * 3, ["{item} and a nap"] * 3
    first, second = (SentenceJudge.learn(asserting, plain, spaces=True) for _ in range(2))
    assert first.weights == second.weights
    assert first.probability(with_holes(asserting[0])) > 0.5 > first.probability(with_holes(plain[0]))


def test_what_an_item_is_not_is_true_where_it_is_something_else_of_that_kind() -> None:
    roasted = ItemFacts("g2", {"roast": ("medium roast",), "fabric": ("cotton",)}, titles=("Wren beans",))
    other = ItemFacts("g3", {"roast": ("dark roast",)}, titles=("Wren other beans",))
    words = Vocabulary.of([roasted, other], load_words(), languages=load_claim_words())
    assert unsupported("It is not dark roast.", roasted, words, "en") == []
    assert unsupported("It is not silk.", roasted, words, "en") == []
    assert unsupported("It is not medium roast.", roasted, words, "en")
    assert unsupported("It contains no wool.", roasted, words, "en")

"""The texts in a model's answer: reasoning, prefaces, numbers, quotes, notes and half a line are not part of copy."""

from __future__ import annotations

import pytest

from models.instruct.answers import Chatter, texts_of

CHATTER = Chatter(
    ("here is", "here are", "sure", "以下是", "当然"), ("text", "texts", "文案"), ("note:", "let me know", "sure!")
)
ONE, TWO = "A lamp that {kind} lovers keep.", "Light for slow evenings: {title}"


@pytest.mark.parametrize(
    "answer",
    [
        f"{ONE}\n{TWO}",
        f"\n\n  {ONE}  \n\n{TWO}\n",
        f"1. {ONE}\n2) {TWO}",
        f"- {ONE}\n* {TWO}",
        f"• “{ONE}”\n• “{TWO}”",
        f"「{ONE}」\n『{TWO}』",
        f"**{ONE}**\n**{TWO}**",
        f'1. "{ONE}"\n2. "{TWO}"',
        f"Here are two texts:\n\n{ONE}\n{TWO}\n\nLet me know if you would like more!",
        f"Sure! Here are two texts for you:\n{ONE}\n{TWO}\n(Both follow the voice of the shop.)",
        f"当然，以下是两条文案：\n{ONE}\n{TWO}",
        f"Text 1: {ONE}\nText 2: {TWO}",
        f"Sure! Here is the first text: {ONE}\nText B: {TWO}",
        f"Sure! No problem.\n{ONE}\n{TWO}",
        f"文案一：{ONE}\n文案二：{TWO}",
        f"<think>They want two.\n1. Not this one.\n</think>\n\n{ONE}\n{TWO}",
        f"[THINK]Not this one.[/THINK]{ONE}\n{TWO}",
        f"Not this one, the tag stood in the prompt.</think>\n{ONE}\n{TWO}",
        f"```\n{ONE}\n{TWO}\n```",
        f'["{ONE}", "{TWO}"]',
        f'```json\n{{"texts": ["{ONE}", "{TWO}"]}}\n```',
        f"{ONE}\n{TWO}\n{ONE}",
        f"{ONE}\n{TWO}<|im_end|>",
        f"### Texts:\n{ONE}\n{TWO}\nNote: no figure is in them.",
    ],
)
def test_the_texts_of_an_answer(answer: str) -> None:
    assert texts_of(answer, 4, CHATTER) == [ONE, TWO]


@pytest.mark.parametrize("answer", ["", "  \n ", "<think>I never come to the point", "Sure, here are two texts:", "[]"])
def test_an_answer_without_a_text_has_none(answer: str) -> None:
    assert texts_of(answer, 4, CHATTER) == []


def test_a_text_may_have_a_colon_quotes_inside_or_begin_like_a_preface() -> None:
    texts = [
        'Sure-footed: the "Alp" boot',
        "“Quiet” and “calm”",
        "Textured wool: {title}",
        "Here is a thought: {title}",
    ]
    assert texts_of("\n".join(texts), 4, CHATTER) == texts


def test_half_a_line_is_dropped_and_a_text_that_was_shown_is_not_one() -> None:
    assert texts_of(f"{ONE}\nLight for slow", 4, CHATTER, is_cut=True) == [ONE]
    assert texts_of(f"{ONE}\n", 4, CHATTER, is_cut=True) == [ONE]
    assert texts_of(f"{ONE}\n{TWO}", 4, CHATTER, seen={ONE}) == [TWO]
    assert texts_of(f"{ONE}\n{TWO}", 1, CHATTER) == [ONE]

"""Prompts: figures become slots, texts are cut into clauses, values are found in them."""

from __future__ import annotations

import pytest

from models.copywriting.prompts import Prompt, Values, clauses_of, has_digit, masked, may_say, without_placeholders


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("只要￥99.50！", "只要<price>！"),
        ("now 20% off, was $1,299", "now <discount> off, was <price>"),
        ("打8.5折，共３件①", "打<discount>，共<number>件"),
        ("一件上衣", "一件上衣"),
    ],
)
def test_figures_become_slots(text: str, wanted: str) -> None:
    assert masked(text) == wanted
    assert not has_digit(masked(text))


def test_a_slot_that_nobody_fills_may_not_be_said() -> None:
    prompt = Prompt("zh", attributes=(("价格", "<price>"),))
    assert may_say("只要<price>", prompt)
    assert not may_say("只要<price>，<discount>", prompt)
    assert not may_say("只要5元", prompt)


def test_clauses_put_together_are_the_text_and_lose_only_the_holes_of_a_crawl() -> None:
    text = "宽松的版型，<UNK>的面料，很舒适。"
    assert "".join(clauses_of(text, "zh")) == text
    assert without_placeholders(text, "zh") == "宽松的版型，很舒适。"


def test_a_value_is_found_as_a_word_and_the_longest_first() -> None:
    values = Values(["red", "牛仔", "牛仔布"])
    assert values.said("tired of Red, 牛仔布") == ["red", "牛仔布"]
    assert values.foreign("牛仔的red", ["牛仔布"]) == ["red"]  # 牛仔 is part of what the item has

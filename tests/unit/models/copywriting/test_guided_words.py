"""Which words a text may have while it is being written, and the score for naming a value."""

from __future__ import annotations

import pytest

from models.copywriting.guide_config import GuideConfig
from models.copywriting.guided_words import GuidedWords
from models.copywriting.prompts import Prompt

CONFIG = GuideConfig()


def words(language: str, values: list[str], banned: set[str]) -> GuidedWords:
    prompt = Prompt(language, attributes=tuple(("a", value) for value in values), banned=frozenset(banned))
    return GuidedWords(prompt, (), frozenset(), CONFIG)


@pytest.mark.parametrize(
    ("language", "before", "piece", "may"),
    [
        ("zh", "经典的高", "领设计", False),
        ("zh", "经典的半高", "领设计", True),  # part of the item's own value
        ("zh", "经典的", "翻领设计", True),
        ("en", "a soft", " silk", False),
        ("en", "two soft", " silks", False),
        ("en", "a soft", " silky", True),
        ("en", "an off", "-white", False),
    ],
)
def test_a_banned_word_is_seen_where_its_last_letter_is_written(
    language: str, before: str, piece: str, may: bool
) -> None:
    banned = {"高领", "silk", "off white"}
    assert words(language, ["半高领"] if language == "zh" else ["knit"], banned).may_say(before, piece) is may


def test_a_value_of_the_item_is_never_banned() -> None:
    assert words("zh", ["高领"], {"高领"}).may_say("经典的高", "领")


def test_a_contrary_of_a_value_is_banned() -> None:
    assert not words("zh", ["宽松"], set()).may_say("修", "身的版型")


def test_naming_a_value_gains_the_first_time_and_costs_later() -> None:
    own_words = words("zh", ["宽松"], set())
    assert own_words.gain("宽松", [0]) == CONFIG.value_gain
    assert own_words.gain("宽松又宽松", [0]) == -CONFIG.value_repeat_cost
    assert own_words.gain("宽松又宽松又宽松", [0]) == -2 * CONFIG.value_repeat_cost

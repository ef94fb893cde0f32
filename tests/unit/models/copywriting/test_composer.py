"""The composer: what it writes from a shop's clauses, and what it must not write."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.copywriting.composer import Composer
from models.copywriting.composer_config import ComposerConfig
from models.copywriting.prompts import Prompt, has_digit


def shop() -> tuple[list[Prompt], list[str]]:
    prompts, texts = [], []
    for number in range(60):
        colour, shape = ("红色", "白色", "黑色")[number % 3], ("宽松", "修身")[number % 2]
        prompts.append(Prompt("zh", attributes=(("颜色", colour), ("版型", shape))))
        texts.append(f"这款{colour}的上衣，{shape}的版型设计，上身舒适百搭。而且方便打理，{shape}的廓形感很时髦。")
    return prompts, texts


def varied_shop(language: str) -> tuple[list[Prompt], list[str]]:
    """120 items whose texts use different openings, middles and endings."""
    names, colours, kinds = {
        "zh": (("颜色", "材质"), ("红色", "白色", "黑色"), ("棉麻", "针织", "雪纺", "牛仔")),
        "en": (("colour", "fibre"), ("red", "navy", "cream"), ("wool", "cotton", "linen", "cashmere")),
    }[language]
    openings, middles, endings = {
        "zh": (
            ("这款{0}的上衣很显气质，", "{0}的设计清新自然，"),
            ("{1}的面料上身舒适，", "不挑身材，", "而且方便打理，", "{1}面料透气亲肤；"),
            ("轻松穿出时髦感！", "日常百搭。", "现在就下单。"),
        ),
        "en": (
            ("A {0} jumper for cold mornings. ", "This {0} piece keeps you warm. "),
            ("Made of {1} that feels soft. ", "It washes well. ", "The {1} is light. ", "Easy to wear all day. "),
            ("Wear it with jeans.", "A {0} classic in {1}.", "Sizes <number> to <number>."),
        ),
    }[language]
    prompts, texts = [], []
    for number in range(120):
        colour, kind = colours[number % 3], kinds[number % 4]
        parts = openings[number // 2 % 2], middles[number // 3 % 4], middles[number // 5 % 4], endings[number // 7 % 3]
        prompts.append(Prompt(language, channel="blurb", attributes=tuple(zip(names, (colour, kind), strict=True))))
        texts.append("".join(parts).format(colour, kind))
    return prompts, texts


def test_a_text_has_a_beginning_and_an_end_and_no_repetition() -> None:
    prompts, texts = shop()
    composer = Composer.fit(replace(ComposerConfig(), familiar_share=0.0), "zh", prompts, texts)
    for prompt in prompts[:6]:
        text = composer.compose(prompt, 1, 7)[0].text
        assert text.startswith("这款")
        assert text.endswith("。")
        assert text.count(prompt.values[0]) == 1
        other = {"宽松": "修身", "修身": "宽松"}[prompt.values[1]]
        assert other not in text


def test_clauses_name_only_what_the_item_has_and_one_seed_gives_one_text() -> None:
    prompts, texts = varied_shop("zh")
    composer = Composer.fit(ComposerConfig(), "zh", prompts, texts)
    for prompt in prompts[:6]:
        composed = [text for text, _, _ in composer.compose(prompt, 2, 3)]
        assert composed == [text for text, _, _ in composer.compose(prompt, 2, 3)]
        assert not any(composer.index.values.foreign(text, prompt.values) or has_digit(text) for text in composed)
        assert all(value in composed[0] for value in prompt.values)


def test_a_text_like_a_persons_scores_above_another_items() -> None:
    prompts, texts = varied_shop("zh")
    composer = Composer.fit(ComposerConfig(), "zh", prompts, texts)
    assert composer.score(prompts[0], texts[0]) > composer.score(prompts[0], texts[1])


ZH_TEXTS = [
    "这款红色的上衣很显气质，棉麻的面料上身舒适，轻松穿出时髦感！",
    "这款白色的上衣很显气质，针织的面料上身舒适，不挑身材，日常百搭。",
    "黑色的设计清新自然，雪纺的面料上身舒适，而且方便打理，日常百搭。",
    "红色的设计清新自然，而且方便打理，牛仔面料透气亲肤；现在就下单。",
]
EN_TEXTS = [
    "A red jumper for cold mornings. Made of wool that feels soft. It washes well. Wear it with jeans.",
    "A navy jumper for cold mornings. Made of cotton that feels soft. It washes well. Wear it with jeans.",
    "This cream piece keeps you warm. Easy to wear all day. Made of linen that feels soft.",
    "This red piece keeps you warm. The cashmere is light. Easy to wear all day. Wear it with jeans.",
]


@pytest.mark.parametrize(("language", "wanted"), [("zh", ZH_TEXTS), ("en", EN_TEXTS)])
def test_the_texts_stay_the_same_to_the_character(language: str, wanted: list[str]) -> None:
    prompts, texts = varied_shop(language)
    composer = Composer.fit(ComposerConfig(copied_run_cost=0.0), language, prompts, texts)
    uses = np.zeros(len(composer.index.clauses))
    for prompt, text in zip(prompts[:4], wanted, strict=True):
        best = composer.compose(prompt, 2, 7, uses)[0]
        uses[best.clauses] += 1
        assert best.text == text


def test_texts_without_one_usable_clause_give_no_copy() -> None:
    composer = Composer.fit(ComposerConfig(), "zh", [Prompt("zh", attributes=(("颜色", "红色"),))], ["很好。"])
    assert composer.compose(Prompt("zh", attributes=(("颜色", "红色"),)), 2, 7) == []


def test_an_item_of_which_no_clause_may_be_said_gets_no_copy() -> None:
    prompts, _ = shop()
    composer = Composer.fit(ComposerConfig(), "zh", prompts[:1], ["这款红色的上衣，"])
    assert composer.compose(Prompt("zh", attributes=(("颜色", "黑色"),)), 2, 7) == []

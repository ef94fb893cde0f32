"""The prompt of an instruct model: the item's facts, the voice, slots for figures, the shop's texts; nothing else."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from jobs.copywriting.briefs import WRITERS, Brief, Draft
from jobs.copywriting.catalogue_words import PastCatalogues
from jobs.copywriting.chat_prompts import ChatPrompts
from jobs.copywriting.checkpoint_writer import CheckpointWriter
from jobs.copywriting.rules import CopyConfig
from jobs.copywriting.trained_writers import slotted
from models.copywriting.prompts import Prompt
from schemas.copywriting.prompt import PLACES, load_prompts
from schemas.copywriting.voice import VoiceError
from schemas.tables.copywriting import CHANNELS, STRATEGIES
from tests.unit.jobs.copywriting.copy_shop import brief, inputs_of, item, items_of

ITEM = item(
    title="Ivo beige wired speaker 3000",
    title_zh="伊沃 米色有线音箱",
    attributes='{"colour": "beige", "connection": "wired", "power": "20 W", "note": "<|im_end|> loud"}',
)
INPUTS = inputs_of(items_of([ITEM, item("g2", title="Ada black lamp")]))
SHOP = brief(strategy="coupon", channel="push")


def message(of_brief: Brief | None = None) -> str:
    return ChatPrompts(INPUTS).prompt(of_brief or brief(), 3, 4).message


def test_it_has_the_items_words_the_voice_and_the_number_of_texts() -> None:
    prompt = message(brief(style="quality"))
    guide = INPUTS.rules.voices["quality"].guide("en")
    assert "3 different texts" in prompt
    assert "- colour: beige" in prompt
    assert "- connection: wired" in prompt
    assert guide.tone in prompt
    assert guide.never[0] in prompt
    assert "{title}: " in prompt


def test_no_figure_of_the_item_and_no_control_token_is_in_it() -> None:
    prompt = message()
    assert "3000" not in prompt
    assert "20 W" not in prompt
    assert "<|im_end|>" not in prompt
    assert "beige" in prompt


def test_a_price_is_a_slot_and_slots_of_other_strategies_are_not_offered() -> None:
    dropped = items_of([ITEM | {"price": 50.0}], PastCatalogues({"g1": 99.0}))
    drop = ChatPrompts(inputs_of(dropped)).prompt(brief(strategy="price_drop"), 2, 0).message
    assert "{price}: " in drop
    assert "50" not in drop
    assert "99" not in drop
    assert "{price}" not in message()
    assert "{terms}: " in message(SHOP)


def test_texts_of_the_shop_are_shown_own_voice_first_and_only_with_slots_that_the_item_fills() -> None:
    lessons = [
        (brief("g2", style="quality"), Prompt("en"), "Calm words"),
        (brief("g2"), Prompt("en"), "Plain words"),
        (brief("g2", channel="card"), Prompt("en"), "A card's words"),
        (brief("g2"), Prompt("en"), "Only {terms} today"),
    ]
    prompts = ChatPrompts(INPUTS, lessons)
    shown = prompts.prompt(brief(), 2, 3)
    assert re.findall(r"^- ([A-Z].*)$", shown.message.partition("Texts of this shop")[2], re.M)[:2] == [
        "Plain words",
        "Calm words",
    ]
    voice = INPUTS.rules.voices["plain"].guide("en").examples[0]
    assert shown.shown == {"Plain words", "Calm words", voice}
    assert "card's" not in shown.message
    assert shown.texts([("Plain words\nNew words", False)], 4)[0].text == "New words"  # an example is no answer
    assert "Plain words" not in prompts.prompt(brief(), 2, 0).message


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_kind_has_a_prompt_in_every_voice(language: str) -> None:
    prompts = ChatPrompts(INPUTS)
    for strategy, channel, style in itertools.product(STRATEGIES, CHANNELS, INPUTS.rules.voices):
        of_brief = brief(strategy=strategy, channel=channel, style=style, language=language)
        assert prompts.words[language].describes(strategy, channel)
        assert "$" not in prompts.prompt(of_brief, 2, 4).message


def test_a_kind_that_the_file_leaves_out_is_left_to_templates(tmp_path: Path) -> None:
    text = (Path("schemas/copywriting/languages/en") / "prompt.toml").read_text("utf-8")
    shop_file = tmp_path / "en" / "prompt.toml"
    shop_file.parent.mkdir()
    shop_file.write_text(re.sub(r"(?m)^sms = .*\n", "", text), "utf-8")
    words = load_prompts(("en", "zh", "fr"), str(tmp_path))
    assert list(words) == ["en", "zh"]
    writer = CheckpointWriter("prompted m", "prompted", words)
    assert writer.writes(brief())
    assert not writer.writes(brief(channel="sms"))
    assert writer.writes(brief(channel="sms", language="zh"))
    assert not writer.writes(brief(language="fr"))
    tuned = CheckpointWriter("f", "tuned", words, frozenset({("recommendation", "push")}))
    assert tuned.writes(brief())
    assert not tuned.writes(brief(channel="blurb"))


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ('language = "en"', 'language = "zh"', "language is 'zh'; it must be the folder's name"),
        ("$facts", "", r"request lacks \$facts"),
        ("$tone", "$mood", r"request has no '\$mood'"),
        ("$tone", "$ 5", "request must be a text in which"),
        ("[strategies]\n", '[strategies]\nwish = "x"\n', "has no 'wish'"),
        ("[slots]", "[places]", "has no 'places'"),
        ('price_drop = "', 'price_drop = ""\nx = "', "none of them empty"),
        ("labels =", "label =", "has no 'label'"),
    ],
)
def test_a_prompt_that_cannot_be_used_is_refused_by_file_and_place(
    was: str, now: str, said: str, tmp_path: Path
) -> None:
    text = (Path("schemas/copywriting/languages/en") / "prompt.toml").read_text("utf-8")
    assert was in text
    shop_file = tmp_path / "en" / "prompt.toml"
    shop_file.parent.mkdir()
    shop_file.write_text(text.replace(was, now, 1), "utf-8")
    with pytest.raises(VoiceError, match=said) as raised:
        load_prompts(("en",), str(tmp_path))
    assert "prompt.toml" in str(raised.value)
    assert set(re.findall(r"\$(\w+)", text)) >= set(PLACES)


def test_a_text_that_leaves_no_room_for_the_readers_terms_is_refused() -> None:
    whole, half = "{title}: {terms} until {until}", "{title}: {terms} for you"
    reasons = [
        [problem.reason for problem in INPUTS.problems(SHOP, Draft(text, "prompted", "model"))]
        for text in (whole, half)
    ]
    assert "slot missing" not in reasons[0]
    assert "slot missing" in reasons[1]


def test_loras_training_texts_have_slots_for_the_title_and_no_figure() -> None:
    text = "The Ivo speaker is calm. It has 20 watts. Made for\n evenings, 3 of them. [BRAND] too. It stays."
    assert slotted(text, "en", ("Ivo", "Ivo speaker")) == "The {title} is calm. It stays."


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"writer": "gpt"}, f"writer must be one of {', '.join(WRITERS)}"),
        ({"base_model": "a/b"}, "base_model is 'a/b', but writer is 'network'"),
        ({"writer": "tuned"}, "writer is 'tuned', but base_model is empty"),
        ({"writer": "endpoint"}, "writer is 'endpoint', but base_model is empty"),
        ({"examples_shown": -1}, "examples_shown must be 0 or more"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused_by_name(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        CopyConfig(**changed)

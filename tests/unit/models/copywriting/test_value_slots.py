"""Slots for an item's values: training texts have the slots, shown texts have the item's own values instead."""

from __future__ import annotations

from models.copywriting.prompts import Prompt
from models.copywriting.value_slots import SlotFrames, filled, slotted, slotted_prompt

MUG = Prompt("en", attributes=(("kind", "mug"), ("brand", "Luma"), ("colour", "orange"), ("weight", "250 g")))
CUP = Prompt("zh", attributes=(("kind", "马克杯"), ("colour", "红色"), ("style", "红色系")))


def test_values_become_slots_and_come_back() -> None:
    text = "An orange mug by Luma. Orange sets the tone; it weighs 250 g."
    prompt, learned = slotted(MUG, text)
    assert learned == "A <its_colour> <its_kind> by <its_brand>. <its_colour> sets the tone; it weighs <its_weight>."
    assert {value for _, value in prompt.attributes} == {"<its_kind>", "<its_brand>", "<its_colour>", "<its_weight>"}
    assert filled(MUG, learned) == text


def test_the_kind_stays_readable() -> None:
    assert slotted_prompt(MUG).attributes[0] == ("kind mug", "<its_kind>")


def test_an_article_follows_the_value() -> None:
    texts = [
        filled(Prompt("en", attributes=(("size", size),)), "A <its_size> one.") for size in ("small", "odd", "8 g")
    ]
    assert texts == ["A small one.", "An odd one.", "An 8 g one."]


def test_a_word_that_only_begins_like_a_value_stays() -> None:
    assert slotted(MUG, "Orangery, smuggled.")[1] == "Orangery, smuggled."


def test_the_longest_value_is_taken_first() -> None:
    assert slotted(CUP, "红色系的马克杯，红色。")[1] == "<its_style>的<its_kind>，<its_colour>。"


def test_a_name_that_gives_no_slot_keeps_its_value() -> None:
    prompt = Prompt("zh", attributes=(("颜色", "红色"),))
    assert slotted(prompt, "红色的。") == (prompt, "红色的。")


def test_a_sentence_whose_slot_was_never_learned_there_is_left_out() -> None:
    learned = ["The look is <its_style>.", "<its_material> is what it is made of.", "A <its_size> mug in <its_colour>.",
               "It comes in <its_size>."]  # fmt: skip
    frames = SlotFrames(learned, "en")
    fits = ["Here. A <its_size> mug. The look is <its_style>.", "Nobody spoke of <its_size> before.", *learned]
    assert [frames.kept(text) for text in fits] == fits
    assert frames.kept("Hello. The look is <its_size>. Bye!") == "Hello. Bye!"
    assert frames.kept("<its_size> is what it is made of.") == ""
    assert frames.kept("A <its_material> mug in <its_colour>. It comes in <its_size>.") == "It comes in <its_size>."
    chinese = SlotFrames(["颜色是<its_colour>，材质是<its_material>。"], "zh")
    assert chinese.kept("材质是<its_material>。材质是<its_colour>。") == "材质是<its_material>。"

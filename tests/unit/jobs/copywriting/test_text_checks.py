"""Checks of one text: shipped templates pass them, and a text that a person blocked has only this problem."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from jobs.copywriting.briefs import MODEL, Brief, Draft
from jobs.copywriting.catalogue_words import PastCatalogues
from jobs.copywriting.rules import CopyConfig, CopyRules
from jobs.copywriting.text_checks import Problem
from tests.unit.jobs.copywriting.copy_shop import NIGHT, brief, inputs_of, item, items_of

SHORT = {"title": "Ivo sandals", "title_zh": "伊沃 凉鞋", "category": "Shoes > Summer > sandals",
         "description": None, "description_zh": "伊沃出品的凉鞋。颜色为米色。"}  # fmt: skip


@pytest.mark.parametrize("season", ["christmas", "summer"])
def test_no_shipped_template_is_one_that_the_gate_refuses(season: str) -> None:
    rules = CopyRules.load(CopyConfig())
    before = PastCatalogues({"g1": 120.0, "g2": 120.0}, NIGHT, frozenset(), NIGHT)
    everything = [dataclasses.replace(event, categories=()) for event in rules.seasons]
    items = items_of([item(), item("g2", **SHORT)], before, [s for s in everything if s.id == season])
    inputs = inputs_of(items, rules)
    templates = [template for group in rules.templates.groups.values() for template in group]
    for shipped in templates:
        style = shipped.style if shipped.style in rules.voices else rules.default_style
        draft = Draft(shipped.text, shipped.name, "template")
        of = [Brief(item_id, shipped.strategy, style, shipped.channel, shipped.language) for item_id in items]
        wrong = {
            brief.item_id: inputs.problems(brief, draft)
            for brief in of
            if shipped.needs <= inputs.products.of(brief).slots.keys()
        }
        limits = [reason for problems in wrong.values() for reason, _ in problems]
        assert set(limits) <= {"too long"}, (shipped.text, wrong)
        assert "title" in shipped.slots or not limits, (shipped.text, wrong)


def test_no_chinese_template_that_names_the_kind_is_one_that_the_gate_refuses() -> None:
    """The two items above are too few of their kinds for a Chinese name of it to be learned."""
    colours = {"beige": "米色", "red": "红色", "blue": "蓝色", "black": "黑色", "white": "白色"}
    shirts = [
        item(
            f"s{number}",
            title=f"Ivo {colour} shirt",
            title_zh=f"伊沃 {colour_zh}衬衫",
            category="Clothing > Tops > shirt",
            description_zh=f"伊沃出品的衬衫。颜色为{colour_zh}。",
            attributes=f'{{"colour": "{colour}"}}',
        )
        for number, (colour, colour_zh) in enumerate(colours.items())
    ]
    rules = CopyRules.load(CopyConfig())
    inputs = inputs_of(items_of(shirts, PastCatalogues({"s0": 120.0}, NIGHT, frozenset(), NIGHT)), rules)
    tried = []
    for template in [template for group in rules.templates.groups.values() for template in group]:
        style = template.style if template.style in rules.voices else rules.default_style
        about = Brief("s0", template.strategy, style, template.channel, template.language)
        if template.language == "zh" and {"kind"} <= template.needs <= inputs.products.of(about).slots.keys():
            problems = inputs.problems(about, Draft(template.text, template.name, "template"))
            assert {reason for reason, _ in problems} <= {"too long", "slot without a fact"}, (template.text, problems)
            tried.append(template.name)
    assert len(tried) > 20


def test_a_blocked_text_has_no_other_problem_and_checking_twice_changes_nothing(tmp_path: Path) -> None:
    lie = Draft("A red speaker by Ivo", "t-1", "template")
    review = tmp_path / "review.toml"
    review.write_text(f'[[block]]\ntext = "{lie.text}"\n', "utf-8")
    free, blocked = (inputs_of(items_of([item()]), review=path) for path in ("", str(review)))
    for _ in range(2):
        assert [problem.reason for problem in free.problems(brief(), lie)] == ["unsupported colour"]
        assert blocked.problems(brief(), lie) == [Problem("blocked in review", f"text {lie.text}")]


def test_only_a_blurb_may_be_a_mood_that_names_nothing_of_the_item() -> None:
    """It stands under the title; a card or a push text stands alone."""
    inputs, mood = inputs_of(items_of([item()])), Draft("Slow mornings and nowhere to be.", MODEL, MODEL)
    assert inputs.problems(brief(channel="blurb"), mood) == []
    for channel in ("card", "push"):
        reasons = [problem.reason for problem in inputs.problems(brief(channel=channel), mood)]
        assert reasons == ["says nothing of the item"]

"""Contradictions for which a campaign file is refused although each key alone is fine, and the messages."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.campaigns.campaign import CampaignError
from schemas.campaigns.reading import parse_campaigns
from tests.unit.schemas.campaigns.campaign_file import back_beside, back_with


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (back_with(who={"stage": ["new"]}), "contradicts itself: .*lapsed.* by its kind"),
        (back_with(budget="gifts"), "is paid by 'gifts'; budget lines are main"),
        (back_with(on="item"), "a win_back on 'item'"),
        (back_with(discount_share=0.1, max_discount=5), "discount_share 0.1 and discount_amount 10; keep one"),
        (back_with(discount_amount=None, discount_share=0.1), "discount_share 0.1 without max_discount"),
        (back_with(discount_amount=None, max_discount=5), "max_discount 5 without discount_share"),
        (back_with(minimum_spend=4), "takes 10 off an order of at least 4"),
        (back_with(discount_amount=120, minimum_spend=500), "one coupon may cost 120, its budget line main has 100"),
        (back_with(after_days=9), "after_days 9 is above within_days 7"),
        (back_with(example=[]), "needs two or more"),
        (back_with(only_categories=["Home"]), "is on everything, yet names categories"),
        (
            back_with(on="top_category", only_categories=["Home > Lamps"], not_categories=["Home"]),
            "takes all of it away",
        ),
        (back_with(excludes=["back"]), "campaign back excludes 'back'"),
        (back_beside(excludes=["nobody"]), "excludes 'nobody'; the other campaigns are back"),
        (back_beside(id="back"), "2 campaigns have the id 'back'"),
        (
            back_beside(discount_amount=7),
            "back and other contradict each other: both are win_back offers, on other terms",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_contradiction_is_refused_in_words(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(CampaignError, match=message):
        parse_campaigns(raw)


def test_exclusions_declared_twice_are_refused() -> None:
    raw = back_beside(excludes=["back"], discount_amount=7)
    raw["campaign"][0]["excludes"] = ["other"]
    with pytest.raises(CampaignError, match="both exclude each other"):
        parse_campaigns(raw)


def test_campaigns_of_one_kind_that_can_be_told_apart_do_not_contradict() -> None:
    example = [
        {"that": "silver", "facts": {"stage": "lapsed", "member_level": "silver"}, "gets": True},
        {"that": "gold", "facts": {"stage": "lapsed", "member_level": "gold"}, "gets": False},
    ]
    silver = back_beside(discount_amount=7, who={"member_level": ["silver"]}, example=example)
    assert len(parse_campaigns(silver).campaigns) == 2
    assert len(parse_campaigns(back_beside(discount_amount=7, excludes=["back"])).campaigns) == 2


def test_a_wrong_example_is_named_with_the_condition_that_it_does_not_meet() -> None:
    example = [
        {"that": "a silver member gets it", "facts": {"stage": "lapsed", "member_level": "silver"}, "gets": True},
        {"that": "a new user does not", "facts": {"stage": "new"}, "gets": False},
    ]
    message = r"'a silver member gets it' \(gets = true\) is wrong: it does not meet member_lev"
    with pytest.raises(CampaignError, match=message):
        parse_campaigns(back_with(example=example))


def test_offers_used_in_full_cost_no_less_than_is_expected() -> None:
    raw = back_with() | {"budget": {"main": {"amount": 100, "at_most": 50}}}
    with pytest.raises(CampaignError, match="at_most 50 is below amount 100"):
        parse_campaigns(raw)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"learns": True, "least_share": 0.6}, "least_share 0.6 leaves no room for 2 campaigns"),
        ({"learns": True, "least_share": 0.04}, "does not pay one coupon of campaign back, 10"),
    ],
)
def test_a_line_that_learns_needs_room_for_every_campaign(line: dict, message: str) -> None:
    raw = back_beside(excludes=["back"])
    raw["budget"]["main"] |= line
    with pytest.raises(CampaignError, match=message):
        parse_campaigns(raw)


def test_one_campaign_has_nobody_to_compete_with_and_a_reminder_does_not_compete() -> None:
    raw = back_with()
    raw["budget"]["main"]["learns"] = True
    with pytest.raises(CampaignError, match="learns, but 1 of its campaigns take money off"):
        parse_campaigns(raw)
    raw = back_beside(excludes=["back"])
    raw["budget"]["main"]["learns"] = True
    reminder = {key: v for key, v in raw["campaign"][0].items() if key not in ("discount_amount", "minimum_spend")}
    raw["campaign"].append(reminder | {"id": "reminder", "excludes": ["back", "other"]})
    campaigns = parse_campaigns(raw)
    assert [c.id for c in campaigns.competing(campaigns.budgets[0])] == ["back", "other"]

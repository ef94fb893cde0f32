"""Campaigns: what a file may say, what it is refused for and in which words, and the shipped ones' own examples."""

from __future__ import annotations

import copy
import tomllib
from typing import Any

import pytest

from schemas.campaigns.campaign import (
    PAIR_FACTS,
    USER_FACTS,
    Campaign,
    CampaignError,
    Condition,
    load_campaigns,
    parse_campaigns,
    shipped_campaigns,
)
from schemas.protected_attributes import protected_kind
from schemas.sources.reading import shipped_sources

FILE = """
name = "shop"
currency = "EUR"
[budget.main]
amount = 100
[[campaign]]
id = "back"
kind = "win_back"
budget = "main"
discount_amount = 5
minimum_spend = 30
who.member_level = ["gold"]
[[campaign.example]]
that = "a lapsed gold member gets it"
facts = { stage = "lapsed", member_level = "gold" }
gets = true
[[campaign.example]]
that = "a new user does not"
facts = { stage = "new" }
gets = false
"""


def said(**changed: Any) -> dict[str, Any]:
    """The file's one campaign with some keys changed; None takes a key out."""
    raw = tomllib.loads(FILE)
    campaign = raw["campaign"][0]
    campaign.update(changed)
    for key in [k for k, v in changed.items() if v is None]:
        del campaign[key]
    return raw


def beside(**changed: Any) -> dict[str, Any]:
    """The file with a second campaign, like the first but for its id and what is changed."""
    raw = tomllib.loads(FILE)
    raw["campaign"].append(copy.deepcopy(raw["campaign"][0]) | {"id": "other"} | changed)
    return raw


@pytest.mark.parametrize("name", shipped_campaigns())
def test_shipped_campaigns_load_and_bear_out_their_examples(name: str) -> None:
    campaigns = load_campaigns(name)
    assert name in shipped_sources()
    for campaign in campaigns.campaigns:
        for example in campaign.examples:
            assert campaign.gets(example.facts) == example.gets, f"{campaign.id}: {example.that}"


def test_the_sample_shop_has_an_offer_of_every_kind() -> None:
    kinds = [campaign.kind for campaign in load_campaigns("sample_shop").campaigns]
    assert sorted(kinds) == sorted({"win_back", "first_purchase", "member_exclusive", "retargeting", "abandoned_cart",
                                    "replenishment", "price_drop", "birthday"})  # fmt: skip


def test_a_lapsed_gold_member_gets_it_and_a_new_user_does_not() -> None:
    (campaign,) = parse_campaigns(said()).campaigns
    assert campaign.gets({"stage": "lapsed", "member_level": "gold", "frequency": 3})
    assert not campaign.gets({"stage": "new", "member_level": "gold"})
    assert not campaign.gets({"stage": "lapsed"})  # what is not known meets nothing


@pytest.mark.parametrize(
    ("name", "kind"),
    [("gender", "gender"), ("Sex", "gender"), ("age", "age"), ("age_band", "age"), ("customerAge", "age"),
     ("birth_year", "age"), ("ethnicity", "ethnicity"), ("is_religious", "religion"), ("health_status", "health"),
     ("pregnant", "health"), ("性别", "gender")],
)  # fmt: skip
def test_protected_attributes_are_known_by_name_and_refused_with_why(name: str, kind: str) -> None:
    assert protected_kind(name) == kind
    for wrong in (said(who={name: "x"}), said(**{name: "x"})):
        with pytest.raises(CampaignError, match=f"campaign back uses '{name}': that is {kind}, a protected attribute"):
            parse_campaigns(wrong)
    example = {"that": "somebody gets it", "facts": {name: "x"}, "gets": True}
    with pytest.raises(CampaignError, match="protected attribute"):
        parse_campaigns(said(example=[example]))


@pytest.mark.parametrize("name", ["average_price", "manager", "language", "stage", "message", "usage", "country"])
def test_other_names_are_not(name: str) -> None:
    assert protected_kind(name) is None


def test_no_fact_that_a_condition_may_use_is_protected() -> None:
    assert not [fact for fact in (*USER_FACTS, *PAIR_FACTS) if protected_kind(fact)]
    assert {"stage", "member_level", "buys_7d"} <= set(USER_FACTS)
    assert not {"gender", "age_band"} & set(USER_FACTS)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (said(colour="red"), "campaign back has no 'colour'; it has after_days, again_after_days"),
        (said(who={"shoe_size": 4}), "campaign back who has no 'shoe_size'"),
        (said(who={"view_days": {"max": 3}}), "who has no 'view_days'"),  # an offer of items alone knows of views
        (said(who={"frequency": {"mni": 3}}), "who.frequency has no 'mni'; it has max, min"),
        (said(who={"frequency": {"min": 3, "max": 1}}), "min 3 is above max 1: nobody would get it"),
        (said(who={"member_level": []}), "an empty list"),
        (said(who={"stage": "asleep"}), "is 'asleep'; there are new, active"),
        (said(who={"frequency": "many"}), "who.frequency must be a int64, not 'many'"),
        (said(who={"stage": ["new"]}), "contradicts itself: .*lapsed.* by its kind"),
        (said(kind="raffle"), "kind is 'raffle'; there are win_back"),
        (said(kind=None), "has no 'kind'"),
        (said(budget="gifts"), "is paid by 'gifts'; budget lines are main"),
        (said(on="item"), "a win_back on 'item'"),
        (said(discount_share=0.1, max_discount=5), "discount_share 0.1 and discount_amount 5; keep one"),
        (said(discount_amount=None, discount_share=0.1), "max_discount above 0 say how much"),
        (said(discount_amount=None, discount_share=1.5, max_discount=5), "must lie inside 0..1"),
        (said(discount_amount=-5), "discount_amount must be 0 or more, not -5"),
        (said(minimum_spend=4), "takes 5 off an order of at least 4"),
        (said(margin_floor=-0.1), "margin_floor must be 0 or more, not -0.1: it would sell at a loss"),
        (said(discount_amount=120, minimum_spend=500), "one coupon may cost 120, its budget line main has 100"),
        (said(valid_days=0), "valid_days must be a whole number of 1 or more"),
        (said(starts_on="2026-01-01"), "must be a date, written 2026-01-31 without quotes"),
        (said(example=[]), "needs two"),
        (said(only_categories=["Home"]), "is on everything, yet names categories"),
        (said(on="top_category", only_categories=["Home > Lamps"], not_categories=["Home"]), "takes all of it away"),
        (said(excludes=["back"]), "campaign back excludes 'back'"),
        (beside(excludes=["nobody"]), "excludes 'nobody'; there are, beside it, back"),
        (beside(id="back"), "campaign back is there 2 times"),
        (beside(discount_amount=7), "back and other contradict each other: both are win_back offers, on other terms"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_refused_in_words(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(CampaignError, match=message):
        parse_campaigns(raw)


def test_exclusions_said_twice_are_refused() -> None:
    raw = beside(excludes=["back"], discount_amount=7)
    raw["campaign"][0]["excludes"] = ["other"]
    with pytest.raises(CampaignError, match="exclude each other twice"):
        parse_campaigns(raw)


def test_campaigns_of_one_kind_that_can_be_told_apart_do_not_contradict() -> None:
    example = [
        {"that": "silver", "facts": {"stage": "lapsed", "member_level": "silver"}, "gets": True},
        {"that": "gold", "facts": {"stage": "lapsed", "member_level": "gold"}, "gets": False},
    ]
    silver = beside(discount_amount=7, who={"member_level": ["silver"]}, example=example)
    assert len(parse_campaigns(silver).campaigns) == 2
    assert len(parse_campaigns(beside(discount_amount=7, excludes=["back"])).campaigns) == 2


def test_an_example_that_is_not_so_is_told_with_the_condition() -> None:
    example = [
        {"that": "a silver member gets it", "facts": {"stage": "lapsed", "member_level": "silver"}, "gets": True},
        {"that": "a new user does not", "facts": {"stage": "new"}, "gets": False},
    ]
    with pytest.raises(
        CampaignError, match=r"'a silver member gets it' \(gets = true\) is not so: it fails member_lev"
    ):
        parse_campaigns(said(example=example))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("currency", "euro", "currency is 'euro'; write it as ISO 4217"),
        ("budget", {"main": {"amount": -1}}, "amount must be 0 or more"),
        ("budget", {"main": {"amount": 100, "at_most": 50}}, "at_most 50 is below amount 100"),
        ("budget", {"main": {"amount": 100, "colour": 1}}, "has no 'colour'"),
        ("campaign", [], "there is no"),
        ("colour", "red", "the file has no 'colour'"),
    ],
)
def test_the_rest_of_the_file_is_checked_too(key: str, value: Any, message: str) -> None:
    with pytest.raises(CampaignError, match=message):
        parse_campaigns(tomllib.loads(FILE) | {key: value})


def test_one_campaign_only_is_enough(tmp_path) -> None:
    path = tmp_path / "one.toml"
    path.write_text(FILE, "utf-8")
    assert [campaign.id for campaign in load_campaigns(str(path)).campaigns] == ["back"]


def test_a_file_that_is_not_there_or_not_toml_is_told(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no campaigns 'nowhere': .* shipped .*sample_shop"):
        load_campaigns("nowhere")
    path = tmp_path / "broken.toml"
    path.write_text("name = ", "utf-8")
    with pytest.raises(CampaignError, match=r"broken.toml is not TOML"):
        load_campaigns(str(path))


def test_a_category_is_in_scope_with_all_below_it() -> None:
    campaign = Campaign("a", "retargeting", "b", only_categories=("Home",), not_categories=("Home > Lamps",))
    scopes = {
        "Home": True,
        "Home > Chairs": True,
        "Home > Lamps": False,
        "Home > Lamps > Big": False,
        "Homeless": False,
    }
    assert {category: campaign.in_scope(category) for category in scopes} == scopes
    assert not campaign.in_scope(None)


def test_conditions_meet_where_some_value_suits_both() -> None:
    low, high = Condition("frequency", most=2.0), Condition("frequency", least=3.0)
    assert not low.meets(high)
    assert low.meets(Condition("frequency", least=2.0))
    assert Condition("frequency", (1, 5)).meets(low)
    assert not Condition("frequency", (5,)).meets(low)
    assert not Condition("frequency", known=False).meets(low)


@pytest.mark.parametrize(
    ("line", "other", "message"),
    [
        ({"learns": "yes"}, {}, "learns must be true or false, not 'yes'"),
        ({"learns": True, "least_share": 0}, {}, "least_share must be above 0 and up to 1"),
        ({"learns": True, "least_share": 0.6}, {}, "least_share 0.6 leaves no room for 2 campaigns"),
        ({"learns": True, "least_share": 0.04}, {}, "does not pay one coupon of campaign back, 5"),
        ({"learns": True}, {"discount_amount": 0.0, "kind": "birthday"}, "must be above 0 and below minimum_spend"),
    ],
)
def test_a_line_that_learns_needs_room_for_every_campaign(line: dict, other: dict, message: str) -> None:
    raw = beside(excludes=["back"], **other)
    raw["budget"]["main"] |= line
    with pytest.raises(CampaignError, match=message):
        parse_campaigns(raw)


def test_one_campaign_has_nobody_to_compete_with_and_a_reminder_does_not_compete() -> None:
    raw = tomllib.loads(FILE)
    raw["budget"]["main"]["learns"] = True
    with pytest.raises(CampaignError, match="learns, but 1 of its campaigns take money off"):
        parse_campaigns(raw)
    raw = beside(excludes=["back"])
    raw["budget"]["main"]["learns"] = True
    reminder = {k: v for k, v in raw["campaign"][0].items() if k not in ("discount_amount", "minimum_spend")}
    raw["campaign"].append(reminder | {"id": "reminder", "excludes": ["back", "other"]})
    campaigns = parse_campaigns(raw)
    assert [c.id for c in campaigns.competing(campaigns.budgets[0])] == ["back", "other"]
    assert load_campaigns("sample_shop").budgets[0].learns is False

"""Reading campaign files: what is read, which keys alone are refused and with which message, and the shipped files."""

from __future__ import annotations

import dataclasses
import datetime as dt
import tomllib
from typing import Any

import pytest

from schemas.campaigns.campaign import Budget, Campaign, CampaignError
from schemas.campaigns.reading import load_campaigns, parse_campaigns, shipped_campaigns
from schemas.protected_attributes import protected_kind
from schemas.sources.reading import shipped_sources
from tests.unit.schemas.campaigns.campaign_file import BACK, GOLD, back_with, campaign_file


@pytest.mark.parametrize("name", shipped_campaigns())
def test_shipped_campaigns_load_and_their_examples_hold(name: str) -> None:
    campaigns = load_campaigns(name)
    assert name in shipped_sources()
    for campaign in campaigns.campaigns:
        for example in campaign.examples:
            assert campaign.gets(example.facts) == example.gets, f"{campaign.id}: {example.that}"


def test_the_sample_shop_has_an_offer_of_every_kind() -> None:
    kinds = {campaign.kind for campaign in load_campaigns("sample_shop").campaigns}
    assert kinds == {
        *("win_back", "first_purchase", "member_exclusive", "retargeting"),
        *("abandoned_cart", "replenishment", "price_drop", "birthday"),
    }
    assert len(load_campaigns("sample_shop").campaigns) == len(kinds)
    assert load_campaigns("sample_shop").budgets[0].learns is False


def test_a_lapsed_gold_member_gets_it_and_a_new_user_does_not() -> None:
    (campaign,) = parse_campaigns(back_with(who=GOLD)).campaigns
    assert campaign.gets({"stage": "lapsed", "member_level": "gold", "frequency": 3})
    assert not campaign.gets({"stage": "new", "member_level": "gold"})
    assert not campaign.gets({"stage": "lapsed"})  # an unknown fact meets no condition


def test_keys_that_a_file_leaves_out_have_their_defaults() -> None:
    short = back_with(who=None, valid_days=None, again_after_days=None, assumed_lift=None)
    short["budget"] = {"main": {"amount": 100}}
    campaigns = parse_campaigns(short)
    assert campaigns.budgets == (Budget("main", amount=100.0, at_most=100.0, days=28),)
    assert campaigns.campaigns[0] == Campaign("back", "win_back", "main", discount_amount=10.0, minimum_spend=100.0)


def test_every_declared_key_is_read() -> None:
    """A key of each type; if the file does not give `on`, it follows the kind."""
    values = {
        "doc": "a note",
        "margin_floor": 0.2,
        "within_days": 3,
        "excludes": [],
        "not_categories": ["Home"],
        "on": "top_category",
        "starts_on": dt.date(2026, 1, 31),
    }
    (campaign,) = parse_campaigns(back_with(**values)).campaigns
    read = dataclasses.asdict(campaign)
    assert {key: read[key] for key in values} == values | {"excludes": (), "not_categories": ("Home",)}
    back, cart = parse_campaigns(tomllib.loads(campaign_file())).campaigns
    assert (back.on, cart.on) == ("everything", "item")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("gender", "gender"),
        ("Sex", "gender"),
        ("age", "age"),
        ("age_band", "age"),
        ("customerAge", "age"),
        ("birth_year", "age"),
        ("ethnicity", "ethnicity"),
        ("is_religious", "religion"),
        ("health_status", "health"),
        ("pregnant", "health"),
        ("性别", "gender"),
    ],
)
def test_protected_attributes_are_known_by_name_and_refused_with_the_reason(name: str, kind: str) -> None:
    assert protected_kind(name) == kind
    for wrong in (back_with(who={name: "x"}), back_with(**{name: "x"})):
        with pytest.raises(CampaignError, match=f"campaign back uses '{name}': that is {kind}, a protected attribute"):
            parse_campaigns(wrong)
    example = {"that": "somebody gets it", "facts": {name: "x"}, "gets": True}
    with pytest.raises(CampaignError, match="protected attribute"):
        parse_campaigns(back_with(example=[example]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": "red"}, "campaign back has no 'colour'; it has after_days, again_after_days"),
        ({"who": {"shoe_size": 4}}, "campaign back who has no 'shoe_size'"),
        ({"who": {"view_days": {"max": 3}}}, "who has no 'view_days'"),  # a fact of an item, and this offer has none
        ({"who": {"frequency": {"mni": 3}}}, "who.frequency has no 'mni'; it has max, min"),
        ({"who": {"frequency": {"min": 3, "max": 1}}}, "min 3 is above max 1: nobody would get the offer"),
        ({"who": {"frequency": {}}}, "who.frequency is empty; give min, max or both"),
        ({"who": {"member_level": []}}, "an empty list"),
        ({"who": {"member_level": {"min": 1}}}, "a string takes a value or a list of them"),
        ({"who": {"stage": "asleep"}}, "is 'asleep'; it may be new, active"),
        ({"who": {"frequency": "many"}}, "who.frequency must be a int64, not 'many'"),
        ({"id": "Back!"}, "a campaign's id is 'Back!'; it must be lower-case letters"),
        ({"kind": "raffle"}, "kind is 'raffle'; it may be win_back"),
        ({"kind": None}, r"campaign back has no 'kind' \(the occasion"),
        ({"discount_amount": -5}, "discount_amount must be above 0, not -5"),
        ({"discount_amount": 0}, "discount_amount must be above 0, not 0"),
        ({"discount_share": 1.5}, "discount_share must be below 1, not 1.5"),
        ({"discount_share": 0}, "discount_share must be above 0, not 0"),
        ({"max_discount": 0}, "max_discount must be above 0, not 0"),
        ({"minimum_spend": -1}, "minimum_spend must be 0 or more, not -1"),
        ({"discount_amount": "5"}, "discount_amount must be a number, not '5'"),
        ({"margin_floor": -0.1}, "margin_floor must be 0 or more, not -0.1 .*sells at a loss"),
        ({"margin_floor": 1}, "margin_floor must be below 1, not 1"),
        ({"valid_days": 0}, "valid_days must be 1 or more, not 0"),
        ({"valid_days": 1.5}, "valid_days must be a whole number, not 1.5"),
        ({"only_categories": "Home"}, "only_categories must be a list of texts, saw 'Home'"),
        ({"starts_on": "2026-01-01"}, "must be a date, written 2026-01-31 without quotes"),
        ({"example": [{"that": "it is me"}]}, "an example needs that = "),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_campaign_that_cannot_be_read_is_refused_in_words(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CampaignError, match=message):
        parse_campaigns(back_with(**changes))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("currency", "euro", "currency is 'euro'; write it as ISO 4217"),
        ("budget", {"main": {"amount": -1}}, r"\[budget.main\] amount must be 0 or more"),
        ("budget", {"main": {"amount": 100, "least_share": 0}}, "least_share must be above 0, not 0"),
        ("budget", {"main": {"amount": 100, "least_share": 2}}, "least_share must be 1 or less, not 2"),
        ("budget", {"main": {"amount": 100, "most_change": 2}}, "most_change must be 1 or less, not 2"),
        ("budget", {"main": {}}, r"\[budget.main\] has no 'amount'"),
        ("budget", {"main": {"amount": 100, "learns": "yes"}}, "learns must be true or false, not 'yes'"),
        ("budget", {"main": {"amount": 100, "colour": 1}}, "has no 'colour'"),
        ("campaign", [], "there is no"),
        ("colour", "red", "the file has no 'colour'"),
    ],
)
def test_the_rest_of_the_file_is_checked_too(key: str, value: Any, message: str) -> None:
    with pytest.raises(CampaignError, match=message):
        parse_campaigns(back_with() | {key: value})


def test_one_campaign_only_is_enough(tmp_path) -> None:
    path = tmp_path / "one.toml"
    path.write_text(campaign_file(BACK), "utf-8")
    assert [campaign.id for campaign in load_campaigns(str(path)).campaigns] == ["back"]


def test_a_file_that_is_missing_or_not_toml_is_named(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no campaigns 'nowhere': .* shipped .*sample_shop"):
        load_campaigns("nowhere")
    path = tmp_path / "broken.toml"
    path.write_text("name = ", "utf-8")
    with pytest.raises(CampaignError, match=r"broken.toml is not TOML"):
        load_campaigns(str(path))

"""Campaigns: what conditions mean, which facts they may use, and which categories a campaign may offer."""

from __future__ import annotations

import pytest

from schemas.campaigns.campaign import PAIR_FACTS, USER_FACTS, Campaign, Condition
from schemas.protected_attributes import protected_kind


@pytest.mark.parametrize("name", ["average_price", "manager", "language", "stage", "message", "usage", "country"])
def test_other_names_are_not_protected(name: str) -> None:
    assert protected_kind(name) is None


def test_no_fact_that_a_condition_may_use_is_protected() -> None:
    assert not [fact for fact in (*USER_FACTS, *PAIR_FACTS) if protected_kind(fact)]
    assert {"stage", "member_level", "buys_7d"} <= set(USER_FACTS)
    assert not {"gender", "age_band"} & set(USER_FACTS)


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


def test_conditions_overlap_where_some_value_meets_both() -> None:
    low, high = Condition("frequency", most=2.0), Condition("frequency", least=3.0)
    assert not low.overlaps(high)
    assert low.overlaps(Condition("frequency", least=2.0))
    assert Condition("frequency", (1, 5)).overlaps(low)
    assert low.overlaps(Condition("frequency", (1, 5)))
    assert not Condition("frequency", (5,)).overlaps(low)
    assert not Condition("frequency", must_be_known=False).overlaps(low)

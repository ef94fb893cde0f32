"""Shares of a budget line: how they begin, how much they allow to spend, when they move, and within which bounds."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.offers.budgets import Money
from jobs.offers.campaign_shares import moves, shares_left, shares_tonight
from jobs.offers.config import OffersConfig
from schemas.campaigns.campaign import Budget, Campaign, Campaigns

DAY = dt.date(2026, 3, 10)
ON = {"kind": "win_back", "budget": "main", "discount_amount": 5.0, "minimum_spend": 50.0}
THREE = tuple(Campaign(name, **ON) for name in ("a", "b", "c"))
CAMPAIGNS = Campaigns("shop", "EUR", (Budget("main", amount=900.0, at_most=1200.0, days=7, learns=True),), THREE)
CONFIG = OffersConfig(least_users=50)


def row(name: str, share: float | None, offered: tuple[int, int] = (1000, 100), withheld: tuple[int, int] = (200, 20),
        **said: Any) -> dict[str, Any]:  # fmt: skip
    return {"campaign": name, "budget_line": "main", "users_offered": offered[0], "buyers_offered": offered[1],
            "users_withheld": withheld[0], "buyers_withheld": withheld[1], "margin": 40.0, "discount": 5.0,
            "share": share, "least_share": 0.1, "most_change": 0.05} | said  # fmt: skip


def recorded(**after: float) -> list[dict[str, Any]]:
    return [{"kind": "campaign", "name": "main", "what": name, "after": share} for name, share in after.items()]


def test_shares_begin_equal_and_continue_from_last_night() -> None:
    equal = dict.fromkeys("abc", pytest.approx(1 / 3))
    assert shares_tonight(CAMPAIGNS, []) == equal
    assert shares_tonight(CAMPAIGNS, recorded(a=0.2, b=0.3, c=0.5)) == {"a": 0.2, "b": 0.3, "c": 0.5}
    assert shares_tonight(CAMPAIGNS, recorded(a=0.4, b=0.6)) == equal  # c is new
    assert shares_tonight(CAMPAIGNS, recorded(a=0.05, b=0.45, c=0.5)) == equal  # the least was raised
    still = dataclasses.replace(CAMPAIGNS.budgets[0], learns=False)
    assert shares_tonight(dataclasses.replace(CAMPAIGNS, budgets=(still,)), recorded(a=0.2, b=0.3, c=0.5)) == {}


def test_a_share_limits_the_rest_of_the_line_and_idle_campaigns_lend_theirs() -> None:
    share = {"a": 0.2, "b": 0.3, "c": 0.5}
    left = shares_left(CAMPAIGNS, THREE, share, {"a": Money(100.0, 300.0)})
    assert left == {"a": (80, 0), "b": (270, 360), "c": (450, 600)}
    assert shares_left(CAMPAIGNS, THREE[:2], share, {}) == {
        "a": (pytest.approx(360), pytest.approx(480)),
        "b": (540, 720),
    }
    assert shares_left(CAMPAIGNS, THREE, {}, {}) == {}


def test_only_campaigns_with_enough_data_exchange_shares() -> None:
    good, bad, few = row("a", 0.3, (1000, 200)), row("b", 0.3), row("c", 0.4, withheld=(49, 4))
    moves_by_campaign = {m.what: m for m in moves([good, bad, few], CONFIG, 7, DAY)}
    assert {name: m.after for name, m in moves_by_campaign.items()} == {
        "a": pytest.approx(0.35), "b": pytest.approx(0.25), "c": 0.4
    }  # fmt: skip
    assert moves_by_campaign["c"].reason == "an arm has 49 accounts of offers.least_users = 50"
    assert moves_by_campaign["a"].reason.endswith("20 of 200 held out bought")
    assert (moves_by_campaign["a"].trials, moves_by_campaign["a"].wins) == (1000, 200)


def test_no_share_moves_for_a_single_campaign_or_without_margin_or_share() -> None:
    alone = moves([row("a", 0.5, (1000, 200)), row("b", 0.5, margin=None)], CONFIG, 7, DAY)
    assert [(m.after, m.reason) for m in alone] == [
        (0.5, "no other campaign of the line has enough data"),
        (0.5, "no account that meets its conditions tonight has a known margin"),
    ]
    assert moves([row("a", None)], CONFIG, 7, DAY) == []


ARM = st.tuples(st.integers(0, 5000), st.integers(0, 5000)).map(lambda pair: (max(pair), min(pair)))


@settings(max_examples=40, deadline=None)
@given(counts=st.lists(st.tuples(ARM, ARM), min_size=2, max_size=4), nights=st.integers(1, 6))
def test_bounds_hold_night_after_night_for_any_counts(counts, nights: int) -> None:
    share = [1 / len(counts)] * len(counts)
    for night in range(nights):
        rows = [row(str(n), s, *arms) for n, (s, arms) in enumerate(zip(share, counts, strict=True))]
        moved = moves(rows, CONFIG, 7, DAY + dt.timedelta(days=night))
        assert moves(rows, CONFIG, 7, DAY + dt.timedelta(days=night)) == moved
        for move in moved:
            assert move.low - 1e-9 <= move.after <= move.high + 1e-9
            assert move.after >= 0.1 - 1e-9
            assert abs(move.after - move.before) <= 0.05 + 1e-9
        share = [move.after for move in moved]
        assert sum(share) == pytest.approx(1)

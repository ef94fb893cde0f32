"""Budget lines: how much is left after earlier offers, and how much each campaign has spent."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from jobs.offers.budgets import Booking, Money, bookings, lines_left, spent_by_campaign
from schemas.campaigns.campaign import Budget, Campaign, Campaigns

DAY = dt.date(2026, 3, 10)
TERMS = {"kind": "win_back", "budget": "main", "discount_amount": 5.0, "minimum_spend": 50.0}
CAMPAIGNS = Campaigns(
    name="shop",
    currency="EUR",
    budgets=(Budget("main", amount=100.0, at_most=150.0, days=7, learns=True),),
    campaigns=tuple(Campaign(name, **TERMS) for name in ("a", "b")),
)


def booking(campaign: str, days_ago: int, expected: float, worst: float, currency: str = "EUR") -> Booking:
    return Booking("main", campaign, DAY - dt.timedelta(days=days_ago), currency, expected, worst)


def test_a_booking_counts_for_the_days_of_its_line() -> None:
    booked = [booking("a", 6, 20, 40), booking("b", 1, 5, 10), booking("a", 7, 50, 90)]
    assert lines_left(DAY, CAMPAIGNS, booked) == {"main": Money(75, 100)}
    assert spent_by_campaign(DAY, CAMPAIGNS, booked) == {"a": Money(20, 40), "b": Money(5, 10)}


def test_a_line_that_is_spent_has_nothing_left() -> None:
    assert lines_left(DAY, CAMPAIGNS, [booking("a", 1, 120, 200)]) == {"main": Money(0, 0)}
    assert lines_left(DAY, CAMPAIGNS, bookings(None)) == {"main": Money(100, 150)}


def test_only_campaigns_with_a_share_have_spent_one() -> None:
    fixed = dataclasses.replace(CAMPAIGNS.budgets[0], learns=False)
    assert spent_by_campaign(DAY, dataclasses.replace(CAMPAIGNS, budgets=(fixed,)), [booking("a", 1, 20, 40)]) == {}


def test_a_line_cannot_change_its_currency() -> None:
    with pytest.raises(ValueError, match="budget line main has offers in USD of the last 7 days"):
        lines_left(DAY, CAMPAIGNS, [booking("a", 1, 20, 40, currency="USD")])
    assert lines_left(DAY, CAMPAIGNS, [booking("a", 7, 20, 40, currency="USD")]) == {"main": Money(100, 150)}

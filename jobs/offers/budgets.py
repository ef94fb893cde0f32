"""What budget lines and campaigns have spent on earlier offers, and what the lines can still pay.

An offer is booked with its costs on the night when it is made, and counts for the `days` of its line. Withheld offers
are booked like offers that were made.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from schemas.campaigns.campaign import Budget, Campaigns


class Money(NamedTuple):
    """Two sums of costs: the expected costs, and the worst costs (if all offers are used in full)."""

    expected: float
    worst: float


class Booking(NamedTuple):
    """The costs of one campaign's offers of one night, with the budget line and currency they were booked with."""

    budget_line: str
    offer_id: str
    offered_on: dt.date
    currency: str
    expected_cost: float
    worst_cost: float


def bookings(earlier: DataFrame | None) -> list[Booking]:
    """The bookings of earlier offers, given as OFFERS; none on the first night."""
    if earlier is None:
        return []
    sums = [F.sum(name).alias(name) for name in ("expected_cost", "worst_cost")]
    by_campaign = earlier.groupBy("budget_line", "offer_id", "offered_on", "currency").agg(*sums)
    return [Booking(*row) for row in by_campaign.select(*Booking._fields).collect()]


def lines_left(date: dt.date, campaigns: Campaigns, booked: Sequence[Booking]) -> dict[str, Money]:
    """Budget line -> the costs that it can still pay on `date`.

    Raises ValueError for a line whose earlier offers are in another currency than the campaigns.
    """
    money_left = {}
    for budget in campaigns.budgets:
        line_bookings = _within_days(date, budget, booked)
        if other_currencies := {booking.currency for booking in line_bookings} - {campaigns.currency}:
            raise ValueError(
                f"budget line {budget.line} has offers in {', '.join(sorted(map(str, other_currencies)))} of the last "
                f"{budget.days} days, the campaigns are in {campaigns.currency}; give the line another name"
            )
        spent = _total(line_bookings)
        money_left[budget.line] = Money(
            max(0.0, budget.amount - spent.expected), max(0.0, budget.at_most - spent.worst)
        )
    return money_left


def spent_by_campaign(date: dt.date, campaigns: Campaigns, booked: Sequence[Booking]) -> dict[str, Money]:
    """Campaign -> what it has spent of its line within the line's days, for campaigns with a share of a line."""
    spent = {}
    for budget in campaigns.budgets:
        line_bookings = _within_days(date, budget, booked)
        for campaign in campaigns.competing(budget):
            spent[campaign.id] = _total([booking for booking in line_bookings if booking.offer_id == campaign.id])
    return spent


def _within_days(date: dt.date, budget: Budget, booked: Sequence[Booking]) -> list[Booking]:
    return [
        booking
        for booking in booked
        if booking.budget_line == budget.line and (date - booking.offered_on).days < budget.days
    ]


def _total(booked: Sequence[Booking]) -> Money:
    return Money(
        math.fsum(booking.expected_cost for booking in booked), math.fsum(booking.worst_cost for booking in booked)
    )

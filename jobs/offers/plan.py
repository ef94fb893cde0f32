"""One night's offers: who meets which campaign, what each offer is worth, and which of them the guards let through.

Offers are a recurrence: tonight's table has those of last night's offers that still stand, and the new ones. Budgets,
the contact cap and the time before the same offer comes again need the tables of earlier nights. Withheld offers are
those that a held-out account would have had. They are stored too, and count as if they had been made, so that both arms
of the comparison are chosen by the same rule.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from jobs.common.declared_experiments import recorded
from jobs.offers import campaign_shares
from jobs.offers.budgets import Money, bookings, lines_left, spent_by_campaign
from jobs.offers.candidates import barred_because, budget_report, campaign_report, candidates_of, rules_of, user_state
from jobs.offers.config import OffersConfig
from jobs.offers.eligible import none_eligible
from jobs.offers.inputs import (
    check_inputs,
    check_memory,
    collect_eligible,
    earlier_offers,
    reasons_to_skip,
    standing_offers,
)
from jobs.offers.offer_rows import offer_rows
from jobs.offers.outcomes import Counts, count_outcomes, measured_rates
from jobs.offers.people import HELD_OUT, OFFER, People
from jobs.offers.shelf_prices import ShelfPrices
from jobs.offers.terms import terms_of
from jobs.offers.worth import worth_of
from jobs.runtime.night import Night
from jobs.runtime.shop_days import ShopDays
from models.offers.allocation import choose
from models.offers.audit import violations
from models.offers.offer_value import BuyRates
from schemas.campaigns.campaign import Campaign, Campaigns
from schemas.tables import INTEREST, ITEMS
from schemas.tables.profiles import USER_PROFILES

_ITEM_COLUMNS = ["item_id", "category", "price", "cost", "currency", "stock", "is_active"]


@dataclass(frozen=True)
class Planned:
    """Tonight's offers and withheld offers (as OFFERS), CAMPAIGN_OUTCOMES, and reports for people.

    by_campaign: what became of each campaign's candidates. by_line: what each budget line has left. skipped: campaign
    -> why it does not run tonight.
    """

    offers: pa.Table
    withheld: pa.Table
    outcomes: pa.Table
    by_campaign: dict[str, dict[str, Any]]
    by_line: dict[str, dict[str, float]]
    skipped: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Situation:
    """What tonight's choice depends on, besides the eligible accounts.

    standing: earlier offers that still stand (as OFFERS, both arms). lines_left: what each budget line can still pay.
    rates: measured chances to buy, by campaign; counts: what they were measured on. shares: each campaign's part of its
    line, for lines that learn; shares_left: what it may still take of the line.
    """

    date: dt.date
    days: ShopDays
    shelf: ShelfPrices
    people: People
    standing: pa.Table
    lines_left: Mapping[str, Money]
    rates: Mapping[str, BuyRates] = field(default_factory=dict)
    counts: Counts = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    shares_left: Mapping[str, Money] = field(default_factory=dict)


def plan(night: Night, campaigns: Campaigns, config: OffersConfig) -> Planned:
    """Tonight's offers; writes nothing. Raises ValueError if a rule looks back further than the lake keeps tables."""
    check_memory(night, campaigns, config)
    skipped = reasons_to_skip(night, campaigns.campaigns)
    running = tuple(campaign for campaign in campaigns.campaigns if campaign.id not in skipped)
    check_inputs(night, running)
    night.size_for(
        INTEREST, USER_PROFILES
    )  # before any frame is persisted: it would keep its first number of partitions
    earlier = earlier_offers(night, max(campaigns.memory_days, config.contact_days, config.uplift_days))
    if earlier is not None:
        earlier = earlier.persist()  # read three times: for budgets, for rates, and for who had which offer
    situation = _situation(night, campaigns, running, earlier, config)
    eligible = collect_eligible(night, running, earlier, config) if running else none_eligible()
    if earlier is not None:
        earlier.unpersist()
    return replace(decide(eligible, campaigns, running, situation, config), skipped=skipped)


def _situation(
    night: Night, campaigns: Campaigns, running: tuple[Campaign, ...], earlier: DataFrame | None, config: OffersConfig
) -> Situation:
    people = People.of(night, config)
    shelf = ShelfPrices.of_items(
        night.versions(ITEMS).tonight().arrow(_ITEM_COLUMNS), campaigns.currency, config.poor_basket
    )
    counts = count_outcomes(night, earlier, config)
    rates = measured_rates(counts, config)
    measured = [f"{name} {rate.with_offer:.3f} with, {rate.without:.3f} without" for name, rate in rates.items()]
    night.log.info(
        "chances to buy, measured with and without the offer: %s",
        "; ".join(measured) or "no campaign has enough users in both arms",
    )
    booked = bookings(earlier)
    shares = campaign_shares.shares_tonight(campaigns, recorded(night.lake, night.date))
    spent = spent_by_campaign(night.date, campaigns, booked)
    return Situation(
        date=night.date,
        days=night.days,
        shelf=shelf,
        people=people,
        standing=standing_offers(night, shelf, people),
        lines_left=lines_left(night.date, campaigns, booked),
        rates=rates,
        counts=counts,
        shares=shares,
        shares_left=campaign_shares.shares_left(campaigns, running, shares, spent),
    )


def decide(
    eligible: pa.Table,
    campaigns: Campaigns,
    running: tuple[Campaign, ...],
    situation: Situation,
    config: OffersConfig,
) -> Planned:
    """Chooses a night's offers among `eligible` (ELIGIBLE_COLUMNS, by account and campaign). Reads and writes nothing.

    Raises RuntimeError if the audit finds a broken guard: that is a fault in our code, and nothing is offered.
    """
    terms = terms_of(eligible, running, situation.shelf, config)
    worth = worth_of(eligible, running, terms, situation.rates)
    barred = barred_because(eligible, situation.people, terms)
    candidates = candidates_of(eligible, terms, worth, barred)
    rules = rules_of(running, situation.lines_left, situation.shares_left, config)
    users = user_state(eligible, candidates, running, situation.standing, situation.people)
    choice = choose(candidates, rules, users, config.seed)
    if broken := {guard: count for guard, count in violations(candidates, rules, users, choice).items() if count}:
        raise RuntimeError(f"the offers chosen break guards: {broken}; nothing is written, report this as a fault")

    new_offers = offer_rows(eligible, running, campaigns.currency, terms, worth, choice, situation.date, situation.days)
    offers = pa.concat_tables([situation.standing, new_offers]).sort_by(
        [("user_id", "ascending"), ("offer_id", "ascending")]
    )
    standing = Counter(_of_arm(situation.standing, OFFER)["offer_id"].to_pylist())
    return Planned(
        offers=_of_arm(offers, OFFER),
        withheld=_of_arm(offers, HELD_OUT),
        outcomes=campaign_shares.campaign_outcomes(
            campaigns, running, candidates.campaign, terms, situation.counts, situation.shares
        ),
        by_campaign={
            campaign.id: campaign_report(number, candidates, choice, barred, worth)
            | {"standing": standing[campaign.id], "doc": campaign.doc}
            for number, campaign in enumerate(running)
        },
        by_line={
            budget.line: budget_report(number, budget, situation.lines_left[budget.line], candidates, rules, choice)
            for number, budget in enumerate(campaigns.budgets)
        },
    )


def _of_arm(offers: pa.Table, arm: str) -> pa.Table:
    return offers.filter(pc.equal(offers["arm"], arm))

"""Turns tonight's offers into the problem that `models.offers.allocation` solves, and reports what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.offers.budgets import Money
from jobs.offers.config import OffersConfig
from jobs.offers.people import People
from jobs.offers.terms import Terms, campaign_numbers
from jobs.offers.worth import Worth
from models.offers.allocation import BARRED, CHOSEN, GUARDS, Choice, OfferCandidates, OfferRules, UserState
from schemas.campaigns.campaign import Budget, Campaign

BARRED_BECAUSE = SECOND_ACCOUNT, CURRENCY = "second_account", "currency"
UNLIMITED = Money(np.inf, np.inf)


def candidates_of(eligible: pa.Table, terms: Terms, worth: Worth, barred: NDArray[np.object_]) -> OfferCandidates:
    """The rows of `eligible` (ELIGIBLE_COLUMNS) as candidates, with users numbered as in `users_of`."""
    users = users_of(eligible)
    return OfferCandidates(
        user=pc.index_in(eligible["user_id"], users).to_numpy().astype(np.int64),
        campaign=campaign_numbers(eligible),
        value=worth.value,
        expected_cost=worth.expected_cost,
        worst_cost=terms.worst_cost,
        margin_kept=terms.margin_kept,
        had_lately=pc.fill_null(eligible["had_lately"], False).to_numpy().astype(bool),
        is_capped=terms.is_capped,
        is_barred=barred != "",
    )


def users_of(eligible: pa.Table) -> pa.Array:
    """The accounts of `eligible`, each once."""
    return pc.unique(eligible["user_id"])


def barred_because(eligible: pa.Table, people: People, terms: Terms) -> NDArray[np.object_]:
    """(n,) the reason in BARRED_BECAUSE why a row can never get an offer; '' if it can."""
    accounts = eligible["user_id"].to_pylist()
    is_second = np.array([account in people.second_accounts for account in accounts], bool)
    return np.where(is_second, SECOND_ACCOUNT, np.where(terms.in_currency, "", CURRENCY)).astype(object)


def rules_of(
    running: tuple[Campaign, ...],
    lines_left: Mapping[str, Money],
    shares_left: Mapping[str, Money],
    config: OffersConfig,
) -> OfferRules:
    """The rules of tonight's campaigns; kinds are numbered as in `kinds_of`, lines as in `lines_left`."""
    kinds, lines = kinds_of(running), list(lines_left)
    excludes = [[first.id in second.excludes or second.id in first.excludes for second in running] for first in running]
    campaign_money = [shares_left.get(campaign.id, UNLIMITED) for campaign in running]
    return OfferRules(
        kind=np.array([kinds.index(campaign.kind) for campaign in running], np.int64),
        line=np.array([lines.index(campaign.budget) for campaign in running], np.int64),
        margin_floor=np.array([max(campaign.margin_floor, config.margin_floor) for campaign in running]),
        without_data=np.array([campaign.without_data == "offer" for campaign in running], bool),
        excludes=np.array(excludes, bool).reshape(len(running), len(running)),
        expected_left=np.array([money.expected for money in lines_left.values()]),
        worst_left=np.array([money.worst for money in lines_left.values()]),
        contacts=config.contacts,
        expected_share_left=np.array([money.expected for money in campaign_money]),
        worst_share_left=np.array([money.worst for money in campaign_money]),
    )


def kinds_of(running: tuple[Campaign, ...]) -> list[str]:
    return sorted({campaign.kind for campaign in running})


def user_state(
    eligible: pa.Table, candidates: OfferCandidates, running: tuple[Campaign, ...], standing: pa.Table, people: People
) -> UserState:
    """The state of the accounts of `eligible`; `standing` (as OFFERS): offers of all accounts that still stand."""
    users = users_of(eligible)
    contacts = np.zeros(len(users), np.int64)
    contacts[candidates.user] = eligible["contacts"].to_numpy()
    standing = standing.filter(pc.is_in(standing["user_id"], users))
    return UserState(
        contacts=contacts,
        held_out=people.held_out(users.to_pylist()),
        standing_user=_positions(standing["user_id"], users),
        standing_kind=_positions(standing["kind"], pa.array(kinds_of(running), pa.string())),
        standing_campaign=_positions(
            standing["offer_id"], pa.array([campaign.id for campaign in running], pa.string())
        ),
    )


def _positions(values: pa.ChunkedArray, within: pa.Array) -> NDArray[np.int64]:
    """(n,) the index of each value in `within`, -1 if it is not in it."""
    return np.asarray(pc.fill_null(pc.index_in(values, within), -1).to_numpy(), np.int64)


def campaign_report(
    number: int, candidates: OfferCandidates, choice: Choice, barred: NDArray[np.object_], worth: Worth
) -> dict[str, Any]:
    """What became of one campaign's candidates: each is offered, withheld, or refused by one guard."""
    of_campaign = candidates.campaign == number
    offered = of_campaign & choice.offered
    refused = np.flatnonzero(of_campaign & (choice.refused != CHOSEN))
    counts = Counter(barred[row] if (guard := choice.refused[row]) == BARRED else GUARDS[guard] for row in refused)
    return {
        "candidates": int(of_campaign.sum()),
        "offered": int(offered.sum()),
        "withheld": int((of_campaign & choice.withheld).sum()),
        "refused": {guard: counts[guard] for guard in (*BARRED_BECAUSE, *GUARDS) if counts[guard]},
        "expected_value": round(float(np.nansum(candidates.value[offered])), 2),
        "expected_cost": round(float(candidates.expected_cost[offered].sum()), 2),
        "worst_cost": round(float(candidates.worst_cost[offered].sum()), 2),
        "methods": dict(Counter(worth.method[offered].tolist())),
    }


def budget_report(
    line: int, budget: Budget, money_left: Money, candidates: OfferCandidates, rules: OfferRules, choice: Choice
) -> dict[str, float]:
    """What a budget line, numbered as in the rules, still has after tonight."""
    is_paid = (rules.line[candidates.campaign] == line) & (choice.offered | choice.withheld)
    return {
        "amount": budget.amount,
        "at_most": budget.at_most,
        "expected_left": round(money_left.expected - float(candidates.expected_cost[is_paid].sum()), 2),
        "worst_left": round(money_left.worst - float(candidates.worst_cost[is_paid].sum()), 2),
    }

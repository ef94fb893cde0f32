"""Campaigns that compete for one budget line: the share of the line that each may spend, and how shares move by night.

A line whose file says `learns = true` is divided among its campaigns that take money off. A share limits what a
campaign may spend of the line in the line's days; the limits of the line itself stay. Campaigns that do not run tonight
lend their share to the others. Shares move by Thompson sampling of margin gained for money spent. This uses the chances
to buy with and without the offer (CAMPAIGN_OUTCOMES), and tonight's margin and discount of the accounts that meet the
campaign's conditions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.common.moves import Move, share_bounds, too_few
from jobs.offers.budgets import Money
from jobs.offers.config import OffersConfig
from jobs.offers.outcomes import NOBODY, Counts
from jobs.offers.people import HELD_OUT, OFFER
from jobs.offers.terms import Terms
from models.experiments.posteriors import returns
from models.experiments.thompson import shares_of
from schemas.arrow import arrow_schema
from schemas.campaigns.campaign import Campaign, Campaigns
from schemas.tables import CAMPAIGN_OUTCOMES

CAMPAIGN = "campaign"  # the kind in BANDIT_MOVES


def shares_tonight(campaigns: Campaigns, last_moves: list[dict[str, Any]]) -> dict[str, float]:
    """Campaign -> its share of its line tonight, for lines that learn; `last_moves`: BANDIT_MOVES of the last night.

    All campaigns of a line start with equal shares. They start again if the line's campaigns changed since last night,
    or if a share lies below the line's least share.
    """
    shares: dict[str, float] = {}
    for budget in campaigns.budgets:
        names = [campaign.id for campaign in campaigns.competing(budget)]
        line_moves = [row for row in last_moves if row["kind"] == CAMPAIGN and row["name"] == budget.line]
        last_shares = {row["what"]: row["after"] for row in line_moves}
        if set(last_shares) != set(names) or min(last_shares.values(), default=0.0) < budget.least_share - 1e-9:
            last_shares = dict.fromkeys(names, 1 / len(names)) if names else {}
        shares |= {name: last_shares[name] for name in names}
    return shares


def shares_left(
    campaigns: Campaigns, running: Sequence[Campaign], shares: Mapping[str, float], spent: Mapping[str, Money]
) -> dict[str, Money]:
    """Campaign -> what it may still spend of its line tonight; `spent`: what it spent within the line's days.

    Campaigns that do not run tonight lend their share to those that do.
    """
    money_left = {}
    for budget in campaigns.budgets:
        names = [campaign.id for campaign in running if campaign.budget == budget.line and campaign.id in shares]
        running_share = sum(shares[name] for name in names)
        for name in names:
            share, spent_money = shares[name] / running_share, spent.get(name, Money(0.0, 0.0))
            money_left[name] = Money(
                max(0.0, share * budget.amount - spent_money.expected),
                max(0.0, share * budget.at_most - spent_money.worst),
            )
    return money_left


def campaign_outcomes(
    campaigns: Campaigns,
    running: Sequence[Campaign],
    campaign_numbers: NDArray[np.int64],
    terms: Terms,
    counts: Counts,
    shares: Mapping[str, float],
) -> pa.Table:
    """CAMPAIGN_OUTCOMES of tonight. campaign_numbers (n,): the index in `running` of the campaign of each row."""
    budgets = {budget.line: budget for budget in campaigns.budgets}
    numbers = {campaign.id: number for number, campaign in enumerate(running)}
    has_figures = np.isfinite(terms.margin) & (terms.discount > 0)
    rows = []
    for campaign in campaigns.campaigns:
        counted = (campaign_numbers == numbers.get(campaign.id, -1)) & has_figures
        offered, withheld = (counts.get((campaign.id, arm), NOBODY) for arm in (OFFER, HELD_OUT))
        row = {
            "campaign": campaign.id,
            "budget_line": campaign.budget,
            "users_offered": offered.users,
            "buyers_offered": offered.buyers,
            "users_withheld": withheld.users,
            "buyers_withheld": withheld.buyers,
            "margin": float(terms.margin[counted].mean()) if counted.any() else None,
            "discount": float(terms.discount[counted].mean()) if counted.any() else None,
        }
        if campaign.id in shares:
            budget = budgets[campaign.budget]
            row |= {"share": shares[campaign.id], "least_share": budget.least_share, "most_change": budget.most_change}
        rows.append(row)
    return pa.Table.from_pylist(rows, arrow_schema(CAMPAIGN_OUTCOMES))


def moves(outcomes: list[dict[str, Any]], config: OffersConfig, seed: int, night: dt.date) -> list[Move]:
    """BANDIT_MOVES, one row for each campaign with a share: its share for tomorrow's offers, or why the share stays.

    Within a line, shares move only among campaigns with enough data. `outcomes`: CAMPAIGN_OUTCOMES of tonight.
    """
    all_moves = []
    sharing = [row for row in outcomes if row["share"] is not None]
    for line in dict.fromkeys(row["budget_line"] for row in sharing):
        line_rows = [row for row in sharing if row["budget_line"] == line]
        stays = {row["campaign"]: _reason_to_stay(row, config) for row in line_rows}
        movable = [row for row in line_rows if not stays[row["campaign"]]]
        new_shares = {row["campaign"]: row["share"] for row in line_rows}
        if len(movable) > 1:
            current_shares = np.array([row["share"] for row in movable])
            rng = np.random.default_rng([seed, night.toordinal(), *line.encode()])
            draws = np.column_stack([_draws_of(row, config, rng) for row in movable])
            drawn_shares = shares_of(draws, current_shares, movable[0]["least_share"], movable[0]["most_change"])
            new_shares |= dict(zip((row["campaign"] for row in movable), drawn_shares.tolist(), strict=True))
        elif movable:
            stays[movable[0]["campaign"]] = "no other campaign of the line has enough data"
        all_moves += [
            _move(row, new_shares[row["campaign"]], stays[row["campaign"]], len(line_rows), night) for row in line_rows
        ]
    return all_moves


def _reason_to_stay(row: dict[str, Any], config: OffersConfig) -> str:
    """Why a campaign's share does not move; empty where it may."""
    users = min(row["users_offered"], row["users_withheld"])
    if stays := too_few(users, config.least_users, "an arm has {} accounts", "offers.least_users"):
        return stays
    return "no account that meets its conditions tonight has a known margin" if row["margin"] is None else ""


def _draws_of(row: dict[str, Any], config: OffersConfig, rng: np.random.Generator) -> NDArray[np.float64]:
    offered, withheld = ((row[f"users_{arm}"], row[f"buyers_{arm}"]) for arm in ("offered", "withheld"))
    return returns(offered, withheld, row["margin"], row["discount"], config.prior_users, rng)


def _move(row: dict[str, Any], after: float, stays: str, campaigns: int, night: dt.date) -> Move:
    low, high = share_bounds(row["share"], row["least_share"], 0.0 if stays else row["most_change"])
    held_out_text = f"{row['buyers_withheld']} of {row['users_withheld']} held out bought"
    return Move(
        kind=CAMPAIGN,
        name=row["budget_line"],
        what=row["campaign"],
        night=night,
        before=row["share"],
        after=after,
        low=low,
        high=high,
        trials=row["users_offered"],
        wins=row["buyers_offered"],
        reason=stays or f"Thompson sampling over margin gained for money spent; {held_out_text}",
        declared=1 / campaigns,
    )

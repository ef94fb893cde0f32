"""Campaigns that compete for one budget line: the share of it that each may take, and how the nights move it.

A line whose file says `learns = true` is shared out among its campaigns that take money off. A share caps what a
campaign may spend of the line in the line's days; the line's own budget holds as before. Campaigns that do not run
tonight lend their share to the others. Shares move by Thompson sampling of margin gained for money spent. This uses the
chances to buy with and without the offer (CAMPAIGN_OUTCOMES), and tonight's margin and discount of the accounts that
meet the campaign's conditions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.offers.budgets import Money
from jobs.offers.config import OffersConfig
from jobs.offers.outcomes import NOBODY, Counts
from jobs.offers.people import HELD_OUT, OFFER
from jobs.offers.terms import Terms
from models.experiments.analysis import shares_of
from models.experiments.posteriors import returns
from schemas.arrow import arrow_schema
from schemas.campaigns.campaign import Campaign, Campaigns
from schemas.tables import CAMPAIGN_OUTCOMES

CAMPAIGN = "campaign"  # the kind in BANDIT_MOVES


def shares_tonight(campaigns: Campaigns, last_moves: list[dict[str, Any]]) -> dict[str, float]:
    """Campaign -> its share of its line tonight, for lines that learn; `last_moves`: BANDIT_MOVES of the last night.

    All campaigns of a line start with equal shares, and start again where the line has other campaigns than last night,
    or where a share lies below the line's least.
    """
    shares: dict[str, float] = {}
    for budget in campaigns.budgets:
        names = [campaign.id for campaign in campaigns.competing(budget)]
        of_line = [row for row in last_moves if row["kind"] == CAMPAIGN and row["name"] == budget.line]
        last = {row["what"]: row["after"] for row in of_line}
        if set(last) != set(names) or min(last.values(), default=0.0) < budget.least_share - 1e-9:
            last = dict.fromkeys(names, 1 / len(names)) if names else {}
        shares |= {name: last[name] for name in names}
    return shares


def shares_left(
    campaigns: Campaigns, running: Sequence[Campaign], shares: Mapping[str, float], spent: Mapping[str, Money]
) -> dict[str, Money]:
    """Campaign -> what it may still take of its line tonight; `spent`: what it took within the line's days.

    Campaigns that do not run tonight lend their share to those that do.
    """
    left = {}
    for budget in campaigns.budgets:
        names = [campaign.id for campaign in running if campaign.budget == budget.line and campaign.id in shares]
        of_running = sum(shares[name] for name in names)
        for name in names:
            part, used = shares[name] / of_running, spent.get(name, Money(0.0, 0.0))
            left[name] = Money(
                max(0.0, part * budget.amount - used.expected), max(0.0, part * budget.at_most - used.worst)
            )
    return left


def campaign_outcomes(
    campaigns: Campaigns,
    running: Sequence[Campaign],
    campaign_numbers: NDArray[np.int64],
    terms: Terms,
    counts: Counts,
    shares: Mapping[str, float],
) -> pa.Table:
    """CAMPAIGN_OUTCOMES of tonight; campaign_numbers (n,): the place in `running` of each row's campaign."""
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


def moves(outcomes: list[dict[str, Any]], config: OffersConfig, seed: int, night: dt.date) -> list[dict[str, Any]]:
    """BANDIT_MOVES, a row for each campaign with a share: where it goes for tomorrow's offers, or why it stays.

    Those of a line that have shown enough move among each other; `outcomes`: CAMPAIGN_OUTCOMES of tonight.
    """
    found = []
    sharing = [row for row in outcomes if row["share"] is not None]
    for line in dict.fromkeys(row["budget_line"] for row in sharing):
        mine = [row for row in sharing if row["budget_line"] == line]
        stays = {row["campaign"]: _stays(row, config) for row in mine}
        able = [row for row in mine if not stays[row["campaign"]]]
        after = {row["campaign"]: row["share"] for row in mine}
        if len(able) > 1:
            now = np.array([row["share"] for row in able])
            rng = np.random.default_rng([seed, night.toordinal(), *line.encode()])
            draws = np.column_stack([_drawn(row, config, rng) for row in able])
            new = shares_of(draws, now, able[0]["least_share"], able[0]["most_change"])
            after |= dict(zip((row["campaign"] for row in able), new.tolist(), strict=True))
        elif able:
            stays[able[0]["campaign"]] = "no other campaign of the line has shown enough"
        found += [_move(row, after[row["campaign"]], stays[row["campaign"]], len(mine), night) for row in mine]
    return found


def _stays(row: dict[str, Any], config: OffersConfig) -> str:
    """Why a campaign's share does not move; empty where it may."""
    if (few := min(row["users_offered"], row["users_withheld"])) < config.least_users:
        return f"an arm has {few} accounts of offers.least_users = {config.least_users}"
    return "nobody meets it tonight whose margin is known" if row["margin"] is None else ""


def _drawn(row: dict[str, Any], config: OffersConfig, rng: np.random.Generator) -> NDArray[np.float64]:
    offered, withheld = ((row[f"users_{arm}"], row[f"buyers_{arm}"]) for arm in ("offered", "withheld"))
    return returns(offered, withheld, row["margin"], row["discount"], config.prior_users, rng)


def _move(row: dict[str, Any], after: float, stays: str, campaigns: int, night: dt.date) -> dict[str, Any]:
    now, change = row["share"], 0.0 if stays else row["most_change"]
    beside = f"{row['buyers_withheld']} of {row['users_withheld']} held out bought"
    return {
        "kind": CAMPAIGN,
        "name": row["budget_line"],
        "what": row["campaign"],
        "night": night,
        "before": now,
        "after": after,
        "low": max(row["least_share"], now - change),
        "high": min(1.0, now + change),
        "trials": row["users_offered"],
        "wins": row["buyers_offered"],
        "reason": stays or f"Thompson sampling over margin gained for money spent; {beside}",
        "declared": 1 / campaigns,
    }

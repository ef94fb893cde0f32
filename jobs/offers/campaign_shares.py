"""Campaigns that compete for one budget line: the share of it that each may take, and how the nights move it.

A line whose file says `learns = true` is shared out among its campaigns that take money off. A share caps what a
campaign may spend of the line in the line's days; the line's own budget holds as before. Those that do not run tonight
lend theirs to the others. Shares move by Thompson sampling of margin gained for money spent: chances to buy with and
without the offer from CAMPAIGN_OUTCOMES, margin and discount of those who meet the campaign tonight.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.common.moves import Move, share_bounds, too_few
from jobs.offers.terms import OffersConfig, Terms
from models.experiments.posteriors import returns
from models.experiments.thompson import shares_of
from schemas.arrow import arrow_schema
from schemas.campaigns.campaign import Campaign, Campaigns
from schemas.tables import CAMPAIGN_OUTCOMES

OFFER, HELD_OUT = "offer", "held_out"
CAMPAIGN = "campaign"  # the kind in BANDIT_MOVES
Money = tuple[float, float]  # as expected, at worst
Counts = Mapping[tuple[str, str], tuple[int, int]]  # (campaign, arm) -> (accounts, of these buyers)


def shares(campaigns: Campaigns, rows: list[dict[str, Any]]) -> dict[str, float]:
    """Campaign -> its share of its line tonight, of lines that learn; `rows`: BANDIT_MOVES of the last night.

    Where the line has other campaigns than last night, or a share lies below the least, all begin anew with the same.
    """
    found: dict[str, float] = {}
    for budget in campaigns.budgets:
        names = [c.id for c in campaigns.competing(budget)]
        last = {r["what"]: r["after"] for r in rows if (r["kind"], r["name"]) == (CAMPAIGN, budget.line)}
        if set(last) != set(names) or min(last.values(), default=0.0) < budget.least_share - 1e-9:
            last = dict.fromkeys(names, 1 / len(names)) if names else {}
        found |= {name: last[name] for name in names}
    return found


def caps(
    campaigns: Campaigns, running: Sequence[Campaign], share: Mapping[str, float], spent: Mapping[str, Money]
) -> dict[str, Money]:
    """Campaign -> what it may still take of its line tonight; `spent`: what it took within the line's days."""
    found = {}
    for budget in campaigns.budgets:
        mine = [c.id for c in running if c.budget == budget.line and c.id in share]
        whole = sum(share[name] for name in mine)
        for name in mine:
            part, taken = share[name] / whole, spent.get(name, (0.0, 0.0))
            found[name] = max(0.0, part * budget.amount - taken[0]), max(0.0, part * budget.at_most - taken[1])
    return found


def outcomes(
    campaigns: Campaigns, running: Sequence[Campaign], of: NDArray[np.int64], terms: Terms, counts: Counts,
    share: Mapping[str, float],
) -> pa.Table:  # fmt: skip
    """CAMPAIGN_OUTCOMES of tonight; `of` (n,): for each row of `terms` the place of its campaign in `running`."""
    budgets = {budget.line: budget for budget in campaigns.budgets}
    place = {campaign.id: number for number, campaign in enumerate(running)}
    rows = []
    for campaign in campaigns.campaigns:
        known = (of == place.get(campaign.id, -1)) & np.isfinite(terms.margin) & (terms.discount > 0)
        arms = [counts.get((campaign.id, arm), (0, 0)) for arm in (OFFER, HELD_OUT)]
        row = {
            "campaign": campaign.id,
            "budget_line": campaign.budget,
            "users_offered": arms[0][0],
            "buyers_offered": arms[0][1],
            "users_withheld": arms[1][0],
            "buyers_withheld": arms[1][1],
            "margin": float(terms.margin[known].mean()) if known.any() else None,
            "discount": float(terms.discount[known].mean()) if known.any() else None,
        }
        if campaign.id in share:
            budget = budgets[campaign.budget]
            row |= {"share": share[campaign.id], "least_share": budget.least_share, "most_change": budget.most_change}
        rows.append(row)
    return pa.Table.from_pylist(rows, arrow_schema(CAMPAIGN_OUTCOMES))


def moves(outcomes: list[dict[str, Any]], config: OffersConfig, seed: int, night: dt.date) -> list[Move]:
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
    users = min(row["users_offered"], row["users_withheld"])
    if stays := too_few(users, config.least_users, "an arm has {} accounts", "offers.least_users"):
        return stays
    return "nobody meets it tonight whose margin is known" if row["margin"] is None else ""


def _drawn(row: dict[str, Any], config: OffersConfig, rng: np.random.Generator) -> NDArray[np.float64]:
    offered, withheld = ((row[f"users_{arm}"], row[f"buyers_{arm}"]) for arm in ("offered", "withheld"))
    return returns(offered, withheld, row["margin"], row["discount"], config.prior_users, rng)


def _move(row: dict[str, Any], after: float, stays: str, campaigns: int, night: dt.date) -> Move:
    low, high = share_bounds(row["share"], row["least_share"], 0.0 if stays else row["most_change"])
    beside = f"{row['buyers_withheld']} of {row['users_withheld']} held out bought"
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
        reason=stays or f"Thompson sampling over margin gained for money spent; {beside}",
        declared=1 / campaigns,
    )

"""Chosen offers as rows of OFFERS, each with its reason in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.offers.people import HELD_OUT, OFFER
from jobs.offers.terms import Terms
from jobs.offers.worth import Worth
from jobs.runtime.shop_days import ShopDays
from models.offers.allocation import Choice
from schemas.arrow import arrow_schema
from schemas.campaigns.campaign import Campaign
from schemas.tables import OFFERS

# Why an account gets the offer, by the campaign's kind.
_REASONS = {
    "win_back": "last bought {recency_days} days ago",
    "first_purchase": "has not bought anything yet",
    "member_exclusive": "{member_level} member",
    "birthday": "birthday this month",
    "retargeting": "viewed it {views} times, last {view_days} days ago",
    "abandoned_cart": "in the cart for {cart_days} days",
    "replenishment": "bought it {bought_days} days ago, and it is bought again and again",
    "price_drop": "{price_drop:.0%} cheaper than when wished for {wish_days} days ago",
}


def offer_rows(
    eligible: pa.Table,
    running: tuple[Campaign, ...],
    currency: str,
    terms: Terms,
    worth: Worth,
    choice: Choice,
    date: dt.date,
    days: ShopDays,
) -> pa.Table:
    """The chosen rows of `eligible` as OFFERS of `date`; withheld offers have the arm 'held_out'."""
    chosen = np.flatnonzero(choice.offered | choice.withheld)
    rows = []
    for number, account in zip(chosen.tolist(), eligible.take(pa.array(chosen)).to_pylist(), strict=True):
        campaign = running[account["campaign"]]
        share, amount = terms.share[number], terms.amount[number]
        is_lowered = share < (campaign.discount_share or 0) or amount < (campaign.discount_amount or 0)
        rows.append(
            {
                "user_id": account["user_id"],
                "offer_id": campaign.id,
                "kind": campaign.kind,
                "item_id": account["item_id"],
                "category": account["category"] if account["item_id"] is None else None,
                "discount_share": _or_none(share),
                "discount_amount": _or_none(amount),
                "minimum_spend": campaign.minimum_spend,
                "currency": currency,
                "reason": reason_of(campaign.kind, account)
                + ("; discount lowered, a cost is unknown" if is_lowered else ""),
                "method": str(worth.method[number]),
                "expected_value": _or_none(worth.value[number]),
                "expected_cost": float(worth.expected_cost[number]),
                "worst_cost": float(terms.worst_cost[number]),
                "budget_line": campaign.budget,
                "arm": OFFER if choice.offered[number] else HELD_OUT,
                "offered_on": date,
                "valid_until": days.end(date + dt.timedelta(days=campaign.valid_days)),
            }
        )
    return pa.Table.from_pylist(rows, arrow_schema(OFFERS))


def reason_of(kind: str, account: Mapping[str, Any]) -> str:
    """Why an account gets an offer of this kind, from its facts (ELIGIBLE_COLUMNS)."""
    if kind == "win_back" and account.get("recency_days") is None:
        return "has not bought for long"
    return _REASONS[kind].format_map(account)


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)

"""What an offer takes off, what is left of the margin then, and what it says of itself: from found rows to figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.common.on_sale import can_be_shown
from models.core.config import check_bounds
from models.offers.allocation import expected_margin
from schemas.campaigns.campaign import Campaign

F64 = NDArray[np.float64]
UNKNOWN_COST = ("refuse", "cap")
UPLIFT, PROPENSITY, NO_DATA = "uplift", "propensity", "not enough data"


@dataclass(frozen=True)
class OffersConfig:
    """Which campaigns run, and the guards over all of them."""

    campaigns: str = field(
        default="",
        metadata={"doc": "TOML file, or a shipped name; empty: those named like the source, if any; 'none': no offers"},
    )
    hold_out: float = field(
        default=0.1, metadata={"doc": "share of people who never get an offer: the comparison", "least": 0, "below": 1}
    )
    salt: str = field(default="offers", metadata={"doc": "of the hold-out; another one draws other people"})
    contacts: int = field(default=2, metadata={"doc": "offers to one account in any `contact_days` days", "least": 1})
    contact_days: int = field(default=7, metadata={"doc": "days of the contact cap", "least": 1})
    margin_floor: float = field(
        default=0.1,
        metadata={
            "doc": "least share of what is paid that stays after cost; a negative one sells at a loss",
            "least": 0,
            "below": 1,
        },
    )
    unknown_cost: str = field(
        default="refuse", metadata={"doc": "a discount where a cost is unknown: refuse, or cap it at unknown_cost_cap"}
    )
    unknown_cost_cap: float = field(
        default=0.05, metadata={"doc": "share of the price, where unknown_cost = 'cap'", "least": 0, "below": 1}
    )
    poor_basket: float = field(
        default=0.05,
        metadata={
            "doc": "an order's coupon is judged by the margin that all but this share of its items reach",
            "least": 0,
            "below": 1,
        },
    )
    outcome_days: int = field(
        default=7, metadata={"doc": "a purchase within these days of an offer may be its doing", "least": 1}
    )
    uplift_days: int = field(
        default=28, metadata={"doc": "nights of earlier offers that the uplift is measured on", "least": 1}
    )
    least_users: int = field(default=100, metadata={"doc": "of each arm of a campaign, for an uplift", "least": 1})
    prior_users: float = field(default=100.0, metadata={"doc": "users' worth of pull of both arms' rates together"})
    parity_users: int = field(
        default=30, metadata={"doc": "a smaller group has not enough data for the parity table", "least": 1}
    )
    seed: int = field(default=7, metadata={"doc": "of the order in which offers of unknown value are made"})

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.unknown_cost not in UNKNOWN_COST:
            raise ValueError(f"unknown_cost must be one of {', '.join(UNKNOWN_COST)}, not {self.unknown_cost!r}")
        if self.outcome_days > self.uplift_days:
            raise ValueError(f"outcome_days {self.outcome_days} must not be above uplift_days {self.uplift_days}")


@dataclass(frozen=True)
class Shelf:
    """The items on sale, in the order of their ids, and the margin rates (shares of the price) of orders.

    A price that is 0 or unknown is NaN. `ranges` is category path, or '' for everything -> (poor rate, mean rate, one
    currency alone); a rate is NaN where the cost of an item in it is unknown.
    """

    ids: pa.Array
    price: F64
    cost: F64
    in_currency: NDArray[np.bool_]
    ranges: dict[str, tuple[float, float, bool]]

    @classmethod
    def of(cls, items: pa.Table, currency: str, poor_basket: float) -> Shelf:
        items = items.filter(can_be_shown(items)).sort_by("item_id")
        price, cost = (pc.fill_null(items[name].cast(pa.float64()), np.nan).to_numpy() for name in ("price", "cost"))
        price = np.where(price > 0, price, np.nan)
        same = pc.fill_null(pc.equal(items["currency"], currency), True).to_numpy()
        rate = (price - cost) / price
        within: dict[str, list[int]] = {"": list(range(len(price)))}
        for row, category in enumerate(items["category"].to_pylist()):
            levels = category.split(" > ") if category else []
            for depth in range(1, len(levels) + 1):
                within.setdefault(" > ".join(levels[:depth]), []).append(row)
        ranges = {
            name: (float(np.quantile(rate[rows], poor_basket)), float(rate[rows].mean()), bool(same[rows].all()))
            for name, rows in within.items() if rows
        }  # fmt: skip
        return cls(items["item_id"].combine_chunks(), price, cost, same, ranges)


@dataclass(frozen=True)
class Terms:
    """For each found row (n,): money of one purchase without the offer and its margin (NaN unknown), the discount, what
    is booked at worst, the share of what is paid that stays, and the terms as they are told (NaN: not this one)."""

    spend: F64
    margin: F64
    discount: F64
    worst: F64
    kept: F64
    share: F64
    amount: F64
    capped: NDArray[np.bool_]
    in_currency: NDArray[np.bool_]


def terms_of(found: pa.Table, campaigns: tuple[Campaign, ...], shelf: Shelf, config: OffersConfig) -> Terms:
    """An offer on an item is judged by that item; one on an order by a poor basket of all that it may hold.

    What an amount takes off is judged on the smallest order that may use it. A campaign's discount is lowered to the
    cap where a cost is unknown and the setting says so.
    """
    campaign = found["campaign"].to_numpy().astype(np.int64)
    of_item = pc.is_valid(found["item_id"]).to_numpy()
    row = pc.fill_null(pc.index_in(found["item_id"], shelf.ids), -1).to_numpy().astype(np.int64)
    has = row >= 0
    price, cost = (np.where(has, all_[row] if len(all_) else np.nan, np.nan) for all_ in (shelf.price, shelf.cost))
    none = (np.nan, np.nan, True)
    ranges = [shelf.ranges.get(name or "", none) for name in found["category"].to_pylist()]
    poor, mean, pure = (np.array([r[k] for r in ranges] or [], np.float64) for k in range(3))
    least = _each(campaign, [c.minimum_spend for c in campaigns])
    order = _numbers(found, "order_value")
    usual = np.nanmean(order) if np.isfinite(order).any() else np.nan
    spend = np.where(of_item, price, np.fmax(np.where(np.isnan(order), usual, order), least))
    rate = np.where(of_item, (price - cost) / price, mean)
    poorest = np.where(of_item, rate, poor)

    share = _each(campaign, [c.discount_share for c in campaigns])
    amount = _each(campaign, [c.discount_amount for c in campaigns])
    smallest = np.where(of_item, price, least)  # what an amount is taken off, at the least
    unknown = np.isnan(poorest)
    capped = np.zeros(len(row), bool)
    if config.unknown_cost == "cap":
        lowered = np.minimum(share, config.unknown_cost_cap), np.minimum(amount, config.unknown_cost_cap * smallest)
        share, amount = (np.where(unknown, new, old) for new, old in zip(lowered, (share, amount), strict=True))
        capped = unknown
    most = _each(campaign, [c.max_discount for c in campaigns])
    off = np.where(np.isnan(share), np.where(np.isnan(amount), 0.0, amount), np.fmin(share * spend, most))
    worst = np.where(np.isnan(share), np.nan_to_num(amount), np.where(of_item, off, most))
    taken = np.where(np.isnan(share), np.where(np.isnan(amount), 0.0, amount / smallest), share)
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = np.where(taken < 1, (poorest - taken) / (1 - taken), -np.inf)
    kept = np.where(np.isnan(poorest), np.nan, kept)
    mine = np.where(has, shelf.in_currency[row] if len(shelf.in_currency) else True, pure > 0)
    return Terms(spend, rate * spend, np.where(worst > 0, off, 0.0), np.nan_to_num(worst, nan=0.0), kept, share, amount,
                 capped, mine & (np.isfinite(price) | ~of_item))  # fmt: skip


@dataclass(frozen=True)
class Worth:
    """For each found row (n,): margin gained (NaN: not known), expected cost, and by which method."""

    value: F64
    expected: F64
    method: NDArray[np.object_]


def worth_of(
    found: pa.Table, campaigns: tuple[Campaign, ...], terms: Terms, rates: dict[str, tuple[float, float]]
) -> Worth:
    """Uplift where `rates` (campaign -> chance to buy with and without it) has the campaign; else propensity.

    By propensity, the chance without an offer is that to buy within 7 days, for an item its part of the account's
    interest; the offer raises it by the campaign's `assumed_lift`, which is the marketer's word until a hold-out has
    shown better. Where a chance, a margin or the lift is missing: not enough data, and the whole discount is booked.
    """
    campaign = found["campaign"].to_numpy().astype(np.int64)
    measured = _each(campaign, [rates.get(c.id, (None, None))[0] for c in campaigns])
    without = _each(campaign, [rates.get(c.id, (None, None))[1] for c in campaigns])
    of_item = pc.is_valid(found["item_id"]).to_numpy()
    chance = _numbers(found, "buys_7d") * np.where(of_item, _numbers(found, "item_share"), 1.0)
    lift = _each(campaign, [c.assumed_lift for c in campaigns])
    by_uplift = np.isfinite(measured)
    with_offer = np.where(by_uplift, measured, np.minimum(chance * (1 + lift), 1.0))
    value, cost = expected_margin(with_offer, np.where(by_uplift, without, chance), terms.margin, terms.discount)
    known = np.isfinite(value)
    method = np.where(known, np.where(by_uplift, UPLIFT, PROPENSITY), NO_DATA).astype(object)
    # A coupon used to the full is the most that it costs, used by all: no estimate goes above that.
    return Worth(value, np.where(known, np.minimum(cost, terms.worst), terms.worst), method)


def reason_of(kind: str, row: dict[str, Any]) -> str:
    """Why this account gets it, in words for a person."""
    words = {
        "win_back": "last bought {recency_days} days ago",
        "first_purchase": "has not bought anything yet",
        "member_exclusive": "{member_level} member",
        "birthday": "birthday this month",
        "retargeting": "viewed it {views} times, last {view_days} days ago",
        "abandoned_cart": "in the cart for {cart_days} days",
        "replenishment": "bought it {bought_days} days ago, and it is bought again and again",
        "price_drop": "{drop} cheaper than when wished for {wish_days} days ago",
    }[kind]
    drop = f"{row['price_drop']:.0%}" if row.get("price_drop") is not None else ""
    if kind == "win_back" and row.get("recency_days") is None:
        return "has not bought for long"
    return words.format(**{**row, "drop": drop})


def _each(campaign: NDArray[np.int64], values: list[float | None]) -> F64:
    """Each row's value of its campaign, NaN for None."""
    return np.array([np.nan if value is None else value for value in values], np.float64)[campaign]


def _numbers(found: pa.Table, name: str) -> F64:
    return np.asarray(pc.fill_null(found[name].cast(pa.float64()), np.nan).to_numpy(), np.float64)

"""What an offer costs: the purchase that it is for, the discount, and the share of the payment that stays as margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.offers.config import OffersConfig
from jobs.offers.shelf_prices import UNKNOWN_MARGINS, ShelfPrices
from schemas.campaigns.campaign import Campaign

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Terms:
    """The terms of each eligible offer (n,), in money unless they are rates; NaN if not known.

    spend, margin: of one purchase without the offer. discount: the expected discount on it. worst_cost: the largest
    possible discount, 0 if unknown. margin_kept: the share of the payment that stays after cost. share, amount: the
    discount as the customer sees it; NaN if it has the other form. is_capped: lowered because a cost is unknown.
    in_currency: all items that it may be used on have prices in the campaigns' currency.
    """

    spend: F64
    margin: F64
    discount: F64
    worst_cost: F64
    margin_kept: F64
    share: F64
    amount: F64
    is_capped: NDArray[np.bool_]
    in_currency: NDArray[np.bool_]


def terms_of(eligible: pa.Table, campaigns: tuple[Campaign, ...], shelf: ShelfPrices, config: OffersConfig) -> Terms:
    """The terms of each row of `eligible` (ELIGIBLE_COLUMNS); `campaigns` are those that its numbers point to."""
    purchase = _purchases(eligible, campaigns, shelf)
    discount = _discounts(eligible, campaigns, purchase, config)
    return Terms(
        spend=purchase.spend,
        margin=purchase.margin_rate * purchase.spend,
        discount=np.where(discount.worst > 0, discount.expected, 0.0),
        worst_cost=np.nan_to_num(discount.worst, nan=0.0),
        margin_kept=_margin_kept(purchase.poor_margin_rate, discount.largest_rate),
        share=discount.share,
        amount=discount.amount,
        is_capped=discount.is_capped,
        in_currency=purchase.in_currency,
    )


class _Purchases(NamedTuple):
    """The purchase that each offer (n,) is for, without the offer: an item, or an order of some category.

    spend: its money. smallest: the least money that the offer can be used on. margin_rate: its margin as a share of the
    price. poor_margin_rate: the rate that limits discounts: of the item, or of a poor basket.
    """

    on_item: NDArray[np.bool_]
    spend: F64
    smallest: F64
    margin_rate: F64
    poor_margin_rate: F64
    in_currency: NDArray[np.bool_]


def _purchases(eligible: pa.Table, campaigns: tuple[Campaign, ...], shelf: ShelfPrices) -> _Purchases:
    on_item = pc.is_valid(eligible["item_id"]).to_numpy()
    price, cost, priced_in_currency = shelf.of(eligible["item_id"])
    item_rate = (price - cost) / price
    margins = [shelf.margins.get(category or "", UNKNOWN_MARGINS) for category in eligible["category"].to_pylist()]
    poor_rate, mean_rate, one_currency = np.array(margins, np.float64).reshape(-1, 3).T

    minimum_spend = of_campaigns(eligible, [campaign.minimum_spend for campaign in campaigns])
    order_value = numbers(eligible, "order_value")
    usual = np.nanmean(order_value) if np.isfinite(order_value).any() else np.nan
    order = np.fmax(np.where(np.isnan(order_value), usual, order_value), minimum_spend)
    return _Purchases(
        on_item=on_item,
        spend=np.where(on_item, price, order),
        smallest=np.where(on_item, price, minimum_spend),
        margin_rate=np.where(on_item, item_rate, mean_rate),
        poor_margin_rate=np.where(on_item, item_rate, poor_rate),
        in_currency=np.where(on_item, priced_in_currency & np.isfinite(price), one_currency > 0),
    )


class _Discounts(NamedTuple):
    """The discount of each offer (n,): as the customer sees it (share or amount), in money, and as its largest rate."""

    share: F64
    amount: F64
    expected: F64
    worst: F64
    largest_rate: F64
    is_capped: NDArray[np.bool_]


def _discounts(
    eligible: pa.Table, campaigns: tuple[Campaign, ...], purchase: _Purchases, config: OffersConfig
) -> _Discounts:
    """An amount is checked on the smallest order that may use it. If a cost is unknown, the discount may be capped."""
    share = of_campaigns(eligible, [campaign.discount_share for campaign in campaigns])
    amount = of_campaigns(eligible, [campaign.discount_amount for campaign in campaigns])
    max_discount = of_campaigns(eligible, [campaign.max_discount for campaign in campaigns])
    is_capped = np.isnan(purchase.poor_margin_rate) & (config.unknown_cost == "cap")
    share = np.where(is_capped, np.minimum(share, config.unknown_cost_cap), share)
    amount = np.where(is_capped, np.minimum(amount, config.unknown_cost_cap * purchase.smallest), amount)

    is_amount = np.isnan(share)  # or a reminder, with neither
    amount_off = np.where(np.isnan(amount), 0.0, amount)
    amount_rate = np.where(np.isnan(amount), 0.0, amount / purchase.smallest)
    share_off = np.fmin(share * purchase.spend, max_discount)
    return _Discounts(
        share=share,
        amount=amount,
        expected=np.where(is_amount, amount_off, share_off),
        worst=np.where(is_amount, amount_off, np.where(purchase.on_item, share_off, max_discount)),
        largest_rate=np.where(is_amount, amount_rate, share),
        is_capped=is_capped,
    )


def _margin_kept(margin_rate: F64, discount_rate: F64) -> F64:
    """(n,) the share of the payment that stays after cost; NaN if the margin is unknown, -inf if nothing is paid."""
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = np.where(discount_rate < 1, (margin_rate - discount_rate) / (1 - discount_rate), -np.inf)
    return np.where(np.isnan(margin_rate), np.nan, kept)


def of_campaigns(eligible: pa.Table, values: Sequence[float | None]) -> F64:
    """(n,) the value of each row's campaign, NaN for None; `values` has one value for each campaign number."""
    return np.array([np.nan if value is None else value for value in values], np.float64)[campaign_numbers(eligible)]


def campaign_numbers(eligible: pa.Table) -> NDArray[np.int64]:
    return np.asarray(eligible["campaign"].to_numpy(), np.int64)


def numbers(eligible: pa.Table, name: str) -> F64:
    """(n,) a column as numbers, NaN for null."""
    return np.asarray(pc.fill_null(eligible[name].cast(pa.float64()), np.nan).to_numpy(), np.float64)

"""What each offer is worth: the margin it is expected to gain, its expected cost, and the method behind both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.offers.terms import Terms, numbers, of_campaigns
from models.offers.offer_value import BuyRates, expected_gain
from schemas.campaigns.campaign import Campaign

F64 = NDArray[np.float64]
UPLIFT, PROPENSITY, NO_DATA = "uplift", "propensity", "not enough data"
_UNKNOWN = BuyRates(np.nan, np.nan)


@dataclass(frozen=True)
class Worth:
    """Worth of each eligible offer (n,): the margin that it gains (NaN: not known), its expected cost, the method."""

    value: F64
    expected_cost: F64
    method: NDArray[np.object_]


def worth_of(eligible: pa.Table, campaigns: tuple[Campaign, ...], terms: Terms, rates: Mapping[str, BuyRates]) -> Worth:
    """The worth of each offer, by uplift if `rates` has the campaign, else by propensity.

    By propensity, the chance to buy without an offer is the chance to buy within 7 days; for an item it is multiplied
    by the item's share of the account's interest. The offer raises the chance by the campaign's `assumed_lift`, which
    the marketer states until a hold-out has measured it. If a chance, a margin or the lift is missing, there is not
    enough data, and the worst cost is booked.
    """
    measured = [rates.get(campaign.id, _UNKNOWN) for campaign in campaigns]
    measured_with = of_campaigns(eligible, [rate.with_offer for rate in measured])
    measured_without = of_campaigns(eligible, [rate.without for rate in measured])
    on_item = pc.is_valid(eligible["item_id"]).to_numpy()
    chance = numbers(eligible, "buys_7d") * np.where(on_item, numbers(eligible, "item_share"), 1.0)
    lift = of_campaigns(eligible, [campaign.assumed_lift for campaign in campaigns])

    is_measured = np.isfinite(measured_with)
    gain = expected_gain(
        bought_with=np.where(is_measured, measured_with, np.minimum(chance * (1 + lift), 1.0)),
        bought_without=np.where(is_measured, measured_without, chance),
        margin=terms.margin,
        discount=terms.discount,
    )
    is_known = np.isfinite(gain.margin)
    method = np.where(is_known, np.where(is_measured, UPLIFT, PROPENSITY), NO_DATA).astype(object)
    # The worst cost is the cost if everybody uses the offer in full: no estimate may be above it.
    cost = np.where(is_known, np.minimum(gain.cost, terms.worst_cost), terms.worst_cost)
    return Worth(gain.margin, cost, method)

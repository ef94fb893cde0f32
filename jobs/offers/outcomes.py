"""The outcomes of earlier offers: who bought with an offer, and who bought although the offer was withheld."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.offers.config import OffersConfig
from jobs.offers.people import HELD_OUT, OFFER
from jobs.runtime.night import Night
from models.offers.offer_value import BuyRates, buy_rates
from schemas.tables import CLEAN_EVENTS, OFFERS


class ArmCount(NamedTuple):
    """Accounts of one campaign and arm, and how many of them bought."""

    users: int
    buyers: int


NOBODY = ArmCount(0, 0)
Counts = Mapping[tuple[str, str], ArmCount]  # by (campaign, arm)


def count_outcomes(night: Night, earlier: DataFrame | None, config: OffersConfig) -> Counts:
    """Counts each account's first offer of a campaign in the last `uplift_days` nights, if its `outcome_days` are over.

    An account is a buyer if it bought within these days: the item, if the offer is on an item, else anything.
    `earlier`: as OFFERS, both arms. Budgets may look back further than `uplift_days`; such old offers are not counted,
    since the purchases after them are not read.
    """
    first_date = night.date - dt.timedelta(days=config.uplift_days)
    last_date = night.date - dt.timedelta(days=config.outcome_days)
    if earlier is None or not any(day <= last_date for day in night.lake.dates(OFFERS)):
        return {}
    is_over = F.col("offered_on").between(F.lit(first_date), F.lit(last_date))
    first_offer = F.min_by(F.struct("offered_on", "item_id", "arm"), "offered_on").alias("first")
    offers = (
        earlier.where(is_over).groupBy("user_id", "offer_id").agg(first_offer).select("user_id", "offer_id", "first.*")
    )

    events = night.versions(CLEAN_EVENTS).after(first_date - dt.timedelta(days=1)).spark()
    purchases = events.where("event_type = 'purchase' and user_id is not null")
    purchases = purchases.select("user_id", "event_date", F.col("item_id").alias("bought_item")).distinct()

    days_later = F.datediff("event_date", "offered_on")
    is_of_offer = F.col("item_id").isNull() | (F.col("bought_item") == F.col("item_id"))
    is_hit = (days_later > 0) & (days_later <= config.outcome_days) & is_of_offer
    bought = F.max(F.coalesce(is_hit, F.lit(False)).cast("int")).alias("bought")
    outcomes = offers.join(purchases, "user_id", "left").groupBy("user_id", "offer_id", "arm").agg(bought)
    counted = outcomes.groupBy("offer_id", "arm").agg(F.count("*").alias("users"), F.sum("bought").alias("buyers"))
    return {(row.offer_id, row.arm): ArmCount(row.users, row.buyers) for row in counted.collect()}


def measured_rates(counts: Counts, config: OffersConfig) -> dict[str, BuyRates]:
    """Campaign -> chances to buy with and without its offer, for campaigns with `least_users` or more in both arms."""
    rates = {}
    for campaign in sorted({campaign for campaign, _ in counts}):
        offered, withheld = (counts.get((campaign, arm), NOBODY) for arm in (OFFER, HELD_OUT))
        if measured := buy_rates(offered, withheld, config.least_users, config.prior_users):
            rates[campaign] = measured
    return rates

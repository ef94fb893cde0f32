"""Which accounts meet which campaigns' conditions, what each offer is for, and which offers they had. In Spark."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from schemas.campaigns.campaign import ON, Campaign

# One row for each account and campaign whose conditions the account meets. Terms, guards and reasons are made from it.
# `campaign` is the campaign's index among those that run tonight.
ELIGIBLE_COLUMNS = (
    *("user_id", "campaign", "item_id", "category", "buys_7d", "item_share", "order_value", "contacts", "had_lately"),
    *("recency_days", "member_level", "view_days", "views", "cart_days", "wish_days", "bought_days", "price_drop"),
)
BYTES_A_ROW = 600  # memory in the driver for one of these rows, with everything that is made from it
_OF_ITEMS = ("item_share", "view_days", "views", "cart_days", "wish_days", "bought_days", "price_drop")
_SHARES = ("item_share", "price_drop")

Numbered = Sequence[tuple[int, Campaign]]


def none_eligible() -> pa.Table:
    """The eligible rows of a night on which no campaign runs."""
    texts = ("user_id", "item_id", "category", "member_level")
    types = {name: pa.string() if name in texts else pa.int64() for name in ELIGIBLE_COLUMNS}
    return pa.table({name: pa.array([], kind) for name, kind in (types | {"had_lately": pa.bool_()}).items()})


def eligible_accounts(
    facts: DataFrame, pairs: DataFrame | None, listed: DataFrame | None, campaigns: Sequence[Campaign]
) -> DataFrame:
    """(user_id, campaign, item_id, category, facts): one row for each account and campaign whose conditions it meets.

    If several items meet the conditions, the offer is for the item with the largest interest, then the lowest id.
    facts: `user_facts`. pairs: `pair_facts`, needed for campaigns on items. listed: (user_id, item_id, category, rank),
    recommended items that may be shown, needed if a campaign is on them.
    """
    on_accounts = [(number, campaign) for number, campaign in enumerate(campaigns) if not campaign.is_of_items]
    on_items = [(number, campaign) for number, campaign in enumerate(campaigns) if campaign.is_of_items]
    nulls = {name: F.lit(None).cast("double" if name in _SHARES else "bigint") for name in _OF_ITEMS}
    parts = [_with_offered_item(_rows_meeting(facts, on_accounts).withColumns(nulls), listed, on_accounts)]
    if pairs is not None and on_items:
        of_items = _rows_meeting(pairs.join(facts, "user_id", "inner"), on_items)
        parts.append(_first_of_each(of_items, F.desc_nulls_last("item_share"), F.col("item_id")))
    return functools.reduce(functools.partial(DataFrame.unionByName, allowMissingColumns=True), parts)


def _rows_meeting(facts: DataFrame, campaigns: Numbered) -> DataFrame:
    """A row of `facts` for each campaign whose conditions it meets, with the campaign's number."""
    met = []
    for number, campaign in campaigns:
        condition = F.expr(campaign.sql)
        if campaign.is_of_items:
            condition = condition & _in_scope(campaign)
        met.append(F.when(condition, F.lit(number)))
    numbers = F.array_compact(F.array(*met)) if met else F.array().cast("array<int>")
    return facts.withColumn("campaign", F.explode(numbers))


def _with_offered_item(accounts: DataFrame, listed: DataFrame | None, campaigns: Numbered) -> DataFrame:
    """Adds item_id and category: nulls, the account's top category, or its first recommended item in scope."""

    numbers = {on: [number for number, campaign in campaigns if campaign.on == on] for on in ON}
    null = F.lit(None).cast("string")
    on_everything = accounts.where(F.col("campaign").isin(numbers["everything"]))
    parts = [on_everything.withColumns({"item_id": null, "category": null})]
    if numbers["top_category"]:
        favourites = accounts.where(F.col("campaign").isin(numbers["top_category"]))
        favourites = favourites.withColumns({"item_id": null, "category": F.col("top_category")})
        parts.append(_within_scope(favourites, campaigns))
    if numbers["recommended"] and listed is not None:
        recommended = accounts.where(F.col("campaign").isin(numbers["recommended"])).join(listed, "user_id", "inner")
        parts.append(_first_of_each(_within_scope(recommended, campaigns), F.col("rank")).drop("rank"))
    return functools.reduce(DataFrame.unionByName, parts)


def _first_of_each(rows: DataFrame, *order: Column) -> DataFrame:
    """The first row, in this order, of each account and campaign."""
    place = F.row_number().over(Window.partitionBy("user_id", "campaign").orderBy(*order))
    return rows.withColumn("place", place).where("place = 1").drop("place")


def _within_scope(rows: DataFrame, campaigns: Numbered) -> DataFrame:
    """The rows whose category is in the scope of their campaign."""
    allowed = [F.when(F.col("campaign") == number, _in_scope(campaign)) for number, campaign in campaigns]
    return rows.where(F.col("category").isNotNull() & F.coalesce(*allowed))


def _in_scope(campaign: Campaign) -> Column:
    """The same condition as Campaign.in_scope, for the column `category`."""

    def is_within(categories: Sequence[str]) -> Column:
        matches = [
            (F.col("category") == category) | F.col("category").startswith(f"{category} > ") for category in categories
        ]
        return F.coalesce(functools.reduce(Column.__or__, matches), F.lit(False))

    is_included = is_within(campaign.only_categories) if campaign.only_categories else F.lit(True)
    return is_included & ~is_within(campaign.not_categories) if campaign.not_categories else is_included


def with_earlier_offers(
    eligible: DataFrame, earlier: DataFrame | None, campaigns: Sequence[Campaign], today: dt.date, contact_days: int
) -> DataFrame:
    """Adds contacts and had_lately, from the offers of earlier nights (as OFFERS, both arms; None: there were none).

    contacts: the number of the account's offers in the last `contact_days` days, tonight included. had_lately: whether
    it had this campaign's offer within the campaign's `again_after_days`.
    """
    if earlier is None:
        return eligible.withColumns({"contacts": F.lit(0).cast("bigint"), "had_lately": F.lit(False)})
    days_ago = F.datediff(F.lit(today), "offered_on")
    account_offers = earlier.groupBy("user_id").agg(
        F.count(F.when(days_ago < contact_days, 1)).alias("contacts"),
        F.collect_list(F.struct("offer_id", days_ago.alias("days_ago"))).alias("earlier"),
    )
    had_lately = [
        F.when(
            F.col("campaign") == number,
            F.expr(
                f"exists(earlier, offer -> offer.offer_id = '{campaign.id}' "
                f"and offer.days_ago < {campaign.again_after_days})"
            ),
        )
        for number, campaign in enumerate(campaigns)
    ]
    return eligible.join(account_offers, "user_id", "left").withColumns(
        {"contacts": F.coalesce("contacts", F.lit(0)), "had_lately": F.coalesce(*had_lately, F.lit(False))}
    )

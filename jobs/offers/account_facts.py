"""Facts that campaigns' conditions can test, about accounts and about items that they looked at. In Spark."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.common.on_sale import CAN_BE_SHOWN
from schemas.campaigns.campaign import BIRTH_FACT, USER_FACTS, Campaign
from schemas.table import SPARK_TYPES
from schemas.tables.profiles import USER_PROFILES
from schemas.tables.propensities import PROPENSITIES

BIRTH_MONTH = "birth_month"  # a column of USERS, where the shop's mapping fills one


def user_facts(profiles: DataFrame, propensities: DataFrame | None, births: DataFrame | None, month: int) -> DataFrame:
    """(user_id, every fact of an account, order_value); order_value is the mean spend of a day with a purchase.

    propensities: None if tonight has none. Then the chances are null, and offers have the method 'not enough data'.
    births: (user_id, birth_month), or None. Columns of protected attributes are never selected.
    """
    fact_columns = [name for name in USER_PROFILES.names if name in USER_FACTS]
    has_order = (F.col("frequency") > 0) & (F.col("monetary") > 0)
    order_value = F.when(has_order, F.col("monetary") / F.col("frequency")).alias("order_value")
    portraits = profiles.select("user_id", *fact_columns, order_value)
    chances = [column for column in PROPENSITIES.columns if column.name in USER_FACTS]
    if propensities is None:
        nulls = {column.name: F.lit(None).cast(SPARK_TYPES[column.type]) for column in chances}
        facts = portraits.withColumns(nulls)
    else:
        facts = portraits.join(propensities.select("user_id", *[column.name for column in chances]), "user_id", "left")
    if births is None:
        return facts.withColumn(BIRTH_FACT, F.lit(None).cast("boolean"))
    is_birth_month = births.select("user_id", (F.col(BIRTH_MONTH) == month).alias(BIRTH_FACT))
    return facts.join(is_birth_month, "user_id", "left")


def pair_facts(
    events: DataFrame, interest: DataFrame, items: DataFrame, campaigns: Sequence[Campaign], today: dt.date
) -> DataFrame:
    """(user_id, item_id, category, item_share, every fact of the pair), for items that may be shown.

    A cart or wish counts until the account buys the item. item_share: the item's part of the account's interest, 0..1.
    Views count within the longest `within_days` of the retargeting campaigns.
    """
    catalogue = items.where(CAN_BE_SHOWN).select(
        "item_id", "category", "is_replenishable", F.col("price").alias("price_now")
    )
    pairs = _interest_of_pairs(interest).join(_last_events(events, campaigns, today), ["user_id", "item_id"], "full")
    pairs = pairs.join(F.broadcast(catalogue), "item_id", "inner")
    drop = F.when(F.col("wish_price") > 0, 1 - F.col("price_now") / F.col("wish_price"))
    is_bought_again = F.coalesce("is_replenishable", F.lit(False)) | (F.col("purchase_orders") > 1)
    return pairs.select(
        *("user_id", "item_id", "category", "item_share"),
        F.datediff(F.lit(today), "viewed_on").alias("view_days"),
        F.coalesce("views", F.lit(0)).alias("views"),
        _days_open("carted", today).alias("cart_days"),
        _days_open("wished", today).alias("wish_days"),
        F.datediff(F.lit(today), "last_purchase_on").alias("bought_days"),
        drop.alias("price_drop"),
        F.coalesce((F.col("purchases") > 0) & is_bought_again, F.lit(False)).alias("is_replenishable"),
    )


def _interest_of_pairs(interest: DataFrame) -> DataFrame:
    """Purchases from INTEREST, and `item_share`: the item's part of the account's interest above 0."""
    liked = F.greatest("interest", F.lit(0.0))
    of_account = F.sum(liked).over(Window.partitionBy("user_id"))
    item_share = F.when(of_account > 0, liked / of_account).alias("item_share")
    return interest.select("user_id", "item_id", "purchases", "purchase_orders", "last_purchase_on", item_share)


def _last_events(events: DataFrame, campaigns: Sequence[Campaign], today: dt.date) -> DataFrame:
    """(user_id, item_id, viewed_on, views, carted, wished, bought_at, wish_price), as far back as campaigns look."""
    kinds = ("retargeting", "abandoned_cart", "price_drop")
    days = {
        kind: max((campaign.within_days for campaign in campaigns if campaign.kind == kind), default=-1)
        for kind in kinds
    }
    age = F.datediff(F.lit(today), F.col("event_date"))
    event_type = F.col("event_type")
    is_view = (event_type == "view") & (age <= days["retargeting"])
    is_cart = (event_type == "cart") & (age <= max(days["abandoned_cart"], days["retargeting"]))
    is_wish = (event_type == "wishlist") & (age <= days["price_drop"])
    is_purchase = event_type == "purchase"
    when = F.struct("event_time", "event_date")
    of_pairs = events.where("user_id is not null and item_id is not null")
    return (
        of_pairs.where(is_view | is_cart | is_wish | is_purchase)
        .groupBy("user_id", "item_id")
        .agg(
            F.max(F.when(is_view, F.col("event_date"))).alias("viewed_on"),
            F.count(F.when(is_view, 1)).alias("views"),
            F.max(F.when(is_cart, when)).alias("carted"),
            F.max(F.when(is_wish, when)).alias("wished"),
            F.max(F.when(is_purchase, F.col("event_time"))).alias("bought_at"),
            F.max_by(F.when(is_wish, F.col("price")), F.when(is_wish, F.col("event_time"))).alias("wish_price"),
        )
    )


def _days_open(since: str, today: dt.date) -> Column:
    """Days since the event of column `since`; null where the account bought the item later."""
    is_open = F.col("bought_at").isNull() | (F.col("bought_at") < F.col(f"{since}.event_time"))
    return F.when(is_open, F.datediff(F.lit(today), F.col(f"{since}.event_date")))

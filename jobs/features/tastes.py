"""What each account likes: categories, brands, attributes, price bands, hours and channels. Each night follows from the
night before:

    strength[d] = strength[d-1] * 2^(-days / half_life) + sum over tonight's events of weight * 2^(-age / half_life)

The weights are those of interest, so an impression or a search adds nothing and a return subtracts its purchase. An
event counts for the attributes that its item has in the catalogue of the night that reads the event. So a renamed
category starts as a new taste, and the old one fades.

An account keeps the `most` strongest values of each kind (of equals, the lower value), so that a crawl through a large
shop does not fill the table for ever. A value that is dropped and seen again starts at 0; it has lost less than the
strength of the weakest value that was kept. While an account has no more than `most` values of a kind, nights and a
rebuild give the same table.
"""

from __future__ import annotations

import datetime as dt

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.common.decay import age_weight, decay_factor, exact, from_exact
from jobs.features.interest import InterestConfig, event_weight
from jobs.runtime.shop_days import ShopDays
from schemas.tables import USER_TASTES

SAYS_NOTHING = ("impression", "search")
BANDS = ("low", "middle", "high")
HOURS = ("night", "morning", "afternoon", "evening")  # six hours each, from the midnight at which a day begins


def price_bands(items: DataFrame, least: int) -> DataFrame:
    """(item_id, band): the third of its category's prices to which an item's price belongs.

    Items without a category are compared with each other. An item has no band where fewer than `least` items of its
    category have a price in the same currency, or where the two terciles are equal.
    """
    key = [F.coalesce(name, F.lit("")).alias(name) for name in ("category", "currency")]
    priced = items.where("price > 0").select("item_id", "price", *key)
    thirds = priced.groupBy("category", "currency").agg(
        F.percentile("price", F.array(F.lit(1 / 3), F.lit(2 / 3))).alias("at"), F.count("*").alias("known")
    )
    apart = (F.col("known") >= least) & (F.col("at")[0] < F.col("at")[1])
    low, middle, high = (F.lit(band) for band in BANDS)
    band = F.when(F.col("price") <= F.col("at")[0], low).when(F.col("price") <= F.col("at")[1], middle).otherwise(high)
    return priced.join(thirds.where(apart), ["category", "currency"], "inner").select("item_id", band.alias("band"))


def labels(items: DataFrame, bands: DataFrame, *more: str) -> DataFrame:
    """(item_id, tastes): the tastes to which an event on the item adds, as an array of (kind, value).

    more: further columns by which `items` and `bands` are joined, such as the night.
    """
    entries = F.map_entries(F.from_json("attributes", "map<string,string>"))
    attribute_tastes = F.transform(
        F.filter(entries, lambda entry: F.trim(entry["value"]) != ""),
        lambda entry: _taste(F.lit("attribute"), F.concat(entry["key"], F.lit("="), entry["value"])),
    )
    item_tastes = F.array(*[_taste(F.lit(kind), F.col(name)) for kind, name in _OF_ITEMS.items()])
    all_tastes = F.concat(
        item_tastes, F.coalesce(attribute_tastes, F.array().cast("array<struct<kind:string,value:string>>"))
    )
    return items.join(bands, ["item_id", *more], "left").select("item_id", *more, all_tastes.alias("tastes"))


_OF_ITEMS = {"category": "shown_category", "brand": "shown_brand", "price_band": "band"}  # portraits show them


def _taste(kind: Column, value: Column) -> Column:
    return F.struct(kind.alias("kind"), value.alias("value"))


def advance(
    previous: DataFrame,
    events: DataFrame,
    items: DataFrame,
    config: InterestConfig,
    night_date: dt.date,
    previous_date: dt.date | None,
    most: int,
    days: ShopDays,
) -> DataFrame:
    """Tonight's USER_TASTES, from those of `previous_date` and the CLEAN_EVENTS since; items: the result of `labels`.

    One shuffle, by account: all tastes of an account are added, ranked and cut in the same partition.
    """
    fade = decay_factor(config.half_life_days, night_date, previous_date)
    carried = previous.select(
        "user_id",
        F.array(_taste(F.col("kind"), F.col("value"))).alias("tastes"),
        exact(F.col("strength") * fade).alias("strength"),
        "evidence",
        "last_event_on",
    )
    added = contributions(events, items, config, night_date, days)
    total = summed(carried.unionByName(added))
    return cut(total, most).withColumn("strength", from_exact("strength")).select(*USER_TASTES.names)


def contributions(
    events: DataFrame,
    items: DataFrame,
    config: InterestConfig,
    night: dt.date | Column,
    days: ShopDays,
    *more: str,
) -> DataFrame:
    """What each event adds to the tastes of its account, on the night that reads it; strength as an exact integer.

    more: further columns of events and `items`, by which both are joined, too.
    """
    weight = event_weight(config) * age_weight(config.half_life_days, night)
    telling_events = events.where(F.col("user_id").isNotNull() & ~F.col("event_type").isin(*SAYS_NOTHING))
    return telling_events.join(items, ["item_id", *more], "left").select(
        "user_id",
        *more,
        _with_circumstances(days).alias("tastes"),
        exact(weight).alias("strength"),
        F.lit(1).cast("bigint").alias("evidence"),
        F.col("event_date").alias("last_event_on"),
    )


def summed(parts: DataFrame, *more: str) -> DataFrame:
    """(user_id, kind, value, strength, evidence, last), also by the columns `more`; one shuffle, by account."""
    single = parts.repartition("user_id").select("*", F.explode("tastes").alias("taste"))
    single = single.select("*", "taste.kind", "taste.value").where("value is not null")
    return single.groupBy("user_id", "kind", "value", *more).agg(
        F.sum("strength").alias("strength"), F.sum("evidence").alias("evidence"), F.max("last_event_on").alias("last")
    )


def _with_circumstances(days: ShopDays) -> Column:
    """The tastes of an event's item and of the event itself: the part of the day, and the channel."""
    hour = F.element_at(F.array(*[F.lit(hour) for hour in HOURS]), F.floor(days.hour("event_time") / 6).cast("int") + 1)
    of_event = F.array(_taste(F.lit("hour"), hour), _taste(F.lit("channel"), F.col("slot")))
    return F.concat(of_event, F.coalesce("tastes", F.array().cast("array<struct<kind:string,value:string>>")))


def cut(total: DataFrame, most: int) -> DataFrame:
    """The strongest values of each account and kind, each with its share of the kind's strength."""
    of_kind = Window.partitionBy("user_id", "kind")
    ranked = total.withColumn("place", F.row_number().over(of_kind.orderBy(F.desc("strength"), "value")))
    above = F.greatest("strength", F.lit(0))
    total_strength = F.sum(above).over(of_kind)
    share = F.when(total_strength > 0, above / total_strength).otherwise(0.0)
    return ranked.where(F.col("place") <= most).select("*", share.alias("share"), F.col("last").alias("last_event_on"))

"""Counts item prices and purchase habits again from all events, after somebody was forgotten.

Each purchase line was compared with the prices of the night that read it, and these depend on the events of forgotten
people. So every night's prices are computed again from the remaining events, and every line is compared with them, by
the catalogue of its night. Where a night's catalogue is no longer in the lake, the oldest one is used.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.common.catalogue_by_night import CatalogueByNight
from jobs.common.nightly_sums import Fading
from jobs.features import purchase_habits
from jobs.features.event_weights import weights_of
from jobs.features.history_prices import prices_by_night
from jobs.features.portraits import ProfilesConfig
from jobs.runtime.history import BEFORE, FIRST_DAY, NIGHT, History, with_night
from jobs.runtime.lake import Version
from jobs.runtime.night import Night
from schemas.tables import CLEAN_EVENTS, ITEM_PRICES, ITEMS, USER_PURCHASES

_SUMS = ("priced_purchases", "discounted_purchases", "price_gap")


def count_purchases(night: Night) -> list[Version]:
    """ITEM_PRICES and USER_PURCHASES of the night. Days of purchases stay, since they depend on no other person."""
    config: ProfilesConfig = night.settings.section("profiles")
    half_life = weights_of(night).half_life_days
    stored = night.versions(CLEAN_EVENTS).after(None)
    events, catalogue = with_night(stored.spark()).persist(), catalogue_by_night(night)
    try:
        nothing = night.versions(ITEM_PRICES).of(()).spark()
        fading = Fading.of(_nights(night, [day for day, _ in stored.by_date()]), half_life)
        prices, compared = prices_by_night(nothing, events, catalogue, fading, half_life, config.prices_kept)
        usual, levels = night.spark.createDataFrame(compared.usual), night.spark.createDataFrame(compared.levels)
        items = night.spark.createDataFrame(items_bought(events, catalogue))
        lines = purchase_habits.compared_lines(events, usual, levels, items, config.discount_from, NIGHT)
        nobody = night.versions(USER_PURCHASES).of(()).spark()
        counted = purchase_habits.advance_purchases(nobody, lines, night.date, None, config.lapsed_days)
        joined = night.read(USER_PURCHASES).drop(*_SUMS).join(counted.select("user_id", *_SUMS), "user_id", "left")
        purchases = joined.fillna(0, list(_SUMS)).select(*USER_PURCHASES.names)
        return [night.write_arrow(ITEM_PRICES, prices), night.write(USER_PURCHASES, purchases)]
    finally:
        events.unpersist()


def _nights(last: Night, days: list[dt.date]) -> History:
    nights = (Night(day, last.lake, last.run, last.settings, last.source_name, last.raw) for day in days)
    return History(tuple(nights), None)


def catalogue_by_night(night: Night) -> CatalogueByNight:
    """The category of each item by night, from all catalogues in the lake; earlier nights use the oldest one."""
    stored = night.versions(ITEMS).since(dt.date.min)
    oldest = next(day for day, _ in stored.by_date())
    of_item = Window.partitionBy("item_id").orderBy(NIGHT)
    facts = with_night(stored.spark()).select("item_id", NIGHT, "category")
    is_first = F.lag(NIGHT).over(of_item).isNull()
    changed = facts.withColumn("changed", is_first | ~F.col("category").eqNullSafe(F.lag("category").over(of_item)))
    number = F.datediff(NIGHT, F.lit(FIRST_DAY))
    since = F.when(F.col(NIGHT) == F.lit(oldest), BEFORE).otherwise(number).alias(NIGHT)
    rows = changed.where("changed").select("item_id", since, "category").toArrow()
    return CatalogueByNight(rows.sort_by([("item_id", "ascending"), (NIGHT, "ascending")]))


def items_bought(events: DataFrame, catalogue: CatalogueByNight) -> pa.Table:
    """(item_id, night, category) of each item and night with a purchase, where the catalogue has the item."""
    bought = events.where("event_type = 'purchase' and item_id is not null").select("item_id", NIGHT).distinct()
    pairs = bought.toArrow()
    row = catalogue.rows_at(catalogue.codes(pairs["item_id"]), pairs[NIGHT].cast(pa.int32()).to_numpy())
    listed = np.flatnonzero(row >= 0)
    return pairs.take(pa.array(listed)).append_column(
        "category", catalogue.facts["category"].take(pa.array(row[listed]))
    )

"""Baskets of the last weeks -> bought_together: pairs of items that are in one basket more often than by chance.

A basket is an order, or what one visitor bought in one session. Of items a and b, in n_a and n_b of N baskets and
together in n_ab: support = n_ab / N, confidence = n_ab / n_a, lift = n_ab * N / (n_a * n_b). The neighbours of a are
ranked by added value, confidence - n_b / N: how much a raises the probability of b. Lift alone would rank the rarest
pairs first, confidence alone the items that everybody buys anyway.

Only pairs are counted, not larger sets. A page shows one item beside another, and the number of frequent sets has no
bound: ten equal baskets of 30 items hold a thousand million of them, on which FP-Growth runs out of memory.

With the setting `privacy.epsilon` the job counts people instead of baskets, under differential privacy
(`private_lists.py`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.common.on_sale import CAN_BE_SHOWN
from jobs.common.private_release import is_private
from jobs.lists import private_lists
from jobs.runtime.night import Night
from models.core.config import check_bounds
from schemas.tables import BOUGHT_TOGETHER, CLEAN_EVENTS, ITEMS


@dataclass(frozen=True)
class TogetherConfig:
    """Which baskets count, and which pairs are kept."""

    window_days: int = field(default=28, metadata={"doc": "days of baskets, tonight's among them", "least": 1})
    max_basket: int = field(
        default=100,
        metadata={
            "doc": "distinct items; larger baskets are left out: a wholesaler's, with that number squared in pairs",
            "least": 2,
        },
    )
    min_baskets: int = field(default=5, metadata={"doc": "pairs in fewer baskets are left out", "least": 2})
    neighbours: int = field(default=20, metadata={"doc": "places for each item", "least": 1})

    def __post_init__(self) -> None:
        check_bounds(self)


def baskets(events: DataFrame, max_basket: int) -> DataFrame:
    """(items): the sorted distinct items of each basket, without baskets of more than `max_basket` items."""
    bought = events.where("event_type = 'purchase' and item_id is not null")
    by_basket = bought.groupBy(F.coalesce("order_id", "session_id"), "user_id")
    items = by_basket.agg(F.sort_array(F.collect_set("item_id")).alias("items"))
    return items.where(F.size("items") <= max_basket).select("items")


def count_pairs(of_baskets: DataFrame, min_baskets: int) -> DataFrame:
    """(target_item_id, item_id, baskets, with_target, with_item): each pair in both directions, with both counts."""
    targets = of_baskets.select(F.explode("items").alias("target_item_id"), "items")
    pairs = targets.select("target_item_id", F.explode("items").alias("item_id"))
    counted = pairs.groupBy("target_item_id", "item_id").agg(F.count("*").alias("baskets"))
    counted = counted.where(F.col("baskets") >= min_baskets)
    single_baskets = F.max(
        F.when(F.col("target_item_id") == F.col("item_id"), F.col("baskets"))
    )  # an item paired with itself
    return counted.select(
        "*",
        single_baskets.over(Window.partitionBy("target_item_id")).alias("with_target"),
        single_baskets.over(Window.partitionBy("item_id")).alias("with_item"),
    ).where("target_item_id != item_id")


def rank(pairs: DataFrame, total: int, config: TogetherConfig, valid_until: dt.datetime) -> DataFrame:
    """BOUGHT_TOGETHER from counted pairs and the number of baskets; ties go to the lower id."""
    confidence = F.col("baskets") / F.col("with_target")
    share = F.col("with_item") / total
    best = Window.partitionBy("target_item_id").orderBy(F.desc(confidence - share), "item_id")
    return (
        pairs.where(confidence > share)
        .withColumns(
            {
                "rank": F.row_number().over(best),
                "support": F.col("baskets") / total,
                "confidence": confidence,
                "lift": confidence / share,
                "valid_until": F.lit(valid_until),
            }
        )
        .where(F.col("rank") <= config.neighbours)
        .select(*BOUGHT_TOGETHER.names)
    )


def main(night: Night) -> None:
    config: TogetherConfig = night.settings.section("bought_together")
    night.size_for(CLEAN_EVENTS)
    if is_private(night):
        night.write_arrow(BOUGHT_TOGETHER, private_lists.bought_together(night))
        return
    after = night.date - dt.timedelta(days=config.window_days)
    all_baskets = baskets(night.versions(CLEAN_EVENTS).after(after).spark(), config.max_basket).persist()
    try:
        total = all_baskets.count()
        shown = night.read(ITEMS).where(CAN_BE_SHOWN).select("item_id")
        pairs = count_pairs(all_baskets, config.min_baskets).join(shown, "item_id", "left_semi")
        night.write(BOUGHT_TOGETHER, rank(pairs, max(1, total), config, night.valid_until("lists")))
        night.report(baskets=total)
    finally:
        all_baskets.unpersist()

"""Features and interest -> popular_items: overall, trending and by segment. They complete lists that are too short.

- all: decayed events; a purchase counts `purchase / view` times as much as a view;
- trending: how far today's events exceed the number expected from the recent past, in standard deviations of a count;
- segment: decayed interest of the users who share a value of `recommend.segment_by`.
The job ranks only items that are active and in stock. With the setting `privacy.epsilon` it counts people instead of
events, under differential privacy (`private_lists.py`).
"""

from __future__ import annotations

import datetime as dt

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.common.decay import exact, from_exact
from jobs.common.on_sale import CAN_BE_SHOWN
from jobs.common.private_release import is_private
from jobs.lists.private_lists import popular_items
from jobs.runtime.night import Night
from schemas.tables import INTEREST, ITEM_FEATURES, ITEMS, POPULAR_ITEMS, USERS


def trending_score(half_life_days: float, days: int) -> Column:
    """(today - expected) / sqrt(expected + 1), from tonight's features and last night's (`before_*`, null if none)."""
    before_events = F.coalesce("before_events", F.lit(0))
    before_recent = F.coalesce("before_recent_events", F.lit(0.0))
    today = F.col("events") - before_events
    expected = before_recent * (1 - 2.0 ** (-days / half_life_days))
    return (today - expected) / F.sqrt(expected + 1)


def rank(scores: DataFrame, depth: int, valid_until: dt.datetime) -> DataFrame:
    """POPULAR_ITEMS from (segment, item_id, score): each segment's `depth` best above 0; ties go to the lower id."""
    best = Window.partitionBy("segment").orderBy(F.desc("score"), "item_id")
    ranked = scores.where("score > 0").withColumn("rank", F.row_number().over(best)).where(F.col("rank") <= depth)
    return ranked.withColumn("valid_until", F.lit(valid_until)).select(*POPULAR_ITEMS.names)


def main(night: Night) -> None:
    interest = night.settings.section("interest")
    config = night.settings.section("recommend")
    night.size_for(INTEREST)
    if is_private(night):
        night.write_arrow(POPULAR_ITEMS, popular_items(night))
        return
    shown = night.read(ITEMS).where(CAN_BE_SHOWN).select("item_id")
    features = night.read(ITEM_FEATURES)
    previous_features = (
        night.versions(ITEM_FEATURES)
        .previous()
        .spark()
        .select("item_id", F.col("events").alias("before_events"), F.col("recent_events").alias("before_recent_events"))
    )
    since = night.versions(ITEM_FEATURES).previous_date()
    days = (night.date - since).days if since else 1
    features = features.join(previous_features, "item_id", "left")
    overall = F.col("recent_events") + (interest.purchase / interest.view - 1) * F.col("recent_purchases")
    by_item = features.select(
        "item_id",
        F.explode(
            F.create_map(F.lit("all"), overall, F.lit("trending"), trending_score(interest.half_life_days, days))
        ).alias("segment", "score"),
    )
    segment = F.concat(F.lit(f"{config.segment_by}="), F.col(config.segment_by))
    members = night.read(USERS).where(F.col(config.segment_by).isNotNull()).select("user_id", segment.alias("segment"))
    liked = night.read(INTEREST).where("interest > 0").join(members, "user_id", "inner")
    by_segment = liked.groupBy("segment", "item_id").agg(F.sum(exact("interest")).alias("score"))
    by_segment = by_segment.select("item_id", "segment", from_exact("score").alias("score"))
    scores = by_item.unionByName(by_segment).join(shown, "item_id", "left_semi")
    night.write(POPULAR_ITEMS, rank(scores, config.popular_depth, night.valid_until("lists")))

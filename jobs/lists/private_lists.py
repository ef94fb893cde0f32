"""POPULAR_ITEMS and BOUGHT_TOGETHER from counts of people that are released with differential privacy.

Scores and figures count people, not events or baskets: each person counts once for an item or pair, whatever they did.
Releases and budget: `jobs/common/private_release.py`.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.common.on_sale import can_be_shown
from jobs.common.private_release import Part, PrivacyConfig, Ranking, cells_of, released
from jobs.runtime.night import Night
from schemas.arrow import arrow_schema
from schemas.tables import BOUGHT_TOGETHER, CLEAN_EVENTS, INTEREST, ITEMS, POPULAR_ITEMS, USERS

_PERSON = "coalesce(user_id, visitor_id) as person"  # an anonymous visit without a visitor id is not counted
_POPULAR, _TOGETHER = ("segment", "item_id"), ("target_item_id", "item_id")


def popular_items(night: Night) -> pa.Table:
    """POPULAR_ITEMS: 'all' and segments by people with interest, 'trending' by today's people above those expected.

    The expected number is the people of 'all', times the share of interest that one day adds if nothing changes. An
    item that was not released in 'all' counts like the released item with the fewest people.
    """
    config = night.settings.section("recommend")
    least_people = night.settings.section("privacy").least_people
    rows = released(night, POPULAR_ITEMS, _POPULAR, lambda: _popular_parts(night, config.segment_by))
    shown = _items_on_sale(night)
    overall = {cell["item_id"]: cell["people"] for cell in cells_of(rows, "all", least_people)}
    fresh = 1 - 2.0 ** (-1 / night.settings.section("interest").half_life_days)
    scores: dict[str, dict[str, float]] = defaultdict(dict)
    scores["all"] = overall
    for cell in cells_of(rows, "segment"):
        scores[cell["segment"]][cell["item_id"]] = cell["people"]
    fewest = min(overall.values(), default=0)
    for cell in cells_of(rows, "trending"):
        expected = fresh * overall.get(cell["item_id"], fewest)
        scores["trending"][cell["item_id"]] = (cell["people"] - expected) / (expected + 1) ** 0.5
    rows_made = []
    for segment, of_items in scores.items():
        best = sorted((-score, item) for item, score in of_items.items() if item in shown and score > 0)
        rows_made += [
            {"segment": segment, "item_id": item, "rank": place, "score": -score}
            for place, (score, item) in enumerate(best[: config.popular_depth], 1)
        ]
    return _table(rows_made, night.valid_until("lists"), POPULAR_ITEMS)


def _popular_parts(night: Night, segment_by: str) -> dict[str, Part | Ranking]:
    config: PrivacyConfig = night.settings.section("privacy")
    liked = night.read(INTEREST).where("interest > 0").select(F.col("user_id").alias("person"), "item_id")
    value = F.concat(F.lit(f"{segment_by}="), F.col(segment_by))
    members = night.read(USERS).where(F.col(segment_by).isNotNull())
    members = members.select(F.col("user_id").alias("person"), value.alias("segment"))
    today = night.read(CLEAN_EVENTS).where("item_id is not null").selectExpr(_PERSON, "item_id")

    items = night.versions(ITEMS).tonight().arrow(["item_id"])
    catalogue = items.add_column(0, "segment", pa.array(["all"] * items.num_rows, pa.string()))

    def cells(frame: DataFrame, segment: str) -> DataFrame:
        return frame.withColumn("segment", F.lit(segment))

    depth = night.settings.section("recommend").popular_depth
    return {
        "all": Ranking(cells(liked, "all"), 0.5, catalogue, depth),
        "segment": Part(liked.join(members, "person"), config.contributions, 0.25),
        "trending": Part(cells(today, "trending"), config.contributions, 0.25),
    }


def bought_together(night: Night) -> pa.Table:
    """BOUGHT_TOGETHER with people instead of baskets: those who bought both items in one basket, of all who bought."""
    config = night.settings.section("bought_together")
    rows = released(night, BOUGHT_TOGETHER, _TOGETHER, lambda: _together_parts(night, config))
    total = sum(cell["people"] for cell in cells_of(rows, "buyers"))
    bought = {cell["item_id"]: cell["people"] for cell in cells_of(rows, "item")}
    shown = _items_on_sale(night)
    pairs: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for cell in cells_of(rows, "pair"):
        first_item, second_item, people = cell["target_item_id"], cell["item_id"], cell["people"]
        for target, item in ((first_item, second_item), (second_item, first_item)):
            if target in bought and item in bought and item in shown and total:
                # noise may give a pair more people than one of its items has
                confidence, share = min(1.0, people / bought[target]), min(1.0, bought[item] / total)
                if confidence > share:
                    figures = {
                        "support": min(1.0, people / total),
                        "confidence": confidence,
                        "lift": confidence / share,
                    }
                    pairs[target].append({"item_id": item, "baskets": people, "gain": confidence - share, **figures})
    rows_made = []
    for target, neighbours in sorted(pairs.items()):
        neighbours.sort(key=lambda row: (-row["gain"], row["item_id"]))
        rows_made += [
            {**row, "target_item_id": target, "rank": place}
            for place, row in enumerate(neighbours[: config.neighbours], 1)
        ]
    return _table(rows_made, night.valid_until("lists"), BOUGHT_TOGETHER)


def _together_parts(night: Night, config: Any) -> dict[str, Part]:
    contributions = night.settings.section("privacy").contributions
    last_excluded_day = night.date - dt.timedelta(days=config.window_days)
    events = night.versions(CLEAN_EVENTS).after(last_excluded_day).spark()
    bought = events.where("event_type = 'purchase' and item_id is not null")
    bought = bought.selectExpr(_PERSON, "coalesce(order_id, session_id) as basket", "item_id").where(
        "person is not null"
    )
    baskets = bought.groupBy("person", "basket").agg(F.collect_set("item_id").alias("items"))
    baskets = baskets.where(F.size("items") <= config.max_basket)
    person_items = baskets.select("person", F.explode("items").alias("item_id"), "items")
    items = person_items.select("person", F.lit("").alias("target_item_id"), "item_id")
    pairs = person_items.select("person", F.col("item_id").alias("target_item_id"), F.explode("items").alias("item_id"))
    buyers = baskets.select("person", F.lit("").alias("target_item_id"), F.lit("").alias("item_id"))
    return {
        "item": Part(items, contributions, 0.4),
        "pair": Part(pairs.where("target_item_id < item_id"), contributions, 0.5),
        "buyers": Part(buyers, 1, 0.1),
    }


def _items_on_sale(night: Night) -> set[str]:
    items = night.versions(ITEMS).tonight().arrow(["item_id", "is_active", "stock"])
    return set(items.filter(can_be_shown(items))["item_id"].to_pylist())


def _table(rows: list[dict[str, Any]], valid_until: dt.datetime, table: Any) -> pa.Table:
    dated = [{**row, "valid_until": valid_until} for row in rows]
    return pa.Table.from_pylist(dated, schema=arrow_schema(table))

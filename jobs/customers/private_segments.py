"""SEGMENTS and SEGMENT_RULES from counts of people that were released with differential privacy.

The released figures are the accounts of each segment, its buyers, their days with a purchase, and how many people like
which categories. Means of money, recency and discounts, the most common values, and traits are withheld (null, or a
word that says so). Names of segments are published as they are, since each word of a name is true for at least four in
five accounts of the segment.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.common.private_release import Part, cells_of, released
from jobs.runtime.night import Night
from schemas.arrow import arrow_schema
from schemas.tables import SEGMENT_RULES, SEGMENTS

WITHHELD, WITHHELD_ZH = "withheld: differential privacy", "差分隐私：不公布"
_SEGMENTS, _RULES = ("segment_id", "days"), ("segment_id", "if_category", "then_category")


def private_segments(
    night: Night, exact: pa.Table, members: DataFrame, profiles: DataFrame, since: dt.date | None = None
) -> pa.Table:
    """SEGMENTS with released figures. exact: its rows; members: (user_id, segment_id); profiles: USER_PROFILES.

    since: the first night whose segments have tonight's numbers. A figure is 0 where a segment has too few people for
    it, or the last release counted segments with other numbers. For each person at most `privacy.contributions` days
    with a purchase are counted.
    """

    def parts() -> dict[str, Part]:
        per_person = night.settings.section("privacy").contributions
        segment = members.select(F.col("user_id").alias("person"), F.col("segment_id").cast("string"), "user_id")
        bought = segment.join(profiles.where("frequency > 0").select("user_id", "frequency"), "user_id")
        upto = F.sequence(F.lit(1), F.least(F.col("frequency"), F.lit(per_person)).cast("int")).cast("array<string>")
        days = bought.select("person", "segment_id", F.explode(upto).alias("days"))
        accounts = segment.select("person", "segment_id", F.lit("").alias("days"))
        return {"accounts": Part(accounts, 1, 0.5), "days": Part(days, per_person, 0.5)}

    rows = released(night, SEGMENTS, _SEGMENTS, parts, since)
    users = {int(cell["segment_id"]): cell["people"] for cell in cells_of(rows, "accounts")}
    on_days: dict[int, dict[int, int]] = defaultdict(dict)
    for cell in cells_of(rows, "days"):
        on_days[int(cell["segment_id"])][int(cell["days"])] = cell["people"]
    total = sum(users.values())
    figures = []
    for row in exact.select(["segment_id", "name_en", "name_zh"]).to_pylist():
        accounts, days = users.get(row["segment_id"], 0), on_days[row["segment_id"]]
        figures.append(
            row
            | {
                "users": accounts,
                "share": accounts / total if total else 0.0,
                "buyers": min(accounts, days.get(1, 0)),
                "mean_frequency": sum(days.values()) / accounts if accounts else 0.0,
                "traits": WITHHELD,
                "traits_zh": WITHHELD_ZH,
            }
        )
    return pa.Table.from_pylist(figures, schema=arrow_schema(SEGMENTS))


def private_rules(night: Night, liked: DataFrame, config: Any, since: dt.date | None = None) -> pa.Table:
    """SEGMENT_RULES from released counts. liked: (person, segment_id, category), a row for each category liked.

    since: as for `private_segments`; there are no rules where the last release has segments with other numbers.
    """

    def parts() -> dict[str, Part]:
        per_person = night.settings.section("privacy").contributions
        cells = liked.withColumn("segment_id", F.col("segment_id").cast("string"))
        first = cells.select("person", "segment_id", F.col("category").alias("if_category"))
        second = cells.select("person", F.col("category").alias("then_category"))
        pairs = first.join(second, "person").where("if_category < then_category")
        nothing = F.lit("")
        return {
            "one": Part(first.withColumn("then_category", nothing), per_person, 0.4),
            "both": Part(pairs, per_person, 0.5),
            "all": Part(
                cells.select("person", "segment_id", nothing.alias("if_category"), nothing.alias("then_category")),
                1,
                0.1,
            ),
        }

    rows = released(night, SEGMENT_RULES, _RULES, parts, since)
    total = {cell["segment_id"]: cell["people"] for cell in cells_of(rows, "all")}
    likers = {(cell["segment_id"], cell["if_category"]): cell["people"] for cell in cells_of(rows, "one")}
    by_segment: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for cell in cells_of(rows, "both"):
        segment, people = cell["segment_id"], cell["people"]
        for a, b in ((cell["if_category"], cell["then_category"]), (cell["then_category"], cell["if_category"])):
            if segment in total and (segment, a) in likers and (segment, b) in likers:
                confidence = min(1.0, people / likers[segment, a])
                lift = confidence * total[segment] / likers[segment, b]
                if lift > 1:
                    figures = {"support": min(1.0, people / total[segment]), "confidence": confidence, "lift": lift}
                    names = {"segment_id": int(segment), "if_category": a, "then_category": b}
                    by_segment[segment].append({**names, "users": people, **figures})
    best = [
        row
        for rules in by_segment.values()
        for row in sorted(rules, key=lambda r: (-r["lift"], r["if_category"], r["then_category"]))[: config.rules]
    ]
    return pa.Table.from_pylist(best, schema=arrow_schema(SEGMENT_RULES))

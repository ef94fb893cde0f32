"""SEGMENTS and SEGMENT_RULES from counts of people that were released with differential privacy.

Released are the accounts of each segment, its buyers, their days with a purchase, and who likes which categories. Means
of money, recency and discounts, commonest values and traits are withheld (null, or a word that says so). Names of
segments stay: they are made from four in five of an account's segment.
"""

from __future__ import annotations

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


def private_segments(night: Night, exact: pa.Table, members: DataFrame, profiles: DataFrame) -> pa.Table:
    """`exact`, rows of SEGMENTS, with released figures; members (user_id, segment_id), profiles USER_PROFILES.

    A segment with too few people for a figure has 0 of them. Days with a purchase beyond the setting
    `privacy.contributions` are not counted.
    """

    def parts() -> dict[str, Part]:
        each = night.settings.section("privacy").contributions
        segment = members.select(F.col("user_id").alias("person"), F.col("segment_id").cast("string"), "user_id")
        bought = segment.join(profiles.where("frequency > 0").select("user_id", "frequency"), "user_id")
        upto = F.sequence(F.lit(1), F.least(F.col("frequency"), F.lit(each)).cast("int")).cast("array<string>")
        days = bought.select("person", "segment_id", F.explode(upto).alias("days"))
        accounts = segment.select("person", "segment_id", F.lit("").alias("days"))
        return {"accounts": Part(accounts, 1, 0.5), "days": Part(days, each, 0.5)}

    rows = released(night, SEGMENTS, _SEGMENTS, parts)
    users = {int(cell["segment_id"]): cell["people"] for cell in cells_of(rows, "accounts")}
    on_days: dict[int, dict[int, int]] = defaultdict(dict)
    for cell in cells_of(rows, "days"):
        on_days[int(cell["segment_id"])][int(cell["days"])] = cell["people"]
    total = sum(users.values())
    made = []
    for row in exact.select(["segment_id", "name_en", "name_zh"]).to_pylist():
        accounts, days = users.get(row["segment_id"], 0), on_days[row["segment_id"]]
        made.append(
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
    return pa.Table.from_pylist(made, schema=arrow_schema(SEGMENTS))


def private_rules(night: Night, liked: DataFrame, config: Any) -> pa.Table:
    """SEGMENT_RULES from (person, segment_id, category), one row for each category that an account likes."""

    def parts() -> dict[str, Part]:
        each = night.settings.section("privacy").contributions
        cells = liked.withColumn("segment_id", F.col("segment_id").cast("string"))
        of_one = cells.select("person", "segment_id", F.col("category").alias("if_category"))
        other = cells.select("person", F.col("category").alias("then_category"))
        both = of_one.join(other, "person").where("if_category < then_category")
        nothing = F.lit("")
        return {
            "one": Part(of_one.withColumn("then_category", nothing), each, 0.4),
            "both": Part(both, each, 0.5),
            "all": Part(
                cells.select("person", "segment_id", nothing.alias("if_category"), nothing.alias("then_category")),
                1,
                0.1,
            ),
        }

    rows = released(night, SEGMENT_RULES, _RULES, parts)
    total = {cell["segment_id"]: cell["people"] for cell in cells_of(rows, "all")}
    one = {(cell["segment_id"], cell["if_category"]): cell["people"] for cell in cells_of(rows, "one")}
    made: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for cell in cells_of(rows, "both"):
        segment, both = cell["segment_id"], cell["people"]
        for a, b in ((cell["if_category"], cell["then_category"]), (cell["then_category"], cell["if_category"])):
            if segment in total and (segment, a) in one and (segment, b) in one:
                confidence = min(1.0, both / one[segment, a])
                lift = confidence * total[segment] / one[segment, b]
                if lift > 1:
                    figures = {"support": min(1.0, both / total[segment]), "confidence": confidence, "lift": lift}
                    names = {"segment_id": int(segment), "if_category": a, "then_category": b}
                    made[segment].append({**names, "users": both, **figures})
    best = [
        row
        for of_one in made.values()
        for row in sorted(of_one, key=lambda r: (-r["lift"], r["if_category"], r["then_category"]))[: config.rules]
    ]
    return pa.Table.from_pylist(best, schema=arrow_schema(SEGMENT_RULES))

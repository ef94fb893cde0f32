"""Rows of USER_SEGMENTS, SEGMENTS and SEGMENT_RULES from the accounts' features, profiles and tastes."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.common.decay import MONEY_UNIT, exact, from_exact
from jobs.customers.shopper_features import as_rows
from models.customers.segments import EVERYBODY, Segments, SegmentsConfig
from schemas.arrow import arrow_schema
from schemas.tables import SEGMENT_RULES, SEGMENTS, USER_SEGMENTS

_FIFTHS = (0.2, 0.4, 0.6, 0.8)
_LIKED = 10  # strongest categories of an account that rules use; the number of pairs grows with their square


def rfm_class(profiles: DataFrame) -> Column:
    """Three digits for recency, frequency and money: the fifth of the buyers, 5 is best; 0 for unknown money.

    '000' without a purchase. Money is rounded to steps of 1 %, since exact quantiles would hold every amount in memory.
    """
    values = {
        "recency": -F.col("recency_days"),
        "frequency": F.col("frequency"),
        "money": F.when(F.col("monetary").isNotNull(), F.rint(F.log1p(F.greatest("monetary", F.lit(0.0))) * 100)),
    }
    fifths = F.array(*[F.lit(share) for share in _FIFTHS])
    buyers = profiles.where("frequency > 0").select(*[value.alias(name) for name, value in values.items()])
    cuts = buyers.agg(*[F.percentile(name, fifths).alias(name) for name in values]).first()
    digits = []
    for name, value in values.items():
        above = [F.when(value > cut, 1).otherwise(0) for cut in (cuts[name] if cuts else None) or []]
        digits.append(F.when(value.isNull(), 0).otherwise(sum(above, F.lit(1))).cast("string"))
    return F.when(F.col("frequency") > 0, F.concat(*digits)).otherwise("000")


def assign_segments(shoppers: DataFrame, model: Segments | None) -> DataFrame:
    """USER_SEGMENTS from (user_id, rfm_class, last, f0, f1, ...); `last` is last night's segment or null."""
    ddl = "user_id string, segment_id int, rfm_class string, moved boolean"
    return shoppers.mapInArrow(functools.partial(_assign, model=model), ddl)


def _assign(batches: Iterator[pa.RecordBatch], model: Segments | None) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        # An account from the segment of everybody has not moved, since there was no other segment.
        last = batch["last"].fill_null(EVERYBODY).to_numpy(zero_copy_only=False).astype(np.int64)
        if model is None:
            number = np.full(len(last), EVERYBODY, np.int64)
        else:
            number = model.assign(as_rows(batch, len(model.features)), last)
        columns = [
            batch["user_id"],
            number.astype(np.int32),
            batch["rfm_class"],
            (last != EVERYBODY) & (last != number),
        ]
        yield pa.RecordBatch.from_arrays([pa.array(column) for column in columns], list(USER_SEGMENTS.names))


def segment_figures(members: DataFrame) -> DataFrame:
    """A row of figures for each segment, from (segment_id, columns of USER_PROFILES)."""
    buyer = F.col("frequency") > 0
    count = F.count("*")
    # 64 bits hold what one account spends, but not what a large segment spends in yen.
    money = F.sum(exact("monetary", MONEY_UNIT).cast("decimal(20,0)")).cast("double").alias("money")
    sums = members.groupBy("segment_id").agg(
        count.alias("users"),
        F.count_if(buyer).alias("buyers"),
        money,
        F.count("monetary").alias("paid"),  # 0 only where the sum is null, and null / 0 is null
        (F.sum("frequency") / count).alias("mean_frequency"),
        (F.sum("recency_days") / F.count("recency_days")).alias("mean_recency_days"),
        (F.sum(exact("discount_appetite")) / F.count("discount_appetite")).alias("appetite"),
        F.mode("top_category", True).alias("top_category"),
        F.mode("usual_hour", True).alias("usual_hour"),
    )
    all_users = F.sum("users").over(Window.partitionBy())
    return sums.select(
        "*",
        (F.col("users") / all_users).alias("share"),
        (from_exact("money", MONEY_UNIT) / F.col("paid")).alias("mean_money"),
        from_exact("appetite").alias("discount_appetite"),
    )


def segments_table(figures: pa.Table, model: Segments | None, accounts: int, config: SegmentsConfig) -> pa.Table:
    """SEGMENTS: the rows of `segment_figures` with the model's names; a segment without members has a row, too."""
    too_few = (
        f"not enough data: {accounts} accounts, {config.least_users} are needed for several segments",
        f"数据不足：现有 {accounts} 个账户，分群需要 {config.least_users} 个",
    )
    names = {EVERYBODY: ("Everybody", "全部顾客", *too_few)}
    if model is not None:
        names = {
            int(number): (*pair, *traits)
            for number, pair, traits in zip(model.ids, model.names, model.traits, strict=True)
        }
    figures_of = {row["segment_id"]: row for row in figures.to_pylist()}
    nobody = {"users": 0, "buyers": 0, "share": 0.0, "mean_money": 0.0, "mean_frequency": 0.0}
    rows = [
        {
            **nobody,
            **figures_of.get(number, {}),
            "segment_id": number,
            "name_en": en,
            "name_zh": zh,
            "traits": traits,
            "traits_zh": traits_zh,
        }
        for number, (en, zh, traits, traits_zh) in sorted(names.items())
    ]
    return pa.Table.from_pylist(rows, schema=arrow_schema(SEGMENTS))


def category_rules(members: DataFrame, tastes: DataFrame, config: SegmentsConfig) -> DataFrame:
    """SEGMENT_RULES from (user_id, segment_id) and USER_TASTES: accounts that like one category also like another one.

    An account is the basket; support, confidence and lift are as for items in baskets. Rules with the same lift are
    sorted by the names of their categories.
    """
    by_user = liked_categories(members, tastes).groupBy("segment_id", "person")
    liked = by_user.agg(F.collect_set("category").alias("all")).select("segment_id", "all")
    pairs = liked.select("segment_id", F.explode("all").alias("if_category"), "all")
    pairs = pairs.select("segment_id", "if_category", F.explode("all").alias("then_category"))
    counted = pairs.groupBy("segment_id", "if_category", "then_category").agg(F.count("*").alias("users"))
    counted = counted.join(F.broadcast(liked.groupBy("segment_id").agg(F.count("*").alias("total"))), "segment_id")
    alone = F.max(F.when(F.col("if_category") == F.col("then_category"), F.col("users")))  # paired with itself
    counted = counted.select(
        "*",
        alone.over(Window.partitionBy("segment_id", "if_category")).alias("with_if"),
        alone.over(Window.partitionBy("segment_id", "then_category")).alias("with_then"),
    ).where((F.col("if_category") != F.col("then_category")) & (F.col("users") >= config.rule_users))
    confidence = F.col("users") / F.col("with_if")
    rules = counted.select(
        *("segment_id", "if_category", "then_category", "users"),
        (F.col("users") / F.col("total")).alias("support"),
        confidence.alias("confidence"),
        (confidence * F.col("total") / F.col("with_then")).alias("lift"),
    ).where("lift > 1")
    best = Window.partitionBy("segment_id").orderBy(F.desc("lift"), "if_category", "then_category")
    ranked = rules.withColumn("place", F.row_number().over(best)).where(F.col("place") <= config.rules)
    return ranked.select(*SEGMENT_RULES.names)


def liked_categories(members: DataFrame, tastes: DataFrame) -> DataFrame:
    """(person, segment_id, category): the strongest categories of each account, from the inputs of `category_rules`."""
    place = F.row_number().over(Window.partitionBy("user_id").orderBy(F.desc("strength"), "value"))
    liked = tastes.where("kind = 'category' and strength > 0").withColumn("place", place)
    liked = liked.where(F.col("place") <= _LIKED).join(members, "user_id", "inner")
    return liked.select(F.col("user_id").alias("person"), "segment_id", F.col("value").alias("category"))

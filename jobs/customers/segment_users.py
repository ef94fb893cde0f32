"""Portraits, features and tastes -> user_segments, segments and segment_rules: kinds of shoppers with names that last.

Once a week (settings `segments`), or once the accounts have doubled, they are looked for anew: features standardised,
turned onto principal components, k-means at each k of the range, the best silhouette. The last centres, moved to where
their people are now, stay unless the new ones beat them by `gain`; new ones take over the numbers of those they match.
On the other nights everybody goes to the nearest stored centre, or stays where they were if that is hardly farther.

RFM classes beside them: fifths of the buyers by days since the last purchase, days with a purchase, and money; equal
values share a fifth. A rule says who likes one category likes another too, by tastes: support, confidence and lift as
for items in baskets, an account being the basket. Rules are made anew with the segments.

A shop with too few accounts has one segment, number 0, and is told so. reports/date=D/segments.html is the picture.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.common.decay import exact, from_exact
from jobs.customers import segments_picture
from jobs.customers.shopper_features import (
    as_rows,
    fit_centres,
    fit_space,
    least_spreads,
    sample_of,
    shopper_features,
    silhouette_of,
    vocabulary,
)
from jobs.runtime import model_store
from jobs.runtime.lake import Version
from jobs.runtime.model_store import date_of, load_model, save_model
from jobs.runtime.night import Night
from models.customers.segment_names import from_the_middle, name_segments
from models.customers.segments import (
    EVERYBODY,
    Segments,
    SegmentsConfig,
    apart,
    family_weights,
    matched,
    moved_centres,
    squared_distances,
)
from schemas.arrow import arrow_schema
from schemas.tables import SEGMENT_RULES, SEGMENTS, USER_FEATURES, USER_PROFILES, USER_SEGMENTS, USER_TASTES

MODEL = "segments"
_FIFTHS = (0.2, 0.4, 0.6, 0.8)
_LIKED = 10  # categories of an account that enter rules, its strongest; pairs grow with their square


def due(
    night: Night, config: SegmentsConfig, folder: tuple[str, ...] | None, old: Segments | None, accounts: int
) -> str | None:
    """Why segments are fitted tonight; None where they are not. `folder`: the running model's."""
    if folder is None or old is None:  # even where retrain is never: without a model nobody has a segment
        return "there are none"
    grown = accounts >= 2 * old.accounts  # a young shop learns much in a few days
    changed = f"{accounts} accounts, {old.accounts} when the last ones were fitted" if grown else ""
    return model_store.due(night, (night.date - date_of(folder)).days, config.every_days, changed, done="fitted")


def fit(
    night: Night,
    config: SegmentsConfig,
    old: Segments | None,
    tables: tuple[DataFrame, DataFrame, DataFrame],
    accounts: int,
) -> tuple[Segments, dict[str, Any]]:
    """(segments, facts) from a sample of tonight's accounts: the last ones moved on, or new ones matched."""
    middles = vocabulary(tables[2], config.categories)
    names = tuple(middles)
    wanted = dict(zip(old.features, old.middles.tolist(), strict=True)) if old else {}
    wanted = middles | {name: middle for name, middle in wanted.items() if name not in middles}
    sample = sample_of(shopper_features(*tables, wanted, config.half_trust), config.fit_users)
    every = as_rows(sample, len(wanted))
    rows = every[:, : len(names)]
    space = fit_space(night.spark, rows, family_weights(names), least_spreads(names), config)
    unnamed = Segments(
        config, names, np.array(list(middles.values())), space.mean, space.scale, space.weights, space.components,
        centres=np.zeros((0, 0)), ids=np.zeros(0, np.int64), of_buyers=np.zeros(0, np.bool_), next_id=1,
        accounts=accounts, names=(), traits=(),
    )  # fmt: skip
    places = unnamed.project(rows)
    centres, quality, tried = fit_centres(night.spark, places, config)
    ids, next_id, how = np.arange(1, len(centres) + 1), len(centres) + 1, "new"
    kept_quality = None
    if old is not None:
        before = old.assign(every[:, [list(wanted).index(name) for name in old.features]])
        there = np.array([number for number in old.ids if (before == number).any()])
        start = np.stack([places[before == number].mean(axis=0) for number in there])
        moved = moved_centres(places, start)
        labels = np.argmin(squared_distances(places, moved), axis=1)
        kept_quality = silhouette_of(night.spark, places, labels)
        if quality > kept_quality + config.gain:
            ids, next_id = matched(centres, start, there, old.next_id)
        else:
            centres, ids, next_id, how = moved, there, old.next_id, "moved on"
    facts = {"how": how, "silhouette": round(quality, 4), "accounts": len(rows),
             "silhouette_of_the_last": None if kept_quality is None else round(kept_quality, 4),
             "tried": {str(k): round(value, 4) for k, value in tried.items()}}  # fmt: skip
    is_buyer = sample["is_buyer"].to_numpy(zero_copy_only=False).astype(np.bool_)
    centres, of_buyers = apart(places, centres, is_buyer)
    more = len(centres) - len(ids)  # a kind that had no segment yet
    ids, next_id = np.append(ids, next_id + np.arange(more)), next_id + more
    order = np.argsort(ids)
    made = dataclasses.replace(
        unnamed, centres=centres[order], ids=ids[order], of_buyers=of_buyers[order], next_id=next_id
    )
    return named(made, rows, is_buyer), facts


def named(unnamed: Segments, rows: np.ndarray, is_buyer: np.ndarray) -> Segments:
    """Each segment named by those of the accounts, features (n, F), that it gets."""
    number = unnamed.assign(rows)
    away = from_the_middle(unnamed.features, rows, is_buyer, unnamed.scale)
    names, traits = name_segments(unnamed.features, [away[number == one] for one in unnamed.ids], unnamed.of_buyers)
    return dataclasses.replace(unnamed, names=names, traits=traits)


def rfm_class(profiles: DataFrame) -> Column:
    """Recency, frequency and money in fifths of the buyers, 5 best; '000' without a purchase, 0 for unknown money.

    Money counts in steps of 1 %: exact fifths of it would hold every amount of a large shop in memory.
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
        at = (cuts[name] if cuts else None) or []
        above = [F.when(value > cut, 1).otherwise(0) for cut in at]
        digits.append(F.when(value.isNull(), 0).otherwise(sum(above, F.lit(1))).cast("string"))
    return F.when(F.col("frequency") > 0, F.concat(*digits)).otherwise("000")


def assigned(shoppers: DataFrame, model: Segments | None) -> DataFrame:
    """USER_SEGMENTS of (user_id, rfm_class, last, f0, f1, ...), `last` being last night's number or null."""
    ddl = "user_id string, segment_id int, rfm_class string, moved boolean"
    return shoppers.mapInArrow(functools.partial(_assign, model=model), ddl)


def _assign(batches: Iterator[pa.RecordBatch], model: Segments | None) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        # Who was in the segment of everybody has not moved: there was no other.
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


def described(members: DataFrame) -> DataFrame:
    """Figures of each segment from (segment_id, USER_PROFILES)."""
    buyer = F.col("frequency") > 0
    count = F.count("*")
    money = F.sum(exact("monetary")).alias("money")
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
    whole = F.sum("users").over(Window.partitionBy())
    return sums.select(
        "*",
        (F.col("users") / whole).alias("share"),
        (from_exact("money") / F.col("paid")).alias("mean_money"),
        from_exact("appetite").alias("discount_appetite"),
    )


def rules(members: DataFrame, tastes: DataFrame, config: SegmentsConfig) -> DataFrame:
    """SEGMENT_RULES from (user_id, segment_id) and USER_TASTES; ties of lift go to the lower names."""
    place = F.row_number().over(Window.partitionBy("user_id").orderBy(F.desc("strength"), "value"))
    liked = tastes.where("kind = 'category' and strength > 0").withColumn("place", place)
    by_user = liked.where(F.col("place") <= _LIKED).join(members, "user_id", "inner").groupBy("segment_id", "user_id")
    liked = by_user.agg(F.collect_set("value").alias("all")).select("segment_id", "all")
    pairs = liked.select("segment_id", F.explode("all").alias("if_category"), "all")
    pairs = pairs.select("segment_id", "if_category", F.explode("all").alias("then_category"))
    counted = pairs.groupBy("segment_id", "if_category", "then_category").agg(F.count("*").alias("users"))
    counted = counted.join(F.broadcast(liked.groupBy("segment_id").agg(F.count("*").alias("total"))), "segment_id")
    alone = F.max(F.when(F.col("if_category") == F.col("then_category"), F.col("users")))  # beside itself
    counted = counted.select(
        "*",
        alone.over(Window.partitionBy("segment_id", "if_category")).alias("with_if"),
        alone.over(Window.partitionBy("segment_id", "then_category")).alias("with_then"),
    ).where((F.col("if_category") != F.col("then_category")) & (F.col("users") >= config.rule_users))
    confidence = F.col("users") / F.col("with_if")
    made = counted.select(
        *("segment_id", "if_category", "then_category", "users"),
        (F.col("users") / F.col("total")).alias("support"),
        confidence.alias("confidence"),
        (confidence * F.col("total") / F.col("with_then")).alias("lift"),
    ).where("lift > 1")
    best = Window.partitionBy("segment_id").orderBy(F.desc("lift"), "if_category", "then_category")
    best_ones = made.withColumn("place", F.row_number().over(best)).where(F.col("place") <= config.rules)
    return best_ones.select(*SEGMENT_RULES.names)


def running(night: Night, config: SegmentsConfig, accounts: int) -> tuple[Segments | None, dict[str, Any]]:
    """(tonight's model, facts): stored, or fitted and kept where it is due; None for a shop with too few accounts."""
    if accounts < config.least_users:
        night.log.info(
            "%d accounts, %d are needed for several segments: everybody is one", accounts, config.least_users
        )
        return None, {"how": f"one segment: {accounts} accounts of {config.least_users} needed"}
    folder = night.lake.model_before(MODEL, night.date)
    old = load_model(night.lake, folder, Segments) if folder else None
    why = due(night, config, folder, old, accounts)
    if why is None:
        return old, {"how": "carried over", "model": "/".join(folder or ())}
    tables = (night.read(USER_PROFILES), night.read(USER_FEATURES), night.read(USER_TASTES))
    model, facts = fit(night, config, old, tables, accounts)
    save_model(night, MODEL, model.save)
    return model, {"why": why, **facts}


def main(night: Night) -> None:
    config: SegmentsConfig = night.settings.section("segments")
    night.size_for(USER_TASTES, USER_PROFILES)
    accounts = night.version(USER_PROFILES).rows
    model, facts = running(night, config, accounts)
    profiles, tastes = night.read(USER_PROFILES), night.read(USER_TASTES)
    middles = dict(zip(model.features, model.middles.tolist(), strict=True)) if model else {}
    classed = profiles.withColumn("rfm_class", rfm_class(profiles))
    shoppers = shopper_features(
        classed, night.read(USER_FEATURES), tastes, middles, config.half_trust, besides=("rfm_class",)
    )
    last = night.versions(USER_SEGMENTS).previous().spark().select("user_id", F.col("segment_id").alias("last"))
    placed = assigned(shoppers.join(last, "user_id", "left"), model)
    version = night.write_split(placed, [USER_SEGMENTS], count_by=("moved",))[USER_SEGMENTS.name]

    members = night.read(USER_SEGMENTS).select("user_id", "segment_id")
    table = with_names(described(members.join(profiles, "user_id")).toArrow(), model, accounts, config)
    night.write_arrow(SEGMENTS, table)
    before = night.versions(SEGMENT_RULES).previous()
    # A day changes the rules little, and they are made from the same segments.
    if facts["how"] == "carried over" and before.count:
        night.write_arrow(SEGMENT_RULES, before.arrow())
    else:
        night.write(SEGMENT_RULES, rules(members, tastes, config))
    _picture(night, table, members, tastes)
    _tell(night, version, table, facts)


def with_names(figures: pa.Table, model: Segments | None, accounts: int, config: SegmentsConfig) -> pa.Table:
    """SEGMENTS from what `described` found, and the model's names; segments that nobody is in are there as well."""
    too_few = (
        f"not enough data: {accounts} accounts, {config.least_users} are needed for several segments",
        f"数据不足：现有 {accounts} 个账户，分群需要 {config.least_users} 个",
    )
    names = {EVERYBODY: ("Everybody", "全部顾客", *too_few)}
    if model is not None:
        names = {int(number): (*pair, *traits)
                 for number, pair, traits in zip(model.ids, model.names, model.traits, strict=True)}  # fmt: skip
    found = {row["segment_id"]: row for row in figures.to_pylist()}
    nobody = {"users": 0, "buyers": 0, "share": 0.0, "mean_money": 0.0, "mean_frequency": 0.0}
    rows = [
        {
            **nobody,
            **found.get(number, {}),
            "segment_id": number,
            "name_en": en,
            "name_zh": zh,
            "traits": traits,
            "traits_zh": traits_zh,
        }
        for number, (en, zh, traits, traits_zh) in sorted(names.items())
    ]
    return pa.Table.from_pylist(rows, schema=arrow_schema(SEGMENTS))


def _picture(night: Night, table: pa.Table, members: DataFrame, tastes: DataFrame) -> None:
    """What each segment likes, as mean shares, drawn beside its size and money."""
    wanted = tastes.where("kind in ('category', 'price_band', 'hour') and strength > 0")
    department = F.when(F.col("kind") == "category", F.split_part("value", F.lit(" > "), F.lit(1)))
    liked = wanted.join(members, "user_id").groupBy(
        "segment_id", "kind", F.coalesce(department, F.col("value")).alias("value")
    )
    shares = (
        liked.agg(F.sum(exact("share")).alias("share")).withColumn("share", from_exact("share")).toArrow().to_pylist()
    )
    page = segments_picture.draw(table.to_pylist(), shares, night.date, night.days.zone)
    night.lake.put_text(page, "reports", f"date={night.date}", "segments.html")


def _tell(night: Night, version: Version, table: pa.Table, facts: dict[str, Any]) -> None:
    moved = sum(rows for value, rows in version.facts["counts"] if value)
    before = night.lake.before(USER_SEGMENTS, night.date)
    share = round(moved / before.rows, 4) if before and before.rows else None
    night.report(moved=moved, moved_share=share, segments=table.num_rows, fit=facts)
    told = "no night before" if share is None else f"{share:.1%} of the accounts of the night before moved"
    night.log.info("%d segments, %s: %s", table.num_rows, facts["how"], told)

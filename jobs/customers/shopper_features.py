"""Features of each account for the segments, and the sample of accounts that a fit learns from."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.common.decay import exact, from_exact

F64 = NDArray[np.float64]
# Logs, since a step from 10 to 20 says more than a step from 1,010 to 1,020. Days are counted in weeks.
_OF_PORTRAITS = {
    "money": "if(frequency > 0 and monetary is not null, log1p(greatest(monetary, 0.0D)), null)",  # among buyers
    "frequency": "log1p(frequency)",
    "recency": "log1p(recency_days / 7)",
    "last_seen": "log1p(last_seen_days / 7)",
    "sessions": "log1p(sessions)",
    "views": "log1p(coalesce(views, 0))",
    "discount": "discount_appetite",
}
# The least standard deviation by which a feature is scaled: in a young shop, tiny differences must not count.
_LEAST_SPREAD, _LEAST_SPREAD_OF_SHARES = 0.5, 0.05
_OF_TASTES = ("price_band=low", "price_band=middle", "price_band=high",
              "hour=night", "hour=morning", "hour=afternoon", "hour=evening")  # fmt: skip


def _department() -> Column:
    """The first level of a category path; a shop has few of them."""
    return F.when(F.col("kind") == "category", F.split_part("value", F.lit(" > "), F.lit(1))).otherwise(F.col("value"))


def vocabulary(tastes: DataFrame, categories: int) -> dict[str, float]:
    """Feature -> its middle. For a taste this is the mean share over the accounts with any taste of its kind, else 0.

    The features are those of the portrait, the hours, the price bands, and the `categories` departments that most
    accounts like.
    """
    taste_rows = tastes.where("kind in ('category', 'hour', 'price_band')")
    label = F.concat("kind", F.lit("="), _department()).alias("label")
    by_label = taste_rows.groupBy("kind", label).agg(
        F.sum(exact("share")).alias("share"),
        F.count_distinct(F.when(F.col("strength") > 0, F.col("user_id"))).alias("users"),
    )
    accounts = taste_rows.groupBy("kind").agg(F.count_distinct("user_id").alias("accounts"))
    rows = by_label.join(accounts, "kind").select("label", from_exact("share").alias("share"), "users", "accounts")
    by_name = {row["label"]: row for row in rows.collect()}
    liked = [name for name in by_name if name.startswith("category=") and by_name[name]["users"] > 0]
    departments = sorted(liked, key=lambda name: (-by_name[name]["users"], name))[:categories]
    middles = {name: row["share"] / row["accounts"] for name, row in by_name.items()}
    return {name: middles.get(name, 0.0) for name in (*_OF_PORTRAITS, *_OF_TASTES, *sorted(departments))}


def shopper_features(
    profiles: DataFrame,
    features: DataFrame,
    tastes: DataFrame,
    middles: dict[str, float],
    half_trust: float,
    besides: tuple[str, ...] = (),
) -> DataFrame:
    """(user_id, is_buyer, f0, f1, ...): each feature of `middles` for every account of `profiles`, null where unknown.

    besides: columns of `profiles` to keep. A taste is the account's share, shrunk towards the middle by `half_trust`
    events, since one purchase in the evening does not make an evening shopper.
    """
    tastes_used = [(number, name) for number, name in enumerate(middles) if "=" in name]
    kinds = sorted({name.partition("=")[0] for _, name in tastes_used})
    label = F.concat("kind", F.lit("="), _department())
    labelled = tastes.where(F.col("kind").isin(*kinds)).select("user_id", "kind", "share", "evidence", label.alias("l"))
    sums = [F.sum(F.when(F.col("l") == name, F.col("share"))).alias(f"share{number}") for number, name in tastes_used]
    events = [F.sum(F.when(F.col("kind") == kind, F.col("evidence"))).alias(f"of_{kind}") for kind in kinds]
    by_user = labelled.groupBy("user_id").agg(F.count("*").alias("tastes"), *sums, *events)
    accounts = profiles.join(features.select("user_id", "views"), "user_id", "left").join(by_user, "user_id", "left")
    columns = []
    for number, (name, middle) in enumerate(middles.items()):
        value = F.expr(_OF_PORTRAITS[name]) if name in _OF_PORTRAITS else _shrunk(name, number, middle, half_trust)
        columns.append(value.cast("double").alias(f"f{number}"))
    return accounts.select("user_id", (F.col("frequency") > 0).alias("is_buyer"), *besides, *columns)


def _shrunk(name: str, number: int, middle: float, half_trust: float) -> Column:
    events = F.col(f"of_{name.partition('=')[0]}")
    return (events * F.coalesce(f"share{number}", F.lit(0.0)) + half_trust * middle) / (events + half_trust)


def as_rows(table: pa.Table | pa.RecordBatch, count: int) -> F64:
    """(n, F) of the columns f0, f1, ...; NaN for null."""
    columns = [
        np.asarray(table[f"f{number}"].cast(pa.float64()).to_numpy(zero_copy_only=False)) for number in range(count)
    ]
    return np.column_stack(columns).astype(np.float64) if columns else np.zeros((table.num_rows, 0))


def sample_of(shoppers: DataFrame, most: int) -> pa.Table:
    """At most `most` accounts, those with the lowest hashes of their ids: always the same sample in the same order."""
    return shoppers.orderBy(F.xxhash64("user_id"), "user_id").limit(most).toArrow().sort_by("user_id")


def least_spreads(names: tuple[str, ...]) -> F64:
    """(F,): the least standard deviation by which each feature is scaled."""
    logs = [name in _OF_PORTRAITS and name != "discount" for name in names]
    return np.where(logs, _LEAST_SPREAD, _LEAST_SPREAD_OF_SHARES)

"""Features of each account for the segments, and the fits over a sample of accounts by Spark ML."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.ml.clustering import KMeans
from pyspark.ml.evaluation import ClusteringEvaluator
from pyspark.ml.feature import PCA, StandardScaler
from pyspark.ml.functions import array_to_vector
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.common.decay import exact, from_exact
from models.customers.segments import SegmentsConfig

F64 = NDArray[np.float64]
# Logs, since a step from 10 to 20 says more than one from 1,010 to 1,020; days count in weeks.
_OF_PORTRAITS = {
    "money": "if(frequency > 0 and monetary is not null, log1p(greatest(monetary, 0.0D)), null)",  # among buyers
    "frequency": "log1p(frequency)",
    "recency": "log1p(recency_days / 7)",
    "last_seen": "log1p(last_seen_days / 7)",
    "sessions": "log1p(sessions)",
    "views": "log1p(coalesce(views, 0))",
    "discount": "discount_appetite",
}
# The least standard deviation that a feature is scaled by: in a young shop, tiny differences must not count.
_LEAST_SPREAD, _LEAST_SPREAD_OF_SHARES = 0.5, 0.05
_OF_TASTES = ("price_band=low", "price_band=middle", "price_band=high",
              "hour=night", "hour=morning", "hour=afternoon", "hour=evening")  # fmt: skip


def _department() -> Column:
    """The first level of a category path; a shop has few of them."""
    return F.when(F.col("kind") == "category", F.split_part("value", F.lit(" > "), F.lit(1))).otherwise(F.col("value"))


def vocabulary(tastes: DataFrame, categories: int) -> dict[str, float]:
    """Feature -> its middle: of a taste the mean share over the accounts with any taste of its kind, else 0.

    The features are those of the portrait, the hours, the price bands, and the `categories` departments that most
    accounts like.
    """
    wanted = tastes.where("kind in ('category', 'hour', 'price_band')")
    label = F.concat("kind", F.lit("="), _department()).alias("label")
    by_label = wanted.groupBy("kind", label).agg(
        F.sum(exact("share")).alias("share"),
        F.count_distinct(F.when(F.col("strength") > 0, F.col("user_id"))).alias("users"),
    )
    accounts = wanted.groupBy("kind").agg(F.count_distinct("user_id").alias("accounts"))
    rows = by_label.join(accounts, "kind").select("label", from_exact("share").alias("share"), "users", "accounts")
    by_name = {row["label"]: row for row in rows.collect()}
    liked = [name for name in by_name if name.startswith("category=") and by_name[name]["users"] > 0]
    most = sorted(liked, key=lambda name: (-by_name[name]["users"], name))[:categories]
    middles = {name: row["share"] / row["accounts"] for name, row in by_name.items()}
    return {name: middles.get(name, 0.0) for name in (*_OF_PORTRAITS, *_OF_TASTES, *sorted(most))}


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
    events: one purchase in the evening does not make an evening shopper.
    """
    own = [(at, name) for at, name in enumerate(middles) if "=" in name]
    kinds = sorted({name.partition("=")[0] for _, name in own})
    label = F.concat("kind", F.lit("="), _department())
    labelled = tastes.where(F.col("kind").isin(*kinds)).select("user_id", "kind", "share", "evidence", label.alias("l"))
    sums = [F.sum(F.when(F.col("l") == name, F.col("share"))).alias(f"share{at}") for at, name in own]
    events = [F.sum(F.when(F.col("kind") == kind, F.col("evidence"))).alias(f"of_{kind}") for kind in kinds]
    by_user = labelled.groupBy("user_id").agg(F.count("*").alias("tastes"), *sums, *events)
    known = profiles.join(features.select("user_id", "views"), "user_id", "left").join(by_user, "user_id", "left")
    columns = []
    for at, (name, middle) in enumerate(middles.items()):
        value = F.expr(_OF_PORTRAITS[name]) if name in _OF_PORTRAITS else _shrunk(name, at, middle, half_trust)
        columns.append(value.cast("double").alias(f"f{at}"))
    return known.select("user_id", (F.col("frequency") > 0).alias("is_buyer"), *besides, *columns)


def _shrunk(name: str, at: int, middle: float, half_trust: float) -> Column:
    events = F.col(f"of_{name.partition('=')[0]}")
    return (events * F.coalesce(f"share{at}", F.lit(0.0)) + half_trust * middle) / (events + half_trust)


def as_rows(table: pa.Table | pa.RecordBatch, count: int) -> F64:
    """(n, F) of the columns f0, f1, ...; NaN for null."""
    columns = [np.asarray(table[f"f{at}"].cast(pa.float64()).to_numpy(zero_copy_only=False)) for at in range(count)]
    return np.column_stack(columns).astype(np.float64) if columns else np.zeros((table.num_rows, 0))


def sample_of(shoppers: DataFrame, most: int) -> pa.Table:
    """At most `most` accounts, those with the lowest hashes of their ids: always the same sample in the same order."""
    return shoppers.orderBy(F.xxhash64("user_id"), "user_id").limit(most).toArrow().sort_by("user_id")


@dataclass(frozen=True)
class Space:
    """mean, scale, weights (F,) and components (F, C): the projection of features onto places."""

    mean: F64
    scale: F64
    weights: F64
    components: F64


def least_spreads(names: tuple[str, ...]) -> F64:
    """(F,): the least standard deviation that each feature is scaled by."""
    logs = [name in _OF_PORTRAITS and name != "discount" for name in names]
    return np.where(logs, _LEAST_SPREAD, _LEAST_SPREAD_OF_SHARES)


def fit_space(spark: SparkSession, rows: F64, weights: F64, least: F64, config: SegmentsConfig) -> Space:
    """Mean and deviation of each feature's known values, and the components that explain `config.variance`.

    A feature that is unknown, or the same, for all has scale 0; one that varies less than `least` (F,) has `least`.
    """
    known = np.isfinite(rows)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, rows, 0.0).sum(axis=0) / count
    filled = np.where(known, rows, mean)  # unknown values are imputed by the mean
    scaler = StandardScaler(inputCol="features", outputCol="scaled", withMean=True, withStd=True)
    scaled = scaler.fit(_frame(spark, filled))
    scale = np.asarray(scaled.std.toArray())
    scale = np.where(scale > 1e-9, np.maximum(scale, least), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        deviations = np.clip(np.where(scale > 0, (filled - mean) / scale, 0.0), -3, 3)
    analysis = PCA(k=rows.shape[1], inputCol="features", outputCol="turned").fit(_frame(spark, deviations * weights))
    explained = np.cumsum(np.asarray(analysis.explainedVariance.toArray()))
    kept = int(np.searchsorted(explained, config.variance - 1e-9) + 1)
    return Space(mean, scale, weights, np.asarray(analysis.pc.toArray())[:, : min(kept, rows.shape[1])])


def fit_centres(spark: SparkSession, places: F64, config: SegmentsConfig) -> tuple[F64, float, dict[int, float]]:
    """(centres (k, C), their silhouette, k -> silhouette): the best k of the range without a segment that is too small.

    Where every k has one, the smallest k is taken.
    """
    frame = _frame(spark, places).persist()
    try:
        quality: dict[int, float] = {}
        centres: dict[int, F64] = {}
        for k in range(config.least, config.most + 1):
            model = KMeans(k=k, seed=config.seed, maxIter=30, initSteps=5).fit(frame)
            labelled = model.transform(frame)
            centres[k] = np.asarray(model.clusterCenters())
            quality[k] = silhouette(labelled)
            if min(model.summary.clusterSizes) < config.least_share * len(places):
                quality[k] = min(quality[k], -1.0)
    finally:
        frame.unpersist()
    best = max(quality, key=lambda k: (quality[k], -k))
    return centres[best], quality[best], quality


def silhouette(labelled: DataFrame) -> float:
    return float(ClusteringEvaluator(featuresCol="features", predictionCol="prediction").evaluate(labelled))


def silhouette_of(spark: SparkSession, places: F64, labels: NDArray[np.int64]) -> float:
    """The silhouette of places (n, C) with these labels (n,); -1 where all have one label."""
    return silhouette(_frame(spark, places, labels)) if len(np.unique(labels)) > 1 else -1.0


def _frame(spark: SparkSession, rows: F64, labels: NDArray[np.int64] | None = None) -> DataFrame:
    """A frame of one partition, so that sums have one order and the same sample gives the same bits."""
    flat = pa.array(np.ascontiguousarray(rows).ravel())
    lists = pa.FixedSizeListArray.from_arrays(flat, rows.shape[1]).cast(pa.list_(pa.float64()))
    label = np.zeros(len(rows), np.int32) if labels is None else labels.astype(np.int32)
    frame = spark.createDataFrame(pa.table({"values": lists, "prediction": label})).coalesce(1)
    vector = array_to_vector(F.col("values")).alias("features")
    return frame.select(vector) if labels is None else frame.select(vector, "prediction")

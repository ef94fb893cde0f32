"""Classifiers of customers: logistic regression and random forest by Spark ML, gradient boosting by LightGBM.

Each is fitted on features (n, F) and truth (n,), and gives a function from features (m, F) to scores (m,) in 0..1.
"""

from __future__ import annotations

from collections.abc import Callable

import lightgbm
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.ml.classification import LogisticRegression, RandomForestClassifier
from pyspark.ml.functions import array_to_vector, vector_to_array
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

F64 = NDArray[np.float64]
Truth = NDArray[np.bool_]
Score = Callable[[F64], F64]
SEED = 7


def logistic(spark: SparkSession, features: F64, truth: Truth) -> tuple[Score, F64]:
    """(scores, change of the log-odds by one standard deviation of each feature (F,))."""
    model = LogisticRegression(regParam=1e-3, maxIter=200).fit(_frame(spark, features, truth))
    return _by_spark(spark, model), np.asarray(model.coefficients.toArray()) * features.std(axis=0)


def forest(spark: SparkSession, features: F64, truth: Truth) -> Score:
    grown = RandomForestClassifier(numTrees=200, maxDepth=8, minInstancesPerNode=10, seed=SEED)
    return _by_spark(spark, grown.fit(_frame(spark, features, truth)))


def boosted(features: F64, truth: Truth) -> Score:
    settings = {
        "objective": "binary",
        "learning_rate": 0.03,
        "num_leaves": 8,
        "min_data_in_leaf": 50,
        "feature_fraction": 0.7,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "seed": SEED,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 2,
        "verbose": -1,
    }
    model = lightgbm.train(settings, lightgbm.Dataset(features, truth.astype(np.int8)), 150)
    return lambda rows: np.asarray(model.predict(rows))


def _frame(spark: SparkSession, features: F64, truth: Truth | None = None) -> DataFrame:
    """A row for each customer, in order: features as a vector, and the truth as a label."""
    flat = pa.array(np.ascontiguousarray(features).ravel())
    lists = pa.FixedSizeListArray.from_arrays(flat, features.shape[1]).cast(pa.list_(pa.float64()))
    label = np.zeros(len(features)) if truth is None else truth.astype(np.float64)
    frame = spark.createDataFrame(pa.table({"row": np.arange(len(features)), "values": lists, "label": label}))
    return frame.select("row", array_to_vector(F.col("values")).alias("features"), "label")


def _by_spark(spark: SparkSession, model: object) -> Score:
    def score(features: F64) -> F64:
        told = model.transform(_frame(spark, features))  # type: ignore[attr-defined]
        chance = told.select("row", F.get(vector_to_array(F.col("probability")), F.lit(1)).alias("chance")).toArrow()
        return np.asarray(chance.sort_by("row")["chance"].to_numpy())

    return score

"""ALS settings that come from Spark MLlib: both solvers make lists of the same quality."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyspark.ml.recommendation import ALS as SparkALS
from pyspark.sql import SparkSession
from scipy.sparse import csr_matrix

from models.core.list_metrics import score_lists
from models.core.top_k import top_k
from models.recommenders.als import ALS, ALSConfig

USERS, ITEMS, TASTES, K = 400, 160, 8, 10
PASSES = 10


def split() -> tuple[csr_matrix, csr_matrix]:
    """(training set, hold-out) 0/1 (U, I): users buy items of their taste, popular ones more; a fifth is held out."""
    rng = np.random.default_rng(3)
    taste = (np.arange(USERS)[:, None] % TASTES) == (np.arange(ITEMS) % TASTES)
    popular = 1 / np.sqrt(1 + np.arange(ITEMS) // TASTES)
    bought = rng.random((USERS, ITEMS)) < np.where(taste, 0.75, 0.04) * popular
    hold_out = bought & (rng.random(bought.shape) < 0.2)
    return csr_matrix((bought & ~hold_out).astype(np.float32)), csr_matrix(hold_out.astype(np.float32))


def ndcg(users: np.ndarray, items: np.ndarray, training: csr_matrix, truth: csr_matrix) -> float:
    test_users = np.flatnonzero(np.diff(truth.indptr))
    codes, _ = top_k(users[test_users], items, K, training[test_users])
    return float(score_lists(codes, truth[test_users], K)[f"ndcg@{K}"].mean())


def by_spark(
    spark: SparkSession, folder: Path, training: csr_matrix, alpha: float, reg_param: float
) -> tuple[np.ndarray, np.ndarray]:
    pairs = training.tocoo()
    rows = list(zip(pairs.row.tolist(), pairs.col.tolist(), pairs.data.tolist(), strict=True))
    frame = spark.createDataFrame(rows, "user int, item int, rating float")
    spark.sparkContext.setCheckpointDir(str(folder))  # else the plan of many passes is too deep for the JVM's stack
    solver = SparkALS(rank=TASTES, maxIter=PASSES, regParam=reg_param, alpha=alpha, implicitPrefs=True, seed=7)
    solver = solver.setUserCol("user").setItemCol("item").setRatingCol("rating").setCheckpointInterval(2)
    model = solver.setNumBlocks(1).fit(frame)
    sides = []
    for factors, count in ((model.userFactors, USERS), (model.itemFactors, ITEMS)):
        side = np.zeros((count, TASTES), np.float32)
        for row in factors.collect():
            side[row["id"]] = row["features"]
        sides.append(side)
    return sides[0], sides[1]


@pytest.mark.parametrize(("alpha", "reg_param"), [(40.0, 0.1), (10.0, 1.0)])
def test_settings_of_spark_give_the_same_quality(
    spark: SparkSession, tmp_path: Path, alpha: float, reg_param: float
) -> None:
    training, truth = split()
    config = ALSConfig.from_spark(alpha, reg_param, training.shape, training.nnz)
    config = ALSConfig(**{**vars(config), "factors": TASTES, "iterations": PASSES, "threads": 1})
    ids = [np.array([f"{code:04d}" for code in range(count)]) for count in training.shape]
    als = ALS.fit(config, training, *ids)
    spark_factors = by_spark(spark, tmp_path, training, alpha, reg_param)
    measured = ndcg(als.user_factors, als.item_factors, training, truth), ndcg(*spark_factors, training, truth)
    print(f"alpha {alpha}, regParam {reg_param}: ours {measured[0]:.4f}, Spark's {measured[1]:.4f}")
    popular = np.asarray(training.sum(axis=0)).reshape(-1, 1)
    assert min(measured) > 1.5 * ndcg(np.ones((USERS, 1), np.float32), popular.astype(np.float32), training, truth)
    assert measured[0] == pytest.approx(measured[1], rel=0.03)

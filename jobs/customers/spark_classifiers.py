"""Classifiers of customers: logistic regression and random forest by Spark ML, gradient boosting by LightGBM.

Each is fitted on features (n, F) and labels (n,) and returned as a class of `models.customers.classifiers`, which needs
no Spark.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.ml.classification import LogisticRegression, RandomForestClassificationModel, RandomForestClassifier
from pyspark.ml.functions import array_to_vector
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from models.customers.classifiers import Boosted, Classifier, Forest, Logistic

F64 = NDArray[np.float64]
Truth = NDArray[np.bool_]
Fit = Callable[[F64, Truth], Classifier]


def fits(spark: SparkSession, seed: int, trees: int) -> dict[str, Fit]:
    """Classifier -> the function that fits it."""
    return {
        "logistic": lambda features, truth: logistic(spark, features, truth),
        "forest": lambda features, truth: forest(spark, features, truth, seed, trees),
        "boosted": lambda features, truth: boosted(features, truth, seed),
    }


def logistic(spark: SparkSession, features: F64, truth: Truth) -> Logistic:
    model = LogisticRegression(regParam=1e-3, maxIter=200).fit(_frame(spark, features, truth))
    return Logistic(np.asarray(model.coefficients.toArray()), float(model.intercept), features.std(axis=0))


def forest(spark: SparkSession, features: F64, truth: Truth, seed: int, trees: int) -> Forest:
    grown = RandomForestClassifier(numTrees=trees, maxDepth=8, minInstancesPerNode=10, seed=seed)
    return as_arrays(spark, grown.fit(_frame(spark, features, truth)))


def as_arrays(spark: SparkSession, model: RandomForestClassificationModel) -> Forest:
    """The trees of Spark's model, from its saved files: a row for each node, numbered in its tree from 0, the root."""
    with tempfile.TemporaryDirectory() as folder:
        model.write().overwrite().save(f"file://{folder}/forest")
        nodes = spark.read.parquet(f"file://{folder}/forest/data").select("treeID", "nodeData.*").toArrow()
    nodes = nodes.sort_by([("treeID", "ascending"), ("id", "ascending")])
    tree, number = nodes["treeID"].to_numpy(), nodes["id"].to_numpy()
    roots = np.flatnonzero(number == 0)
    first = roots[np.searchsorted(tree[roots], tree)]  # the root of each node's tree
    split = nodes["split"].combine_chunks()
    feature = split.field("featureIndex").to_numpy(zero_copy_only=False).astype(np.int32)
    inner = feature >= 0
    threshold = np.zeros(len(tree))
    threshold[inner] = pc.list_flatten(split.field("leftCategoriesOrThreshold")).to_numpy()
    counts = np.array(nodes["impurityStats"].to_pylist(), np.float64)
    left, right = (
        np.where(inner, nodes[side].to_numpy() + first, 0).astype(np.int32) for side in ("leftChild", "rightChild")
    )
    split_on = np.where(inner, feature, -1).astype(np.int32)
    return Forest(split_on, threshold, left, right, counts[:, 1] / counts.sum(axis=1), roots.astype(np.int32))


def boosted(features: F64, truth: Truth, seed: int) -> Boosted:
    settings = {
        "objective": "binary",
        "learning_rate": 0.03,
        "num_leaves": 8,
        "min_data_in_leaf": 50,
        "feature_fraction": 0.7,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 2,
        "verbose": -1,
    }
    model = lightgbm.train(settings, lightgbm.Dataset(features, truth.astype(np.int8)), 150)
    return Boosted(model.model_to_string())


def _frame(spark: SparkSession, features: F64, truth: Truth) -> DataFrame:
    """A row for each customer, in order: features as a vector, and the truth as a label."""
    flat = pa.array(np.ascontiguousarray(features).ravel())
    lists = pa.FixedSizeListArray.from_arrays(flat, features.shape[1]).cast(pa.list_(pa.float64()))
    frame = spark.createDataFrame(pa.table({"values": lists, "label": truth.astype(np.float64)}))
    return frame.select(array_to_vector(F.col("values")).alias("features"), "label")

"""What users did under each arm of the running experiments: each night adds to the sums of the night before.

An event counts for the arm of the list that the user had when it happened: the newest list of an earlier day, at most
`window_days` old. The event's item `was_listed` if this list, or an older list within the window and of the same
experiment, had the item in a place, not as a spare. So a night reads only its own events and the lists of a few nights.
"""

from __future__ import annotations

import datetime as dt
import functools
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.common.decay import exact, from_exact
from jobs.runtime import published
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.table_versions import table_rows
from schemas.tables import EXPERIMENT_OUTCOMES, RECOMMENDATIONS

_COUNTS = ("impressions", "clicks", "listed_purchases", "purchases", "nights")
_EXACT = ("weight", "weighted")
TERMS = "experiment string, arm string, list_on date, share double, window_days int, metric string"


def advance(previous: DataFrame, events: DataFrame, lists: DataFrame, terms: DataFrame, before: DataFrame) -> DataFrame:
    """EXPERIMENT_OUTCOMES from the last night's rows (`previous`) and the events since then.

    events: CLEAN_EVENTS with `arrived`, the night on which the row arrived. lists: (user_id, item_id, arm, is_spare,
    list_on), RECOMMENDATIONS of the nights that the events may count for. terms: TERMS, for each arm on each of these
    nights. before: (user_id, before), the covariate of users who enter tonight. A list whose arm has no terms does not
    count.
    """
    actions = events.where("user_id is not null").select("user_id", "item_id", "event_type", "event_date", "arrived")
    lists = lists.join(actions.select("user_id").distinct(), "user_id", "left_semi")
    standing = _standing(lists, terms)
    under = _under_which_arm(actions.select("user_id", "event_date").distinct(), standing)
    days_since_listed = _days_since_listed(actions, lists, standing)
    counted = (
        actions.join(under, ["user_id", "event_date"], "inner")
        .join(days_since_listed, ["experiment", "user_id", "item_id", "event_date"], "left")
        .withColumn("was_listed", F.coalesce(F.col("days") <= F.col("window_days"), F.lit(False)))
    )
    tonight = _by_night(counted).join(before, "user_id", "left").select(*_as_outcomes())
    last_rows = previous.select(*[exact(c).alias(c) if c in _EXACT else F.col(c) for c in EXPERIMENT_OUTCOMES.names])
    # The covariate is always that of the night on which the user entered: a later one could depend on the arm.
    first = F.min(F.struct("entered_on", "before")).alias("first")
    sums = [F.sum(c).alias(c) for c in (*_COUNTS, *_EXACT)]
    total = last_rows.unionByName(tonight).groupBy(*EXPERIMENT_OUTCOMES.key).agg(first, *sums)
    return total.select("*", "first.entered_on", "first.before").select(
        *[from_exact(c).alias(c) if c in _EXACT else F.col(c) for c in EXPERIMENT_OUTCOMES.names]
    )


def _standing(lists: DataFrame, terms: DataFrame) -> DataFrame:
    """(user_id, list_on, experiment, arm, share, window_days, metric): a row for each arm of each user's list."""
    return (
        lists.select("user_id", "arm", "list_on")
        .distinct()
        .select("user_id", "list_on", F.explode(F.split("arm", ";")).alias("label"))
        .select(
            "user_id",
            "list_on",
            F.substring_index("label", "=", 1).alias("experiment"),
            F.substring_index("label", "=", -1).alias("arm"),
        )
        .join(F.broadcast(terms), ["experiment", "arm", "list_on"], "inner")
    )


def _under_which_arm(user_days: DataFrame, standing: DataFrame) -> DataFrame:
    """(user_id, event_date, experiment, arm, share, window_days, metric) for each day with events of a user."""
    age = F.datediff("event_date", "list_on")
    terms = ("arm", "share", "window_days", "metric")
    newest = F.max(F.struct("list_on", *terms)).alias("newest")
    return (
        user_days.join(standing, "user_id", "inner")
        .where((age >= 1) & (age <= F.col("window_days")))
        .groupBy("user_id", "event_date", "experiment")
        .agg(newest)
        .select("user_id", "event_date", "experiment", *[f"newest.{c}" for c in terms])
    )


def _days_since_listed(actions: DataFrame, lists: DataFrame, standing: DataFrame) -> DataFrame:
    """(experiment, user_id, item_id, event_date, days): days since an earlier list had the event's item.

    Only lists of the same experiment count, not those from before it began.
    """
    pairs = actions.select("user_id", "item_id", "event_date").distinct()
    listed = (
        lists.where(~F.col("is_spare"))
        .select("user_id", "item_id", "list_on")
        .join(standing.select("user_id", "list_on", "experiment"), ["user_id", "list_on"], "inner")
    )
    age = F.datediff("event_date", "list_on")
    return (
        pairs.join(listed, ["user_id", "item_id"], "inner")
        .where(age >= 1)
        .groupBy("experiment", "user_id", "item_id", "event_date")
        .agg(F.min(age).alias("days"))
    )


def _by_night(counted: DataFrame) -> DataFrame:
    """One row for each (experiment, user, arm, night on which events arrived)."""
    kind, listed = F.col("event_type"), F.col("was_listed")

    def count(condition: Column) -> Column:
        return F.sum(condition.cast("bigint"))

    return counted.groupBy("experiment", "user_id", "arm", "arrived").agg(
        count((kind == "impression") & listed).alias("impressions"),
        count((kind == "click") & listed).alias("clicks"),
        count((kind == "purchase") & listed).alias("listed_purchases"),
        count(kind == "purchase").alias("purchases"),
        F.min("share").alias("share"),  # one value, except where a late event counts for an older list
        F.min("metric").alias("metric"),
    )


def _as_outcomes() -> list[Column]:
    """The columns of EXPERIMENT_OUTCOMES for a night's row, with sums in exact units."""
    value = metric_of(F.col("metric"))
    computed = {
        "entered_on": F.col("arrived"),
        "nights": F.lit(1).cast("bigint"),
        "weight": exact(1 / F.col("share")),
        "weighted": exact(value / F.col("share")),
        "before": F.coalesce("before", F.lit(0.0)),
    }
    return [computed[c].alias(c) if c in computed else F.col(c) for c in EXPERIMENT_OUTCOMES.names]


def metric_of(metric: Column) -> Column:
    """The metric's value in a row; metric: the column with its name, one of METRICS."""
    return (
        F.when(metric == "buys", (F.col("purchases") > 0).cast("double"))
        .when(metric == "purchases", F.col("purchases").cast("double"))
        .when(metric == "listed_purchases", F.col("listed_purchases").cast("double"))
        .when(metric == "listed_clicks", F.col("clicks").cast("double"))
    )


def published_on(lake: Lake, first: dt.date, before: dt.date) -> dict[dt.date, dict[str, Any]]:
    """Night -> manifest of its last published run, for the nights from `first` up to the night before `before`.

    Nights whose lists had no arms yet are left out.
    """
    runs = {dt.date.fromisoformat(run[:10]): run for run in published.runs(lake)}
    manifests = {day: published.manifest(lake, run) for day, run in runs.items() if first <= day < before}
    return {d: m for d, m in manifests.items() if m["tables"][RECOMMENDATIONS.name]["schema_version"] >= 3}


def listed(night: Night, manifests: dict[dt.date, dict[str, Any]]) -> DataFrame:
    """RECOMMENDATIONS of these nights as published, with `list_on`."""
    files = [[], *(published.files(manifest, RECOMMENDATIONS.name) for manifest in manifests.values())]
    urls = [[night.lake.url(name) for name in names] for names in files]
    parts = [table_rows(night.spark, night.lake, RECOMMENDATIONS, of_night) for of_night in urls]
    days = [night.date, *manifests]
    dated = [part.withColumn("list_on", F.lit(day)) for part, day in zip(parts, days, strict=True)]
    return functools.reduce(DataFrame.unionByName, dated)

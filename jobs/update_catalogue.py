"""Tonight's item and user files (or the events themselves) + last night's rows -> items and users.

A row of tonight replaces last night's, field by field where tonight says nothing about a field. A source with
`snapshot = true` withdraws what it no longer lists. A source without a catalogue, or without user files, gets a row for
every id in its events, so that nobody and nothing is unknown later on.
"""

from __future__ import annotations

import datetime as dt

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.runtime.night import Night
from jobs.runtime.raw_rows import read_rows
from jobs.runtime.sink import TABLE_COLUMN
from schemas.mapping import Input
from schemas.table import Table
from schemas.tables import CLEAN_EVENTS, ITEMS, REJECTED_ITEMS, REJECTED_USERS, USERS


def merge(table: Table, previous: DataFrame, rows: DataFrame, night_date: dt.date, snapshot: bool) -> DataFrame:
    """One row an id: the latest of tonight's rows, its gaps filled from `previous`.

    `rows` has the table's columns but `updated_on` (and `is_active`: listed means active, unless the shop maps it) and
    `seen_at`, which orders several rows of one id.
    """
    key = table.key[0]
    fields = [c for c in table.names if c not in (key, "updated_on")]
    tonight = rows.withColumn("age", F.lit(0)).withColumn("updated_on", F.lit(night_date))
    before = previous.withColumn("age", F.lit(1)).withColumn("seen_at", F.lit(None).cast("timestamp"))
    if snapshot:
        before = before.withColumn("is_active", F.lit(False))
    both = tonight.unionByName(before)
    # Last by seen_at, ties by value: the same rows give the same answer in any order.
    order = F.struct(-F.col("age"), "seen_at", *[F.col(f) for f in fields])
    newest = [
        F.max_by(F.col(f), F.when(F.col(f).isNotNull(), order)).alias(f) for f in fields
    ]
    return both.groupBy(key).agg(*newest, F.max("updated_on").alias("updated_on")).select(*table.names)


def _rows(night: Night, which: str, table: Table, described: Input | None) -> tuple[DataFrame, DataFrame | None]:
    """Tonight's rows of `table`, and the rejected ones where files of their own were read."""
    key = table.key[0]
    ids = night.read(CLEAN_EVENTS).where(F.col(key).isNotNull()).select(key).distinct()
    gaps = {c.name: F.lit(None).cast(t) for c, t in zip(table.columns, table.spark_types, strict=True)}
    named = ids.select(key, *[gaps[c].alias(c) for c in table.names if c not in (key, "updated_on", "is_active")])
    named = named.withColumn("seen_at", F.lit(None).cast("timestamp"))
    if table is ITEMS:
        named = named.withColumn("is_active", F.lit(True))
    if described is None:
        return named, None
    received = night.lake.get_json("raw", night.source.name, f"date={night.date}", "_received.json")
    frame = read_rows(night.spark, night.source, which, received, night.lake, night.date, night.previous_date).frame
    if "seen_at" not in frame.columns:
        frame = frame.withColumn("seen_at", F.lit(None).cast("timestamp"))
    good = frame.where("reason is null")
    if table is ITEMS:
        active = F.col("is_active") if "is_active" in frame.columns else F.lit(None).cast("boolean")
        good = good.withColumn("is_active", F.coalesce(active, F.lit(True)))
    good = good.select(*named.columns)
    # A user who is in the events only is still a user; an item that is in the events only is not in the catalogue.
    rows = good.unionByName(named) if table is USERS else good
    return rows, None if described.from_events else frame.where("reason is not null")


def main(night: Night) -> None:
    night.size_for(CLEAN_EVENTS, ITEMS, USERS)
    for which, table, rejected in (("items", ITEMS, REJECTED_ITEMS), ("users", USERS, REJECTED_USERS)):
        described: Input | None = getattr(night.source, which)
        rows, bad = _rows(night, which, table, described)
        merged = merge(table, night.read_previous(table), rows, night.date, bool(described and described.snapshot))
        whole = merged.withColumn(TABLE_COLUMN, F.lit(table.name))
        columns = {c: F.lit(None).cast("string") for c in rejected.names}
        whole = whole.withColumns(columns)
        if bad is not None:
            bad = bad.select(F.lit(rejected.name).alias(TABLE_COLUMN), *rejected.names)
            whole = whole.unionByName(bad, allowMissingColumns=True)
        versions = night.write_split(whole, [table, rejected], count_by=("reason",))
        reasons = {reason: n for reason, n in versions[rejected.name].facts.get("counts", [])}
        night.report(**{f"rejected_{which}": reasons})

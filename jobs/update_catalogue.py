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
    """One row an id: tonight's fullest, then latest row, its gaps filled from `previous`; one shuffle.

    `rows` has the table's columns but `updated_on`, and `seen_at`, which orders several rows of one id. With
    `snapshot`, an item that tonight does not list is no longer active.
    """
    key = table.key[0]
    fields = [c for c in table.names if c not in (key, "updated_on")]
    filled = sum((F.col(f).isNotNull().cast("int") for f in fields), F.lit(0))
    # Ties go by value: the same rows give the same answer in any order.
    order = F.struct(filled.alias("filled"), "seen_at", *fields)
    tonight = rows.select(key, order.alias("now"), F.lit(None).alias("before"))
    before = previous.select(key, F.lit(None).alias("now"), F.struct(*fields, "updated_on").alias("before"))
    # `before` has one row an id at most, so its maximum is that row.
    both = tonight.union(before).groupBy(key).agg(F.max("now").alias("now"), F.max("before").alias("before"))
    merged = {f: F.coalesce(f"now.{f}", f"before.{f}") for f in fields}
    if snapshot:
        merged["is_active"] = F.coalesce("now.is_active", F.lit(False))
    listed = F.col("now").isNotNull()
    merged["updated_on"] = F.when(listed, F.lit(night_date)).otherwise(F.col("before.updated_on"))
    return both.select(*[F.col(key) if c == key else merged[c].alias(c) for c in table.names])


def described(night: Night, which: str, table: Table) -> tuple[DataFrame | None, bool]:
    """Tonight's rows of the shop's files, judged; whether these list everything there is."""
    spec: Input | None = getattr(night.source, which)
    if spec is None:
        return None, False
    received = night.lake.get_json("raw", night.source.name, f"date={night.date}", "_received.json")
    rows = read_rows(night.spark, night.source, which, received, night.lake, night.date, night.previous_date)
    delivered = bool(received[which].get("files"))  # a missing file withdraws nothing
    return rows.frame, spec.snapshot and delivered


def named_in_events(night: Night, table: Table) -> DataFrame:
    """A row without a description for every id in tonight's events."""
    key = table.key[0]
    known = {key: F.col(key), "is_active": F.lit(True)}
    nothing = {c.name: F.lit(None).cast(t) for c, t in zip(table.columns, table.spark_types, strict=True)}
    columns = [known.get(c, nothing[c]).alias(c) for c in table.names if c != "updated_on"]
    ids = night.read(CLEAN_EVENTS).where(F.col(key).isNotNull()).select(key).distinct()
    return ids.select(*columns, F.lit(None).cast("timestamp").alias("seen_at"))


def update(night: Night, which: str, table: Table, rejected: Table) -> None:
    rows, is_whole = described(night, which, table)
    # A user who is in the events only is still a user; an item that is in the events only is not in the catalogue.
    good = named_in_events(night, table) if rows is None or table is USERS else None
    if rows is not None:
        named = [c for c in table.names if c != "updated_on"]
        listed = rows.where("reason is null").select(*named, "seen_at")
        good = listed if good is None else listed.union(good)
    assert good is not None
    merged = merge(table, night.read_previous(table), good, night.date, is_whole)
    empty = [F.lit(None).cast("string").alias(c) for c in rejected.names]
    whole = merged.select(F.lit(table.name).alias(TABLE_COLUMN), "*", *empty)
    if rows is not None and not getattr(night.source, which).from_events:  # clean_events has rejected those of the log
        bad = rows.where("reason is not null").select(F.lit(rejected.name).alias(TABLE_COLUMN), *rejected.names)
        whole = whole.unionByName(bad, allowMissingColumns=True)
    versions = night.write_split(whole, [table, rejected], count_by=("reason",))
    reasons = dict(versions[rejected.name].facts.get("counts", []))
    night.report(**{f"rejected_{which}": reasons})


def main(night: Night) -> None:
    night.size_for(CLEAN_EVENTS, ITEMS, USERS)
    update(night, "items", ITEMS, REJECTED_ITEMS)
    update(night, "users", USERS, REJECTED_USERS)

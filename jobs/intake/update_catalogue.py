"""Tonight's item and user files (or the events themselves) + last night's rows -> items and users.

A row of tonight replaces last night's, field by field where tonight says nothing about a field. A source with
`snapshot = true` withdraws what it no longer lists, unless that is more than `catalogue.max_withdrawn_share` of the
active items: then the file is taken for a truncated one, its rows are read and nothing is withdrawn. A source without a
catalogue, or without user files, gets a row for every id in its events, so that nobody and nothing is unknown later on.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.intake.typed_rows import read_rows
from jobs.runtime.night import Night
from schemas.arrow import arrow_schema
from schemas.sources.mapping import Input
from schemas.table import Table
from schemas.tables import CLEAN_EVENTS, ITEMS, REJECTED_ITEMS, REJECTED_USERS, USERS

# Beside the table's columns: last night's rows sort before tonight's, these by time; and why a row was refused.
_ORDER = {"is_tonight": "boolean", "seen_at": "timestamp"}
_REFUSED = ("reason", "detail", "raw_row", "source_file")


@dataclass(frozen=True)
class CatalogueConfig:
    """How far a catalogue may shrink in a night."""

    max_withdrawn_share: float = field(
        default=0.3,
        metadata={"doc": "a snapshot that lists fewer withdraws nothing; 1 lets any through, for a real clearance"},
    )


def gather(table: Table, previous: DataFrame, rows: list[DataFrame], night_date: dt.date, snapshot: bool) -> DataFrame:
    """All rows of an id in one partition, as `merge` takes them; the job's one shuffle.

    `rows` have any of the table's columns but `updated_on`, `seen_at`, which orders several rows of one id, and reason,
    detail, raw_row, source_file where they were refused. Listed means active, unless the shop maps `is_active`.
    """
    types = dict(zip(table.names, table.spark_types, strict=True)) | _ORDER | dict.fromkeys(_REFUSED, "string")
    before = {"is_tonight": F.lit(False)} | ({"is_active": F.lit(False)} if snapshot else {})
    tonight = {"is_tonight": F.lit(True), "updated_on": F.lit(str(night_date))}
    parts = [_select(previous, types, before), *(_select(frame, types, tonight) for frame in rows)]
    together = functools.reduce(DataFrame.unionAll, parts)
    return together.select("*", F.xxhash64(F.coalesce(table.key[0], "raw_row")).alias("hash")).repartition("hash")


def _select(frame: DataFrame, types: dict[str, str], given: dict[str, Column]) -> DataFrame:
    there = set(frame.columns)
    values = {name: given.get(name, F.col(name) if name in there else F.lit(None)) for name in types}
    return frame.select(*[values[name].cast(kind).alias(name) for name, kind in types.items()])


def merge(batches: Iterator[pa.RecordBatch], table: Table, rejected: Table) -> Iterator[tuple[str, pa.Table]]:
    """One row an id: each field as the latest row has it that says anything about it. Refused rows go to `rejected`.

    Last by time, ties by value: the same rows give the same answer in any order.
    """
    first = next(batches, None)
    if first is None:
        return
    rows = pa.Table.from_batches([first, *batches])
    refused = pc.is_valid(rows["reason"])
    yield rejected.name, rows.filter(refused).select(rejected.names)
    rows = rows.filter(pc.invert(refused))
    keys = ["hash", *table.key, *_ORDER, *[name for name in table.names if name not in table.key]]
    order = pc.sort_indices(rows, [(name, "ascending", "at_start") for name in keys])
    rows = rows.select(["hash", *table.names]).take(order).combine_chunks()
    latest = _latest(rows, table)
    if "is_sold_out" in table.names:
        sold_out = pc.less_equal(latest["stock"], 0.0)
        latest = latest.set_column(table.names.index("is_sold_out"), latest.schema.field("is_sold_out"), sold_out)
    yield table.name, latest


def _latest(rows: pa.Table, table: Table) -> pa.Table:
    """The last value that is not null of each column, for each id; `rows` are in order."""
    if rows.num_rows == 0:
        return arrow_schema(table).empty_table()
    ids = rows[table.key[0]].chunk(0)
    ends = np.flatnonzero(np.append(pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False), True))
    starts = np.append(0, ends[:-1] + 1)
    place = np.arange(rows.num_rows)
    columns = []
    for name in table.names:
        column = rows[name].chunk(0)
        said = np.maximum.accumulate(np.where(pc.is_valid(column).to_numpy(zero_copy_only=False), place, -1))[ends]
        columns.append(column.take(pa.array(said, mask=said < starts)))
    return pa.table(columns, names=table.names).cast(arrow_schema(table))


def _rows(night: Night, which: str, table: Table, described: Input | None) -> tuple[list[DataFrame], bool]:
    """Tonight's rows of `table`, refused ones among them where files of their own were read; whether these list all."""
    found = []
    is_whole = False
    if described is not None:
        received = night.lake.get_json("raw", night.source.name, f"date={night.date}", "_received.json")
        is_whole = described.snapshot and bool(received[which].get("files"))  # a missing file withdraws nothing
        limits = night.settings.section("limits")
        read = read_rows(
            night.spark, night.source, which, received, night.lake, night.date, night.previous_date, limits
        )
        frame = read.frame
        if described.from_events:  # what is wrong with a line of the events is told by clean_events
            frame = frame.where("reason is null")
        if table is ITEMS:
            active = F.col("is_active") if "is_active" in frame.columns else F.lit(None).cast("boolean")
            frame = frame.select(
                *[c for c in frame.columns if c != "is_active"], F.coalesce(active, F.lit(True)).alias("is_active")
            )
        found.append(frame)
    # A user who is in the events only is still a user; an item that is in the events only is not in the catalogue.
    if described is None or (table is USERS and not described.from_events):
        key = table.key[0]
        ids = night.read(CLEAN_EVENTS).where(F.col(key).isNotNull()).select(key).distinct()
        found.append(ids.withColumn("is_active", F.lit(True)) if table is ITEMS else ids)
    return found, is_whole


def withdrawn(night: Night, rows: list[DataFrame]) -> tuple[int, int]:
    """(active items of last night, how many of these tonight's rows do not list)."""
    listed = functools.reduce(
        DataFrame.unionAll, [frame.where("reason is null").select("item_id") for frame in rows]
    ).distinct()
    active = night.versions(ITEMS).previous().spark().where("is_active").select("item_id")
    counted = active.join(listed.withColumn("is_listed", F.lit(True)), "item_id", how="left").agg(
        F.count(F.lit(1)).alias("active"), F.count_if(F.col("is_listed").isNull()).alias("withdrawn")
    )
    ((before, gone),) = counted.collect()
    return before, gone


def _may_withdraw(night: Night, rows: list[DataFrame]) -> bool:
    """Whether tonight's snapshot is whole enough to withdraw what it does not list; says so where it is not."""
    before, gone = withdrawn(night, rows)
    most = night.settings.section("catalogue").max_withdrawn_share
    if gone <= most * before:
        return True
    files = night.lake.get_json("raw", night.source.name, f"date={night.date}", "_received.json")["items"]["files"]
    names = ", ".join(file["path"] for file in files)
    says = (
        f"{names} lists {before - gone:,} of {before:,} active items and would withdraw {gone / before:.0%}, more than "
        f"catalogue.max_withdrawn_share = {most:.0%}: its rows were read, nothing was withdrawn. Ask the shop for the "
        f"whole file, or let it through with --set catalogue.max_withdrawn_share=1"
    )
    night.log.warning("%s", says)
    night.report(carried_catalogue=says)
    return False


def main(night: Night) -> None:
    night.size_for(CLEAN_EVENTS, ITEMS, USERS)
    for which, table, rejected in (("items", ITEMS, REJECTED_ITEMS), ("users", USERS, REJECTED_USERS)):
        described: Input | None = getattr(night.source, which)
        rows, is_whole = _rows(night, which, table, described)
        is_whole = is_whole and _may_withdraw(night, rows)
        lines = gather(table, night.versions(table).previous().spark(), rows, night.date, is_whole)
        split = functools.partial(merge, table=table, rejected=rejected)
        versions = night.write_split(lines, [table, rejected], count_by=("reason",), split=split)
        reasons = dict(versions[rejected.name].facts.get("counts", []))
        night.report(**{f"rejected_{which}": reasons})
        if described is not None and table is ITEMS and not versions[ITEMS.name].rows:
            raise RuntimeError(
                f"update_catalogue {night.date}: the catalogue is empty: {_where_from(night, described)} gives no item "
                f"({sum(reasons.values())} rows rejected: {reasons}) and no earlier night has one; ask the shop for "
                "the file, mend [items], or leave [items] out, then the catalogue is made of the events"
            )


def _where_from(night: Night, described: Input) -> str:
    return ", ".join(described.files) or f"the events of {night.date}"

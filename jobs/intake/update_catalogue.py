"""Merges tonight's item and user files (or the events) with last night's rows into items and users.

Tonight's value of a field replaces last night's; a field that tonight leaves empty keeps last night's value. A source
with `snapshot = true` withdraws the items that it no longer lists. If these are more than
`catalogue.max_withdrawn_share` of the active items, the file is taken for a truncated one: its rows are read, and
nothing is withdrawn. A source without a catalogue, or without user files, gets a row for every id in its events.

Names that are new or changed are judged: the `shown_` columns of items hold those that a page may show.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.common.shown_names import NameRules, with_shown_names
from jobs.intake.typed_rows import read_rows
from jobs.runtime.night import Night
from schemas.arrow import arrow_schema
from schemas.sources.mapping import Input
from schemas.table import Table
from schemas.tables import CLEAN_EVENTS, ITEMS, REJECTED_ITEMS, REJECTED_USERS, USERS

# Columns beside the table's: the order of rows (last night's before tonight's, then by time), and why one was rejected.
_ORDER = {"is_tonight": "boolean", "seen_at": "timestamp"}
_REJECTION = ("reason", "detail", "raw_row", "source_file")


@dataclass(frozen=True)
class CatalogueConfig:
    """How far a catalogue may shrink in a night."""

    max_withdrawn_share: float = field(
        default=0.3,
        metadata={"doc": "a snapshot that would withdraw more withdraws nothing; 1 allows any, for a clearance"},
    )


def rows_by_id(
    table: Table, previous: DataFrame, rows: list[DataFrame], night_date: dt.date, snapshot: bool
) -> DataFrame:
    """All rows of an id in one partition, as `merge` takes them; the job's one shuffle.

    `rows` have any of the table's columns except `updated_on`; `seen_at`, which orders several rows of one id; and
    reason, detail, raw_row, source_file where they may be rejected. With `snapshot`, last night's items are inactive
    unless tonight lists them.
    """
    types = dict(zip(table.names, table.spark_types, strict=True)) | _ORDER | dict.fromkeys(_REJECTION, "string")
    before = {"is_tonight": F.lit(False)} | ({"is_active": F.lit(False)} if snapshot else {})
    tonight = {"is_tonight": F.lit(True), "updated_on": F.lit(str(night_date))}
    parts = [_select(previous, types, before), *(_select(frame, types, tonight) for frame in rows)]
    together = functools.reduce(DataFrame.unionAll, parts)
    return together.select("*", F.xxhash64(F.coalesce(table.key[0], "raw_row")).alias("hash")).repartition("hash")


def _select(frame: DataFrame, types: dict[str, str], given: dict[str, Column]) -> DataFrame:
    """Exactly the columns of `types`, cast: from `given`, else from the frame, else null."""
    values = {name: given.get(name, F.col(name) if name in frame.columns else F.lit(None)) for name in types}
    return frame.select(*[values[name].cast(kind).alias(name) for name, kind in types.items()])


def merge(
    batches: Iterator[pa.RecordBatch], table: Table, rejected: Table, derive: Callable[[pa.Table], pa.Table]
) -> Iterator[tuple[str, pa.Table]]:
    """One row for each id: of each field, the value of the latest row that has one. Rejected rows go to `rejected`.

    The latest is the last by time, then by value: the order in which rows arrive does not matter. `derive` fills in the
    columns that follow from the others.
    """
    first = next(batches, None)
    if first is None:
        return
    rows = pa.Table.from_batches([first, *batches])
    is_rejected = pc.is_valid(rows["reason"])
    yield rejected.name, rows.filter(is_rejected).select(rejected.names)
    rows = rows.filter(pc.invert(is_rejected))
    keys = ["hash", *table.key, *_ORDER, *[name for name in table.names if name not in table.key]]
    order = pc.sort_indices(rows, [(name, "ascending", "at_start") for name in keys])
    rows = rows.select(["hash", *table.names]).take(order).combine_chunks()
    yield table.name, derive(_latest(rows, table))


def derived_items(items: pa.Table, rules: NameRules) -> pa.Table:
    """ITEMS with the columns that follow from others: whether one is sold out, and the names that may be shown."""
    sold_out = pc.less_equal(items["stock"], 0.0)
    items = items.set_column(ITEMS.names.index("is_sold_out"), items.schema.field("is_sold_out"), sold_out)
    return with_shown_names(items, rules)


def as_they_are(users: pa.Table) -> pa.Table:
    """USERS has no column that follows from others."""
    return users


def _latest(rows: pa.Table, table: Table) -> pa.Table:
    """The last non-null value of each column, for each id; `rows` are sorted by id, then from oldest to newest."""
    if rows.num_rows == 0:
        return arrow_schema(table).empty_table()
    ids = rows[table.key[0]].chunk(0)
    ends = np.flatnonzero(np.append(pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False), True))
    starts = np.append(0, ends[:-1] + 1)
    positions = np.arange(rows.num_rows)
    columns = []
    for name in table.names:
        column = rows[name].chunk(0)
        is_valid = pc.is_valid(column).to_numpy(zero_copy_only=False)
        last_valid = np.maximum.accumulate(np.where(is_valid, positions, -1))[ends]
        columns.append(column.take(pa.array(last_valid, mask=last_valid < starts)))
    return pa.table(columns, names=table.names).cast(arrow_schema(table))


class Tonight(NamedTuple):
    """Tonight's rows of one table; `is_snapshot`: what they do not list is to be withdrawn."""

    rows: list[DataFrame]
    is_snapshot: bool


def _tonight(night: Night, which: str, table: Table, described: Input | None) -> Tonight:
    """Rows of the input that the mapping describes, rejected ones too; ids of the events where these are to be added.

    An account that is only in the events is still a user. An item that is only in the events is not in the catalogue,
    unless the mapping describes no catalogue.
    """
    if described is None:
        return Tonight([_ids_of_events(night, table)], False)
    received = night.lake.get_json("raw", night.source.name, f"date={night.date}", "_received.json")
    rows = [_described_rows(night, which, table, described, received)]
    if table is USERS and not described.from_events:
        rows.append(_ids_of_events(night, table))
    has_files = bool(received[which].get("files"))  # a missing file withdraws nothing
    return Tonight(rows, described.snapshot and has_files)


def _described_rows(night: Night, which: str, table: Table, described: Input, received: dict[str, Any]) -> DataFrame:
    limits = night.settings.section("limits")
    read = read_rows(night.spark, night.source, which, received, night.lake, night.date, night.previous_date, limits)
    frame = read.frame
    if described.from_events:  # clean_events reports the rejected lines of events
        frame = frame.where("reason is null")
    if table is not ITEMS:
        return frame
    active = F.col("is_active") if "is_active" in frame.columns else F.lit(None).cast("boolean")
    others = [name for name in frame.columns if name != "is_active"]
    return frame.select(*others, F.coalesce(active, F.lit(True)).alias("is_active"))


def _ids_of_events(night: Night, table: Table) -> DataFrame:
    key = table.key[0]
    ids = night.read(CLEAN_EVENTS).where(F.col(key).isNotNull()).select(key).distinct()
    return ids.withColumn("is_active", F.lit(True)) if table is ITEMS else ids


class Withdrawal(NamedTuple):
    """Numbers of items: those active last night, and those of them that tonight's rows do not list."""

    active: int
    unlisted: int


def withdrawal(night: Night, rows: list[DataFrame]) -> Withdrawal:
    kept_ids = [frame.where("reason is null").select("item_id") for frame in rows]
    listed = functools.reduce(DataFrame.unionAll, kept_ids).distinct()
    active = night.versions(ITEMS).previous().spark().where("is_active").select("item_id")
    counted = active.join(listed.withColumn("is_listed", F.lit(True)), "item_id", how="left").agg(
        F.count(F.lit(1)).alias("active"), F.count_if(F.col("is_listed").isNull()).alias("unlisted")
    )
    (row,) = counted.collect()
    return Withdrawal(*row)


def _may_withdraw(night: Night, rows: list[DataFrame]) -> bool:
    """Whether tonight's snapshot lists enough items to withdraw the others; where it does not, logs and reports it."""
    active, unlisted = withdrawal(night, rows)
    most = night.settings.section("catalogue").max_withdrawn_share
    if unlisted <= most * active:
        return True
    files = night.lake.get_json("raw", night.source.name, f"date={night.date}", "_received.json")["items"]["files"]
    names = ", ".join(file["path"] for file in files)
    warning = (
        f"{names} lists {active - unlisted:,} of {active:,} active items and would withdraw {unlisted / active:.0%}, "
        f"more than catalogue.max_withdrawn_share = {most:.0%}: its rows were read, nothing was withdrawn. Ask the "
        f"shop for the whole file, or allow it with --set catalogue.max_withdrawn_share=1"
    )
    night.log.warning("%s", warning)
    night.report(carried_catalogue=warning)
    return False


def main(night: Night) -> None:
    night.size_for(CLEAN_EVENTS, ITEMS, USERS)
    names = functools.partial(derived_items, rules=NameRules.of(night.settings.section("copy")))
    both = (("items", ITEMS, REJECTED_ITEMS, names), ("users", USERS, REJECTED_USERS, as_they_are))
    for which, table, rejected, derive in both:
        described: Input | None = getattr(night.source, which)
        tonight = _tonight(night, which, table, described)
        withdraws = tonight.is_snapshot and _may_withdraw(night, tonight.rows)
        lines = rows_by_id(table, night.versions(table).previous().spark(), tonight.rows, night.date, withdraws)
        split = functools.partial(merge, table=table, rejected=rejected, derive=derive)
        versions = night.write_split(lines, [table, rejected], count_by=("reason",), split=split)
        reasons = dict(versions[rejected.name].facts.get("counts", []))
        night.report(**{f"rejected_{which}": reasons})
        if described is not None and table is ITEMS and not versions[ITEMS.name].rows:
            raise RuntimeError(
                f"update_catalogue {night.date}: the catalogue is empty: {_where_from(night, described)} gives no item "
                f"({sum(reasons.values())} rows rejected: {reasons}) and no earlier night has one; ask the shop for "
                "the file, correct [items], or leave [items] out: then the catalogue is made of the events"
            )


def _where_from(night: Night, described: Input) -> str:
    return ", ".join(described.files) or f"the events of {night.date}"

"""Merges rows of items or users: one row for each id, with the latest value of each field."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.common.shown_names import NameRules, with_shown_names
from jobs.runtime.history import NIGHT
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from schemas.arrow import arrow_schema
from schemas.sources.mapping import Input
from schemas.table import Table
from schemas.tables import ITEMS

# Columns that rows have beside the table's. Rows are ordered by them: last night's rows have no night and come first,
# tonight's follow by time.
_ORDER = {NIGHT: "date", "seen_at": "timestamp"}
Derive = Callable[[pa.Table], pa.Table]
_REJECTION = ("reason", "detail", "raw_row", "source_file")  # why a row was rejected


def rows_by_id(table: Table, previous: DataFrame, rows: list[DataFrame], night: Column, snapshot: bool) -> DataFrame:
    """Puts all rows of an id into one partition, as `merge` takes them. This is the job's one shuffle.

    rows: frames with any of the table's columns but `updated_on`, which becomes `night`, a date; with `seen_at`, which
    orders several rows of one id; and with reason, detail, raw_row, source_file if their rows may be rejected.
    snapshot: last night's items become inactive unless tonight lists them.
    """
    types = dict(zip(table.names, table.spark_types, strict=True)) | _ORDER | dict.fromkeys(_REJECTION, "string")
    previous_values = {NIGHT: F.lit(None)} | ({"is_active": F.lit(False)} if snapshot else {})
    new_values = {NIGHT: night, "updated_on": night}
    frames = [_select(previous, types, previous_values), *(_select(frame, types, new_values) for frame in rows)]
    all_rows = functools.reduce(DataFrame.unionAll, frames)
    return all_rows.select("*", F.xxhash64(F.coalesce(table.key[0], "raw_row")).alias("hash")).repartition("hash")


def _select(frame: DataFrame, types: dict[str, str], columns: dict[str, Column]) -> DataFrame:
    """The frame with exactly the columns of `types`, cast. A value is from `columns`, else the frame, else null."""
    by_name = {name: columns.get(name, F.col(name) if name in frame.columns else F.lit(None)) for name in types}
    return frame.select(*[by_name[name].cast(kind).alias(name) for name, kind in types.items()])


def derivation(table: Table, settings: Settings) -> Derive:
    """A function that fills in the columns that follow from others: names that may be shown, for items only."""
    if table is not ITEMS:
        return as_they_are
    return functools.partial(with_shown_names, rules=NameRules.of(settings.section("copy")))


def as_they_are(rows: pa.Table) -> pa.Table:
    return rows


def merge(
    batches: Iterator[pa.RecordBatch], table: Table, rejected: Table, derive: Derive
) -> Iterator[tuple[str, pa.Table]]:
    """Merges rows into one for each id. A field gets its value from the latest row that has one.

    Rejected rows go to `rejected`. The latest row is the last by time, then by value, so the order of arrival does not
    matter.
    """
    first = next(batches, None)
    if first is None:
        return
    kept, rejected_rows = sorted_rows(pa.Table.from_batches([first, *batches]), table)
    yield rejected.name, rejected_rows.select(rejected.names)
    ids = kept[table.key[0]].combine_chunks()
    starts = group_starts(ids)
    yield table.name, derive(latest(kept, table, starts, np.append(starts[1:], len(ids)) - 1))


def sorted_rows(rows: pa.Table, table: Table) -> tuple[pa.Table, pa.Table]:
    """(kept rows, sorted by id, then from oldest to newest; rejected rows)."""
    is_rejected = pc.is_valid(rows["reason"])
    kept = rows.filter(pc.invert(is_rejected))
    keys = ["hash", *table.key, *_ORDER, *[name for name in table.names if name not in table.key]]
    order = pc.sort_indices(kept, [(name, "ascending", "at_start") for name in keys])
    return kept.select(["hash", NIGHT, *table.names]).take(order).combine_chunks(), rows.filter(is_rejected)


def group_starts(ids: pa.Array) -> np.ndarray:
    """The position of the first row of each id; `ids` are sorted."""
    if not len(ids):
        return np.zeros(0, np.int64)
    return np.append(0, np.flatnonzero(pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)) + 1)


def latest(rows: pa.Table, table: Table, starts: np.ndarray, ends: np.ndarray) -> pa.Table:
    """One row for each pair of `starts` and `ends`. A column gets its last value between the two that is not null.

    rows: sorted by id, then from oldest to newest; a pair lies within one id, both ends included.
    """
    if rows.num_rows == 0:
        return arrow_schema(table).empty_table()
    positions = np.arange(rows.num_rows)
    columns = {}
    for name in table.names:
        column = rows[name].combine_chunks()
        is_valid = pc.is_valid(column).to_numpy(zero_copy_only=False)
        last_valid = np.maximum.accumulate(np.where(is_valid, positions, -1))[ends]
        columns[name] = column.take(pa.array(last_valid, mask=last_valid < starts))
    if "is_sold_out" in columns:
        columns["is_sold_out"] = pc.less_equal(columns["stock"], 0.0)
    return pa.table(columns).cast(arrow_schema(table))


def usable(frame: DataFrame, table: Table, described: Input) -> DataFrame:
    """The usable rows of an input that describes `table`. An item is active unless its row says that it is not."""
    if described.from_events:  # clean_events reports the rejected lines of events
        frame = frame.where("reason is null")
    if table is not ITEMS:
        return frame
    active = F.col("is_active") if "is_active" in frame.columns else F.lit(None).cast("boolean")
    others = [name for name in frame.columns if name != "is_active"]
    return frame.select(*others, F.coalesce(active, F.lit(True)).alias("is_active"))


def by_day_of_file(frame: DataFrame, files: list[dict[str, Any]], described: Input, night: Column) -> DataFrame:
    """The rows of an input without times. Where some files came late, `seen_at` is the day that the row's file is for.

    Otherwise an old value of a file that came late could replace the value of tonight's file.
    """
    late = {file["path"]: file["for_date"] for file in files if file["for_date"] != file[NIGHT]}
    if not late or described.time is not None or described.from_events:
        return frame
    days = F.create_map(*[F.lit(text) for pair in late.items() for text in pair])
    day = F.coalesce(F.try_element_at(days, F.col("source_file")).cast("date"), night)
    return frame.withColumn("seen_at", day.cast("timestamp"))


def ids_of_events(events: DataFrame, table: Table, *other_columns: str) -> DataFrame:
    """One row for each id in the events and each combination of values of `other_columns`."""
    key = table.key[0]
    ids = events.where(F.col(key).isNotNull()).select(key, *other_columns).distinct()
    return ids.withColumn("is_active", F.lit(True)) if table is ITEMS else ids


def refuse_to_withdraw(night: Night, files: list[str], active: int, unlisted: int) -> None:
    """Logs and reports that the night's snapshot lists too few items to withdraw the others."""
    max_share = night.settings.section("catalogue").max_withdrawn_share
    warning = (
        f"{', '.join(files)} lists {active - unlisted:,} of {active:,} active items and would withdraw "
        f"{unlisted / active:.0%}, more than catalogue.max_withdrawn_share = {max_share:.0%}: its rows were read, "
        "nothing was withdrawn. Ask the shop for the whole file, or allow it with --set catalogue.max_withdrawn_share=1"
    )
    night.log.warning("%s", warning)
    night.report(carried_catalogue=warning)

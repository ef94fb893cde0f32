"""Merges tonight's item and user files (or the events) with last night's rows into items and users.

Tonight's value of a field replaces last night's; a field that tonight leaves empty keeps last night's value. A source
with `snapshot = true` withdraws the items that it no longer lists. If these are more than
`catalogue.max_withdrawn_share` of the active items, the file is probably truncated: its rows are read, and nothing is
withdrawn. A source without a catalogue, or without user files, gets a row for every id in its events.

The job judges names that are new or changed: the `shown_` columns of items hold the names that a page may show.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.intake.catalogue_merge import (
    by_day_of_file,
    derivation,
    ids_of_events,
    merge,
    refuse_to_withdraw,
    rows_by_id,
    usable,
)
from jobs.intake.typed_rows import read_rows
from jobs.runtime.history import NIGHT
from jobs.runtime.night import Night
from schemas.sources.mapping import Input
from schemas.table import Table
from schemas.tables import CLEAN_EVENTS, ITEMS, REJECTED_ITEMS, REJECTED_USERS, USERS


@dataclass(frozen=True)
class CatalogueConfig:
    """How far a catalogue may shrink in a night."""

    max_withdrawn_share: float = field(
        default=0.3,
        metadata={"doc": "a snapshot that would withdraw more withdraws nothing; 1 allows any, for a clearance"},
    )


class Tonight(NamedTuple):
    """Tonight's rows of one table; `is_snapshot`: items that they do not list must be withdrawn."""

    rows: list[DataFrame]
    is_snapshot: bool


def _tonight(night: Night, which: str, table: Table, described: Input | None) -> Tonight:
    """Rows of the input that the mapping describes, with rejected rows, and ids of the events that must be added.

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
    files = [file | {NIGHT: str(night.date)} for file in received[which].get("files", [])]
    return by_day_of_file(usable(read.frame, table, described), files, described, F.lit(night.date))


def _ids_of_events(night: Night, table: Table) -> DataFrame:
    return ids_of_events(night.read(CLEAN_EVENTS), table)


class Withdrawal(NamedTuple):
    """active: items that were active last night. unlisted: how many of them tonight's rows do not list."""

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
    """Whether tonight's snapshot lists enough items to withdraw the others. If not, logs and reports it."""
    active, unlisted = withdrawal(night, rows)
    max_share = night.settings.section("catalogue").max_withdrawn_share
    if unlisted <= max_share * active:
        return True
    files = night.lake.get_json("raw", night.source.name, f"date={night.date}", "_received.json")["items"]["files"]
    refuse_to_withdraw(night, [file["path"] for file in files], active, unlisted)
    return False


def main(night: Night) -> None:
    night.size_for(CLEAN_EVENTS, ITEMS, USERS)
    for which, table, rejected in (("items", ITEMS, REJECTED_ITEMS), ("users", USERS, REJECTED_USERS)):
        described: Input | None = getattr(night.source, which)
        tonight = _tonight(night, which, table, described)
        withdraws = tonight.is_snapshot and _may_withdraw(night, tonight.rows)
        previous = night.versions(table).previous().spark()
        lines = rows_by_id(table, previous, tonight.rows, F.lit(night.date), withdraws)
        split = functools.partial(merge, table=table, rejected=rejected, derive=derivation(table, night.settings))
        versions = night.write_split(lines, [table, rejected], count_by=("reason",), split=split)
        reasons = dict(versions[rejected.name].facts.get("counts", []))
        night.report(**{f"rejected_{which}": reasons})
        if described is not None and table is ITEMS and not versions[ITEMS.name].rows:
            raise RuntimeError(
                f"update_catalogue {night.date}: the catalogue is empty: {_origin_of(night, described)} gives no item "
                f"({sum(reasons.values())} rows rejected: {reasons}) and no earlier night has one; ask the shop for "
                "the file, correct [items], or leave [items] out: then the catalogue is made of the events"
            )


def _origin_of(night: Night, described: Input) -> str:
    return ", ".join(described.files) or f"the events of {night.date}"

"""Merges the item and user files of many nights (or their events) into items and users, as single nights would.

All rows of an id are together, so they give its state after each night: a field gets its latest value. One question
needs all items at once and is answered before: whether a night's snapshot may withdraw the items that it does not list.
"""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.intake.catalogue_merge import (
    by_day_of_file,
    derivation,
    ids_of_events,
    refuse_to_withdraw,
    rows_by_id,
    usable,
)
from jobs.intake.catalogue_states import ITEM_FACTS, LISTED, MergeRules, date_of, listed, split
from jobs.intake.history_events import Received, ends, files_alike, read_groups
from jobs.runtime.history import BEFORE, FIRST_DAY, NIGHT, History, key
from jobs.runtime.lake import Version
from jobs.runtime.parquet_files import read_table
from jobs.runtime.table_writer import write_nights
from schemas.sources.mapping import Input
from schemas.table import Table
from schemas.tables import ITEMS, REJECTED_ITEMS, REJECTED_USERS, USERS


def merge(history: History, received: Received, keep_items: int) -> pa.Table:
    """Writes items and users, and the rejected rows of every night. Returns ITEM_FACTS.

    keep_items: for so many last nights the whole ITEMS are written; whole USERS are written for the last night only.
    """
    for which, table, rejected, nights_written in (
        ("users", USERS, REJECTED_USERS, 1),
        ("items", ITEMS, REJECTED_ITEMS, keep_items),
    ):
        described: Input | None = getattr(history.first.source, which)
        rows = _rows(history, which, table, described, received)
        previous = history.first.versions(table).previous().spark()
        lines = rows_by_id(table, previous, rows, F.col(NIGHT), snapshot=False)
        withdraws = described is not None and described.snapshot
        if withdraws:
            lines = lines.persist()  # it is read twice
        rules = _rules(history, table, rejected, described, nights_written)
        if withdraws:
            rules = replace(rules, withdraws=_withdrawals(history, lines, rules, received))
        versions = _write(history, lines, rules)
        lines.unpersist()
        for night in history.nights:
            reasons = dict(versions[key(rejected, night.date)].facts.get("counts", []))
            night.report(**{f"rejected_{which}": reasons})
    _refuse_an_empty_catalogue(history, described, versions[key(ITEMS, history.last.date)].rows)
    return _facts(history, versions[key(ITEM_FACTS, history.last.date)])


def _write(history: History, lines: DataFrame, rules: MergeRules) -> dict[str, Version]:
    """Writes the table, its rejected rows and, for items, their facts. Returns the versions by key."""
    targets = {key(rules.rejected, day): (rules.rejected, str(day)) for day in history.dates}
    for night_number in rules.written_nights:
        targets[key(rules.table, date_of(night_number))] = (rules.table, str(date_of(night_number)))
    if rules.table is ITEMS:
        targets[key(ITEM_FACTS, history.last.date)] = (ITEM_FACTS, str(history.last.date))
    by_night = functools.partial(split, rules=rules)
    return write_nights(lines, targets, history.lake, history.first.run, ("reason",), by_night)


def _rows(history: History, which: str, table: Table, described: Input | None, received: Received) -> list[DataFrame]:
    """The rows of all nights, with `night`. Rows of undated files are there twice: for the first and the last night."""
    if described is None:
        return [ids_of_events(history.events(), table, NIGHT)]
    spec = history.first.source.events if described.from_events else described
    groups = files_alike(spec, received)
    rows = [
        by_day_of_file(usable(read.frame, table, described), files, described, F.col(NIGHT))
        for read, files in zip(read_groups(history, which, groups), groups, strict=True)
    ]
    if not spec.is_dated and not described.from_events:
        rows += [frame.where("reason is null").withColumn(NIGHT, F.lit(history.last.date)) for frame in rows]
    if table is USERS and not described.from_events:
        rows.append(ids_of_events(history.events(), table, NIGHT))
    return rows


def _rules(history: History, table: Table, rejected: Table, described: Input | None, nights_written: int) -> MergeRules:
    by_time = described is not None and described.from_events and not history.first.source.events.is_dated
    return MergeRules(
        table=table,
        rejected=rejected,
        nights=history.numbers,
        ends=ends(history) if by_time else None,
        withdraws=np.zeros(0, np.int64),
        written_nights=history.numbers[-nights_written:],
        is_undated=described is not None and not described.from_events and not described.is_dated,
        derive=derivation(table, history.first.settings),
    )


def _withdrawals(history: History, lines: DataFrame, rules: MergeRules, received: Received) -> np.ndarray:
    """The nights whose snapshot withdraws the items that it does not list. Logs and reports the other nights.

    As in update_catalogue, a snapshot withdraws nothing if it would withdraw too many of the active items.
    """
    listings = lines.mapInArrow(functools.partial(listed, rules=rules), LISTED).toArrow()
    ids, item_index = np.unique(listings["hash"].to_numpy(), return_inverse=True)
    night_numbers, is_active = listings[NIGHT].to_numpy(), listings["is_active"].to_numpy()
    active = np.zeros(len(ids), bool)
    is_before = night_numbers == BEFORE
    active[item_index[is_before]] = is_active[is_before]
    max_share, withdrawing = history.settings.section("catalogue").max_withdrawn_share, []
    nights = [history.first, history.last] if rules.is_undated else history.nights
    for night in nights:
        is_tonight = night_numbers == (night.date - FIRST_DAY).days
        listed_items = item_index[is_tonight]
        files = received[night.date][rules.table.name].get("files", [])
        active_items, unlisted = int(active.sum()), int(active.sum() - active[listed_items].sum())
        if files and unlisted <= max_share * active_items:
            withdrawing.append((night.date - FIRST_DAY).days)
            active[:] = False
        elif files:
            refuse_to_withdraw(night, [file["path"] for file in files], active_items, unlisted)
        active[listed_items] = is_active[is_tonight]
    return np.array(withdrawing, np.int64)


def _facts(history: History, version: Version) -> pa.Table:
    """The rows of ITEM_FACTS, sorted by item and night. The table is deleted from the lake."""
    parts = [read_table(history.lake, path) for path in history.lake.file_paths(version)]
    history.lake.delete("tables", ITEM_FACTS.name)
    return pa.concat_tables(parts).sort_by([("item_id", "ascending"), (NIGHT, "ascending")])


def _refuse_an_empty_catalogue(history: History, described: Input | None, rows: int) -> None:
    if described is not None and not rows:
        raise RuntimeError(
            f"load_history: the catalogue of {history.last.date} is empty: "
            f"{', '.join(described.files) or 'the events'} gives no item of {len(history.nights)} nights; correct "
            "[items], or leave [items] out: then the catalogue is made of the events"
        )

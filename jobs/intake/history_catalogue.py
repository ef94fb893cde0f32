"""Merges the item and user files of many nights (or their events) into items and users, as night after night would.

All rows of an id are together, so its state after each night follows from them: of each field the latest value. What
needs all items at once is decided before: whether a night's snapshot may withdraw what it does not list.
"""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.intake.catalogue_merge import (
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
    """Writes items and users, with rejected rows of every night; returns each item's FACTS from each `night` on.

    keep_items: the last nights of which whole ITEMS are written; of USERS it is the last one.
    """
    for which, table, rejected, kept in (
        ("users", USERS, REJECTED_USERS, 1),
        ("items", ITEMS, REJECTED_ITEMS, keep_items),
    ):
        described: Input | None = getattr(history.first.source, which)
        rows = _rows(history, which, table, described, received)
        before = history.first.versions(table).previous().spark()
        lines = rows_by_id(table, before, rows, F.col(NIGHT), snapshot=False)
        withdraws = described is not None and described.snapshot
        if withdraws:
            lines = lines.persist()  # it is read twice
        rules = _rules(history, table, rejected, described, kept)
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
    """The versions of the table, of its rejected rows and, of items, their facts; by key."""
    targets = {key(rules.rejected, day): (rules.rejected, str(day)) for day in history.dates}
    for number in rules.kept:
        targets[key(rules.table, date_of(number))] = (rules.table, str(date_of(number)))
    if rules.table is ITEMS:
        targets[key(ITEM_FACTS, history.last.date)] = (ITEM_FACTS, str(history.last.date))
    by_night = functools.partial(split, rules=rules)
    return write_nights(lines, targets, history.lake, history.first.run, ("reason",), by_night)


def _rows(history: History, which: str, table: Table, described: Input | None, received: Received) -> list[DataFrame]:
    """The rows of all nights, with `night`; those of a file that every night has are there for the first and last."""
    if described is None:
        return [ids_of_events(history.events(), table, NIGHT)]
    spec = history.first.source.events if described.from_events else described
    groups = files_alike(spec, received)
    rows = [usable(read.frame, table, described) for read in read_groups(history, which, groups)]
    if not spec.is_dated and not described.from_events:
        rows += [frame.where("reason is null").withColumn(NIGHT, F.lit(history.last.date)) for frame in rows]
    if table is USERS and not described.from_events:
        rows.append(ids_of_events(history.events(), table, NIGHT))
    return rows


def _rules(history: History, table: Table, rejected: Table, described: Input | None, kept: int) -> MergeRules:
    by_time = described is not None and described.from_events and not history.first.source.events.is_dated
    return MergeRules(
        table=table,
        rejected=rejected,
        nights=history.numbers,
        ends=ends(history) if by_time else None,
        withdraws=np.zeros(0, np.int64),
        kept=history.numbers[-kept:],
        every=described is not None and not described.from_events and not described.is_dated,
        derive=derivation(table, history.first.settings),
    )


def _withdrawals(history: History, lines: DataFrame, rules: MergeRules, received: Received) -> np.ndarray:
    """The nights that withdraw what their snapshot does not list; the others are logged and reported.

    As in update_catalogue, a snapshot that would withdraw too many of the items then active withdraws nothing.
    """
    found = lines.mapInArrow(functools.partial(listed, rules=rules), LISTED).toArrow()
    ids, place = np.unique(found["hash"].to_numpy(), return_inverse=True)
    number, is_active = found[NIGHT].to_numpy(), found["is_active"].to_numpy()
    active = np.zeros(len(ids), bool)
    of_before = number == BEFORE
    active[place[of_before]] = is_active[of_before]
    most, withdrawing = history.settings.section("catalogue").max_withdrawn_share, []
    listing = [history.first, history.last] if rules.every else history.nights
    for night in listing:
        tonight = number == (night.date - FIRST_DAY).days
        on_it = place[tonight]
        files = received[night.date][rules.table.name].get("files", [])
        before, unlisted = int(active.sum()), int(active.sum() - active[on_it].sum())
        if files and unlisted <= most * before:
            withdrawing.append((night.date - FIRST_DAY).days)
            active[:] = False
        elif files:
            refuse_to_withdraw(night, [file["path"] for file in files], before, unlisted)
        active[on_it] = is_active[tonight]
    return np.array(withdrawing, np.int64)


def _facts(history: History, version: Version) -> pa.Table:
    """The rows of ITEM_FACTS, sorted by item and night; they are not kept in the lake."""
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

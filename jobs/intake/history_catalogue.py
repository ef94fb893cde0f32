"""Merges the item and user files of many nights (or their events) into items and users, as night after night would.

All rows of an id are together, so its state after each night follows from them: of each field the latest value. What
needs all items at once is decided before: whether a night's snapshot may withdraw what it does not list.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.intake.history_events import Received, ends, files_alike, read_groups
from jobs.intake.update_catalogue import (
    group_starts,
    ids_of_events,
    latest,
    refuse_to_withdraw,
    rows_by_id,
    sorted_rows,
    usable,
)
from jobs.runtime.history import FIRST_DAY, NIGHT, History, key
from schemas.sources.mapping import Input
from schemas.table import Table
from schemas.tables import ITEMS, REJECTED_ITEMS, REJECTED_USERS, USERS

_BEFORE = -1  # the number of the night of rows that the lake had
_LISTED = "hash bigint, night int, is_active boolean"
# What later steps ask of an item on a night.
FACTS = ("item_id", "category", "brand", "attributes", "price", "currency", "stock", "is_active")


@dataclass(frozen=True)
class MergeRules:
    """What the rows of one table are merged by.

    nights (N,): as days since 1970. ends (N,): where a row's night follows from its time, else None. withdraws: the
    nights whose snapshot withdraws what it does not list. kept: nights of which the whole table is written. every:
    rejected rows are those of a file that every night has.
    """

    table: Table
    rejected: Table
    nights: np.ndarray
    ends: np.ndarray | None
    withdraws: np.ndarray
    kept: np.ndarray
    every: bool


class States(NamedTuple):
    """An id's states, sorted by id and night: `rows` of the table, `night` (n,) from which each holds, `ids` (n,)
    the place of its id."""

    rows: pa.Table
    night: np.ndarray
    ids: np.ndarray


def merge(history: History, received: Received, keep_items: int) -> pa.Table:
    """Writes items and users, with rejected rows of every night; returns each item's FACTS from each `night` on.

    keep_items: the last nights of which whole ITEMS are written; of USERS it is the last one.
    """
    facts = pa.table({})
    for which, table, rejected, kept in (
        ("items", ITEMS, REJECTED_ITEMS, keep_items),
        ("users", USERS, REJECTED_USERS, 1),
    ):
        described: Input | None = getattr(history.first.source, which)
        rows = _rows(history, which, table, described, received)
        before = history.first.versions(table).previous().spark()
        lines = rows_by_id(table, before, rows, F.col(NIGHT), snapshot=False).persist()
        try:
            facts_of_rules = _rules(history, table, rejected, described, kept)
            withdrawn = _withdrawals(history, lines, facts_of_rules, described, received)
            rules = MergeRules(**{**facts_of_rules, "withdraws": withdrawn})
            versions = history.write(lines, [table, rejected], ("reason",), functools.partial(_split, rules=rules))
            for night in history.nights:
                reasons = dict(versions[key(rejected, night.date)].facts.get("counts", []))
                night.report(**{f"rejected_{which}": reasons})
            if table is ITEMS:
                _refuse_an_empty_catalogue(history, described, versions[key(ITEMS, history.last.date)].rows)
                facts = _facts(lines, rules)
        finally:
            lines.unpersist()
    return facts


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


def _rules(history: History, table: Table, rejected: Table, described: Input | None, kept: int) -> dict[str, Any]:
    by_time = described is not None and described.from_events and not history.first.source.events.is_dated
    return {
        "table": table,
        "rejected": rejected,
        "nights": history.numbers,
        "ends": ends(history) if by_time else None,
        "withdraws": np.zeros(0, np.int64),
        "kept": history.numbers[-kept:],
        "every": described is not None and not described.from_events and not described.is_dated,
    }


def _withdrawals(
    history: History, lines: DataFrame, rules: dict[str, Any], described: Input | None, received: Received
) -> np.ndarray:
    """The nights that withdraw what their snapshot does not list; the others are logged and reported.

    As in update_catalogue, a snapshot that would withdraw too many of the items then active withdraws nothing.
    """
    if described is None or not described.snapshot:
        return np.zeros(0, np.int64)
    table = rules["table"]
    found = lines.mapInArrow(functools.partial(_listed, rules=MergeRules(**rules)), _LISTED).toArrow()
    ids, place = np.unique(found["hash"].to_numpy(), return_inverse=True)
    number, is_active = found[NIGHT].to_numpy(), found["is_active"].to_numpy()
    active = np.zeros(len(ids), bool)
    of_before = number == _BEFORE
    active[place[of_before]] = is_active[of_before]
    most, withdrawing = history.settings.section("catalogue").max_withdrawn_share, []
    listing = [history.first, history.last] if rules["every"] else history.nights
    for night in listing:
        tonight = number == (night.date - FIRST_DAY).days
        listed = place[tonight]
        files = received[night.date][table.name].get("files", [])
        before, unlisted = int(active.sum()), int(active.sum() - active[listed].sum())
        if files and unlisted <= most * before:
            withdrawing.append((night.date - FIRST_DAY).days)
            active[:] = False
        elif files:
            refuse_to_withdraw(night, [file["path"] for file in files], before, unlisted)
        active[listed] = is_active[tonight]
    return np.array(withdrawing, np.int64)


def _listed(batches: Iterator[pa.RecordBatch], rules: MergeRules) -> Iterator[pa.RecordBatch]:
    """(hash, night, is_active) of each id on each night that lists it."""
    for rows in _whole(batches):
        states, hashes = _states(rows, rules)
        columns = {
            "hash": hashes,
            NIGHT: pa.array(states.night, pa.int32()),
            "is_active": pc.fill_null(states.rows["is_active"], False),
        }
        yield from pa.table(columns).to_batches()


def _split(batches: Iterator[pa.RecordBatch], rules: MergeRules) -> Iterator[tuple[str, pa.Table]]:
    """Rejected rows of each night, and the whole table of the nights that are kept."""
    for rows in _whole(batches):
        yield from _rejected(rows.filter(pc.is_valid(rows["reason"])), rules)
        states, _ = _states(rows, rules)
        for number in rules.kept:
            there = states.night <= number
            last = there & np.append(~there[1:] | (states.ids[1:] != states.ids[:-1]), True)[: len(there)]
            yield key(rules.table, _date(number)), states.rows.filter(pa.array(last))


def _rejected(rows: pa.Table, rules: MergeRules) -> Iterator[tuple[str, pa.Table]]:
    number = _numbers(rows, rules)
    for night in rules.nights if rows.num_rows else ():
        mine = rows if rules.every else rows.filter(pa.array(number == night))
        yield key(rules.rejected, _date(night)), mine.select(rules.rejected.names)


def _whole(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """All rows of a partition as one table, if it has any."""
    first = next(batches, None)
    if first is not None:
        yield pa.Table.from_batches([first, *batches]).combine_chunks()


def _states(rows: pa.Table, rules: MergeRules) -> tuple[States, pa.Array]:
    """(the states of each id, the hash of each state's id)."""
    numbered = rows.set_column(
        rows.column_names.index(NIGHT), NIGHT, pa.array(_numbers(rows, rules), pa.int32()).cast(pa.date32())
    )
    kept, _ = sorted_rows(numbered, rules.table)
    if "updated_on" in kept.column_names and rules.ends is not None:
        is_new = pc.not_equal(kept[NIGHT].cast(pa.int32()), _BEFORE)
        updated = pc.if_else(is_new, kept[NIGHT], kept["updated_on"])
        kept = kept.set_column(kept.column_names.index("updated_on"), "updated_on", updated)
    number = kept[NIGHT].cast(pa.int32()).to_numpy()
    id_starts = group_starts(kept[rules.table.key[0]].combine_chunks())
    ids = np.repeat(np.arange(len(id_starts)), np.diff(np.append(id_starts, len(number))))
    is_last = np.append((ids[1:] != ids[:-1]) | (number[1:] != number[:-1]), True)[: len(number)]
    last = np.flatnonzero(is_last)
    made = latest(kept, rules.table, id_starts[ids[last]], last)
    hashes = kept["hash"].take(pa.array(last)).combine_chunks()
    return _with_withdrawals(States(made, number[last], ids[last]), rules, hashes)


def _with_withdrawals(states: States, rules: MergeRules, hashes: pa.Array) -> tuple[States, pa.Array]:
    """A further state from the first night on that withdraws an item which it does not list."""
    if not len(rules.withdraws) or not len(states.night):
        return states, hashes
    place = np.searchsorted(rules.withdraws, states.night, side="right")
    never = np.iinfo(np.int64).max
    withdrawn = np.append(rules.withdraws, never)[place]
    next_night = np.append(np.where(states.ids[1:] == states.ids[:-1], states.night[1:], never), never)
    ended = np.flatnonzero((withdrawn < next_night) & (withdrawn != never))
    inactive = states.rows.take(pa.array(ended))
    inactive = inactive.set_column(
        inactive.column_names.index("is_active"), inactive.schema.field("is_active"), pa.array([False] * len(ended))
    )
    night, ids = np.append(states.night, withdrawn[ended]), np.append(states.ids, states.ids[ended])
    order = np.lexsort((night, ids))
    rows = pa.concat_tables([states.rows, inactive]).take(pa.array(order))
    both = pa.concat_arrays([hashes, hashes.take(pa.array(ended))]).take(pa.array(order))
    return States(rows.combine_chunks(), night[order], ids[order]), both


def _numbers(rows: pa.Table, rules: MergeRules) -> np.ndarray:
    """(n,) the night of each row as days since 1970, _BEFORE for those that the lake had."""
    stated = rows[NIGHT].cast(pa.int32()).fill_null(_BEFORE).combine_chunks().to_numpy().astype(np.int64)
    if rules.ends is None:
        return stated
    time = rows["seen_at"].cast(pa.int64()).combine_chunks()
    place = np.searchsorted(rules.ends, time.fill_null(0).to_numpy(), side="right")
    by_time = rules.nights[np.minimum(place, len(rules.nights) - 1)]
    is_told = pc.is_valid(time).to_numpy(zero_copy_only=False) & (stated != _BEFORE)
    return np.where(is_told, by_time, stated)


def _facts(lines: DataFrame, rules: MergeRules) -> pa.Table:
    """FACTS of each item from each `night` on at which one of them changed, sorted by item and night."""
    names = dict(zip(ITEMS.names, ITEMS.spark_types, strict=True))
    ddl = ", ".join([f"{NIGHT} int", *(f"{name} {names[name]}" for name in FACTS)])
    return (
        lines.mapInArrow(functools.partial(_changes, rules=rules), ddl)
        .toArrow()
        .sort_by([("item_id", "ascending"), (NIGHT, "ascending")])
    )


def _changes(batches: Iterator[pa.RecordBatch], rules: MergeRules) -> Iterator[pa.RecordBatch]:
    for rows in _whole(batches):
        states, _ = _states(rows, rules)
        if not len(states.night):
            continue
        changed = np.append(True, states.ids[1:] != states.ids[:-1])
        for name in FACTS[1:]:
            column = states.rows[name].combine_chunks()
            now, before = column[1:], column[:-1]
            same = pc.or_(pc.fill_null(pc.equal(now, before), False), pc.and_(pc.is_null(now), pc.is_null(before)))
            changed[1:] |= ~same.to_numpy(zero_copy_only=False)
        told = pa.table({NIGHT: pa.array(states.night, pa.int32()), **{n: states.rows[n] for n in FACTS}})
        yield from told.filter(pa.array(changed)).to_batches()


def _refuse_an_empty_catalogue(history: History, described: Input | None, rows: int) -> None:
    if described is not None and not rows:
        raise RuntimeError(
            f"load_history: the catalogue of {history.last.date} is empty: "
            f"{', '.join(described.files) or 'the events'} gives no item of {len(history.nights)} nights; correct "
            "[items], or leave [items] out: then the catalogue is made of the events"
        )


def _date(number: int) -> dt.date:
    return FIRST_DAY + dt.timedelta(days=int(number))

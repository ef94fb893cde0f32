"""Computes the state of each item or user after each of many nights, from all rows of an id at once. Arrow in and out.

Rows of an id are merged as in a single night: a field gets its latest value. Each function takes a partition that holds
all rows of some ids.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.intake.catalogue_merge import Derive, group_starts, latest, sorted_rows
from jobs.runtime.history import BEFORE, FIRST_DAY, NIGHT, key
from schemas.table import Column, Table
from schemas.tables import ITEMS

LISTED = "hash bigint, night int, is_active boolean"
# The facts about an item on a night that later steps need.
FACTS = (
    "item_id",
    "category",
    "shown_category",
    "shown_brand",
    "attributes",
    "price",
    "currency",
    "stock",
    "is_active",
)
ITEM_FACTS = Table(
    name="item_facts",
    grain="what an item was from one night on; only while a history is loaded",
    key=("item_id", NIGHT),
    columns=(
        Column(NIGHT, "int32", "The night, as days since 1970; -1: what the lake had."),
        *(ITEMS.column(name).but(inner=False) for name in FACTS),
    ),
    readers="load_history",
)


@dataclass(frozen=True)
class MergeRules:
    """How the rows of one table are merged.

    nights (N,): as days since 1970. ends (N,): the end of each night if a row's time decides its night, else None.
    withdraws: the nights whose snapshot withdraws items that it does not list. written_nights: the nights whose whole
    table is written. is_undated: every night has the same files, so it gets all their rejected rows. derive: fills in
    the columns that follow from others.
    """

    table: Table
    rejected: Table
    nights: np.ndarray
    ends: np.ndarray | None
    withdraws: np.ndarray
    written_nights: np.ndarray
    is_undated: bool
    derive: Derive


class States(NamedTuple):
    """n states, sorted by id and night. rows: of the table. night (n,): the first night of each state. ids (n,): the
    number of its id."""

    rows: pa.Table
    night: np.ndarray
    ids: np.ndarray


def listed(batches: Iterator[pa.RecordBatch], rules: MergeRules) -> Iterator[pa.RecordBatch]:
    """(hash, night, is_active) of each id on each night that lists it."""
    for rows in _partition(batches):
        states, hashes = _states(rows, rules)
        columns = {
            "hash": hashes,
            NIGHT: pa.array(states.night, pa.int32()),
            "is_active": pc.fill_null(states.rows["is_active"], False),
        }
        yield from pa.table(columns).to_batches()


def split(batches: Iterator[pa.RecordBatch], rules: MergeRules) -> Iterator[tuple[str, pa.Table]]:
    """Rejected rows of each night, and the whole table of each of the `written_nights`."""
    for rows in _partition(batches):
        yield from _rejected(rows.filter(pc.is_valid(rows["reason"])), rules)
        states, _ = _states(rows, rules)
        states = states._replace(rows=rules.derive(states.rows))
        for night in rules.written_nights:
            holds_by_then = states.night <= night
            is_last = (
                holds_by_then
                & np.append(~holds_by_then[1:] | (states.ids[1:] != states.ids[:-1]), True)[: len(holds_by_then)]
            )
            yield key(rules.table, date_of(night)), states.rows.filter(pa.array(is_last))
        if rules.table == ITEMS:  # a worker has a copy of the table
            yield key(ITEM_FACTS, date_of(rules.nights[-1])), _changes(states)


def _rejected(rows: pa.Table, rules: MergeRules) -> Iterator[tuple[str, pa.Table]]:
    row_nights = _row_nights(rows, rules)
    for night in rules.nights if rows.num_rows else ():
        rejected_rows = rows if rules.is_undated else rows.filter(pa.array(row_nights == night))
        yield key(rules.rejected, date_of(night)), rejected_rows.select(rules.rejected.names)


def _partition(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """All rows of a partition as one table, if it has any."""
    first = next(batches, None)
    if first is not None:
        yield pa.Table.from_batches([first, *batches]).combine_chunks()


def _states(rows: pa.Table, rules: MergeRules) -> tuple[States, pa.Array]:
    """(the states of all ids, the hash of each state's id)."""
    numbered = rows.set_column(
        rows.column_names.index(NIGHT), NIGHT, pa.array(_row_nights(rows, rules), pa.int32()).cast(pa.date32())
    )
    kept, _ = sorted_rows(numbered, rules.table)
    if "updated_on" in kept.column_names and rules.ends is not None:
        is_new = pc.not_equal(kept[NIGHT].cast(pa.int32()), BEFORE)
        updated = pc.if_else(is_new, kept[NIGHT], kept["updated_on"])
        kept = kept.set_column(kept.column_names.index("updated_on"), "updated_on", updated)
    nights = kept[NIGHT].cast(pa.int32()).to_numpy()
    id_starts = group_starts(kept[rules.table.key[0]].combine_chunks())
    ids = np.repeat(np.arange(len(id_starts)), np.diff(np.append(id_starts, len(nights))))
    is_last = np.append((ids[1:] != ids[:-1]) | (nights[1:] != nights[:-1]), True)[: len(nights)]
    last = np.flatnonzero(is_last)
    merged = latest(kept, rules.table, id_starts[ids[last]], last)
    hashes = kept["hash"].take(pa.array(last)).combine_chunks()
    return _with_withdrawals(States(merged, nights[last], ids[last]), rules, hashes)


def _with_withdrawals(states: States, rules: MergeRules, hashes: pa.Array) -> tuple[States, pa.Array]:
    """Adds an inactive state to each item that a snapshot stops listing, from that night on."""
    if not len(rules.withdraws) or not len(states.night):
        return states, hashes
    next_withdrawal = np.searchsorted(rules.withdraws, states.night, side="right")
    never = np.int64(np.iinfo(np.int64).max)  # a numpy integer of 64 bits: a Python integer would be cut to 32
    withdrawn = np.append(rules.withdraws, never)[next_withdrawal]
    next_night = np.append(np.where(states.ids[1:] == states.ids[:-1], states.night[1:], never), never)
    ended = np.flatnonzero((withdrawn < next_night) & (withdrawn != never))
    inactive = states.rows.take(pa.array(ended))
    inactive = inactive.set_column(
        inactive.column_names.index("is_active"),
        inactive.schema.field("is_active"),
        pa.array(np.zeros(len(ended), bool)),
    )
    night, ids = np.append(states.night, withdrawn[ended]), np.append(states.ids, states.ids[ended])
    order = np.lexsort((night, ids))
    rows = pa.concat_tables([states.rows, inactive]).take(pa.array(order))
    all_hashes = pa.concat_arrays([hashes, hashes.take(pa.array(ended))]).take(pa.array(order))
    return States(rows.combine_chunks(), night[order], ids[order]), all_hashes


def _row_nights(rows: pa.Table, rules: MergeRules) -> np.ndarray:
    """(n,) the night of each row as days since 1970; BEFORE for rows that the lake already had."""
    stated = rows[NIGHT].cast(pa.int32()).fill_null(BEFORE).combine_chunks().to_numpy().astype(np.int64)
    if rules.ends is None:
        return stated
    times = rows["seen_at"].cast(pa.int64()).combine_chunks()
    night_index = np.searchsorted(rules.ends, times.fill_null(0).to_numpy(), side="right")
    by_time = rules.nights[np.minimum(night_index, len(rules.nights) - 1)]
    has_time = pc.is_valid(times).to_numpy(zero_copy_only=False) & (stated != BEFORE)
    return np.where(has_time, by_time, stated)


def _changes(states: States) -> pa.Table:
    """ITEM_FACTS of the states in which at least one fact differs from the state before."""
    changed = np.append(True, states.ids[1:] != states.ids[:-1])[: len(states.ids)]
    for name in FACTS[1:]:
        column = states.rows[name].combine_chunks()
        current, previous = column[1:], column[:-1]
        same = pc.or_(
            pc.fill_null(pc.equal(current, previous), False), pc.and_(pc.is_null(current), pc.is_null(previous))
        )
        changed[1:] |= ~same.to_numpy(zero_copy_only=False)
    facts = pa.table({NIGHT: pa.array(states.night, pa.int32()), **{name: states.rows[name] for name in FACTS}})
    return facts.filter(pa.array(changed))


def date_of(number: int) -> dt.date:
    return FIRST_DAY + dt.timedelta(days=int(number))

"""An item's or user's state after each of many nights, from all rows of an id at once: Arrow in, Arrow out.

Rows of an id are merged as a night merges them: of each field the latest value. Each function takes a partition that
holds all rows of some ids.
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
# What later steps ask of an item on a night.
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
    """What the rows of one table are merged by.

    nights (N,): as days since 1970. ends (N,): where a row's night follows from its time, else None. withdraws: the
    nights whose snapshot withdraws what it does not list. kept: nights of which the whole table is written. every:
    rejected rows are those of a file that every night has. derive: fills in the columns that follow from others.
    """

    table: Table
    rejected: Table
    nights: np.ndarray
    ends: np.ndarray | None
    withdraws: np.ndarray
    kept: np.ndarray
    every: bool
    derive: Derive


class States(NamedTuple):
    """An id's states, sorted by id and night: `rows` of the table, `night` (n,) from which each holds, `ids` (n,)
    the place of its id."""

    rows: pa.Table
    night: np.ndarray
    ids: np.ndarray


def listed(batches: Iterator[pa.RecordBatch], rules: MergeRules) -> Iterator[pa.RecordBatch]:
    """(hash, night, is_active) of each id on each night that lists it."""
    for rows in _whole(batches):
        states, hashes = _states(rows, rules)
        columns = {
            "hash": hashes,
            NIGHT: pa.array(states.night, pa.int32()),
            "is_active": pc.fill_null(states.rows["is_active"], False),
        }
        yield from pa.table(columns).to_batches()


def split(batches: Iterator[pa.RecordBatch], rules: MergeRules) -> Iterator[tuple[str, pa.Table]]:
    """Rejected rows of each night, and the whole table of the nights that are kept."""
    for rows in _whole(batches):
        yield from _rejected(rows.filter(pc.is_valid(rows["reason"])), rules)
        states, _ = _states(rows, rules)
        states = states._replace(rows=rules.derive(states.rows))
        for number in rules.kept:
            there = states.night <= number
            last = there & np.append(~there[1:] | (states.ids[1:] != states.ids[:-1]), True)[: len(there)]
            yield key(rules.table, date_of(number)), states.rows.filter(pa.array(last))
        if rules.table == ITEMS:  # a worker has a copy of the table
            yield key(ITEM_FACTS, date_of(rules.nights[-1])), _changes(states)


def _rejected(rows: pa.Table, rules: MergeRules) -> Iterator[tuple[str, pa.Table]]:
    number = _numbers(rows, rules)
    for night in rules.nights if rows.num_rows else ():
        mine = rows if rules.every else rows.filter(pa.array(number == night))
        yield key(rules.rejected, date_of(night)), mine.select(rules.rejected.names)


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
        is_new = pc.not_equal(kept[NIGHT].cast(pa.int32()), BEFORE)
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
    never = np.int64(np.iinfo(np.int64).max)  # of the type of 64 bits: a Python integer would be cut to 32
    withdrawn = np.append(rules.withdraws, never)[place]
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
    both = pa.concat_arrays([hashes, hashes.take(pa.array(ended))]).take(pa.array(order))
    return States(rows.combine_chunks(), night[order], ids[order]), both


def _numbers(rows: pa.Table, rules: MergeRules) -> np.ndarray:
    """(n,) the night of each row as days since 1970, BEFORE for those that the lake had."""
    stated = rows[NIGHT].cast(pa.int32()).fill_null(BEFORE).combine_chunks().to_numpy().astype(np.int64)
    if rules.ends is None:
        return stated
    time = rows["seen_at"].cast(pa.int64()).combine_chunks()
    place = np.searchsorted(rules.ends, time.fill_null(0).to_numpy(), side="right")
    by_time = rules.nights[np.minimum(place, len(rules.nights) - 1)]
    is_told = pc.is_valid(time).to_numpy(zero_copy_only=False) & (stated != BEFORE)
    return np.where(is_told, by_time, stated)


def _changes(states: States) -> pa.Table:
    """ITEM_FACTS of the states in which one of the facts differs from the state before."""
    changed = np.append(True, states.ids[1:] != states.ids[:-1])[: len(states.ids)]
    for name in FACTS[1:]:
        column = states.rows[name].combine_chunks()
        now, before = column[1:], column[:-1]
        same = pc.or_(pc.fill_null(pc.equal(now, before), False), pc.and_(pc.is_null(now), pc.is_null(before)))
        changed[1:] |= ~same.to_numpy(zero_copy_only=False)
    told = pa.table({NIGHT: pa.array(states.night, pa.int32()), **{name: states.rows[name] for name in FACTS}})
    return told.filter(pa.array(changed))


def date_of(number: int) -> dt.date:
    return FIRST_DAY + dt.timedelta(days=int(number))

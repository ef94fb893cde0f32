"""Rejects lines that are duplicates, a crawler's or too late, and cuts a visitor's other lines into sessions.

Works with Arrow and numpy on all lines of some visitors at once (one partition of the night's shuffle). Spark has made
64-bit hashes of the keys, so one sort of integers serves sessions and crawlers; text is compared only where hashes are
equal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.runtime.shop_days import ShopDays
from schemas.arrow import arrow_schema
from schemas.tables import CLEAN_EVENTS, RAW_EVENTS, REJECTED_EVENTS

_REASONS = pa.array([None, "duplicate", "too_late", "crawler"])  # by code
_DUPLICATE, _TOO_LATE, _CRAWLER = 1, 2, 3
_NEEDS_ESCAPE = '["\\\\\\x00-\\x1f]'
_HEX = np.array([f"{n:02x}" for n in range(256)], "S2")


@dataclass(frozen=True)
class VisitRules:
    """`oldest` is the first day, in days since 1970, whose events are not too late; None: no event is too late, and no
    earlier night has events."""

    session_minutes: int
    max_events_per_day: int
    oldest: int | None
    days: ShopDays

    def days_compared(self, night: int) -> int:
        """How many nights before `night` (days since 1970) can have an event that comes again and is not too late.

        A night also has events of the day after it: those of a shop whose day ends after midnight in UTC.
        """
        return 0 if self.oldest is None else night - self.oldest + 1


def reject_and_sessionise(batches: Iterator[pa.RecordBatch], rules: VisitRules) -> Iterator[tuple[str, pa.Table]]:
    """CLEAN_EVENTS and REJECTED_EVENTS of some visitors; all lines of each must be in `batches`.

    Columns: RAW_EVENTS, source_file, reason (null: not rejected so far), detail, raw_row, `visitor` and `event` (int64
    hashes of the visitor, and of visitor and event_id), and `is_earlier`: the line is of an earlier night, and serves
    only to find its duplicates. `duplicate` goes before any other reason, so that the number of duplicates matches the
    shop's own count.
    """
    first = next(batches, None)
    if first is None:
        return
    verdict = judge(pa.Table.from_batches([first, *batches]).combine_chunks(), rules)
    yield CLEAN_EVENTS.name, verdict.kept_events()
    yield REJECTED_EVENTS.name, verdict.rejected_events()


@dataclass(frozen=True)
class Verdict:
    """Which lines of a night are kept and which are rejected, as positions in `lines`, in the order of storage.

    `reason` has this module's codes; it is 0 for a line that was rejected while reading.
    """

    lines: pa.Table
    kept: np.ndarray
    rejected: np.ndarray
    reason: np.ndarray
    visitor: np.ndarray
    time: np.ndarray
    day: np.ndarray
    session_minutes: int

    def kept_events(self) -> pa.Table:
        return _kept(self.lines, self.kept, self.visitor, self.time, self.day, self.session_minutes)

    def rejected_events(self) -> pa.Table:
        return _rejected(self.lines, self.rejected, self.reason)


def judge(lines: pa.Table, rules: VisitRules) -> Verdict:
    """The verdict on one night's lines; columns as `reject_and_sessionise` takes them."""
    visitor, time = _ints(lines["visitor"]), _ints(lines["event_time"].cast(pa.int64()))
    is_earlier = lines["is_earlier"].to_numpy()
    order = np.lexsort((_ints(lines["event"]), time, visitor))
    order = order[~is_earlier[order]]

    reason, day = np.zeros(len(visitor), np.int8), rules.days.numbers(time)
    is_kept = pc.is_null(lines["reason"]).to_numpy()
    if rules.oldest is not None:
        reason[is_kept & (day < rules.oldest)] = _TOO_LATE
    reason[_duplicates(lines, is_earlier, ~is_kept | (reason != 0))] = _DUPLICATE
    is_kept &= reason == 0
    crawler_rows = _crawled(order[is_kept[order]], visitor, day, rules.max_events_per_day)
    reason[crawler_rows] = _CRAWLER
    is_kept[crawler_rows] = False
    kept, rejected = order[is_kept[order]], order[~is_kept[order]]
    return Verdict(lines, kept, rejected, reason, visitor, time, day, rules.session_minutes)


def _ints(column: pa.ChunkedArray) -> np.ndarray:
    return column.fill_null(0).to_numpy() if column.null_count else column.to_numpy()


def _duplicates(lines: pa.Table, is_earlier: np.ndarray, is_bad: np.ndarray) -> np.ndarray:
    """Rows that repeat the visitor and event_id of another row. The first in a drop, by file and time, is none.

    A row that is bad (N,) counts as later than the good ones: it does not take the place of its corrected copy.
    """
    event = _ints(lines["event"])
    order = np.argsort(event, kind="stable")
    repeats_next = np.flatnonzero(event[order[1:]] == event[order[:-1]])
    rows = order[np.union1d(repeats_next, repeats_next + 1)]
    candidates = lines.select(["visitor", "event_id", "source_file", "event_time"]).take(pa.array(rows))
    flags = {"is_new": ~is_earlier[rows], "is_bad": is_bad[rows], "row": rows}
    for name, values in flags.items():
        candidates = candidates.append_column(name, pa.array(values))
    keys = ("visitor", "event_id", "is_new", "is_bad", "source_file", "event_time", "row")
    candidates = candidates.sort_by([(name, "ascending") for name in keys]).combine_chunks()
    if candidates.num_rows < 2:
        return np.zeros(0, np.int64)
    repeats = np.ones(candidates.num_rows - 1, bool)
    for name in ("visitor", "event_id"):
        column = candidates[name].chunk(0)
        repeats &= pc.equal(column[1:], column[:-1]).to_numpy(zero_copy_only=False)
    return candidates["row"].to_numpy()[1:][repeats & candidates["is_new"].to_numpy()[1:]]


def _crawled(rows: np.ndarray, visitor: np.ndarray, days: np.ndarray, max_rows: int) -> np.ndarray:
    """The `rows`, sorted by visitor and time, of those days on which a visitor has more than `max_rows` of them."""
    row_visitor, row_day = visitor[rows], days[rows]
    starts = _starts((row_visitor[1:] != row_visitor[:-1]) | (row_day[1:] != row_day[:-1]), len(rows))
    sizes = np.diff(np.append(starts, len(rows)))
    return rows[np.repeat(sizes > max_rows, sizes)]


def _starts(changes: np.ndarray, length: int) -> np.ndarray:
    """Positions where a group begins. `changes[i]` says whether row i + 1 begins one; row 0 always does."""
    return np.flatnonzero(np.concatenate([[True], changes])) if length else np.zeros(0, np.int64)


def _kept(
    lines: pa.Table, rows: np.ndarray, visitor: np.ndarray, time: np.ndarray, day: np.ndarray, minutes: int
) -> pa.Table:
    """CLEAN_EVENTS of `rows`, sorted by visitor and time; a pause of more than `minutes` begins a session."""
    row_visitor, row_time = visitor[rows], time[rows]
    starts = _starts((row_visitor[1:] != row_visitor[:-1]) | (np.diff(row_time) > minutes * 60_000_000), len(rows))
    session = np.repeat(np.arange(len(starts), dtype=np.int32), np.diff(np.append(starts, len(rows))))
    is_start = np.zeros(len(rows), bool)
    is_start[starts] = True
    added = {
        "session_id": pa.DictionaryArray.from_arrays(session, _session_ids(row_visitor[starts], row_time[starts])),
        "is_session_start": pa.array(is_start),
        "event_date": pa.array(day[rows].astype(np.int32)).cast(pa.date32()),
    }
    schema = arrow_schema(CLEAN_EVENTS)
    stored = lines.select([name for name in schema.names if name not in added]).take(pa.array(rows))
    columns = [(added if name in added else stored)[name].cast(schema.field(name).type) for name in schema.names]
    return pa.table(columns, schema=schema)


def _session_ids(visitor: np.ndarray, start: np.ndarray) -> pa.Array:
    """16 hex digits from the visitor's hash and the session's first microsecond (splitmix64's finaliser)."""
    mixed = visitor.view(np.uint64) ^ (start.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    digits = _HEX[mixed.astype(">u8").view(np.uint8)]
    places = np.arange(0, 16 * len(mixed) + 1, 16, dtype=np.int32)
    return pa.StringArray.from_buffers(len(mixed), pa.py_buffer(places), pa.py_buffer(digits.tobytes()))


def _rejected(lines: pa.Table, rows: np.ndarray, reason: np.ndarray) -> pa.Table:
    """REJECTED_EVENTS of `rows`; `reason` as in `Verdict`."""
    rejected = lines.take(pa.array(rows))
    # Lines that are rejected here have no raw_row yet; it is made from their columns.
    missing = np.flatnonzero(pc.is_null(rejected["raw_row"]).to_numpy())
    raw_row = rejected["raw_row"].combine_chunks()
    if len(missing):
        json_rows = _as_json(rejected.select(RAW_EVENTS.names).take(pa.array(missing)))
        raw_row = pc.replace_with_mask(raw_row, pc.is_null(raw_row), json_rows)
    columns = {
        "reason": pc.coalesce(_REASONS.take(pa.array(reason[rows])), rejected["reason"]),
        "detail": rejected["detail"],
        "raw_row": raw_row,
        "source_file": rejected["source_file"],
    }
    return pa.table(columns).select(REJECTED_EVENTS.names).cast(arrow_schema(REJECTED_EVENTS))


def _as_json(rows: pa.Table) -> pa.Array:
    """Each row as a JSON object without nulls. It works column by column, so a crawler's million lines take seconds."""
    fields = []
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        column = column.combine_chunks()
        if pa.types.is_timestamp(column.type):
            column = pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ")
        if pa.types.is_floating(column.type):
            texts = column.cast(pa.string())
        elif pc.any(pc.match_substring_regex(column, _NEEDS_ESCAPE)).as_py():
            texts = pa.array(
                [None if value is None else json.dumps(value, ensure_ascii=False) for value in column.to_pylist()],
                pa.string(),
            )
        else:
            texts = pc.binary_join_element_wise('"', column, '"', "")
        fields.append(pc.binary_join_element_wise(f'"{name}":', texts, ""))
    bodies = pc.binary_join_element_wise(*fields, ",", null_handling="skip")
    return pc.binary_join_element_wise("{", bodies, "}", "")

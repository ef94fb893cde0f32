"""Rejects and sessionises the lines of many nights in one pass. The result is the same as for single nights.

A partition has all lines of some visitors, from every night. The nights are judged one after another, oldest first.
Each night sees the events that earlier nights kept, so it finds repeated lines by the same rule as a single night.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.intake.visits import VisitRules, judge
from jobs.runtime.history import FIRST_DAY, NIGHT, key
from schemas.tables import CLEAN_EVENTS, REJECTED_EVENTS


@dataclass(frozen=True)
class NightsOf:
    """Nights, ascending, and their rules. ends (N,): the end of each night, if a row's time decides its night."""

    dates: tuple[dt.date, ...]
    rules: tuple[VisitRules, ...]
    ends: np.ndarray | None = None

    def numbers(self, lines: pa.Table) -> np.ndarray:
        """(N,) the night of each line, as days since 1970: from column `night` or, with `ends`, from its time."""
        stated = lines[NIGHT].cast(pa.int32()).to_numpy(zero_copy_only=False)
        if np.isnan(stated).any():
            raise RuntimeError("a line has no night: Spark names its file in another way than the list of files does")
        stated = stated.astype(np.int64)
        if self.ends is None:
            return stated
        times = lines["event_time"].cast(pa.int64()).combine_chunks()
        night_index = np.searchsorted(self.ends, times.fill_null(0).to_numpy(zero_copy_only=False), side="right")
        by_time = np.array([day.toordinal() for day in self.dates]) - FIRST_DAY.toordinal()
        has_time = pc.is_valid(times).to_numpy(zero_copy_only=False) & ~lines["is_earlier"].to_numpy()
        return np.where(has_time, by_time[np.minimum(night_index, len(by_time) - 1)], stated)


def reject_nights(batches: Iterator[pa.RecordBatch], nights: NightsOf) -> Iterator[tuple[str, pa.Table]]:
    """Yields (`key` of a table and night, rows) for CLEAN_EVENTS and REJECTED_EVENTS of each night, each pair once.

    The batches have the columns that `jobs.intake.visits.reject_and_sessionise` takes, and `night`.
    """
    first = next(batches, None)
    if first is None:
        return
    lines = pa.Table.from_batches([first, *batches])
    night, came_earlier = nights.numbers(lines), lines["is_earlier"].to_numpy()
    order = np.lexsort((night, ~came_earlier))  # lines of earlier nights first, then night after night
    lines, night = lines.take(pa.array(order)).combine_chunks(), night[order]
    earlier_rows = int(came_earlier.sum())
    may_repeat = _shared(lines["event"].to_numpy())
    rows_by_night = [
        (int(number), np.flatnonzero(night[:earlier_rows] == number)) for number in np.unique(night[:earlier_rows])
    ]
    place = lines.column_names.index("is_earlier")
    for date, rules in zip(nights.dates, nights.rules, strict=True):
        number = (date - FIRST_DAY).days
        start, end = np.searchsorted(night[earlier_rows:], [number, number + 1]) + earlier_rows
        if start == end:
            continue
        oldest = number - rules.days_compared(number)
        window = np.concatenate([[], *(rows for day, rows in rows_by_night if oldest <= day < number)])
        tonight = lines.slice(start, end - start)
        if len(window):
            repeatable = lines.take(pa.array(window.astype(np.int64)))
            is_earlier = pa.array(np.arange(end - start + len(window)) >= end - start)
            tonight = (
                pa.concat_tables([tonight, repeatable]).combine_chunks().set_column(place, "is_earlier", is_earlier)
            )
        verdict = judge(tonight, rules)
        yield key(CLEAN_EVENTS, date), verdict.kept_events()
        yield key(REJECTED_EVENTS, date), verdict.rejected_events()
        kept = verdict.kept + start  # lines of the window are never kept
        rows_by_night.append((number, kept[may_repeat[kept]]))


def _shared(values: np.ndarray) -> np.ndarray:
    """(N,) whether another row has the same value."""
    _, value_index, count = np.unique(values, return_inverse=True, return_counts=True)
    return count[value_index] > 1

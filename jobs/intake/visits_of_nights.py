"""Rejects and sessionises the lines of many nights in one pass, each night as it would have been judged alone.

All lines of some visitors are there, of every night. The nights are judged one after another, oldest first: each sees
the events that the nights before it kept, so a line that comes again is found by the same rule as night by night.
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
    """Nights, ascending, and their rules; `ends`: where rows belong to nights by their times, the end of each (N,).

    late_days: a line may repeat an event of so many days before its night.
    """

    dates: tuple[dt.date, ...]
    rules: tuple[VisitRules, ...]
    late_days: int
    ends: np.ndarray | None = None

    def numbers(self, lines: pa.Table) -> np.ndarray:
        """(N,) the night of each line, as days since 1970; `night` holds it, or the times where there are `ends`."""
        stated = lines[NIGHT].cast(pa.int32()).to_numpy(zero_copy_only=False)
        if np.isnan(stated).any():
            raise RuntimeError("a line has no night: Spark names its file in another way than the list of files does")
        stated = stated.astype(np.int64)
        if self.ends is None:
            return stated
        time = lines["event_time"].cast(pa.int64()).combine_chunks()
        place = np.searchsorted(self.ends, time.fill_null(0).to_numpy(zero_copy_only=False), side="right")
        by_time = np.array([day.toordinal() for day in self.dates]) - FIRST_DAY.toordinal()
        is_told = pc.is_valid(time).to_numpy(zero_copy_only=False) & ~lines["is_earlier"].to_numpy()
        return np.where(is_told, by_time[np.minimum(place, len(by_time) - 1)], stated)


def reject_nights(batches: Iterator[pa.RecordBatch], nights: NightsOf) -> Iterator[tuple[str, pa.Table]]:
    """(`key` of a table and night, rows): CLEAN_EVENTS and REJECTED_EVENTS of each night.

    Columns as `jobs.intake.visits.reject_and_sessionise` takes them, and `night`. Each pair comes once.
    """
    first = next(batches, None)
    if first is None:
        return
    lines = pa.Table.from_batches([first, *batches])
    night, earlier = nights.numbers(lines), lines["is_earlier"].to_numpy()
    order = np.lexsort((night, ~earlier))  # lines of nights before, then night after night
    lines, night = lines.take(pa.array(order)).combine_chunks(), night[order]
    old = int(earlier.sum())
    may_repeat = _shared(lines["event"].to_numpy())
    seen = [(int(number), np.flatnonzero(night[:old] == number)) for number in np.unique(night[:old])]
    place = lines.column_names.index("is_earlier")
    for date, rules in zip(nights.dates, nights.rules, strict=True):
        number = (date - FIRST_DAY).days
        low, high = np.searchsorted(night[old:], [number, number + 1]) + old
        if low == high:
            continue
        window = np.concatenate([[], *(rows for day, rows in seen if number - nights.late_days <= day < number)])
        part = lines.slice(low, high - low)
        if len(window):
            repeatable = lines.take(pa.array(window.astype(np.int64)))
            is_earlier = pa.array(np.arange(high - low + len(window)) >= high - low)
            part = pa.concat_tables([part, repeatable]).combine_chunks().set_column(place, "is_earlier", is_earlier)
        verdict = judge(part, rules)
        yield key(CLEAN_EVENTS, date), verdict.kept_events()
        yield key(REJECTED_EVENTS, date), verdict.rejected_events()
        kept = verdict.kept + low  # lines of the window are never kept
        seen.append((number, kept[may_repeat[kept]]))


def _shared(values: np.ndarray) -> np.ndarray:
    """(N,) whether another row has the same value."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return count[place] > 1

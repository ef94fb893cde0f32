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
    lines = pa.Table.from_batches([first, *batches]).combine_chunks()
    night, earlier = nights.numbers(lines), lines["is_earlier"].to_numpy()
    may_repeat = _shared(lines["event"].to_numpy())
    seen = [(int(number), np.flatnonzero(earlier & (night == number))) for number in np.unique(night[earlier])]
    order = np.argsort(np.where(earlier, -1, night), kind="stable")
    for date, rules in zip(nights.dates, nights.rules, strict=True):
        number = (date - FIRST_DAY).days
        new = order[slice(*np.searchsorted(np.where(earlier, -1, night)[order], [number, number + 1]))]
        if not len(new):
            continue
        old = [rows for day, rows in seen if number - nights.late_days <= day < number]
        rows = np.concatenate([new, *old])
        part = lines.take(pa.array(rows))
        is_old = pa.array(np.arange(len(rows)) >= len(new))
        verdict = judge(part.set_column(part.column_names.index("is_earlier"), "is_earlier", is_old), rules)
        yield key(CLEAN_EVENTS, date), verdict.kept_events()
        yield key(REJECTED_EVENTS, date), verdict.rejected_events()
        kept = rows[verdict.kept]
        seen.append((number, kept[may_repeat[kept]]))


def _shared(values: np.ndarray) -> np.ndarray:
    """(N,) whether another row has the same value."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return count[place] > 1

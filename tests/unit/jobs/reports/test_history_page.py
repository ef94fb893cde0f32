"""The page of a loaded history: days without a file are named."""

from __future__ import annotations

import datetime as dt

from jobs.reports.history_page import gap_lines

FIRST = dt.date(2026, 1, 1)


def days(*numbers: int) -> list[dt.date]:
    return [FIRST + dt.timedelta(days=n) for n in numbers]


def test_days_without_a_file_are_named() -> None:
    assert gap_lines(days(0, 3), (FIRST, days(3)[0])) == ["days without a file: 2: 2026-01-02, 2026-01-03"]
    assert gap_lines(days(0, 1), (FIRST, days(1)[0])) == []


def test_many_gaps_are_counted() -> None:
    (line,) = gap_lines(days(0, 99), (FIRST, days(99)[0]))
    assert line.startswith("days without a file: 98: 2026-01-02, ")
    assert line.endswith(" and 78 more")

"""Which versions of a table a run reads."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import NoReturn

import pyarrow as pa
import pytest

from jobs.runtime.lake import Lake, Version
from jobs.runtime.table_versions import TableRows, TableVersions
from jobs.runtime.table_writer import write_arrow
from schemas.table import Column, Table
from schemas.tables import CLEAN_EVENTS

TONIGHT = date(2026, 1, 9)
KEPT = Table("kept", "one row", (), (Column("n", "int64", "A number."), Column("file", "string", "A file.")), "tests")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def no_spark() -> NoReturn:
    raise AssertionError("nothing here needs Spark")


def seen_by(lake: Lake, run: str = "001") -> TableVersions:
    return TableVersions(KEPT, lake, TONIGHT, run, no_spark)


def write(lake: Lake, days_ago: int, run: str = "001", passes: bool = True) -> None:
    """Writes a version of one row, with n = days_ago."""
    day = str(TONIGHT - timedelta(days=days_ago))
    version = write_arrow(pa.table({"n": [days_ago], "file": [run]}), KEPT, lake, day, run)
    if passes:
        lake.make_current(version)


def ages(rows: TableRows) -> list[int]:
    return rows.arrow(["n"])["n"].to_pylist()


def test_earlier_versions_are_chosen_by_their_dates(lake: Lake) -> None:
    for days_ago in (5, 3, 1, 0):
        write(lake, days_ago)
    write(lake, 2, passes=False)
    versions = seen_by(lake)
    assert ages(versions.tonight()) == [0]
    assert ages(versions.previous()) == [1]
    assert versions.previous_date() == TONIGHT - timedelta(days=1)
    assert ages(versions.as_of(TONIGHT - timedelta(days=2))) == [3]
    assert ages(versions.window(3)) == [3, 1]
    assert ages(versions.since(TONIGHT - timedelta(days=3))) == [3, 1, 0]
    assert ages(versions.after(TONIGHT - timedelta(days=3))) == [1, 0]
    assert ages(versions.after(None)) == [5, 3, 1, 0]
    assert [(day, ages(rows)) for day, rows in versions.window(1).by_date()] == [(TONIGHT - timedelta(days=1), [1])]


def test_a_run_reads_its_own_version_before_the_current_one(lake: Lake) -> None:
    assert seen_by(lake).tonight_or_none() is None
    with pytest.raises(FileNotFoundError, match="kept has no partition 2026-01-09; run the job"):
        seen_by(lake).tonight()
    write(lake, 0, "001")
    write(lake, 0, "002", passes=False)
    assert [seen_by(lake, run).tonight().versions[0].run for run in ("001", "002", "003")] == ["001", "002", "001"]


def test_without_versions_there_are_no_rows_but_all_columns(lake: Lake) -> None:
    rows = seen_by(lake).previous()
    assert (rows.count, rows.paths(), seen_by(lake).previous_date()) == (0, [], None)
    assert rows.arrow().column_names == ["n", "file"]
    assert rows.arrow(["file"]).column_names == ["file"]


def test_a_version_that_passed_counts_only_with_this_runs_events(lake: Lake) -> None:
    assert seen_by(lake).passed() is None
    write(lake, 0, "001")
    write(lake, 0, "002", passes=False)
    lake.make_current(Version(CLEAN_EVENTS.name, str(TONIGHT), "001", 0, (), 0, 1))
    assert seen_by(lake, "001").passed() is not None
    assert seen_by(lake, "002").passed() is None  # the run's own version has not passed
    assert seen_by(lake, "003").passed() is not None  # a part of a night, on the events of 001
    lake.commit(Version(CLEAN_EVENTS.name, str(TONIGHT), "003", 0, (), 0, 1))
    assert seen_by(lake, "003").passed() is None  # the run has events of its own

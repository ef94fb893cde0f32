"""A gate that is killed while its tables become current loses no night's files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from jobs.publishing import check_tables
from jobs.runtime.lake import Lake, Version
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from jobs.runtime.table_writer import write_arrow
from schemas.arrow import arrow_schema
from schemas.tables import CLEAN_EVENTS, ITEMS, USERS

DAY = dt.date(2026, 1, 5)


class Killed(BaseException):
    """Stands for a kill in a test: none of our code catches it."""


def test_the_next_night_reads_the_files_again_of_a_night_whose_gate_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, make_current, made = Lake(str(tmp_path)), Lake.make_current, []
    for table in check_tables.STAGES["clean"]:
        write_arrow(arrow_schema(table).empty_table(), table, lake, str(DAY), "001")
    monkeypatch.setattr(check_tables, "broken_rules", lambda *_: (0, []))
    night = Night(DAY, lake, "001", Settings())
    tomorrow = Night(DAY + dt.timedelta(days=1), lake, "001", Settings())

    def killed_after(count: int) -> None:
        def make(self: Lake, version: Version) -> None:
            if len(made) == count:
                raise Killed
            made.append(version.table)
            make_current(self, version)

        made.clear()
        monkeypatch.setattr(Lake, "make_current", make)
        check_tables.main(night, "clean")

    for count in range(len(check_tables.STAGES["clean"])):
        with pytest.raises(Killed):
            killed_after(count)
        assert tomorrow.versions(CLEAN_EVENTS).previous_date() is None, made
    killed_after(-1)
    assert all(lake.current(table, DAY) for table in (CLEAN_EVENTS, ITEMS, USERS))

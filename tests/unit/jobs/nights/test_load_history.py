"""A loaded history becomes current table by table: those that say that a night is complete come last."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.nights import load_history
from jobs.runtime.lake import Version
from jobs.runtime.settings import Settings
from schemas.tables import ITEM_WEEKS

DAYS = (dt.date(2026, 1, 5), dt.date(2026, 1, 6))


def test_a_load_that_is_killed_between_two_tables_is_not_taken_for_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    lake = SimpleNamespace(
        version=lambda table, day, run: Version(table.name, str(day), run, 1, (), 0, 1),
        make_current=lambda version: made.append(version.table),
    )
    night = SimpleNamespace(run="001", date=DAYS[0])
    history: Any = SimpleNamespace(lake=lake, settings=Settings(), dates=DAYS, first=night, last=night, nights=())
    monkeypatch.setattr(load_history, "_broken", lambda *_: [])
    load_history._make_all_current(history)
    complete = {table.name for table in load_history.STATE}
    assert ITEM_WEEKS.name in made
    assert set(made[-len(DAYS) * len(complete) :]) == complete  # `last_made` looks for these

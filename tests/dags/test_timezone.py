"""Runs of a shop whose days are not UTC days: each of its days gets one run, which knows its date."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import launch
import nightly
import pytest
import refresh
from airflow.timetables.base import TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable
from pendulum import instance

ZONES = ["America/Los_Angeles", "Asia/Tokyo", "Europe/Berlin", "UTC"]


def planned(zone: str, first: datetime, days: int) -> list[Any]:
    """The next runs that the scheduler makes from the schedule of `nightly`, from `first` on."""
    timetable, restriction = CronDataIntervalTimetable("0 2 * * *", zone), TimeRestriction(instance(first), None, True)
    runs: list[Any] = []
    for _ in range(days):
        last = runs[-1].data_interval if runs else None
        info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        assert info is not None
        runs.append(info)
    return runs


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("month", [3, 10])
def test_each_day_of_the_shop_has_one_night_after_its_end(
    monkeypatch: pytest.MonkeyPatch, zone: str, month: int
) -> None:
    monkeypatch.setattr(launch, "ZONE", zone)
    runs = planned(zone, datetime(2026, month, 1, 20, tzinfo=UTC), 45)  # clocks change within these days
    nights = [
        date.fromisoformat(nightly.night_of({"date": None}, SimpleNamespace(logical_date=r.logical_date))) for r in runs
    ]
    assert nights == [nights[0] + timedelta(days=n) for n in range(45)]
    begun = [date.fromisoformat(launch.day_at(run.run_after)) for run in runs]
    assert begun == [night + timedelta(days=1) for night in nights]


def test_a_refresh_is_of_the_day_on_the_clocks_of_the_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    evening = SimpleNamespace(run_after=datetime(2026, 3, 4, 7, 30, tzinfo=UTC))  # 23:30 of the 3rd in Los Angeles
    assert refresh.day_of({"date": None}, evening) == "2026-03-04"
    monkeypatch.setattr(launch, "ZONE", "America/Los_Angeles")
    assert refresh.day_of({"date": None}, evening) == "2026-03-03"
    assert refresh.day_of({"date": "2026-02-01"}, evening) == "2026-02-01"

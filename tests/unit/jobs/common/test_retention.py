"""Personal rows are deleted when their setting no longer keeps them; each night reports the oldest day of each kind."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from jobs.common.personal_tables import OPEN, PERSONAL
from jobs.common.retention import RetentionConfig, oldest_days, outdated, too_old
from jobs.publishing import prune_lake
from jobs.runtime import lake_keys, sealed_files
from jobs.runtime.lake import Lake, Version
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from schemas.tables import BOUGHT_TOGETHER, CLEAN_EVENTS, INTEREST, ITEMS, QUESTIONS, REJECTED_EVENTS

TONIGHT = dt.date(2026, 1, 10)
DAYS = [TONIGHT - dt.timedelta(days=back) for back in range(10)]
KINDS = ("raw/shop", "tables/clean_events", "tables/rejected_events", "reports", "runs", "refresh/raw/shop",
         "raw/shop/readable")  # fmt: skip


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(str(tmp_path / "lake"))
    for day in DAYS:
        for place in KINDS:
            lake.put_json({}, place, f"date={day}", "run=001", "file.json")
            if place.startswith("tables"):
                table = place.removeprefix("tables/")
                lake.make_current(Version(table, str(day), "001", 0, ("file.json",), 0, 1))
    return lake


def left(lake: Lake, place: str) -> int:
    return sum(name.startswith("date=") for name in lake.list_dir(*place.split("/")))


def test_nothing_is_deleted_by_default(lake: Lake) -> None:
    assert outdated(lake, RetentionConfig(), TONIGHT) == []


def test_each_setting_keeps_so_many_days_of_its_kind(lake: Lake) -> None:
    config = RetentionConfig(raw_days=3, event_days=7, rejected_days=1, report_days=2, run_days=9)
    for place in outdated(lake, config, TONIGHT):
        lake.delete(*place)
    assert {place: left(lake, place) for place in KINDS} == dict(zip(KINDS, (3, 7, 1, 2, 9, 3, 3), strict=True))


def test_the_newest_night_that_passed_stays_however_old_it_is(lake: Lake) -> None:
    later = TONIGHT + dt.timedelta(days=100)
    for place in outdated(lake, RetentionConfig(event_days=5), later):
        lake.delete(*place)
    assert lake.list_dir("tables", "clean_events") == [f"date={TONIGHT}"]


def test_the_oldest_day_of_each_kind_is_found_and_judged(lake: Lake) -> None:
    oldest = oldest_days(lake)
    assert oldest == dict.fromkeys(("raw", "event", "rejected", "report", "run"), str(DAYS[-1]))
    assert too_old(oldest, RetentionConfig(), TONIGHT) == []
    assert too_old(oldest, RetentionConfig(raw_days=5, event_days=10), TONIGHT) == [
        "raw: the oldest is of 2026-01-01, though retention.raw_days = 5"
    ]


def test_a_night_keeps_retention_and_reports_what_is_oldest(lake: Lake) -> None:
    night = Night(TONIGHT, lake, "002", Settings({"retention": {"raw_days": 2}}))
    night.begin("prune_lake")
    with night.reporting():
        prune_lake.main(night)
    assert left(lake, "raw/shop") == 2
    oldest = night.facts("prune_lake")["oldest"]
    assert oldest["raw"] == "2026-01-09"
    assert oldest["event"] == "2026-01-01"


def test_the_key_of_a_raw_day_goes_with_the_day(lake: Lake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(lake_keys.KEY_VARIABLE, "ab" * 32)
    night = Night(TONIGHT, lake, "002", Settings({"retention": {"raw_days": 2}, "encryption": {"on": True}}))
    for day in DAYS:
        with sealed_files.open_output(lake, f"raw/shop/date={day}/log.csv") as out:
            out.write(b"who,what")
    copies = Lake(str(tmp_path / "backup"))  # a backup without the keys, made before the day's key was destroyed
    shutil.copytree(lake.path("raw"), copies.path("raw"))
    prune_lake.main(night)
    assert lake.list_dir("keys", "raw", "shop") == [f"date={day}.json" for day in reversed(DAYS[:2])]
    shutil.copytree(lake.path("keys"), copies.path("keys"))
    assert sealed_files.read(copies, f"raw/shop/date={DAYS[1]}/log.csv") == b"who,what"
    with pytest.raises(
        lake_keys.KeyGone, match=f"keys/raw/shop/date={DAYS[2]}.json is not there: the key was destroyed"
    ):
        sealed_files.read(copies, f"raw/shop/date={DAYS[2]}/log.csv")


def test_every_table_is_personal_or_open() -> None:
    assert {CLEAN_EVENTS, REJECTED_EVENTS, INTEREST, QUESTIONS} <= set(PERSONAL)
    assert {ITEMS, BOUGHT_TOGETHER} <= set(OPEN)
    assert not set(PERSONAL) & set(OPEN)

"""A shop with local days: an evening belongs to its local day everywhere, and no event is lost when clocks change."""

from __future__ import annotations

import argparse
import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from jobs.features import build_features, update_interest, update_profiles
from jobs.intake import clean_events, receive_drop, update_catalogue, validate_source
from jobs.intake.drop_files import receive
from jobs.intake.event_rules import CleanConfig, lines_by_visitor, rules
from jobs.intake.typed_rows import read_rows
from jobs.intake.visits import reject_and_sessionise
from jobs.lists import rank_popular_items, refresh_lists
from jobs.publishing import check_tables
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from jobs.runtime.shop_days import OtherDays, ShopDays
from schemas.sources.mapping import Source
from schemas.sources.reading import load_source, parse_source
from schemas.table import Table
from schemas.tables import CLEAN_EVENTS, INTEREST, POPULAR_ITEMS, REJECTED_EVENTS, USER_PURCHASES, USER_TASTES
from tests.sample import content

WEST = "America/Los_Angeles"
MONDAY, TUESDAY = dt.date(2026, 3, 2), dt.date(2026, 3, 3)
MAPPING = """
name = "west"
timezone = "America/Los_Angeles"
day = "local"
[events]
files = "{date}.csv"
columns = { user_id = "u", item_id = "i", event_type = "e", price = "p" }
time = { column = "t" }
constants = { currency = "USD" }
"""
UNTIL_THE_GATE = (receive_drop, clean_events, update_catalogue)


@pytest.fixture
def west(tmp_path: Path) -> Path:
    """A drop that ends at the shop's midnight: on Monday an event by day, and a view and a purchase in the evening."""
    (tmp_path / "west.toml").write_text(MAPPING, "utf-8")
    evening = ["2026-03-02 23:30:00,ann,lamp,view,9", "2026-03-02 23:31:00,ann,lamp,purchase,9"]
    by_day = ["2026-03-02 09:00:00,bob,chair,view,5", "2026-03-02 09:30:00,ann,chair,view,5"]
    for day, lines in ((MONDAY, by_day + evening), (TUESDAY, ["2026-03-03 00:10:00,bob,lamp,purchase,9"])):
        (tmp_path / f"{day}.csv").write_text("\n".join(["t,u,i,e,p", *lines]) + "\n", "utf-8")
    return tmp_path


def a_night(folder: Path, day: dt.date, mapping: str = "west.toml") -> Night:
    return Night(day, Lake(str(folder / "lake")), "001", Settings({}), str(folder / mapping), str(folder))


def rows(night: Night, table: Table) -> list[dict[str, Any]]:
    return content(night.lake, night.version(table)).to_pylist()


def test_an_evening_counts_to_its_own_day_everywhere(spark: SparkSession, west: Path) -> None:
    monday, tuesday = a_night(west, MONDAY), a_night(west, TUESDAY)
    for night in (monday, tuesday):
        for job in UNTIL_THE_GATE:
            job.main(night)
        check_tables.main(night, stage="clean")
        update_interest.main(night)
    for job in (build_features, update_profiles, rank_popular_items):
        job.main(monday)
    assert Counter(row["event_date"] for row in rows(monday, CLEAN_EVENTS)) == {MONDAY: 4}
    assert Counter(row["event_date"] for row in rows(tuesday, CLEAN_EVENTS)) == {TUESDAY: 1}
    utc = {row["event_time"] for row in rows(monday, CLEAN_EVENTS) if row["event_type"] == "purchase"}
    assert utc == {dt.datetime(2026, 3, 3, 7, 31, tzinfo=dt.UTC)}  # the instant itself does not change
    bought = {row["user_id"]: row["last_purchase_on"] for row in rows(tuesday, INTEREST) if row["purchases"]}
    assert bought == {"ann": MONDAY, "bob": TUESDAY}
    assert {row["user_id"]: row["first_purchase_on"] for row in rows(monday, USER_PURCHASES)} == {"ann": MONDAY}
    hours = {(row["user_id"], row["value"]) for row in rows(monday, USER_TASTES) if row["kind"] == "hour"}
    assert hours == {("ann", "morning"), ("ann", "evening"), ("bob", "morning")}
    assert {row["valid_until"] for row in rows(monday, POPULAR_ITEMS)} == {
        dt.datetime(2026, 3, 5, 12, tzinfo=ZoneInfo(WEST))
    }


def test_an_evening_that_comes_again_is_known_in_the_file_of_the_day_before(spark: SparkSession, west: Path) -> None:
    """With days in UTC Monday's evening belongs to Tuesday. It is in Monday's file, and comes again on Wednesday."""
    (west / "utc.toml").write_text(MAPPING.replace('day = "local"\n', ""), "utf-8")
    again = "t,u,i,e,p\n2026-03-02 23:30:00,ann,lamp,view,9\n2026-03-04 09:00:00,ann,lamp,view,9\n"
    (west / "2026-03-04.csv").write_text(again, "utf-8")
    settings = Settings({"clean": {"late_days": 1}})
    for day in (MONDAY, TUESDAY, TUESDAY + dt.timedelta(days=1)):
        night = Night(day, Lake(str(west / "lake")), "001", settings, str(west / "utc.toml"), str(west))
        for job in (receive_drop, clean_events):
            job.main(night)
        night.lake.make_current(night.version(CLEAN_EVENTS))
    assert len(rows(night, CLEAN_EVENTS)) == 1
    assert [row["reason"] for row in rows(night, REJECTED_EVENTS)] == ["duplicate"]


def test_a_lake_refuses_a_mapping_of_other_days_by_name(spark: SparkSession, west: Path) -> None:
    monday = a_night(west, MONDAY)
    for job in UNTIL_THE_GATE:
        job.main(monday)
    check_tables.main(monday, stage="clean")
    (west / "utc.toml").write_text(MAPPING.replace('day = "local"\n', ""), "utf-8")
    tuesday = a_night(west, TUESDAY, "utc.toml")
    for job, day in ((receive_drop, TUESDAY), (clean_events, MONDAY)):  # Monday's was received as `local`
        with pytest.raises(OtherDays, match=rf"are made of days in {WEST}, and .*utc.toml says days in UTC.*put day ="):
            job.main(a_night(west, day, "utc.toml"))
    assert not tuesday.lake.exists("raw", "west", f"date={TUESDAY}")  # and nothing was taken in
    monday.lake.put_json({"run": f"{MONDAY}-001", "date": str(MONDAY)}, "published", "current.json")
    with pytest.raises(OtherDays):
        refresh_lists.main(tuesday)


@pytest.mark.parametrize(("day", "first"), [("local", MONDAY), ("utc", TUESDAY)])
def test_the_check_of_a_mapping_begins_at_the_day_of_the_shop(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str], day: str, first: dt.date
) -> None:
    undated = MAPPING.replace("{date}", "log").replace('day = "local"', f'day = "{day}"')
    (tmp_path / "west.toml").write_text(undated, "utf-8")
    (tmp_path / "log.csv").write_text("t,u,i,e,p\n2026-03-02 23:30:00,ann,lamp,view,9\n", "utf-8")
    mapping = str(tmp_path / "west.toml")
    args = argparse.Namespace(source=mapping, raw=str(tmp_path), date=None, rows=10)
    assert validate_source.main(args) == 0
    output = capsys.readouterr().out
    assert f"days in {load_source(mapping).day_zone}" in output
    assert f"--date {first} " in output


@pytest.mark.parametrize(("day", "registered"), [("local", MONDAY), ("utc", TUESDAY)])
def test_a_date_that_the_shop_stores_as_an_instant_is_the_day_of_the_shop(
    spark: SparkSession, tmp_path: Path, day: str, registered: dt.date
) -> None:
    evening = dt.datetime(2026, 3, 2, 23, 30, tzinfo=ZoneInfo(WEST))
    users = pa.table({"u": ["ann"], "since": pa.array([evening], pa.timestamp("us", tz="UTC"))})
    pq.write_table(users, tmp_path / "users.parquet")
    (tmp_path / "2026-03-02.csv").write_text("t,u,i,e,p\n2026-03-02 09:00:00,ann,lamp,view,9\n", "utf-8")
    described = (
        '[users]\nfiles = "users.parquet"\nformat = "parquet"\ncolumns = { user_id = "u", registered_on = "since" }'
    )
    (tmp_path / "west.toml").write_text(MAPPING.replace('"local"', f'"{day}"') + described, "utf-8")
    source, lake = load_source(str(tmp_path / "west.toml")), Lake(str(tmp_path / "lake"))
    received = receive(source, str(tmp_path), MONDAY, None, lake, 0)
    read = read_rows(spark, source, "users", received, lake, MONDAY, None)
    assert [row.registered_on for row in read.frame.collect()] == [registered]


# clocks that change ----------------------------------------------------------------------------------------------


def a_source(zone: str, files: str, time: dict[str, str]) -> Source:
    columns = {"user_id": "u", "item_id": "i", "event_type": "e", "event_id": "id"}
    events = {"files": files, "columns": columns, "time": time}
    return parse_source({"name": "shop", "timezone": zone, "day": "local", "events": events})


def cleaned(spark: SparkSession, source: Source, folder: Path, night: dt.date, before: dt.date | None) -> list[dict]:
    """The kept rows of one night. Checks that each row that the reader saw is kept or rejected."""
    lake = Lake(str(folder / "lake"))
    received = receive(source, str(folder), night, before, lake, 0)
    read = read_rows(spark, source, "events", received, lake, night, before)
    lines = lines_by_visitor(read.frame, spark.createDataFrame([], CLEAN_EVENTS.ddl)).coalesce(1).toArrow()
    rows_by_table: dict[str, list[dict]] = {CLEAN_EVENTS.name: [], REJECTED_EVENTS.name: []}
    days = ShopDays(source.day_zone)
    for name, batch in reject_and_sessionise(iter(lines.to_batches()), rules(CleanConfig(), night, before, days)):
        rows_by_table[name] += batch.to_pylist()
    assert read.observation.get["raw_rows"] == sum(map(len, rows_by_table.values()))
    assert rows_by_table[REJECTED_EVENTS.name] == []
    return rows_by_table[CLEAN_EVENTS.name]


CHANGES = [
    ("America/Los_Angeles", dt.date(2026, 3, 8)),
    ("America/Los_Angeles", dt.date(2026, 11, 1)),
    ("Europe/Berlin", dt.date(2026, 3, 29)),
    ("Europe/Berlin", dt.date(2026, 10, 25)),
    ("Asia/Tokyo", dt.date(2026, 3, 8)),
]


def around(change: dt.date) -> list[dt.date]:
    return [change + dt.timedelta(days=n) for n in (-1, 0, 1)]


@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_an_undated_log_has_each_event_in_one_night_that_of_its_day(
    spark: SparkSession, tmp_path: Path, zone: str, change: dt.date
) -> None:
    nights, days = around(change), ShopDays(zone)
    begin, end = days.start(nights[0]), days.end(nights[-1])
    instants = [begin + n * dt.timedelta(minutes=15) for n in range((end - begin) // dt.timedelta(minutes=15))]
    lines = [f"{n},u{n % 7},i,view,{instant.timestamp():.0f}" for n, instant in enumerate(instants)]
    (tmp_path / "log.csv").write_text("\n".join(["id,u,i,e,t", *lines]) + "\n", "utf-8")
    source = a_source(zone, "log.csv", {"column": "t", "epoch": "s"})
    events: Counter[tuple[str, dt.date]] = Counter()
    for night, before in zip(nights, (None, *nights[:-1]), strict=True):
        kept_rows = cleaned(spark, source, tmp_path, night, before)
        assert {row["event_date"] for row in kept_rows} == {night}
        events.update((row["event_id"], row["event_date"]) for row in kept_rows)
    local_days = [instant.astimezone(ZoneInfo(zone)).date() for instant in instants]
    assert events == Counter((str(n), day) for n, day in enumerate(local_days))


@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_a_file_that_is_cut_at_the_shops_midnight_is_all_of_its_day(
    spark: SparkSession, tmp_path: Path, zone: str, change: dt.date
) -> None:
    """Times are those of the shop's clocks, also in the hour that comes twice."""
    nights, days = around(change), ShopDays(zone)
    source = a_source(zone, "{date}.csv", {"column": "t"})
    for night, before in zip(nights, (None, *nights[:-1]), strict=True):
        count = (days.end(night) - days.start(night)) // dt.timedelta(minutes=15)
        clocks = [days.shown(days.start(night) + n * dt.timedelta(minutes=15)) for n in range(count)]
        lines = [f"{night}-{n},u{n % 7},i,view,{clock:%Y-%m-%d %H:%M:%S}" for n, clock in enumerate(clocks)]
        (tmp_path / f"{night}.csv").write_text("\n".join(["id,u,i,e,t", *lines]) + "\n", "utf-8")
        kept_rows = cleaned(spark, source, tmp_path, night, before)
        assert len(kept_rows) == count
        assert {row["event_date"] for row in kept_rows} == {night}

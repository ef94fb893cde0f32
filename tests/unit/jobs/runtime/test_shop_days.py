"""Days of a timezone: each instant is in one day, also when clocks change; a lake has the days of one timezone."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from jobs.runtime.lake import Lake, Version
from jobs.runtime.shop_days import DAY, OtherDays, ShopDays, days_of, settle_days
from schemas.sources.mapping import MappingError, Source
from schemas.sources.reading import parse_source
from schemas.tables import CLEAN_EVENTS

HOUR = dt.timedelta(hours=1)
# Zone, the day on which its clocks change, and its hours.
CHANGES = [
    ("America/Los_Angeles", dt.date(2026, 3, 8), 23),
    ("America/Los_Angeles", dt.date(2026, 11, 1), 25),
    ("Europe/Berlin", dt.date(2026, 3, 29), 23),
    ("Europe/Berlin", dt.date(2026, 10, 25), 25),
    ("America/Sao_Paulo", dt.date(2018, 11, 4), 23),  # there is no midnight: the day begins at 01:00
    ("America/Havana", dt.date(2026, 11, 1), 25),  # there are two midnights: the day begins at the first
    ("Australia/Lord_Howe", dt.date(2026, 10, 4), 23.5),
    ("Asia/Tokyo", dt.date(2026, 3, 8), 24),
    ("UTC", dt.date(2026, 3, 8), 24),
]
ZONES = sorted({zone for zone, _, _ in CHANGES} | {"Pacific/Apia", "Asia/Kolkata", "Africa/Cairo", "America/Santiago"})


def micros(*instants: dt.datetime) -> np.ndarray:
    return np.array([round(instant.timestamp()) * 1_000_000 for instant in instants])


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
def test_a_day_on_which_clocks_change_has_its_own_length(zone: str, day: dt.date, hours: float) -> None:
    days = ShopDays(zone)
    assert days.end(day) - days.start(day) == hours * HOUR
    assert days.noon(day).astimezone(ZoneInfo(zone)).hour == 12
    tick = dt.timedelta(microseconds=1)
    around = [days.start(day) - tick, days.start(day), days.end(day) - tick, days.end(day)]
    one = dt.timedelta(days=1)
    assert [days.of(instant) for instant in around] == [day - one, day, day, day + one]


@pytest.mark.parametrize("zone", ZONES)
def test_the_day_is_the_date_on_the_clocks_of_the_zone(zone: str) -> None:
    start = dt.datetime(2010, 1, 1, tzinfo=dt.UTC)
    instants = [start + n * 7 * HOUR + n % 60 * dt.timedelta(minutes=1) for n in range(17 * 365 * 24 // 7)]
    days = [instant.astimezone(ZoneInfo(zone)).date() for instant in instants]
    numbers = ShopDays(zone).numbers(micros(*instants))
    assert numbers.tolist() == [(day - dt.date(1970, 1, 1)).days for day in days]


@pytest.mark.parametrize("zone", ZONES)
def test_days_follow_each_other_without_a_gap_and_the_clock_keeps_the_order(zone: str) -> None:
    days = ShopDays(zone)
    times = np.arange(1_285_000_000, 1_285_000_000 + 3 * 365 * 86_400, 1_237) * 1_000_000  # an odd number of seconds
    clock, number = days.clock(times), days.numbers(times)
    assert (np.diff(clock) > 0).all()
    assert (clock // DAY == number).all()


def test_days_of_utc_are_plain_division_to_the_last_bit() -> None:
    times = np.array([0, 1, DAY - 1, DAY, 20_515 * DAY + 12_345, 47_000 * DAY - 1])
    assert ShopDays().numbers(times).tolist() == (times // DAY).tolist()
    assert (ShopDays().clock(times) == times).all()
    assert ShopDays().numbers(np.zeros(0, np.int64)).tolist() == []


def test_the_clock_shows_the_hours_of_the_shop() -> None:
    evening = dt.datetime(2026, 3, 3, 23, 30, tzinfo=ZoneInfo("America/Los_Angeles"))
    clock = int(ShopDays("America/Los_Angeles").clock(micros(evening))[0])
    assert dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=clock) == dt.datetime(2026, 3, 3, 23, 30)


def test_no_other_module_of_the_jobs_converts_instants_to_days_or_days_to_instants() -> None:
    """Each such place once used a UTC day instead of the shop's day."""
    jobs = Path(__file__).resolve().parents[4] / "jobs"
    conversion = re.compile(
        r"dt\.UTC|dt\.time\(|\.combine\(|86_?400|_time\W?\]?\.(date\(|hour)|(?<!days\.)hour\(\W*event_time|_until\b.*\.date\("
    )
    offending_lines = [
        f"{path.relative_to(jobs)}:{number}: {line.strip()}"
        for path in sorted(jobs.rglob("*.py"))
        if path.name != "shop_days.py" and "sample_shop" not in path.parts
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if conversion.search(line)
    ]
    assert offending_lines == []


def source(**said: str) -> Source:
    events = {
        "files": "{date}.csv",
        "columns": {"user_id": "u", "item_id": "i", "event_type": "e"},
        "time": {"column": "t"},
    }
    return parse_source({"name": "shop", "events": events, **said}, "shop.toml")


def passed_night(lake: Lake, day: dt.date) -> None:
    """A night whose events have passed their gate."""
    version = Version(CLEAN_EVENTS.name, str(day), "001", 0, (), 0, CLEAN_EVENTS.version)
    lake.make_current(lake.commit(version))


def test_a_mapping_says_its_days() -> None:
    assert source(timezone="Asia/Tokyo").day_zone == "UTC"
    assert source(timezone="Asia/Tokyo", day="local").day_zone == "Asia/Tokyo"
    with pytest.raises(MappingError, match="day is 'shop'; there are utc, local"):
        source(day="shop")
    with pytest.raises(MappingError, match="there is no timezone"):
        source(day="local")


def test_a_lake_keeps_the_days_of_its_nights(tmp_path) -> None:
    lake, first, second = Lake(str(tmp_path)), dt.date(2026, 3, 2), dt.date(2026, 3, 3)
    west, utc = source(timezone="America/Los_Angeles", day="local"), source(timezone="America/Los_Angeles")
    assert settle_days(lake, utc, first) == days_of(lake) == ShopDays("UTC")
    assert not lake.exists("days.json")  # like lakes from before the setting existed
    settle_days(lake, west, first)  # no other night has passed its gate, so it may be changed
    assert days_of(lake) == days_of(lake, west) == ShopDays("America/Los_Angeles")
    passed_night(lake, first)
    settle_days(lake, west, second)
    for settled in (lambda: settle_days(lake, utc, second), lambda: days_of(lake, utc)):
        with pytest.raises(
            OtherDays, match=r'days in UTC.*put day = "local" and timezone = "America/Los_Angeles" back'
        ):
            settled()
    with pytest.raises(OtherDays, match="days in Asia/Tokyo"):
        settle_days(lake, source(timezone="Asia/Tokyo", day="local"), second)
    assert days_of(lake) == ShopDays("America/Los_Angeles")


def test_a_lake_without_days_json_has_utc_days(tmp_path) -> None:
    lake = Lake(str(tmp_path))
    passed_night(lake, dt.date(2026, 3, 2))
    with pytest.raises(OtherDays, match='put day = "utc" back'):
        settle_days(lake, source(timezone="Asia/Tokyo", day="local"), dt.date(2026, 3, 3))

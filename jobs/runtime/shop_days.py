"""The shop's days: when each begins and ends, and which day a moment belongs to.

Times are stored in UTC. A day lies between two midnights of one timezone: UTC, or the shop's where its mapping says
`day = "local"`. No other module of the jobs turns a time into a day or a day into a time.

All nights of a lake have the same days. Where these are not UTC days, LAKE/days.json names their timezone.
"""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.runtime.lake import Lake
from schemas.sources.mapping import Source
from schemas.tables import CLEAN_EVENTS

DAY = 86_400_000_000  # microseconds of a day on which clocks do not change
_FILE = "days.json"
_FIRST = dt.date(1970, 1, 1)
I64 = NDArray[np.int64]


class OtherDays(ValueError):
    """The mapping's days differ from the days of the lake's nights."""


@dataclass(frozen=True)
class ShopDays:
    """The days of one timezone. A day on which clocks change has 23 or 25 hours; the next begins where it ends."""

    zone: str = "UTC"

    def start(self, day: dt.date) -> dt.datetime:
        """The first instant of `day`, in UTC.

        Where clocks skip midnight, the day begins at the skip; where midnight comes twice, it begins at the first.
        """
        return dt.datetime.combine(day, dt.time(), ZoneInfo(self.zone)).astimezone(dt.UTC)

    def end(self, day: dt.date) -> dt.datetime:
        """The first instant after `day`, in UTC."""
        return self.start(day + dt.timedelta(days=1))

    def noon(self, day: dt.date) -> dt.datetime:
        """Noon of `day`, in UTC."""
        return dt.datetime.combine(day, dt.time(12), ZoneInfo(self.zone)).astimezone(dt.UTC)

    def of(self, instant: dt.datetime) -> dt.date:
        """The day of `instant`, a time with a timezone."""
        micros = np.array([_micros(instant)])
        return _FIRST + dt.timedelta(days=int(self.numbers(micros)[0]))

    def numbers(self, micros: I64) -> I64:
        """The day (N,) of each instant, as days since 1970; `micros` (N,): microseconds since 1970 in UTC."""
        first, starts = self._starts(micros)
        return first + np.searchsorted(starts, micros, side="right") - 1

    def clock(self, micros: I64) -> I64:
        """The instants (N,), in microseconds, on a clock on which day n lasts from n * DAY to (n + 1) * DAY.

        Their order stays the same. The clock shows the shop's hours, except on days on which clocks change: there it
        runs faster or slower, so that the day still has 24 hours.
        """
        first, starts = self._starts(micros)
        day = np.searchsorted(starts, micros, side="right") - 1
        inside, length = micros - starts[day], (starts[1:] - starts[:-1])[day]
        changed = length != DAY
        inside[changed] = (inside[changed] * (DAY / length[changed])).astype(np.int64)
        return (first + day) * DAY + inside

    def hour(self, time: str) -> Column:
        """The hour of the day, 0 to 23, of a timestamp column, as the clocks of the timezone show it."""
        return F.hour(F.from_utc_timestamp(F.col(time), self.zone))

    def shown(self, instant: dt.datetime) -> dt.datetime:
        """The instant as the clocks of the timezone show it."""
        return instant.astimezone(ZoneInfo(self.zone))

    def _starts(self, micros: I64) -> tuple[int, I64]:
        """(first day, as days since 1970; the starts of this and later days). All `micros` lie between the starts."""
        low, high = (int(micros.min()), int(micros.max())) if len(micros) else (0, 0)
        first, last = low // DAY - 1, high // DAY + 3  # a timezone is less than a day from UTC
        return first, _starts(self.zone, first, last)


@functools.lru_cache(maxsize=64)
def _starts(zone: str, first: int, last: int) -> I64:
    days = ShopDays(zone)
    starts = [_micros(days.start(_FIRST + dt.timedelta(days=number))) for number in range(first, last)]
    return np.array(starts, np.int64)


def now() -> dt.datetime:
    """This moment, in UTC. Only the lease asks for it: a job gets the date of its night."""
    return dt.datetime.now(dt.UTC)


def _micros(instant: dt.datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (instant - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def instant(value: dt.datetime) -> str:
    """A timestamp literal in Spark SQL; `value` has a timezone."""
    return f"TIMESTAMP '{value.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}Z'"


def days_of(lake: Lake, source: Source | None = None) -> ShopDays:
    """The days of the lake's nights. Raises OtherDays where the days of `source` differ from them."""
    zone = lake.get_json(_FILE)["zone"] if lake.exists(_FILE) else "UTC"
    if source is not None and source.day_zone != zone:
        raise OtherDays(_refusal(lake, zone, source))
    return ShopDays(zone)


def settle_days(lake: Lake, source: Source, night: dt.date) -> ShopDays:
    """Writes the days of `source` into the lake. Raises OtherDays where another night has been made with other days.

    With mixed days, the same evening would belong to one day in older tables and to the next day in newer ones.
    """
    if days_of(lake).zone != source.day_zone:
        if any(day != night and lake.current(CLEAN_EVENTS, day) for day in lake.dates(CLEAN_EVENTS)):
            return days_of(lake, source)
        lake.put_json({"zone": source.day_zone}, _FILE)
    return ShopDays(source.day_zone)


def _refusal(lake: Lake, zone: str, source: Source) -> str:
    day_setting = 'day = "utc"' if zone == "UTC" else f'day = "local" and timezone = "{zone}"'
    return (
        f"the nights of {lake.root} are made of days in {zone}, and {source.path or source.name} says days in "
        f"{source.day_zone}: an evening would belong to another day than before; put {day_setting} back into the "
        f"mapping, or make all nights again in an empty lake: python -m jobs replay_nights "
        f"--source {source.path or source.name} --raw RAW --from FIRST --to LAST --lake NEW_LAKE"
    )

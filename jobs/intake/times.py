"""Spark SQL of a time: the time on the shop's clock or, if the text has a zone, the moment itself.

The mapping's `timezone` turns a clock time into a moment. The clock time is kept as well, to count the hours that
clocks show twice or never.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from jobs.intake.sql_text import quoted, text
from schemas.sources.mapping import Input, MappingError, Source
from schemas.zones import ABBREVIATIONS, AMBIGUOUS

_NONE = "CAST(NULL AS TIMESTAMP)"
_FACTOR = {"s": "1000000D", "ms": "1000D", "us": "1D", "ns": "0.001D"}  # to microseconds
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_END = 4_102_444_800  # 2100-01-01 in epoch seconds; a later time means that the unit is wrong
_EPOCHS_FROM = 100_000_000  # epoch seconds
_NUMBER = re.compile(r"(tiny|small|big)?int|float|double|decimal.*")
_ISO_LENGTHS = {"yyyy-MM-dd HH:mm:ss": 19, "yyyy-MM-dd'T'HH:mm:ss": 19, "yyyy-MM-dd": 10, "yyyy-MM-dd HH:mm": 16}
_EXCEL_EPOCHS = {"excel": 25_569, "excel1904": 24_107}  # the serial number of 1970-01-01
_MILLIS_OF_A_DAY = 24 * 60 * 60 * 1000
_EXCEL_DAYS = 47_482  # from 1970 to 2100
_LONGEST = 100  # characters of a time with its zone and remarks
# The zones that Spark's cast reads correctly by itself.
_USUAL_ZONE = "^[0-9-]{10}[ T][0-9]{2}:[0-9]{2}:[0-9.]+ ?(Z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)$"
_CLOCK = r"^([0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[ Tt][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.][0-9]+)?)?)\h*"
# Java adds [Europe/Paris] after an offset, JavaScript (Coordinated Universal Time), Go a reading such as m=+0.1
_REMARK = r"(?<=[0-9A-Za-z])\h*(?:\[[^\]]*\]|\([^)]*\)|m=.*)$"
_OFFSET = r"^(?:UTC|GMT|UT)?\h*([-+−])(0?[0-9]|1[0-8]):?([0-5][0-9])?(?:\h+[A-Za-z/_]+)?$"
_NAME = r"^[(\[]?([A-Za-z][A-Za-z0-9_+/-]*)[)\]]?$"


@dataclass(frozen=True)
class TimeSql:
    """SQL of a time. In each row at most one of `clock` and `moment` is not null. `seen` is the text, or null."""

    clock: str = _NONE
    moment: str = _NONE
    seen: str = "CAST(NULL AS STRING)"
    may_be_absurd: bool = False  # True except for an epoch: a year outside 1970 to 2099 becomes null

    def in_utc(self, source: Source) -> str:
        """SQL of the time in UTC, over the columns `__clock` and `__moment`."""
        if self.clock == _NONE:
            time = "__moment"
        else:
            local = _to_utc("__clock", source)
            time = local if self.moment == _NONE else f"coalesce({local}, __moment)"
        return f"CASE WHEN year({time}) BETWEEN 1970 AND 2099 THEN {time} END" if self.may_be_absurd else time


def time_sql(spec: Input, source: Source, types: dict[str, str]) -> TimeSql:
    """The time of a row; `types["time"]` is the Spark type of the column or SQL that holds it."""
    time = spec.time
    if time is None:
        return TimeSql()
    value = quoted(time.column) if time.column else f"({time.sql})"
    kind = types["time"]
    seen_text = f"CAST({value} AS STRING)"
    if kind.startswith("timestamp[ns"):  # read as int64, see spark_scan
        micros = f"timestamp_micros({value} DIV 1000)"
        clock, moment = (_NONE, micros) if "tz=" in kind else (micros, _NONE)
        return TimeSql(clock, moment, seen_text, may_be_absurd=True)
    if time.epoch:
        return TimeSql(moment=_epoch(value, time.epoch), seen=seen_text)
    if kind == "timestamp":
        return TimeSql(moment=value, seen=seen_text, may_be_absurd=True)  # 0001-01-01 is how .NET writes no time
    if kind in ("date", "timestamp_ntz"):
        return TimeSql(clock=f"CAST({value} AS TIMESTAMP)", seen=seen_text, may_be_absurd=True)
    if kind != "string" and not (time.format and _NUMBER.fullmatch(kind)):
        raise MappingError(
            f"{source.path or source.name}: [{spec.which}.time] {time.column or time.sql} is {kind}; write "
            "epoch = 's', 'ms', 'us' or 'ns', or format = 'excel' or 'yyyyMMdd' for a number; of a struct name a field"
        )
    if kind in ("float", "double") or kind.startswith("decimal"):  # 20260302 must not become 2.0260302E7
        whole_number = f"CAST(CAST({value} AS DECIMAL(20, 0)) AS STRING)"
        value = f"CASE WHEN {value} = floor({value}) THEN {whole_number} ELSE {seen_text} END"
    elif kind != "string":
        value = seen_text
    parsed = [_parsed(value, pattern, len(time.format) > 1) for pattern in time.format or ("iso",)]
    clocks, moments = (
        [clock_and_moment[place] for clock_and_moment in parsed if clock_and_moment[place] != _NONE] for place in (0, 1)
    )
    return TimeSql(_first_not_null(clocks), _first_not_null(moments), seen_text, may_be_absurd=True)


def _first_not_null(values: list[str]) -> str:
    return f"coalesce({', '.join(values)})" if len(values) > 1 else (values or [_NONE])[0]


def _parsed(value: str, pattern: str, is_one_of_several: bool) -> tuple[str, str]:
    """SQL of (clock, moment) of a text, as one entry of `format` reads it.

    A cast is several times faster than a pattern, so the usual patterns use a cast, with a check of the length. Without
    the check, a cast would read '2011' as a day, '10:30' as today, and '2026-03-02 10:00+01' as a time without a zone.
    """
    if pattern == "iso":
        return _iso(value)
    if pattern in _EXCEL_EPOCHS:
        return _excel(value, _EXCEL_EPOCHS[pattern]), _NONE
    if pattern.startswith("epoch_"):
        # Among several formats, a number must be after 1973: else seconds could be read as milliseconds.
        return _NONE, _epoch(value, pattern.removeprefix("epoch_"), _EPOCHS_FROM if is_one_of_several else 0)
    if pattern in _ISO_LENGTHS:
        has_no_zone = f"char_length({value}) = {_ISO_LENGTHS[pattern]} AND {_ends_in_digit(value)}"
        has_colon = f" AND substr({value}, {_ISO_LENGTHS[pattern] - 2}, 1) = ':'" if "mm" in pattern else ""
        return f"CASE WHEN {has_no_zone}{has_colon} THEN try_cast({value} AS TIMESTAMP) END", _NONE
    letters = re.sub(r"'[^']*'", "", pattern)
    if "z" in letters or "v" in letters:
        return _NONE, f"try_to_timestamp({_without_abbreviation(value)}, {text(pattern)})"
    parsed_time = f"try_to_timestamp({value}, {text(pattern)})"
    return (_NONE, parsed_time) if re.search(r"[VOXxZ]", letters) else (parsed_time, _NONE)


def _epoch(value: str, unit: str, least_seconds: int = 0) -> str:
    number = f"try_cast({value} AS DOUBLE)"
    is_in_range = f"{number} >= {least_seconds * _PER_SECOND[unit]}D AND {number} < {_END * _PER_SECOND[unit]}D"
    return f"CASE WHEN {is_in_range} THEN timestamp_micros(CAST({number} * {_FACTOR[unit]} AS BIGINT)) END"


def _excel(value: str, epoch: int) -> str:
    """SQL of the time that Excel stores as days with a fraction, to the millisecond: Excel is not more exact."""
    days = f"(try_cast(replace({value}, ',', '.') AS DOUBLE) - {epoch}D)"
    is_in_range = f"{value} RLIKE '^[0-9]{{5}}([.,][0-9]*)?$' AND {days} >= 0 AND {days} < {_EXCEL_DAYS}"
    return f"CASE WHEN {is_in_range} THEN timestamp_millis(CAST(round({days} * {_MILLIS_OF_A_DAY}) AS BIGINT)) END"


def _iso(value: str) -> tuple[str, str]:
    """SQL of (clock, moment) of ISO 8601. A time without a zone ends in a digit and has no sign after its day."""
    value = f"trim({value})"
    is_iso = f"substr({value}, 5, 1) = '-' AND char_length({value}) >= 10"
    signs = " OR ".join(f"contains(substr({value}, 11), '{sign}')" for sign in "+-−")
    usual = (
        f"char_length({value}) = 19 AND substr({value}, 17, 1) = ':'"  # leaves no room for a zone; saves the searches
    )
    has_no_zone = f"{_ends_in_digit(value)} AND (({usual}) OR NOT ({signs}))"
    cast = f"try_cast({value} AS TIMESTAMP)"
    clock = f"CASE WHEN {is_iso} AND {has_no_zone} THEN {cast} END"
    zoned = f"WHEN {value} RLIKE '{_USUAL_ZONE}' THEN {cast} ELSE {_zoned(value)}"
    return clock, f"CASE WHEN NOT ({is_iso}) OR ({has_no_zone}) THEN NULL {zoned} END"


def _ends_in_digit(value: str) -> str:
    return f"substr({value}, -1) BETWEEN '0' AND '9'"


def _zoned(value: str) -> str:
    """SQL of the moment of a time with any other form of zone; null where the zone is unknown or ambiguous."""
    clock = f"upper(regexp_extract({value}, {text(_CLOCK)}, 1))"
    full_clock = f"concat({clock}, CASE WHEN {clock} RLIKE ':[0-9]+:' THEN '' ELSE ':00' END)"
    zone = f"regexp_replace(regexp_replace({value}, {text(_CLOCK)}, ''), {text(_REMARK)}, '')"
    name = f"regexp_extract({zone}, {text(_NAME)}, 1)"
    known = ", ".join(f"'{abbreviation}', {minutes}" for abbreviation, minutes in ABBREVIATIONS.items())
    east = (
        f"CASE WHEN {zone} RLIKE {text(_OFFSET)} THEN {_minutes(zone)} ELSE element_at(map({known}), upper({name})) END"
    )
    moment = f"timestamp_micros(unix_micros(try_cast({full_clock} AS TIMESTAMP)) - 60000000L * ({east}))"
    region = f"try_cast(concat({full_clock}, ' ', {name}) AS TIMESTAMP)"
    readable = f"CASE WHEN contains({name}, '/') THEN {region} ELSE {moment} END"
    return f"CASE WHEN char_length({value}) <= {_LONGEST} AND {value} RLIKE {text(_CLOCK)} THEN {readable} END"


def _minutes(zone: str) -> str:
    """SQL of the minutes east of UTC of a text such as GMT+2, -0530 or +01:00."""
    sign, hours, minutes = (f"regexp_extract({zone}, {text(_OFFSET)}, {group})" for group in (1, 2, 3))
    total = f"CAST({hours} AS INT) * 60 + coalesce(CAST(nullif({minutes}, '') AS INT), 0)"
    return f"(CASE {sign} WHEN '+' THEN 1 ELSE -1 END) * ({total})"


def _without_abbreviation(value: str) -> str:
    """SQL of the text with its zone's abbreviation replaced by an offset; null where the abbreviation is ambiguous.

    Java would read CST as Chicago, and CET in July as summer time.
    """
    zone_name = f"regexp_extract({value}, {text(_word(ABBREVIATIONS))}, 1)"
    zone_offsets = ", ".join(f"'{zone}', '{_offset(minutes)}'" for zone, minutes in ABBREVIATIONS.items())
    replaced = f"replace({value}, {zone_name}, element_at(map({zone_offsets}), {zone_name}))"
    return (
        f"CASE WHEN {value} RLIKE {text(_word(AMBIGUOUS))} THEN NULL "
        f"WHEN {zone_name} = '' THEN {value} ELSE {replaced} END"
    )


def _word(names: Iterable[str]) -> str:
    return rf"(?<![A-Za-z/_])({'|'.join(names)})(?![A-Za-z/_0-9+-])"


def _offset(minutes: int) -> str:
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}" if minutes else "UTC"


def _to_utc(clock: str, source: Source) -> str:
    return clock if source.timezone == "UTC" else f"to_utc_timestamp({clock}, {text(source.timezone)})"


# clocks that change ------------------------------------------------------------------------------------------------


def clock_changes(source: Source, first: date, last: date) -> bool:
    """Whether the shop's clocks change between two days. Of more than 400 days it tries only every 30th."""
    zone, step = ZoneInfo(source.timezone), 1 if (last - first).days < 400 else 30
    days = (first + timedelta(days=number) for number in range(0, (last - first).days + 1, step))
    return len({datetime(day.year, day.month, day.day, tzinfo=zone).utcoffset() for day in days}) > 1


def clock_tallies(source: Source) -> dict[str, str]:
    """SQL conditions over `__clock`: the clock never showed this hour, or showed it twice (the first one counts)."""
    utc, later = _to_utc("__clock", source), _to_utc("__clock + INTERVAL 1 HOUR", source)
    is_missing = f"from_utc_timestamp({utc}, {text(source.timezone)}) <> __clock"
    return {"hour_missing": is_missing, "hour_twice": f"NOT ({is_missing}) AND {later} <> {utc} + INTERVAL 1 HOUR"}

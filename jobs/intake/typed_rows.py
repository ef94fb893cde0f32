"""Received files -> typed rows in Spark. Each row is judged on its own; no error ends the job, and no row is dropped.

The work is one narrow stage of column expressions, without a shuffle and without Python. clean_events makes the
judgements that need other rows (duplicates, crawlers, late events).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from jobs.common.erased_people import ErasedPeople, erased_people
from jobs.intake import whole_row
from jobs.intake.column_paths import opened, visible
from jobs.intake.erased_rows import ERASED_ROW, erased_checks
from jobs.intake.mapping_sql import derived_types, refuse_sql, refuse_types
from jobs.intake.row_checks import Check, RawLimits, checks, choose, last_moment
from jobs.intake.spark_scan import NIGHT, scan
from jobs.intake.sql_text import quoted, text
from jobs.intake.times import clock_changes, clock_tallies, time_sql
from jobs.intake.typed_values import typed
from jobs.runtime.log import get_logger
from jobs.runtime.shop_days import ShopDays, instant
from jobs.runtime.spark import ansi_off
from schemas.sources.mapping import Input, MappingError, Source
from schemas.table import SPARK_TYPES, Column
from schemas.tables.events import RAW_EVENTS

KEY_VARIABLE = "NIGHTMARKET_HMAC_KEY"
_LOG = get_logger("typed_rows")
_SEEN_AT = Column("seen_at", "timestamp", "The time of the row, UTC; null where the input has none.", nullable=True)
_JUDGEMENT = ("source_file", "reason", "detail", "raw_row")
_logged_without_key: set[str] = set()  # inputs for which the missing key was logged already


@dataclass(frozen=True)
class RawRows:
    """Rows of one input: our columns, source_file, reason (null: kept), detail, raw_row (JSON of rejected rows).

    `observation.get` has raw_rows and each tally of the mapping, after an action on the whole frame.
    """

    frame: DataFrame
    observation: Observation
    tallies: DataFrame | None = None  # for many nights: (day, each tally of the mapping), if the mapping has tallies


def raw_columns(which: str) -> tuple[Column, ...]:
    """Our columns of the frame: those of RAW_EVENTS, or those that items or users may have, and `seen_at`."""
    return RAW_EVENTS.columns if which == "events" else (*Input(which).targets, _SEEN_AT)


def read_rows(
    spark: SparkSession,
    source: Source,
    which: str,
    received: dict[str, Any],
    lake: Any,
    night_date: date,
    previous_date: date | None,
    limits: RawLimits | None = None,
) -> RawRows:
    """The rows of one input (events, items or users) of one night.

    From undated events it takes rows with `previous_date` < day <= `night_date`. Rows whose time cannot be read belong
    to the night on which the file was new. Items and users `from = "events"` are made of the kept events. Raises
    MappingError where the mapping's SQL does not fit the files.
    """
    reading = source.events if source.input(which).from_events else source.input(which)
    files = received[reading.which]["files"]
    limits = limits or RawLimits()
    end = instant(last_moment(source, night_date, limits))
    return _read(spark, source, which, files, lake, (night_date, previous_date), (limits, end))


def read_nights(
    spark: SparkSession,
    source: Source,
    which: str,
    files: list[dict[str, Any]],
    lake: Any,
    span: tuple[date, date | None],
    limits: RawLimits,
) -> RawRows:
    """The rows of one input of many nights at once, as single nights would read them. The frame also has `night`.

    files: as manifests list them, each with `night`, which received it. All nights must have files of the same columns,
    see `files_alike`. A row's `night` is that of its file. In an undated log the time of a row decides its night, so
    `night` counts only for rows without a readable time.
    span: (the last night, the night before the first one).
    """
    ends = {
        night: last_moment(source, date.fromisoformat(night), limits) for night in {listed["night"] for listed in files}
    }
    files = [file | {"end": ends[file["night"]]} for file in files]
    return _read(spark, source, which, files, lake, span, (limits, "__end"))


def _read(
    spark: SparkSession,
    source: Source,
    which: str,
    files: list[dict[str, Any]],
    lake: Any,
    span: tuple[date, date | None],
    limits: tuple[RawLimits, str],
) -> RawRows:
    spec, night_date = source.input(which), span[0]
    if spark.conf.get("spark.sql.session.timeZone") != "UTC":
        raise ValueError("spark.sql.session.timeZone must be UTC; make the session with jobs.runtime.spark.session")
    # The JVM never compiles a method above 8,000 bytes of bytecode. With one of 8,305 bytes, 2 million rows took 28 s
    # of CPU instead of 11. With this limit Spark generates one small method for each expression instead.
    spark.conf.set("spark.sql.codegen.hugeMethodLimit", "8000")
    reading = source.events if spec.from_events else spec
    observation = Observation()
    if not files:
        return RawRows(_no_rows(spark, which).observe(observation, *_metrics(Input(which))), observation)
    source = opened(source, files, reading.which)
    spec, reading = source.input(which), source.input(reading.which)
    with ansi_off(spark):
        raw = scan(spark, source, reading.which, files, lake)
        night = NightInput(source, files, night_date, *limits, _types(raw, files), erased_people(lake))
        timed = _rows_of_night(raw, reading, night, span[1])
        if not spec.from_events:
            _, *tallies = metrics = _metrics(reading, night.clock_tallies(reading))
            by_day = _day(reading, source) if NIGHT in raw.columns and tallies else None
            observed = metrics if by_day is None else metrics[:1]
            rows = night.judged(timed.observe(observation, *observed), reading)
            tallies_by_day = None if by_day is None else timed.groupBy(F.expr(by_day).alias("day")).agg(*tallies)
            return RawRows(night.finished(rows, reading), observation, tallies_by_day)
        frame = _from_kept_events(timed, spec, reading, night)
        return RawRows(frame.observe(observation, *_metrics(Input(which))), observation)


@dataclass(frozen=True)
class NightInput:
    """What a night needs to read its rows; `types` maps the shop's columns to Spark types.

    `end` is SQL of the last moment of an event. If many nights are read at once, `date` is the last one.
    """

    source: Source
    files: list[dict[str, Any]]
    date: date
    limits: RawLimits
    end: str
    types: dict[str, str]
    erased: ErasedPeople

    def judged(self, rows: DataFrame, spec: Input) -> DataFrame:
        """Adds `__v_<our column>` (typed), `__s_<our column>` (as seen, if it may be lost), `__check` (null: kept)."""
        types = self.types | derived_types(rows, spec, self.source)
        expressions = typed(spec, self.source, types, _hash_key(spec))
        try:
            values = rows.selectExpr("*", *expressions)
        except AnalysisException:
            refuse_types(rows, spec, self.source, expressions)
            raise
        conditions = [check.condition for check in self.checks(spec, values.columns)]
        try:
            return values.selectExpr("*", f"{choose(conditions)} __check")
        except AnalysisException:
            refuse_sql(rows, spec, self.source, "reject", spec.reject)
            raise

    def clock_tallies(self, spec: Input) -> dict[str, str]:
        """Conditions that count events in hours that the shop's clock skipped or showed twice; {} if there are none."""
        if spec.which != "events" or self.source.timezone == "UTC":
            return {}
        first = min(date.fromisoformat(file["for_date"]) for file in self.files) - timedelta(days=31)
        first = first if spec.is_dated else date(2000, 1, 1)
        return clock_tallies(self.source) if clock_changes(self.source, first, self.date + timedelta(days=1)) else {}

    def checks(self, spec: Input, columns: list[str]) -> list[Check]:
        row_checks = checks(spec, self.source, columns, self.types, self.files, self.end, self.limits)
        return [*erased_checks(spec, self.erased), *row_checks]

    def finished(self, rows: DataFrame, spec: Input) -> DataFrame:
        """Exactly our columns, then the file, the reason, its detail and the raw row."""
        shop_columns = visible(self.types, spec, [name for file in self.files for name in file["header"]])
        special = {"event_time": "__time", "seen_at": "__time", "extra": self._extra(spec)}
        if spec.which == "events":
            special["event_id"] = whole_row.event_id(spec, shop_columns)
        if spec.which == "items" and not {"attributes"} & {*spec.columns, *spec.constants, *spec.derived}:
            special["attributes"] = self._extra(spec)
        our_columns = [
            f"{special.get(column.name, f'__v_{column.name}')} {column.name}" for column in raw_columns(spec.which)
        ]
        night = [f"{NIGHT} night"] if NIGHT in rows.columns else []
        return rows.selectExpr(*our_columns, *self._judgement(spec, rows.columns, shop_columns), *night)

    def _extra(self, spec: Input) -> str:
        return whole_row.extra(spec, self.source, self.types)

    def _judgement(self, spec: Input, columns: list[str], shop_columns: dict[str, str]) -> list[str]:
        """SQL of source_file, reason, detail and raw_row, by the number of the check that a row failed."""
        numbered = list(enumerate(self.checks(spec, columns)))
        reasons = " ".join(f"WHEN {number} THEN {text(check.reason)}" for number, check in numbered)
        details = " ".join(
            f"WHEN {place} THEN {check.detail}" for place, check in numbered if check.detail != Check.detail
        )
        detail = f"CASE __check {details} END" if details else Check.detail
        erased = f"WHEN __check = 0 THEN {ERASED_ROW}" if erased_checks(spec, self.erased) else ""
        whole = whole_row.raw_row(spec, self.source, shop_columns)
        raw_row = f"CASE {erased} WHEN __check IS NOT NULL THEN {whole} END"
        values = ("__file", f"CASE __check {reasons} END", detail, raw_row)
        return [f"{value} {name}" for value, name in zip(values, _JUDGEMENT, strict=True)]


def _no_rows(spark: SparkSession, which: str) -> DataFrame:
    our_columns = ", ".join(f"{column.name} {SPARK_TYPES[column.type]}" for column in raw_columns(which))
    return spark.createDataFrame([], f"{our_columns}, {', '.join(f'{name} string' for name in _JUDGEMENT)}")


def _from_kept_events(timed: DataFrame, spec: Input, events: Input, night: NightInput) -> DataFrame:
    """Items or users, from the kept events that have their id."""
    kept = night.judged(timed, events).where("__check IS NULL").select(*map(quoted, timed.columns))
    read_alike = replace(
        spec,
        format=events.format,
        each=events.each,
        personal=events.personal | spec.personal,
        decimal=events.decimal,
        thousands=events.thousands,
    )
    key = f"__v_{spec.targets[0].name}"
    rows = night.judged(kept, read_alike).where(f"__check IS NULL AND {key} IS NOT NULL")
    return night.finished(rows, read_alike)


def _types(raw: DataFrame, files: list[dict[str, Any]]) -> dict[str, str]:
    return dict(raw.dtypes) | {
        column: kind for file in files for column, kind in file["types"].items() if kind.startswith("timestamp[ns")
    }


def _rows_of_night(raw: DataFrame, spec: Input, night: NightInput, previous: date | None) -> DataFrame:
    """Adds `__time` (UTC) and `__time_seen`; from an undated log it takes only the rows of the night."""
    types = dict(night.types)
    if spec.time and spec.time.column:
        types["time"] = {column.casefold(): kind for column, kind in types.items()}[spec.time.column.casefold()]
    elif spec.time and spec.time.sql:
        try:
            types["time"] = raw.selectExpr(spec.time.sql).dtypes[0][1]
        except AnalysisException:
            refuse_sql(raw, spec, night.source, "time", {"sql": spec.time.sql})
            raise
    time = time_sql(spec, night.source, types)
    parsed = raw.selectExpr("*", f"{time.clock} __clock", f"{time.moment} __moment", f"{time.seen} __time_seen")
    timed = parsed.selectExpr("*", f"{time.in_utc(night.source)} __time")
    for part in ("reject", "tallies"):
        refuse_sql(timed, spec, night.source, part, getattr(spec, part))
    if spec.which != "events" or spec.is_dated:
        return timed
    days = ShopDays(night.source.day_zone)
    is_of_night = f"__time < {instant(days.end(night.date))}"
    if previous is not None:
        is_of_night += f" AND __time >= {instant(days.end(previous))}"
    return timed.where(f"({is_of_night}) OR (__time IS NULL AND __fresh)")


def _day(spec: Input, source: Source) -> str:
    """SQL of the night of a row or, in an undated log, of its day, which decides the night."""
    if spec.is_dated:
        return NIGHT
    return f"coalesce(to_date(from_utc_timestamp(__time, {text(source.day_zone)})), {NIGHT})"


def _metrics(spec: Input, other_tallies: Mapping[str, str] = MappingProxyType({})) -> list[Any]:
    tallies = [F.expr(f"count_if({sql})").alias(name) for name, sql in {**spec.tallies, **other_tallies}.items()]
    return [F.count(F.lit(1)).alias("raw_rows"), *tallies]


def _hash_key(spec: Input) -> str | None:
    """The key that hashes personal columns; None: they are dropped. Raises MappingError if an id needs the key."""
    key = os.environ.get(KEY_VARIABLE) or None
    if key is None and spec.hashed:
        ids = sorted(spec.hashed & {"user_id", "visitor_id", "item_id"})
        if ids:
            raise MappingError(f"{', '.join(ids)} of {spec.which} is personal; set {KEY_VARIABLE} to hash it")
        if spec.which not in _logged_without_key:
            _logged_without_key.add(spec.which)
            dropped = ", ".join(sorted(spec.hashed))
            _LOG.info("%s of %s: dropped, since %s is not set", dropped, spec.which, KEY_VARIABLE)
    return key

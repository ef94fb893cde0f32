"""Received files -> typed rows in Spark: each row is judged on its own, no error ends the job, no row is dropped.

One narrow stage of column expressions, without a shuffle and without Python. What needs other rows (duplicates,
crawlers, late events) is judged by clean_events.
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
from jobs.intake.mapping_sql import derived_types, refuse_sql
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

    `observation.get` has raw_rows and each tally of the mapping, after an action has read the whole frame.
    """

    frame: DataFrame
    observation: Observation
    tallies: DataFrame | None = None  # of many nights: (day, each tally of the mapping), where it has any


def raw_columns(which: str) -> tuple[Column, ...]:
    """The columns of the frame before source_file: RAW_EVENTS, or what items or users may have, and `seen_at`."""
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

    Of undated events, those with `previous_date` < day <= `night_date`; rows whose time cannot be read belong to
    the night on which the file was new. Items and users `from = "events"` are made of the events that are kept.
    Raises MappingError where the mapping's SQL does not fit the files.
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
    """The rows of one input of many nights at once, each as its own night reads it; the frame has `night` too.

    files: as manifests list them, each with `night`, the night that received it. All nights must have files of the same
    columns, see `nights_alike`. `night` is that of the row's file; in an undated log, whose nights follow from the
    times of rows, it is the night for rows without a readable time.
    span: (the last night, the night before the first one).
    """
    ends = {night: last_moment(source, date.fromisoformat(night), limits) for night in {f["night"] for f in files}}
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
    # The JVM never compiles a method above 8,000 bytes of bytecode. Seen here at 8,305 bytes: 28 s of CPU for 2 million
    # rows instead of 11. With this limit Spark then generates one small method for each expression instead.
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
        timed = _of_the_night(raw, reading, night, span[1])
        if not spec.from_events:
            _, *tallies = metrics = _metrics(reading, night.clock_tallies(reading))
            by_day = _day(reading, source) if NIGHT in raw.columns and tallies else None
            seen = metrics if by_day is None else metrics[:1]
            rows = night.judged(timed.observe(observation, *seen), reading)
            told = None if by_day is None else timed.groupBy(F.expr(by_day).alias("day")).agg(*tallies)
            return RawRows(night.finished(rows, reading), observation, told)
        frame = _of_kept_events(timed, spec, reading, night)
        return RawRows(frame.observe(observation, *_metrics(Input(which))), observation)


@dataclass(frozen=True)
class NightInput:
    """What a night reads its rows with; `types` maps their columns to Spark types.

    `end` is SQL of the last moment of an event. Of many nights that are read at once, `date` is the last one.
    """

    source: Source
    files: list[dict[str, Any]]
    date: date
    limits: RawLimits
    end: str
    types: dict[str, str]
    erased: ErasedPeople

    def judged(self, rows: DataFrame, spec: Input) -> DataFrame:
        """Adds `__v_<ours>` (typed), `__s_<ours>` (as seen, where typing may lose it), `__check` (null: kept)."""
        types = self.types | derived_types(rows, spec, self.source)
        values = rows.selectExpr("*", *typed(spec, self.source, types, _hash_key(spec)))
        conditions = [check.condition for check in self.checks(spec, values.columns)]
        try:
            return values.selectExpr("*", f"{choose(conditions)} __check")
        except AnalysisException:
            refuse_sql(rows, spec, self.source, "reject", spec.reject)
            raise

    def clock_tallies(self, spec: Input) -> dict[str, str]:
        """Counts of events in hours that the shop's clock skipped or showed twice, on nights that can have such."""
        if spec.which != "events" or self.source.timezone == "UTC":
            return {}
        first = min(date.fromisoformat(file["for_date"]) for file in self.files) - timedelta(days=31)
        first = first if spec.is_dated else date(2000, 1, 1)
        return clock_tallies(self.source) if clock_changes(self.source, first, self.date + timedelta(days=1)) else {}

    def checks(self, spec: Input, columns: list[str]) -> list[Check]:
        others = checks(spec, self.source, columns, self.types, self.files, self.end, self.limits)
        return [*erased_checks(spec, self.erased), *others]

    def finished(self, rows: DataFrame, spec: Input) -> DataFrame:
        """Exactly our columns, then the file, the reason, its detail and the raw row."""
        theirs = visible(self.types, spec, [name for file in self.files for name in file["header"]])
        special = {"event_time": "__time", "seen_at": "__time", "extra": self._extra(spec)}
        if spec.which == "events":
            special["event_id"] = whole_row.event_id(spec, theirs)
        if spec.which == "items" and not {"attributes"} & {*spec.columns, *spec.constants, *spec.derived}:
            special["attributes"] = self._extra(spec)
        ours = [f"{special.get(c.name, f'__v_{c.name}')} {c.name}" for c in raw_columns(spec.which)]
        night = [f"{NIGHT} night"] if NIGHT in rows.columns else []
        return rows.selectExpr(*ours, *self._judgement(spec, rows.columns, theirs), *night)

    def _extra(self, spec: Input) -> str:
        return whole_row.extra(spec, self.source, self.types)

    def _judgement(self, spec: Input, columns: list[str], theirs: dict[str, str]) -> list[str]:
        """source_file, reason, detail and raw_row, by the number of the check that a row failed."""
        numbered = list(enumerate(self.checks(spec, columns)))
        reasons = " ".join(f"WHEN {number} THEN {text(check.reason)}" for number, check in numbered)
        details = " ".join(f"WHEN {n} THEN {check.detail}" for n, check in numbered if check.detail != Check.detail)
        detail = f"CASE __check {details} END" if details else Check.detail
        erased = f"WHEN __check = 0 THEN {ERASED_ROW}" if erased_checks(spec, self.erased) else ""
        raw_row = f"CASE {erased} WHEN __check IS NOT NULL THEN {whole_row.raw_row(spec, theirs)} END"
        values = ("__file", f"CASE __check {reasons} END", detail, raw_row)
        return [f"{value} {name}" for value, name in zip(values, _JUDGEMENT, strict=True)]


def _no_rows(spark: SparkSession, which: str) -> DataFrame:
    ours = ", ".join(f"{column.name} {SPARK_TYPES[column.type]}" for column in raw_columns(which))
    return spark.createDataFrame([], f"{ours}, {', '.join(f'{name} string' for name in _JUDGEMENT)}")


def _of_kept_events(timed: DataFrame, spec: Input, events: Input, night: NightInput) -> DataFrame:
    """Items or users, from the events that are kept and name one."""
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
    return dict(raw.dtypes) | {k: v for file in files for k, v in file["types"].items() if v.startswith("timestamp[ns")}


def _of_the_night(raw: DataFrame, spec: Input, night: NightInput, previous: date | None) -> DataFrame:
    """Adds `__time` (UTC) and `__time_seen`; of an undated log keeps the rows of the night."""
    types = dict(night.types)
    if spec.time and spec.time.column:
        types["time"] = {k.casefold(): v for k, v in types.items()}[spec.time.column.casefold()]
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
    inside = f"__time < {instant(days.end(night.date))}"
    if previous is not None:
        inside += f" AND __time >= {instant(days.end(previous))}"
    return timed.where(f"({inside}) OR (__time IS NULL AND __fresh)")


def _day(spec: Input, source: Source) -> str:
    """SQL of the night of a row, or of the day by which an undated log's night follows."""
    if spec.is_dated:
        return NIGHT
    return f"coalesce(to_date(from_utc_timestamp(__time, {text(source.day_zone)})), {NIGHT})"


def _metrics(spec: Input, more: Mapping[str, str] = MappingProxyType({})) -> list[Any]:
    tallies = [F.expr(f"count_if({sql})").alias(name) for name, sql in {**spec.tallies, **more}.items()]
    return [F.count(F.lit(1)).alias("raw_rows"), *tallies]


def _hash_key(spec: Input) -> str | None:
    """The key of personal columns; None: they are dropped. MappingError where an id of ours is personal, without it."""
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

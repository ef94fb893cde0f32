"""Mapping -> Spark: received files become typed rows, each judged by itself; nothing throws and nothing is dropped.

One narrow stage of column expressions, no shuffle and no Python. What needs other rows (duplicates, crawlers, late
events) is judged by clean_events. SQL of a mapping runs with ANSI mode off: a cast that fails gives null, not an end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from jobs.runtime.log import get_logger
from jobs.runtime.raw_checks import Check, RawLimits, checks, choose
from jobs.runtime.raw_scan import INTERNAL, quoted, scan, text
from jobs.runtime.raw_times import clock_changes, clock_tallies, time_sql
from jobs.runtime.raw_values import line_hash, typed
from jobs.runtime.shop_days import ShopDays, instant
from schemas.mapping import Input, MappingError, Source
from schemas.table import SPARK_TYPES, Column
from schemas.tables.events import RAW_EVENTS

KEY_VARIABLE = "NIGHTMARKET_HMAC_KEY"
_LOG = get_logger("raw_rows")
_SEEN_AT = Column("seen_at", "timestamp", "The time of the row, UTC; null where the input has none.", nullable=True)
_JUDGEMENT = ("source_file", "reason", "detail", "raw_row")
_told: set[str] = set()  # inputs for which the missing key was logged


@dataclass(frozen=True)
class RawRows:
    """`frame`: our columns, source_file, reason (null: fine), detail, raw_row (JSON, where there is a reason).

    `observation.get` has raw_rows and each tally of the mapping, once an action has read the frame to its end.
    """

    frame: DataFrame
    observation: Observation


def raw_columns(which: str) -> tuple[Column, ...]:
    """The columns of the frame before source_file: RAW_EVENTS, or what items and users may be given, and `seen_at`."""
    return RAW_EVENTS.columns if which == "events" else (*Input(which).targets, _SEEN_AT)


def read_rows(spark: SparkSession, source: Source, which: str, received: dict[str, Any], lake: Any, night_date: date,
              previous_date: date | None, limits: RawLimits | None = None) -> RawRows:  # fmt: skip
    """The rows of one input of one night.

    Of undated events those with `previous_date` < day <= `night_date`; rows whose time cannot be read belong to
    the night on which the file was new. Items and users `from = "events"` are made of the events that are fine.
    Raises MappingError where the mapping's SQL does not fit the files.
    """
    spec = source.input(which)
    if spark.conf.get("spark.sql.session.timeZone") != "UTC":
        raise ValueError("spark.sql.session.timeZone must be UTC; make the session with jobs.runtime.spark.session")
    # The JVM never compiles a method above 8,000 bytes of bytecode. Seen here at 8,305 bytes: 28 s of CPU for 2 million
    # rows instead of 11. With this limit Spark then generates one small method for each expression instead.
    spark.conf.set("spark.sql.codegen.hugeMethodLimit", "8000")
    reading = source.events if spec.from_events else spec
    observation = Observation(f"{which} {night_date}")
    files = received[reading.which]["files"]
    if not files:
        ddl = ", ".join(f"{c.name} {SPARK_TYPES[c.type]}" for c in raw_columns(which))
        empty = spark.createDataFrame([], f"{ddl}, {', '.join(f'{name} string' for name in _JUDGEMENT)}")
        return RawRows(empty.observe(observation, *_metrics(Input(which))), observation)
    with _ansi_off(spark):
        raw = scan(spark, source, reading, files, lake)
        night = _Night(source, files, night_date, limits or RawLimits(), _types(raw, files))
        timed = _of_the_night(raw, reading, night, previous_date)
        if not spec.from_events:
            metrics = _metrics(reading, night.clock_tallies(reading))
            rows = night.judged(timed.observe(observation, *metrics), reading)
            return RawRows(night.finished(rows, reading), observation)
        good = night.judged(timed, reading).where("__check IS NULL").select(*timed.columns)
        keyed = replace(spec, format=reading.format, personal=reading.personal | spec.personal,
                        decimal=reading.decimal, thousands=reading.thousands)  # fmt: skip
        rows = night.judged(good, keyed).where(f"__check IS NULL AND __v_{spec.targets[0].name} IS NOT NULL")
        return RawRows(night.finished(rows, keyed).observe(observation, *_metrics(Input(which))), observation)


@dataclass
class _Night:
    """What every step below needs to know; `types` are the Spark types of their columns."""

    source: Source
    files: list[dict[str, Any]]
    date: date
    limits: RawLimits
    types: dict[str, str]

    def judged(self, rows: DataFrame, spec: Input) -> DataFrame:
        """Adds `__v_<ours>` (typed), `__s_<ours>` (as seen, where typing may lose it), `__check` (null: fine)."""
        values = rows.selectExpr(
            "*", *typed(spec, self.source, self.types | _derived_types(rows, spec, self.source), _key(spec))
        )
        tests = self.tests(spec, values.columns)
        try:
            return values.selectExpr("*", f"{choose([test.condition for test in tests])} __check")
        except AnalysisException:
            _refuse_sql(rows, spec, self.source, "reject", spec.reject)
            raise

    def clock_tallies(self, spec: Input) -> dict[str, str]:
        """Counts of events in hours that the shop's clock skipped or showed twice, on nights that can have such."""
        if spec.which != "events" or self.source.timezone == "UTC":
            return {}
        first = min(date.fromisoformat(file["for_date"]) for file in self.files) - timedelta(days=31)
        first = first if spec.is_dated else date(2000, 1, 1)
        return clock_tallies(self.source) if clock_changes(self.source, first, self.date + timedelta(days=1)) else {}

    def tests(self, spec: Input, columns: list[str]) -> list[Check]:
        return checks(spec, self.source, columns, self.types, self.files, self.date, self.limits)

    def finished(self, rows: DataFrame, spec: Input) -> DataFrame:
        """Exactly our columns, the file and the judgement."""
        theirs = {name: kind for name, kind in self.types.items() if name not in INTERNAL}
        special = {"event_time": "__time", "seen_at": "__time", "extra": self.extra(spec, theirs)}
        if spec.which == "events":
            line = "__line" if spec.format == "jsonl" else None
            hashed = theirs if spec.format == "parquet" else theirs | {"__malformed": "string"}
            given = "event_id" in {*spec.columns, *spec.derived}
            special["event_id"] = (
                f"coalesce(__v_event_id, {line_hash(hashed, line)})" if given else line_hash(hashed, line)
            )
        if spec.which == "items" and not {"attributes"} & {*spec.columns, *spec.constants, *spec.derived}:
            special["attributes"] = self.extra(spec, theirs)
        ours = [f"{special.get(c.name, f'__v_{c.name}')} {c.name}" for c in raw_columns(spec.which)]
        tests = self.tests(spec, rows.columns)
        reasons = " ".join(f"WHEN {i} THEN {text(test.reason)}" for i, test in enumerate(tests))
        details = " ".join(
            f"WHEN {i} THEN {test.detail}" for i, test in enumerate(tests) if test.detail != Check.detail
        )
        detail = f"CASE __check {details} END" if details else "CAST(NULL AS STRING)"
        raw_row = f"CASE WHEN __check IS NOT NULL THEN {self.raw_row(spec, theirs)} END"
        judgement = [
            "__file source_file",
            f"CASE __check {reasons} END reason",
            f"{detail} detail",
            f"{raw_row} raw_row",
        ]
        return rows.selectExpr(*ours, *judgement)

    def extra(self, spec: Input, theirs: dict[str, str]) -> str:
        """JSON of the columns that nothing in the mapping names; personal ones are not among them."""
        if spec.which == "users" or (spec.from_events and spec.which != "events"):
            return "CAST(NULL AS STRING)"
        sharing = [spec, *(i for i in self.source.inputs if i.from_events)] if spec.which == "events" else [spec]
        named = {n.casefold() for i in sharing for n in (*i.needed, *i.sql_words, *i.personal)}
        if spec.format == "jsonl":
            names = ", ".join(
                text(n) for n in sorted({n for i in sharing for n in (*i.needed, *i.sql_words, *i.personal)})
            )
            rest = (
                f"map_filter(from_json(__line, 'map<string,string>'), (k, v) -> k NOT IN ({names}) AND v IS NOT NULL)"
            )
            return f"nullif(to_json({rest}), '{{}}')"
        unnamed = [name for name in theirs if name.casefold() not in named]
        if not unnamed:
            return "CAST(NULL AS STRING)"
        return f"nullif(to_json(named_struct({', '.join(f'{text(n)}, {quoted(n)}' for n in unnamed)})), '{{}}')"

    def raw_row(self, spec: Input, theirs: dict[str, str]) -> str:
        """JSON of the whole row as it came. Personal fields are masked; of a user so is all that is not mapped."""
        masked = {n.casefold() for n in spec.personal}
        if spec.which == "users":
            words = {w.casefold() for w in (*spec.needed, *spec.sql_words)}
            masked |= {n.casefold() for n in theirs if n.casefold() not in words}
        fields = (
            f"{text(n)}, "
            + (f"CASE WHEN {quoted(n)} IS NULL THEN NULL ELSE '***' END" if n.casefold() in masked else quoted(n))
            for n in theirs
        )
        whole = f"to_json(named_struct({', '.join(fields)}), map('ignoreNullFields', 'false'))"
        line = "__line" if spec.format == "jsonl" else "__malformed"
        broken = (
            f"concat(char_length({line}), ' characters, not shown: this input has personal columns')"
            if masked
            else line
        )
        if spec.format == "parquet":
            return whole
        whole = "__line" if spec.format == "jsonl" and not masked else whole
        return f"CASE WHEN __malformed IS NULL THEN {whole} ELSE to_json(named_struct('line', {broken})) END"


def _types(raw: DataFrame, files: list[dict[str, Any]]) -> dict[str, str]:
    return dict(raw.dtypes) | {k: v for file in files for k, v in file["types"].items() if v.startswith("timestamp[ns")}


def _of_the_night(raw: DataFrame, spec: Input, night: _Night, previous: date | None) -> DataFrame:
    """Adds `__time` (UTC) and `__time_seen`; of an undated log keeps the rows of the night."""
    types = dict(night.types)
    if spec.time and spec.time.column:
        types["time"] = {k.casefold(): v for k, v in types.items()}[spec.time.column.casefold()]
    elif spec.time and spec.time.sql:
        try:
            types["time"] = raw.selectExpr(spec.time.sql).dtypes[0][1]
        except AnalysisException:
            _refuse_sql(raw, spec, night.source, "time", {"sql": spec.time.sql})
            raise
    time = time_sql(spec, night.source, types)
    parsed = raw.selectExpr("*", f"{time.clock} __clock", f"{time.moment} __moment", f"{time.seen} __time_seen")
    timed = parsed.selectExpr("*", f"{time.in_utc(night.source)} __time")
    for part in ("reject", "tallies"):
        _refuse_sql(timed, spec, night.source, part, getattr(spec, part))
    if spec.which != "events" or spec.is_dated:
        return timed
    days = ShopDays(night.source.day_zone)
    inside = f"__time < {instant(days.end(night.date))}"
    if previous is not None:
        inside += f" AND __time >= {instant(days.end(previous))}"
    return timed.where(f"({inside}) OR (__time IS NULL AND __fresh)")


def _metrics(spec: Input, more: Mapping[str, str] = MappingProxyType({})) -> list[Any]:
    tallies = [F.expr(f"count_if({sql})").alias(name) for name, sql in {**spec.tallies, **more}.items()]
    return [F.count(F.lit(1)).alias("raw_rows"), *tallies]


def _derived_types(rows: DataFrame, spec: Input, source: Source) -> dict[str, str]:
    if not spec.derived:
        return {}
    try:
        kinds = rows.selectExpr(*(f"({sql}) {quoted('derived:' + ours)}" for ours, sql in spec.derived.items())).dtypes
    except AnalysisException:
        _refuse_sql(rows, spec, source, "derived", spec.derived)
        raise
    return dict(kinds)


def _refuse_sql(rows: DataFrame, spec: Input, source: Source, part: str, texts: Any) -> None:
    """Raise MappingError for the SQL that Spark cannot resolve, by name."""
    for name, sql in texts.items():
        try:
            frame = rows.selectExpr(f"({sql}) x")
            kind = frame.dtypes[0][1]
        except AnalysisException as error:
            says = str(error).splitlines()[0]
            raise MappingError(
                f"{source.path or source.name}: [{spec.which}.{part}] {name} = {sql!r}: {says}"
            ) from None
        if part in ("reject", "tallies") and kind != "boolean":
            raise MappingError(f"{source.path or source.name}: [{spec.which}.{part}] {name} is {kind}, not a condition")


def _key(spec: Input) -> str | None:
    key = os.environ.get(KEY_VARIABLE) or None
    if key is None and spec.hashed:
        keyed = sorted(spec.hashed & {"user_id", "visitor_id", "item_id"})
        if keyed:
            raise MappingError(f"{', '.join(keyed)} of {spec.which} is personal; set {KEY_VARIABLE} to hash it")
        if spec.which not in _told:
            _told.add(spec.which)
            _LOG.info("%s of %s are dropped: %s is not set", ", ".join(sorted(spec.hashed)), spec.which, KEY_VARIABLE)
    return key


@contextmanager
def _ansi_off(spark: SparkSession) -> Iterator[None]:
    """Expressions keep the mode under which they were analysed, so it is put back as soon as the frame is made."""
    before = spark.conf.get("spark.sql.ansi.enabled")
    spark.conf.set("spark.sql.ansi.enabled", "false")
    try:
        yield
    finally:
        spark.conf.set("spark.sql.ansi.enabled", str(before))

"""Mapping -> Spark: received files become typed rows, each judged by itself; nothing throws and nothing is dropped.

One narrow stage of column expressions, no shuffle and no Python. What needs other rows (duplicates, crawlers, late
events) is judged by clean_events. SQL of a mapping runs with ANSI mode off: a cast that fails gives null, not an end.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from jobs.intake.column_paths import base, head, is_below, opened, sharing, visible
from jobs.intake.row_checks import Check, RawLimits, checks, choose
from jobs.intake.spark_scan import INTERNAL, scan
from jobs.intake.sql_text import quoted, text
from jobs.intake.times import clock_changes, clock_tallies, time_sql
from jobs.intake.typed_values import line_hash, typed
from jobs.runtime.log import get_logger
from jobs.runtime.shop_days import ShopDays, instant
from schemas.sources.mapping import Input, MappingError, Source
from schemas.table import SPARK_TYPES, Column
from schemas.tables.events import RAW_EVENTS

KEY_VARIABLE = "NIGHTMARKET_HMAC_KEY"
_LOG = get_logger("typed_rows")
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
    source = opened(source, files, reading.which)
    spec, reading = source.input(which), source.input(reading.which)
    with _ansi_off(spark):
        raw = scan(spark, source, reading.which, files, lake)
        night = _Night(source, files, night_date, limits or RawLimits(), _types(raw, files))
        timed = _of_the_night(raw, reading, night, previous_date)
        if not spec.from_events:
            metrics = _metrics(reading, night.clock_tallies(reading))
            rows = night.judged(timed.observe(observation, *metrics), reading)
            return RawRows(night.finished(rows, reading), observation)
        good = night.judged(timed, reading).where("__check IS NULL").select(*map(quoted, timed.columns))
        keyed = replace(spec, format=reading.format, each=reading.each, personal=reading.personal | spec.personal,
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
        theirs = visible(self.types, spec, [name for file in self.files for name in file["header"]])
        special = {"event_time": "__time", "seen_at": "__time", "extra": self.extra(spec, theirs)}
        if spec.which == "events":
            special["event_id"] = self.event_id(spec, theirs)
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

    def event_id(self, spec: Input, theirs: dict[str, str]) -> str:
        """The mapping's id, or else a hash of the line. Of `each`, lines of one row differ by their place in it."""
        line, hashed = ("__line" if spec.format == "jsonl" else None), dict(theirs)
        if spec.format == "csv":
            hashed["__malformed"] = "string"
        if spec.each:
            line = line and f"concat({line}, '#', coalesce(__position, 0))"
            hashed["__position"] = "int"
        made = line_hash(hashed, line)
        if "event_id" not in {*spec.columns, *spec.derived}:
            return made
        given = spec.columns.get("event_id") or spec.derived["event_id"]
        of_the_line = spec.each is None or re.search(rf"(?<!\w){re.escape(spec.each.column)}(?!\w)", given)
        by_place = "" if of_the_line else "concat(__v_event_id, '#', __position), "
        return f"coalesce({by_place}__v_event_id, {made})"

    def extra(self, spec: Input, theirs: dict[str, str]) -> str:
        """JSON of the columns that nothing in the mapping names; personal ones are not among them."""
        if spec.which == "users" or (spec.from_events and spec.which != "events"):
            return "CAST(NULL AS STRING)"
        inputs = sharing(self.source, spec.which)
        named = {n.casefold() for i in inputs for n in (*i.needed, *i.sql_words, *i.personal)}
        if spec.format == "jsonl":
            return self._extra_of_json(spec, inputs)
        element = spec.each.column.casefold() if spec.each else ""
        named -= {element}  # fields of it that nothing names are kept
        unnamed = [n for n in self.types if n not in INTERNAL and n.casefold() != element and not is_below(n, named)]
        if not unnamed:
            return "CAST(NULL AS STRING)"
        return f"nullif(to_json(named_struct({', '.join(f'{text(n)}, {quoted(n)}' for n in unnamed)})), '{{}}')"

    def _extra_of_json(self, spec: Input, inputs: list[Input]) -> str:
        """The keys of the line that nothing names and, of an object with a named field, its other fields."""
        named = {n for i in inputs for n in (*i.needed, *i.sql_words, *i.personal)}
        outer = {base(n, spec.each) for n in named if "." in n}
        within = {n.rpartition(".")[0] for n in named if "." in n}
        names = ", ".join(map(text, sorted({*named, *outer, *within, *(head(n) for n in outer)})))
        maps = ["from_json(__line, 'map<string,string>')"] + [
            f"transform_keys(coalesce(from_json({quoted(o)}, 'map<string,string>'), map()), "
            f"(k, v) -> concat({text(o + '.')}, k))"
            for o in sorted(outer)
        ]
        unnamed = ", ".join(f"map_filter({m}, (k, v) -> k NOT IN ({names}) AND v IS NOT NULL)" for m in maps)
        return f"nullif(to_json({f'map_concat({unnamed})' if outer else unnamed}), '{{}}')"

    def raw_row(self, spec: Input, theirs: dict[str, str]) -> str:
        """JSON of the whole row as it came. Personal fields are masked; of a user so is all that is not mapped."""
        masked = {n.casefold() for n in spec.personal}
        if spec.which == "users":
            words = {w.casefold() for w in (*spec.needed, *spec.sql_words)}
            masked |= {n.casefold() for n in theirs if not is_below(n, words)}
        fields = (
            f"{text(n)}, "
            + (f"CASE WHEN {quoted(n)} IS NULL THEN NULL ELSE '***' END" if is_below(n, masked) else quoted(n))
            for n in (*theirs, *(["__position"] if spec.each else []))
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
        if spec.format == "jsonl" and not masked:
            place = "'{\"position\":', coalesce(__position, 'null'), ',\"row\":', __line, '}'"
            whole = f"concat({place})" if spec.each else "__line"
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
        derived = [f"({sql}) {quoted('derived:' + ours)}" for ours, sql in spec.derived.items()]
        kinds = rows.selectExpr("*", *derived).dtypes[-len(derived) :]  # with *: else a sum would be one row of many
    except AnalysisException:
        _refuse_sql(rows, spec, source, "derived", spec.derived)
        raise
    return dict(kinds)


def _refuse_sql(rows: DataFrame, spec: Input, source: Source, part: str, texts: Any) -> None:
    """Raise MappingError for the SQL that Spark cannot resolve, by name. All at once first: one analysis, not many."""
    if not texts:
        return
    try:
        kinds = rows.selectExpr("*", *(f"({sql}) __x{i}" for i, sql in enumerate(texts.values()))).dtypes
        if part not in ("reject", "tallies") or all(kind == "boolean" for _, kind in kinds[len(rows.columns) :]):
            return
    except AnalysisException:
        pass
    for name, sql in texts.items():
        try:
            kind = rows.selectExpr("*", f"({sql}) __x").dtypes[-1][1]
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

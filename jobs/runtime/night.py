"""One run of one night: its date, the tables that it reads and writes, and its report. A job gets nothing else."""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import functools
import resource
import time
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from jobs.runtime.lake import Lake, Version
from jobs.runtime.lake_keys import begin_encryption
from jobs.runtime.log import get_logger
from jobs.runtime.products import valid_until
from jobs.runtime.settings import Settings, load_settings
from jobs.runtime.shop_days import ShopDays, days_of
from jobs.runtime.spark import session, size_shuffles
from jobs.runtime.spark_failure import out_of_memory
from jobs.runtime.spark_keys import check_executors
from jobs.runtime.table_versions import TableVersions
from jobs.runtime.table_writer import Split, write_arrow, write_tables
from schemas.sources.mapping import Source
from schemas.sources.reading import load_source
from schemas.table import Product, Table
from schemas.tables import CLEAN_EVENTS


class Night:
    """(yesterday's tables, today's raw drop, settings) -> today's tables.

    A job reads the versions that this run has written, or else the current ones of the date; it writes new versions of
    this run. Only a gate makes a version current, and only publish_night moves the storefront's pointer.
    """

    def __init__(
        self, date: dt.date, lake: Lake, run: str, settings: Settings, source: str = "", raw: str = ""
    ) -> None:
        self.date = date
        self.lake = lake
        begin_encryption(lake, settings.section("encryption"))  # refuses a missing or wrong master key
        self.run = run
        self.settings = settings
        self.raw = raw
        self.source_name = source
        self.log = get_logger("night")
        self.job = ""
        self._facts: dict[str, Any] = {}
        self._started = time.monotonic()
        self._began = time.time()

    @classmethod
    def from_args(cls, args: argparse.Namespace) -> Night:
        lake = Lake(args.lake)
        settings = load_settings(args.config, args.set)
        run = args.run or new_run(lake, args.date)
        return cls(args.date, lake, run, settings, args.source or "", args.raw or "")

    @functools.cached_property
    def source(self) -> Source:
        if not self.source_name:
            raise ValueError("this job reads raw files: give their mapping with --source NAME or --source FILE.toml")
        return load_source(self.source_name)

    @functools.cached_property
    def previous_date(self) -> dt.date | None:
        """The last earlier night whose events passed their gate; None on a shop's first night."""
        return self.versions(CLEAN_EVENTS).previous_date()

    @functools.cached_property
    def days(self) -> ShopDays:
        """The shop's days. Raises OtherDays where the mapping's days differ from those of the lake."""
        return days_of(self.lake, self.source if self.source_name else None)

    def valid_until(self, product: Product) -> dt.datetime:
        """Until when the product that tonight makes may be shown, UTC."""
        return valid_until(product, self.date, self.settings.section("carry"), self.days)

    @functools.cached_property
    def spark(self) -> SparkSession:
        spark = session(f"{self.job} {self.date}")
        check_executors(spark, self.lake)
        return spark

    # reading ------------------------------------------------------------------------------------------------------

    def versions(self, table: Table) -> TableVersions:
        """The versions of `table` as this run sees them: choose some, then read them."""
        return TableVersions(table, self.lake, self.date, self.run, lambda: self.spark)

    def version(self, table: Table) -> Version:
        """Tonight's version itself, for its run, counts and files. Raises what `versions(table).tonight()` raises."""
        return self.versions(table).tonight().versions[0]

    def read(self, table: Table) -> DataFrame:
        """Tonight's rows in Spark: short for versions(table).tonight().spark()."""
        return self.versions(table).tonight().spark()

    @property
    def base_run(self) -> str:
        """The run whose events are used: this run, or the date's current run where this run repeats only some jobs."""
        return self.version(CLEAN_EVENTS).run

    # writing ------------------------------------------------------------------------------------------------------

    def size_for(self, *inputs: Table, slow_rows: bool = False) -> int:
        """Sets the number of shuffle partitions by the size of tonight's and last night's `inputs`; returns it.

        slow_rows: see `size_shuffles`.
        """
        versions = [
            v for t in inputs for v in (self.lake.version(t, self.date, self.run), self.lake.before(t, self.date)) if v
        ]
        return size_shuffles(self.spark, sum(v.bytes for v in versions), slow_rows)

    def write(self, table: Table, frame: DataFrame) -> Version:
        return self.write_split(frame, [table])[table.name]

    def write_split(
        self, frame: DataFrame, tables: list[Table], count_by: tuple[str, ...] = (), split: Split | None = None
    ) -> dict[str, Version]:
        """Writes several tables in one pass; `split`, or else the column `_table`, gives each row its table."""
        versions = write_tables(frame, tables, self.lake, str(self.date), self.run, count_by, split)
        for version in versions.values():
            self.report(**{f"rows_{version.table}": version.rows})
        return versions

    def write_arrow(self, table: Table, data: pa.Table) -> Version:
        version = write_arrow(data, table, self.lake, str(self.date), self.run)
        self.report(**{f"rows_{table.name}": version.rows})
        return version

    # reporting ----------------------------------------------------------------------------------------------------

    def begin(self, job: str) -> None:
        self.job, self._facts, self._started = job, {}, time.monotonic()
        self._began = time.time()
        self.log = get_logger(job)

    def report(self, **facts: Any) -> None:
        """Adds facts to this job's report, runs/date=D/run=R/<job>.json."""
        self._facts.update(facts)

    @contextlib.contextmanager
    def reporting(self) -> Iterator[None]:
        """Writes the job's report at the end. Where the job fails, the report contains the error.

        Raises SparkOutOfMemory in place of an error that memory explains. The next job starts the JVM if it has ended.
        """
        try:
            yield
        except Exception as error:
            reason = out_of_memory(error)
            if reason is not None:
                self.__dict__.pop("spark", None)
            self.report(error=f"{type(reason or error).__name__}: {reason or error}")
            self.end()
            if reason is not None:
                raise reason from error
            raise
        self.end()

    def end(self) -> dict[str, Any]:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        facts = {
            "job": self.job,
            "date": str(self.date),
            "run": self.run,
            **self._facts,
            "began": round(self._began, 3),  # seconds since 1970
            "seconds": round(time.monotonic() - self._started, 3),
            "driver_peak_gib": round(peak, 3),
            "settings_changed": self.settings.changed,
        }
        self.lake.put_json(facts, "runs", f"date={self.date}", f"run={self.run}", f"{self.job}.json")
        return facts

    def facts(self, job: str) -> dict[str, Any]:
        """The report of a job of this run."""
        return self.lake.get_json("runs", f"date={self.date}", f"run={self.run}", f"{job}.json")


def job_report(lake: Lake, day: dt.date, run: str, job: str) -> dict[str, Any]:
    """The report of a job of a run; empty where the job did not run."""
    path_parts = ("runs", f"date={day}", f"run={run}", f"{job}.json")
    return lake.get_json(*path_parts) if lake.exists(*path_parts) else {}


def first_line(text: object) -> str:
    """The first line of an error; further lines are details."""
    return str(text).partition("\n")[0]


def new_run(lake: Lake, date: dt.date) -> str:
    """The next free run name of a date: 001, 002, ..."""
    names = [n.removeprefix("run=") for n in lake.list_dir("runs", f"date={date}")]
    numbers = [int(n) for n in names if n.isdigit()]
    return f"{max(numbers, default=0) + 1:03d}"

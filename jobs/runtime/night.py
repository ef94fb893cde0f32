"""One night: its date, where it reads and writes, and what it reports. Every job gets one and asks for nothing else."""

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
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.runtime.lake import Lake, Version
from jobs.runtime.log import get_logger
from jobs.runtime.products import valid_until
from jobs.runtime.settings import Settings, load_settings
from jobs.runtime.shop_days import ShopDays, days_of
from jobs.runtime.spark import session, size_shuffles
from jobs.runtime.table_writer import Split, write_arrow, write_tables
from schemas.arrow import arrow_schema
from schemas.sources.mapping import Source, load_source
from schemas.table import Product, Table
from schemas.tables import CLEAN_EVENTS


class Night:
    """(yesterday's tables, today's raw drop, settings) -> today's tables.

    A job reads what this run wrote before it, or else what stands as current for the date; it writes new versions of
    this run. Only the gate makes a version current, only publish_night moves the storefront.
    """

    def __init__(
        self, date: dt.date, lake: Lake, run: str, settings: Settings, source: str = "", raw: str = ""
    ) -> None:
        self.date = date
        self.lake = lake
        self.run = run
        self.settings = settings
        self.raw = raw
        self.source_name = source
        self.log = get_logger("night")
        self.job = ""
        self._facts: dict[str, Any] = {}
        self._started = time.monotonic()

    @classmethod
    def from_args(cls, args: argparse.Namespace) -> Night:
        lake = Lake(args.lake)
        settings = load_settings(args.config, args.set)
        run = args.run or new_run(lake, args.date)
        return cls(args.date, lake, run, settings, args.source or "", args.raw or "")

    @functools.cached_property
    def source(self) -> Source:
        if not self.source_name:
            raise ValueError("this job reads raw files: say which mapping with --source NAME or --source FILE.toml")
        return load_source(self.source_name)

    @functools.cached_property
    def previous_date(self) -> dt.date | None:
        """The last earlier night whose events passed their gate; None on a shop's first night."""
        return self.previous_of(CLEAN_EVENTS)

    @functools.cached_property
    def days(self) -> ShopDays:
        """The shop's days. Raises OtherDays where the mapping says others than the lake's nights are made of."""
        return days_of(self.lake, self.source if self.source_name else None)

    def valid_until(self, product: Product) -> dt.datetime:
        """Until when what tonight makes of a product may be shown, UTC."""
        return valid_until(product, self.date, self.settings.section("carry"), self.days)

    @functools.cached_property
    def spark(self) -> SparkSession:
        return session(f"{self.job} {self.date}")

    # reading ------------------------------------------------------------------------------------------------------

    def version(self, table: Table) -> Version:
        """This run's version, or else the current one; FileNotFoundError names the job to run first."""
        version = self.lake.version(table, self.date, self.run) or self.lake.current(table, self.date)
        if version is None:
            raise FileNotFoundError(
                f"{table.name} has no partition {self.date}; run the job that writes it first "
                f"(`python -m jobs --help` lists them) with --date {self.date}"
            )
        return version

    @property
    def base_run(self) -> str:
        """The run whose events tonight is built on: this one, or the one that stands, where this run is a part only."""
        return self.version(CLEAN_EVENTS).run

    def passed(self, table: Table) -> Version | None:
        """The version that passed its gate, for what does without `table` where another branch failed; else None.

        An earlier run of the date may have left one, but of other events: only this run's counts, or the base run's.
        """
        version = self.lake.current(table, self.date)
        own = self.lake.version(table, self.date, self.run)
        if version is None or (own is not None and own != version):
            return None
        return version if version.run == self.run or version.run == self.base_run else None

    def read_passed(self, table: Table) -> DataFrame | None:
        version = self.passed(table)
        return self._frame(table, [version]) if version else None

    def read(self, table: Table) -> DataFrame:
        return self._frame(table, [self.version(table)])

    def previous_of(self, table: Table) -> dt.date | None:
        """The date of the version that `read_previous` reads; None where there is none."""
        version = self.lake.before(table, self.date)
        return dt.date.fromisoformat(version.date) if version else None

    def read_previous(self, table: Table) -> DataFrame:
        """Last night's table; empty on the first night."""
        version = self.lake.before(table, self.date)
        return self._frame(table, [version] if version else [])

    def read_as_of(self, table: Table, day: dt.date) -> DataFrame:
        """The newest version up to `day`; empty where there is none."""
        version = self.lake.before(table, day + dt.timedelta(days=1))
        return self._frame(table, [version] if version else [])

    def read_window(self, table: Table, days: int) -> DataFrame:
        """The partitions of the `days` days before this night."""
        return self._frame(table, self._between(table, self.date - dt.timedelta(days=days)))

    def read_since(self, table: Table, after: dt.date | None) -> DataFrame:
        """Tonight's partition and all after `after` (all there are for None): what a recurrence has not yet counted.

        More than tonight's where a night in between stopped after its events had passed their gate.
        """
        first = after + dt.timedelta(days=1) if after else dt.date.min
        return self._frame(table, [*self._between(table, first), self.version(table)])

    def each_since(self, table: Table, after: dt.date | None, columns: list[str]) -> Iterator[tuple[dt.date, pa.Table]]:
        """Those partitions one by one, each with its date, in the driver's memory: for tables that do not say it."""
        first = after + dt.timedelta(days=1) if after else dt.date.min
        for version in [*self._between(table, first), self.version(table)]:
            yield dt.date.fromisoformat(version.date), self.load_arrow(table, version, columns)

    def read_arrivals(self, table: Table, after: dt.date | None) -> DataFrame:
        """As `read_since`, with `arrived`: the night that brought the row."""
        first = after + dt.timedelta(days=1) if after else dt.date.min
        versions = [*self._between(table, first), self.version(table)]
        parts = [self._frame(table, [v]).withColumn("arrived", F.lit(v.date).cast("date")) for v in versions]
        return functools.reduce(DataFrame.unionByName, parts)

    def paths_since(self, table: Table, first: dt.date) -> list[str]:
        """The files of all dates from `first` to tonight, for what reads them one at a time."""
        versions = [*self._between(table, first), self.version(table)]
        return [path for version in versions for path in self.lake.file_paths(version)]

    def _between(self, table: Table, first: dt.date) -> list[Version]:
        versions = [self.lake.current(table, d) for d in self.lake.dates(table) if first <= d < self.date]
        return [v for v in versions if v]

    def read_arrow(self, table: Table, columns: list[str] | None = None) -> pa.Table:
        """Tonight's table in the driver's memory, for what is trained there."""
        return self.load_arrow(table, self.version(table), columns)

    def read_previous_arrow(self, table: Table) -> pa.Table:
        """Last night's table in the driver's memory; empty on the first night."""
        version = self.lake.before(table, self.date)
        return self.load_arrow(table, version) if version else arrow_schema(table).empty_table()

    def each_file(self, table: Table, columns: list[str]) -> Iterator[pa.Table]:
        """Tonight's table a file at a time, for what need not be in memory as a whole."""
        for path in self.lake.file_paths(self.version(table)):
            yield pq.read_table(path, columns=columns, filesystem=self.lake.fs)

    def load_arrow(self, table: Table, version: Version, columns: list[str] | None = None) -> pa.Table:
        paths = self.lake.file_paths(version)
        parts = [pq.read_table(p, filesystem=self.lake.fs, columns=columns) for p in paths]
        return pa.concat_tables(parts) if parts else arrow_schema(table).empty_table().select(columns or table.names)

    def read_files(self, table: Table, files: list[str]) -> DataFrame:
        """Files of the lake that hold rows of `table`, such as published ones."""
        return self._read([self.lake.url(file) for file in files], table)

    def _frame(self, table: Table, versions: list[Version]) -> DataFrame:
        return self._read([url for v in versions for url in self.lake.file_urls(v)], table)

    def _read(self, urls: list[str], table: Table) -> DataFrame:
        if not urls:
            return self.spark.createDataFrame([], table.ddl)
        return self.spark.read.schema(table.ddl).parquet(*urls)

    def models(self) -> dict[str, str]:
        """Model -> the folder of the newest up to tonight: what tonight's lists are made with."""
        newest = {
            name: self.lake.model_before(name, self.date, including=True) for name in self.lake.list_dir("models")
        }
        return {name: "/".join(folder) for name, folder in newest.items() if folder}

    # writing ------------------------------------------------------------------------------------------------------

    def size_for(self, *inputs: Table) -> int:
        """Size the shuffles for tonight's and last night's versions of `inputs`; returns the partitions."""
        versions = [
            v for t in inputs for v in (self.lake.version(t, self.date, self.run), self.lake.before(t, self.date)) if v
        ]
        return size_shuffles(self.spark, sum(v.bytes for v in versions))

    def write(self, table: Table, frame: DataFrame) -> Version:
        return self.write_split(frame, [table])[table.name]

    def write_split(
        self, frame: DataFrame, tables: list[Table], count_by: tuple[str, ...] = (), split: Split | None = None
    ) -> dict[str, Version]:
        """Several tables in one pass over `frame`: `split`, or else its column `_table`, gives each row its table."""
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
        self.log = get_logger(job)

    def report(self, **facts: Any) -> None:
        """Facts of this job for runs/date=D/run=R/<job>.json."""
        self._facts.update(facts)

    @contextlib.contextmanager
    def reporting(self) -> Iterator[None]:
        """Leaves the job's report also where it fails, with the error in it."""
        try:
            yield
        except Exception as error:
            self.report(error=f"{type(error).__name__}: {error}")
            self.end()
            raise
        self.end()

    def end(self) -> dict[str, Any]:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        facts = {
            "job": self.job,
            "date": str(self.date),
            "run": self.run,
            **self._facts,
            "seconds": round(time.monotonic() - self._started, 3),
            "driver_peak_gib": round(peak, 3),
            "settings_changed": self.settings.changed,
        }
        self.lake.put_json(facts, "runs", f"date={self.date}", f"run={self.run}", f"{self.job}.json")
        return facts

    def facts(self, job: str) -> dict[str, Any]:
        """What a job of this run reported."""
        return self.lake.get_json("runs", f"date={self.date}", f"run={self.run}", f"{job}.json")


def first_line(text: object) -> str:
    """What an error says first; the lines below it are details."""
    return str(text).partition("\n")[0]


def new_run(lake: Lake, date: dt.date) -> str:
    """The next free run name of a date: 001, 002, ..."""
    names = [n.removeprefix("run=") for n in lake.list_dir("runs", f"date={date}")]
    numbers = [int(n) for n in names if n.isdigit()]
    return f"{max(numbers, default=0) + 1:03d}"

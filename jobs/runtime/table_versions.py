"""Reads a table in two steps: choose versions (TableVersions), then a form (TableRows).

    night.versions(CLEAN_EVENTS).after(day).spark()
    night.versions(ITEMS).tonight().arrow(["item_id", "price"])

`Night.read(T)` is short for `versions(T).tonight().spark()`, which jobs need most.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from jobs.runtime.lake import Lake, Version
from jobs.runtime.parquet_files import read_table, spark_rows
from schemas.arrow import arrow_schema
from schemas.table import Table
from schemas.tables import CLEAN_EVENTS


@dataclass(frozen=True)
class TableRows:
    """The rows of some versions of a table, oldest version first. They can be read in several forms.

    Without versions every form is empty, with the columns of the table.
    """

    table: Table
    lake: Lake
    versions: tuple[Version, ...]
    open_spark: Callable[[], SparkSession]

    @property
    def count(self) -> int:
        """The number of rows, without reading them."""
        return sum(version.rows for version in self.versions)

    def spark(self) -> DataFrame:
        urls = [url for version in self.versions for url in self.lake.file_urls(version)]
        return table_rows(self.open_spark(), self.lake, self.table, urls)

    def arrow(self, columns: list[str] | None = None) -> pa.Table:
        """All rows in the driver's memory, with all columns or only `columns`."""
        parts = list(self.each(columns))
        if not parts:
            return arrow_schema(self.table).empty_table().select(columns or self.table.names)
        return pa.concat_tables(parts)

    def each(self, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """The rows file by file, for tables that need not be in memory as a whole."""
        for path in self.paths():
            yield read_table(self.lake, path, columns)

    def paths(self) -> list[str]:
        """The files, as `lake.fs` opens them."""
        return [path for version in self.versions for path in self.lake.file_paths(version)]

    def by_date(self) -> Iterator[tuple[dt.date, TableRows]]:
        """(date, rows of that date) of each version, for rows without a date of their own."""
        for version in self.versions:
            yield dt.date.fromisoformat(version.date), replace(self, versions=(version,))


@dataclass(frozen=True)
class TableVersions:
    """All versions of a table, as the run `run` of the night `date` sees them; each method chooses some of them.

    Of earlier dates only versions that passed their gate are chosen.
    """

    table: Table
    lake: Lake
    date: dt.date
    run: str
    open_spark: Callable[[], SparkSession]

    def tonight(self) -> TableRows:
        """This run's version, or else the current one of the date. Raises FileNotFoundError where there is neither."""
        rows = self.tonight_or_none()
        if rows is None:
            raise FileNotFoundError(
                f"{self.table.name} has no partition {self.date}; run the job that writes it first "
                f"(`python -m jobs --help` lists them) with --date {self.date}"
            )
        return rows

    def tonight_or_none(self) -> TableRows | None:
        """This run's version, or else the current one of the date; None where there is neither."""
        version = self.lake.version(self.table, self.date, self.run) or self.lake.current(self.table, self.date)
        return self.of([version]) if version else None

    def passed(self) -> TableRows | None:
        """Tonight's version if it passed its gate, else None: for jobs that can do without a failed branch's table.

        The current version may come from an earlier run of the date, which had other events. It counts only if it
        comes from this run, or from the run whose events this run uses.
        """
        current = self.lake.current(self.table, self.date)
        written = self.lake.version(self.table, self.date, self.run)
        if current is None or (written is not None and written != current):
            return None
        if current.run != self.run:
            (events,) = replace(self, table=CLEAN_EVENTS).tonight().versions
            if current.run != events.run:
                return None
        return self.of([current])

    def previous(self) -> TableRows:
        """The newest version of an earlier date; no rows on the first night."""
        return self.as_of(self.date - dt.timedelta(days=1))

    def previous_date(self) -> dt.date | None:
        """The date of `previous`; None on the first night."""
        return next((day for day, _ in self.previous().by_date()), None)

    def as_of(self, day: dt.date) -> TableRows:
        """The newest version up to `day`; no rows where there is none."""
        version = self.lake.before(self.table, day + dt.timedelta(days=1))
        return self.of([version] if version else [])

    def window(self, days: int) -> TableRows:
        """The versions of the `days` days before this night, without tonight's."""
        return self.of(self._earlier(self.date - dt.timedelta(days=days)))

    def since(self, first: dt.date) -> TableRows:
        """The versions from `first` on, tonight's among them."""
        return self.of([*self._earlier(first), *self.tonight().versions])

    def after(self, day: dt.date | None) -> TableRows:
        """The versions after `day` (all for None) with tonight's: those that a running total has not yet counted.

        There are several where a night in between stopped after its events had passed their gate.
        """
        return self.since(day + dt.timedelta(days=1) if day else dt.date.min)

    def of(self, versions: Iterable[Version]) -> TableRows:
        """The rows of these versions."""
        return TableRows(self.table, self.lake, tuple(versions), self.open_spark)

    def _earlier(self, first: dt.date) -> list[Version]:
        """The current versions of `first` to the day before this night."""
        days = [day for day in self.lake.dates(self.table) if first <= day < self.date]
        return [version for day in days if (version := self.lake.current(self.table, day))]


def table_rows(spark: SparkSession, lake: Lake, table: Table, urls: Sequence[str]) -> DataFrame:
    """The rows of files of `table`, such as published files; an empty frame without files."""
    return spark_rows(spark, lake, urls, table) if urls else spark.createDataFrame([], table.ddl)

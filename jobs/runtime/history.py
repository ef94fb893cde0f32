"""Many nights of one lake that are made in one pass, instead of one after another."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.runtime.lake import Lake, Version
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from jobs.runtime.table_versions import table_rows
from jobs.runtime.table_writer import Split, write_nights
from schemas.table import Table
from schemas.tables import CLEAN_EVENTS

FIRST_DAY = dt.date(1970, 1, 1)
NIGHT = "night"  # the column with the date of the night that took a row in
BEFORE = -1  # number of the night for rows that the lake had before this history
_PARTITION_BYTES = 48 << 20  # of compressed input; each partition writes a file for each night


@dataclass(frozen=True)
class History:
    """Nights of one run that the lake does not have yet, oldest first; `previous_date`: the last night that it has."""

    nights: tuple[Night, ...]
    previous_date: dt.date | None

    @property
    def first(self) -> Night:
        return self.nights[0]

    @property
    def last(self) -> Night:
        return self.nights[-1]

    @property
    def dates(self) -> tuple[dt.date, ...]:
        return tuple(night.date for night in self.nights)

    @property
    def numbers(self) -> np.ndarray:
        """The nights (N,) as days since 1970."""
        return np.array([(day - FIRST_DAY).days for day in self.dates])

    @property
    def lake(self) -> Lake:
        return self.first.lake

    @property
    def settings(self) -> Settings:
        return self.first.settings

    @property
    def spark(self) -> SparkSession:
        return self.first.spark

    def size_for(self, input_bytes: int) -> None:
        """Sets the number of shuffle partitions: few, since each may write a file for each night."""
        partitions = max(self.spark.sparkContext.defaultParallelism, -(-input_bytes // _PARTITION_BYTES))
        self.spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
        self.spark.conf.set("spark.sql.adaptive.enabled", "false")

    def events(self) -> DataFrame:
        """The rows of CLEAN_EVENTS that these nights have made, each with its night."""
        versions = (self.lake.version(CLEAN_EVENTS, day, self.first.run) for day in self.dates)
        urls = [url for version in versions if version for url in self.lake.file_urls(version)]
        return with_night(table_rows(self.spark, self.lake, CLEAN_EVENTS, urls))

    def write(
        self, frame: DataFrame, tables: list[Table], count_by: tuple[str, ...], split: Split
    ) -> dict[str, Version]:
        """Writes a version of each of `tables` for each night. `split` gives rows by `key`; returns key -> version."""
        targets = {key(table, day): (table, str(day)) for table in tables for day in self.dates}
        return write_nights(frame, targets, self.lake, self.first.run, count_by, split)


def with_night(stored: DataFrame) -> DataFrame:
    """The rows that were read from files of a table, each with the night of its file."""
    night = F.to_date(F.regexp_extract("_metadata.file_path", r"/date=([\d-]+)/run=[^/]+/[^/]+$", 1))
    return stored.select("*", night.alias(NIGHT))


def key(table: Table, night: dt.date) -> str:
    """The name of one night's version of a table, unique among the versions that one pass writes."""
    return f"{table.name}/{night}"

"""The one door to the Parquet files of a lake: nobody else opens or writes one.

Paths are those that `lake.fs` takes. Folder names such as `date=D` never become columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from jobs.runtime.lake import Lake
from schemas.table import Table

if TYPE_CHECKING:  # many commands read a lake without Spark
    from pyspark.sql import DataFrame, SparkSession


def read_table(
    lake: Lake, paths: str | Sequence[str], columns: list[str] | None = None, filters: pc.Expression | None = None
) -> pa.Table:
    """The rows of one file or of several, with all columns or only `columns`."""
    return pq.read_table(paths, columns=columns, filesystem=lake.fs, filters=filters, partitioning=None)


def dataset(lake: Lake, paths: Sequence[str]) -> ds.Dataset:
    """The files as a dataset, which reads what it is asked for."""
    return ds.dataset(list(paths), filesystem=lake.fs, format="parquet")


def parquet_file(lake: Lake, source: str | pa.NativeFile) -> pq.ParquetFile:
    """One file, by its path or opened, for its metadata or for some of its row groups."""
    return pq.ParquetFile(source, filesystem=lake.fs if isinstance(source, str) else None)


def spark_rows(spark: SparkSession, lake: Lake, urls: Sequence[str], table: Table | None = None) -> DataFrame:
    """The rows in Spark, with the columns of `table` or else the files' own; urls: as `lake.url` gives them."""
    return (spark.read if table is None else spark.read.schema(table.ddl)).parquet(*urls)


def write_table(lake: Lake, rows: pa.Table, path: str) -> None:
    pq.write_table(rows, path, filesystem=lake.fs, compression="zstd")


def writer(lake: Lake, path: str, schema: pa.Schema, **options: Any) -> pq.ParquetWriter:
    """Writes a file part by part; `options` as pq.ParquetWriter takes them."""
    return pq.ParquetWriter(path, schema, filesystem=lake.fs, **options)


def as_bytes(rows: pa.Table) -> bytes:
    """A whole file in memory, of rows that are published or kept beside their old file."""
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd")
    return sink.getvalue().to_pybytes()

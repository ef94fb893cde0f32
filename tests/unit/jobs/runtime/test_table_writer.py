"""Writing versions: only files that tasks reported count, and a second attempt deletes all files of the first."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.runtime.lake import Lake
from jobs.runtime.table_writer import TABLE_COLUMN, write_arrow, write_tables
from schemas.arrow import arrow_schema
from schemas.table import Column, Table

DAY = date(2026, 1, 5)
KEPT, REJECTED = (
    Table(name, "one row", (), (Column("n", "int64", "A number."), Column("file", "string", "A file.")), "tests")
    for name in ("kept", "rejected")
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def numbers(spark: SparkSession, count: int):
    return spark.range(0, count, 1, 3).select(F.col("id").cast("int").alias("n"), F.lit("f").alias("file"))


def read(lake: Lake, table: Table) -> list[int]:
    version = lake.version(table, DAY, "001")
    assert version is not None
    return sorted(n for path in lake.file_paths(version) for n in pq.read_table(path)["n"].to_pylist())


def test_one_pass_fills_two_tables_and_counts_them(spark: SparkSession, lake: Lake) -> None:
    label = F.when(F.col("n") % 3 == 0, "rejected").otherwise("kept")
    frame = numbers(spark, 100).withColumn(TABLE_COLUMN, label).withColumn("reason", (F.col("n") % 2).cast("string"))
    versions = write_tables(frame, [KEPT, REJECTED], lake, str(DAY), "001", count_by=("file", "reason"))
    assert (versions["kept"].rows, versions["rejected"].rows) == (66, 34)
    assert versions["rejected"].facts["counts"] == [["f", "0", 17], ["f", "1", 17]]
    assert read(lake, REJECTED) == list(range(0, 100, 3))
    schema = pq.read_schema(lake.file_paths(versions["kept"])[0])
    assert schema.equals(arrow_schema(KEPT), check_metadata=True)


def test_a_table_without_rows_has_a_file_with_its_schema(spark: SparkSession, lake: Lake) -> None:
    version = write_tables(numbers(spark, 0), [KEPT], lake, str(DAY), "001")["kept"]
    assert version.rows == 0
    assert pq.read_table(lake.file_paths(version)[0]).schema.names == list(KEPT.names)


def test_small_parts_become_one_row_group(spark: SparkSession, lake: Lake) -> None:
    """As in a big log, each of whose batches has some rejected rows."""

    def in_parts(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[str, pa.Table]]:
        for batch in batches:
            for start in range(0, batch.num_rows, 10):
                yield "kept", pa.Table.from_batches([batch.slice(start, 10)])

    version = write_tables(numbers(spark, 3_000), [KEPT], lake, str(DAY), "001", split=in_parts)["kept"]
    assert version.rows == 3_000
    assert read(lake, KEPT) == list(range(3_000))
    assert {pq.read_metadata(path).num_row_groups for path in lake.file_paths(version)} == {1}


def test_parts_of_the_usual_size_are_row_groups_of_their_own(spark: SparkSession, lake: Lake) -> None:
    def twice(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[str, pa.Table]]:
        for batch in batches:
            yield "kept", pa.Table.from_batches([batch])
            yield "kept", pa.Table.from_batches([batch])

    frame = spark.range(0, 40_000, 1, 1).select(F.col("id").alias("n"), F.lit("f").alias("file"))
    version = write_tables(frame, [KEPT], lake, str(DAY), "001", split=twice)["kept"]
    assert version.rows == 80_000
    assert [pq.read_metadata(path).num_row_groups for path in lake.file_paths(version)] == [2]


def test_a_second_attempt_of_a_run_leaves_nothing_of_the_first(spark: SparkSession, lake: Lake) -> None:
    first = write_tables(numbers(spark, 50), [KEPT], lake, str(DAY), "001")["kept"]
    second = write_tables(numbers(spark, 10), [KEPT], lake, str(DAY), "001")["kept"]
    assert not set(first.files) & set(second.files)
    assert read(lake, KEPT) == list(range(10))
    assert lake.list_dir(second.folder) == sorted([*second.files, "_version.json"])
    third = write_arrow(pa.table({"n": [7], "file": ["f"]}), KEPT, lake, str(DAY), "001")
    assert lake.list_dir(third.folder) == sorted([*third.files, "_version.json"])


def test_a_write_that_fails_is_not_seen(spark: SparkSession, lake: Lake) -> None:
    """Some tasks wrote their files and one failed: there is no version, and the next attempt deletes the files."""

    def fail_late(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield batch
            if 99 in batch.column(0).to_pylist():
                raise ValueError("a worker died")

    frame = numbers(spark, 100)
    with pytest.raises(Exception, match="a worker died"):
        write_tables(frame.mapInArrow(fail_late, frame.schema), [KEPT], lake, str(DAY), "001")
    left = glob.glob(f"{lake.path('tables/kept')}/*/*/*.parquet")
    assert left
    assert lake.version(KEPT, DAY, "001") is None
    write_tables(frame, [KEPT], lake, str(DAY), "001")
    assert read(lake, KEPT) == list(range(100))
    assert not any(os.path.exists(path) for path in left)

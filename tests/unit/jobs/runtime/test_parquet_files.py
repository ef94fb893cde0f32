"""Encrypted Parquet: Spark and pyarrow read each other's files, in every form; without the key nobody reads a row."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.runtime import lake_keys, published
from jobs.runtime.lake import Lake
from jobs.runtime.lake_keys import EncryptionConfig, begin_encryption
from jobs.runtime.parquet_files import as_bytes, dataset, parquet_file, read_table, spark_rows, write_table, writer
from jobs.runtime.spark_keys import table_options
from jobs.runtime.table_writer import write_arrow, write_tables
from schemas.table import Column, Table

TABLE = Table(
    "t", "one row", (), (Column("user_id", "string", "An account."), Column("n", "int64", "A number.")), "tests"
)
ROWS = pa.table({"user_id": [f"u{n:04d}" for n in range(500)], "n": range(500)})


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    return keyed(tmp_path / "lake", monkeypatch)


def keyed(root: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv(lake_keys.KEY_VARIABLE, os.environ.get(lake_keys.KEY_VARIABLE, "ab" * 32))
    lake = Lake(str(root))
    begin_encryption(lake, EncryptionConfig(on=True))
    return lake


def written(lake: Lake, name: str = "a", rows: pa.Table = ROWS) -> str:
    """The path of a file of TABLE below the lake."""
    path = f"tables/t/date=2026-01-05/run=001/{name}.parquet"
    Path(lake.path(path)).parent.mkdir(parents=True, exist_ok=True)
    write_table(lake, rows, lake.path(path))
    return path


def test_every_way_of_reading_opens_encrypted_and_plain_files(lake: Lake, spark: SparkSession) -> None:
    paths = [written(lake, "one"), written(lake, "two")]
    pq.write_table(ROWS, lake.path("tables/t/date=2026-01-05/run=001/plain.parquet"))  # of before the lake had keys
    paths.append("tables/t/date=2026-01-05/run=001/plain.parquet")
    full_paths, few = [lake.path(path) for path in paths], pc.field("n") < 2
    assert read_table(lake, full_paths, ["n"], few)["n"].to_pylist() == [0, 1] * 3
    assert dataset(lake, full_paths).to_table(filter=few).num_rows == 6
    assert [parquet_file(lake, path).metadata.num_rows for path in full_paths] == [500] * 3
    assert spark_rows(spark, lake, [lake.url(path) for path in paths], TABLE).where("n < 2").count() == 6
    polars = pl.scan_pyarrow_dataset(dataset(lake, full_paths)).filter(pl.col("n") < 2).collect()
    assert polars.height == 6


def test_a_file_written_part_by_part_is_encrypted_as_a_whole(lake: Lake) -> None:
    path = lake.path(written(lake))
    with writer(lake, path, ROWS.schema, compression="NONE") as parts:
        parts.write_table(ROWS.slice(0, 100))
        parts.write_table(ROWS.slice(100))
    data = Path(path).read_bytes()
    assert data.startswith(b"PARE")
    assert not [word for word in (b"u0007", b"user_id") if word in data]
    assert read_table(lake, path).equals(ROWS)


def test_pyarrow_reads_the_files_that_spark_writes(lake: Lake, spark: SparkSession) -> None:
    """With our writer of tables, and with Spark's own writer, which wraps keys in Java."""
    frame = spark.range(0, 300, 1, 2).select(F.col("id").cast("string").alias("user_id"), F.col("id").alias("n"))
    version = write_tables(frame, [TABLE], lake, "2026-01-05", "001")["t"]
    files = lake.file_paths(version)
    assert {Path(path).read_bytes()[:4] for path in files} == {b"PARE"}
    assert read_table(lake, files).num_rows == 300
    options = table_options(spark, lake, lake.file_urls(version))
    uniform = {"parquet.encryption.uniform.key": "tables/t", "parquet.encryption.double.wrapping": "false"}
    frame.coalesce(1).write.options(**options, **uniform).parquet(lake.url("tables/t/spark"))
    (of_java,) = Path(lake.path("tables/t/spark")).glob("*.parquet")
    assert of_java.read_bytes()[:4] == b"PARE"
    assert read_table(lake, str(of_java))["n"].to_pylist() == list(range(300))


def test_a_wrong_key_gets_an_error_and_no_row(
    lake: Lake, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in a session that has just read the file with the right key: Java's Parquet keeps keys for ten minutes."""
    path = written(lake)
    other = keyed(tmp_path / "other", monkeypatch)
    written(other, "own")
    shutil.copy(lake.path(path), other.path(path))
    assert spark_rows(spark, lake, [lake.url(path)]).count() == 500
    where = other.path(path)
    reads: dict[str, Callable[[], object]] = {
        "pyarrow": lambda: read_table(other, where),
        "a dataset": lambda: dataset(other, [where]).to_table(),
        "its metadata": lambda: parquet_file(other, where),
        "Spark": lambda: spark_rows(spark, other, [other.url(path)], TABLE).collect(),
        "bare pyarrow": lambda: pq.read_table(where),
        "a bare dataset": lambda: ds.dataset(where).to_table(),
        "bare Polars": lambda: pl.read_parquet(where),
        "bare Spark": lambda: spark.read.schema(TABLE.ddl).parquet(other.url(path)).collect(),
    }
    for name, read in reads.items():
        with pytest.raises(Exception):  # noqa: B017, PT011 - each reader has its own
            pytest.fail(f"{name} read {read()}")


def test_a_published_table_is_plain(lake: Lake) -> None:
    version = write_arrow(ROWS, TABLE, lake, "2026-01-05", "001")
    entry = published.copy(lake, TABLE, version, "2026-01-05-001")
    (file,) = entry["files"]
    path = Path(lake.path(f"published/run=2026-01-05-001/t/{file['name']}"))
    assert pq.read_table(path).equals(ROWS)
    assert path.stat().st_size == file["bytes"]


def test_a_file_without_rows_has_no_page_and_every_reader_takes_it(lake: Lake, spark: SparkSession) -> None:
    path = written(lake, rows=ROWS.slice(0, 0))
    full_path = lake.path(path)
    assert parquet_file(lake, full_path).metadata.num_row_groups == 0
    assert read_table(lake, full_path).equals(ROWS.slice(0, 0))
    assert dataset(lake, [full_path]).to_table().schema.equals(ROWS.schema)
    assert spark_rows(spark, lake, [lake.url(path)]).columns == ROWS.column_names
    assert spark_rows(spark, lake, [lake.url(path)], TABLE).count() == 0
    shown = Path(lake.path("shown.parquet"))
    shown.write_bytes(as_bytes(lake, ROWS.slice(0, 0), lake.path("published/run=x/t"), TABLE))
    assert pl.read_parquet(shown).columns == ROWS.column_names
    assert duckdb.read_parquet(str(shown)).columns == ROWS.column_names
    assert spark.read.parquet(str(shown)).count() == 0


@pytest.mark.parametrize(("rows", "a_column"), [(0, 0), (1, 70), (999, 70), (1_000, 136)])
def test_encryption_adds_few_bytes_to_a_small_file(lake: Lake, tmp_path: Path, rows: int, a_column: int) -> None:
    """A file has 330 bytes more for its key. A page and its header have 32 more each; a dictionary is one more page."""
    data = pa.table({f"c{n}": pa.array([f"v{row % 7}" for row in range(rows)], pa.string()) for n in range(10)})
    there, plain = lake.path("tables/t/date=2026-01-05/run=001"), Lake(str(tmp_path / "plain"))
    added = len(as_bytes(lake, data, f"{there}/a.parquet")) - len(as_bytes(plain, data, plain.path("tables/t/a")))
    assert 10 * a_column - 100 < added < 340 + 10 * a_column


def test_encryption_adds_little(lake: Lake, tmp_path: Path) -> None:
    rows = pa.table({"n": pa.array(range(200_000)), "text": [f"words {n * 7919 % 99991}" for n in range(200_000)]})
    encrypted = Path(lake.path(written(lake, rows=rows))).stat().st_size
    written(plain := Lake(str(tmp_path / "plain")), rows=rows)
    assert encrypted <= 1.01 * Path(plain.path("tables/t/date=2026-01-05/run=001/a.parquet")).stat().st_size

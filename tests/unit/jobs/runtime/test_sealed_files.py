"""Files that are sealed as a whole: raw copies and models. With the key they are read like plain files."""

from __future__ import annotations

import datetime as dt
import gzip
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from jobs.runtime import lake_keys, sealed_files
from jobs.runtime.lake import Lake
from jobs.runtime.lake_keys import EncryptionConfig, KeyGone, begin_encryption
from jobs.runtime.model_store import load_model, save_model
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from jobs.runtime.spark_keys import raw_reader

BLOCK = 1 << 18
FILE = "raw/shop/date=2026-01-05/log.csv"


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv(lake_keys.KEY_VARIABLE, "ab" * 32)
    lake = Lake(str(tmp_path / "lake"))
    begin_encryption(lake, EncryptionConfig(on=True))
    return lake


def seal(lake: Lake, data: bytes, path: str = FILE) -> Path:
    with sealed_files.open_output(lake, path) as out:
        out.write(data)
    return Path(lake.path(path))


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 5])
def test_a_sealed_file_opens_as_it_was(lake: Lake, size: int) -> None:
    data = os.urandom(size)
    stored = seal(lake, data)
    assert sealed_files.read(lake, FILE) == data
    assert sealed_files.open_input(lake, FILE).read() == data
    assert sealed_files.plain_size(lake, FILE) == size
    assert stored.stat().st_size - size < 250 + size / 1_000
    assert size < 9 or data[:9] not in stored.read_bytes()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[:8],
        lambda data: data[:10],
        lambda data: data[:20],
        lambda data: data[:100],
        lambda data: data[:45] + b"*" + data[46:],
        lambda data: data[: -(5 + 16)],  # the whole last block is missing
        lambda data: data[:-40] + bytes([data[-40] ^ 1]) + data[-39:],
        lambda data: data.replace(b"date=2026-01-05", b"date=2026-01-06", 1),  # it names another key
    ],
    ids=[
        *("cut", "no head's length", "a part of the length", "a part of the key's name", "a part of the file's key"),
        *("a letter of the file's key changed", "without its last block", "a byte changed", "another key named"),
    ],
)
def test_a_sealed_file_that_was_changed_does_not_open(lake: Lake, damage) -> None:
    seal(lake, b"another day", FILE.replace("01-05", "01-06"))
    stored = seal(lake, os.urandom(2 * BLOCK + 5))
    stored.write_bytes(damage(stored.read_bytes()))
    with pytest.raises(sealed_files.Damaged, match="was cut or changed, or its key is another one; bring it back"):
        sealed_files.read(lake, FILE)


def test_a_plain_file_is_read_as_it_is(lake: Lake) -> None:
    lake.put_text("who,what", FILE)
    assert sealed_files.read(lake, FILE) == b"who,what"
    assert sealed_files.plain_size(lake, FILE) == 8


def test_spark_reads_sealed_raw_files_of_every_format(lake: Lake, spark: SparkSession) -> None:
    lines = "".join(f"u{n},{n}\n" for n in range(60_000)).encode()  # of several blocks
    stored = {
        "log.csv": lines,
        "log.csv.gz": gzip.compress(lines),
        "plain.csv": b"",
    }
    for name, data in stored.items():
        seal(lake, data, FILE.replace("log.csv", name))
    Path(lake.path(FILE.replace("log.csv", "plain.csv"))).write_bytes(lines)
    urls = [lake.url(FILE.replace("log.csv", name)) for name in stored]
    read = raw_reader(spark, lake, urls).schema("who STRING, n INT").csv(urls)
    sums = read.groupBy("_metadata.file_name").agg({"n": "sum", "who": "count"}).collect()
    assert {row[0]: (row["sum(n)"], row["count(who)"]) for row in sums} == dict.fromkeys(
        stored, (1_799_970_000, 60_000)
    )
    table = pa.BufferOutputStream()
    pq.write_table(pa.table({"n": range(1_000)}), table)
    seal(lake, table.getvalue().to_pybytes(), FILE.replace("csv", "parquet"))
    url = lake.url(FILE.replace("csv", "parquet"))
    assert raw_reader(spark, lake, [url]).parquet(url).selectExpr("sum(n)").first()[0] == 499_500


def test_spark_reads_nothing_of_a_day_whose_key_was_destroyed(lake: Lake, spark: SparkSession) -> None:
    seal(lake, b"u1,1\n")
    lake_keys.destroy(lake, ("raw", "shop", "date=2026-01-05"))
    reader = raw_reader(spark, lake, [lake.url(FILE)])
    with pytest.raises(Py4JJavaError, match="there is no key raw/shop/date=2026-01-05: it was destroyed with its day"):
        reader.schema("who STRING, n INT").csv(lake.url(FILE)).collect()
    with pytest.raises(KeyGone):
        sealed_files.read(lake, FILE)


class Numbers:
    """A model of one array."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def save(self, folder: str) -> None:
        np.savez(f"{folder}/values.npz", values=self.values)
        Path(folder, "manifest.json").write_text('{"rows": 3}')

    @classmethod
    def load(cls, folder: str) -> Numbers:
        with np.load(f"{folder}/values.npz") as stored:
            return cls(stored["values"])


def test_a_model_is_sealed_and_loads_the_same(lake: Lake) -> None:
    save_model(Night(dt.date(2026, 1, 5), lake, "001", Settings()), "numbers", Numbers(np.arange(3)).save)
    folder = ("models", "numbers", "date=2026-01-05", "run=001")
    assert Path(lake.path(*folder, "values.npz")).read_bytes().startswith(b"NMSEAL1")
    assert lake.get_json(*folder, "manifest.json") == {"rows": 3}
    assert load_model(lake, folder, Numbers).values.tolist() == [0, 1, 2]
    lake.delete("keys", "models", "numbers.json")
    with pytest.raises(KeyGone, match=r"keys/models/numbers.json is not there"):
        load_model(Lake(lake.root), folder, Numbers)

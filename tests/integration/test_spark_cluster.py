"""A Spark standalone master and two workers make the tables of local mode in an encrypted lake.

Executors read the master key from a file, and Spark shows it nowhere.
"""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from jobs.nights.tasks import run
from jobs.runtime import lake_keys
from jobs.runtime.lake import Lake
from jobs.runtime.lake_keys import keys_of
from jobs.runtime.night import Night
from jobs.runtime.parquet_files import read_table
from jobs.runtime.settings import Settings
from jobs.sample_shop.dirt import Shares
from jobs.sample_shop.make_sample_shop import make_sample_shop
from jobs.sample_shop.shop import Plan
from tests.sample import in_order
from tests.spark_cluster import BIN, ENVIRONMENT, JAVA_OPTIONS, spark_cluster

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 1, 5)
NIGHT = ["--date", str(DAY), "--source", "sample_shop", "--run", "001"]
JOBS = ("clean_events", "update_interest")  # a shuffle with Arrow batches, and the recurrence on its output
TABLES = ("clean_events", "rejected_events", "interest")
ENCRYPTED = ["--set", "encryption.on=true"]
KEY = "5b" * 32
WITHOUT_KEYS = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("NIGHTMARKET_MASTER_KEY")}


class Cluster(NamedTuple):
    url: str
    folder: Path  # logs of the master and the workers, and what each worker ran

    def apps(self) -> list[Path]:
        """The folder of each application on each worker that ran a part of it."""
        return [app for app in self.folder.glob("work?/app-*") if any(app.iterdir())]


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "raw"
    make_sample_shop(Plan(5, users=60, items=60, days=1, start=DAY, events_per_user_day=7.0, crawlers=0,
                          shares=Shares()), folder)  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    with spark_cluster(folder) as url:
        yield Cluster(url, folder)


@pytest.fixture(scope="module")
def plain(spark: SparkSession, raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A plain lake, made by local mode: the tests' own session."""
    lake = Lake(str(tmp_path_factory.mktemp("local") / "lake"))
    night = Night(DAY, lake, "001", Settings(), "sample_shop", str(raw))
    for job in ("receive_drop", *JOBS):
        run(night, job)
    return lake


def receive(lake: Path, raw: Path, more: Sequence[str], environment: Mapping[str, str]) -> None:
    command = [BIN / "python", "-m", "jobs", "receive_drop", *NIGHT, "--lake", lake, "--raw", raw, *more]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def submit(
    master: str,
    job: str,
    lake: Path,
    raw: Path,
    more: Sequence[str],
    environment: Mapping[str, str],
    **properties: str,
) -> subprocess.CompletedProcess[str]:
    """Runs the job under spark-submit; stdout has the job's own messages. Event logs are written beside the lake."""
    logged = lake.parent / "event logs"
    logged.mkdir(exist_ok=True)
    properties |= {
        "spark.driver.extraJavaOptions": JAVA_OPTIONS,
        "spark.executor.extraJavaOptions": JAVA_OPTIONS,
        "spark.executor.memory": "512m",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": logged.as_uri(),
        "spark.eventLog.compress": "false",
    }
    conf = [word for name, value in properties.items() for word in ("--conf", f"{name}={value}")]
    command = [BIN / "spark-submit", "--master", master, "--driver-memory", "1g", *conf, ROOT / "jobs/__main__.py"]
    where = ["--lake", lake, "--raw", raw]
    command += [job, *NIGHT, *where, *more]
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def content(lake: Lake, table: str) -> pa.Table:
    folder = Path(lake.path("tables", table, f"date={DAY}", "run=001"))
    return in_order(read_table(lake, [str(path) for path in sorted(folder.glob("*.parquet"))]))


def test_two_workers_give_the_tables_of_local_mode_and_show_no_key(
    cluster: Cluster, plain: Lake, raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lake of the workers is encrypted; `tests.bench.pipeline.night --cluster` makes a plain one."""
    key_file = tmp_path / "held" / "master.key"  # not in "secret": Spark itself hides values with that word
    key_file.parent.mkdir()
    key_file.write_text(KEY)
    environment = WITHOUT_KEYS | {lake_keys.FILE_VARIABLE: str(key_file)}
    lake_folder = tmp_path / "lake"
    receive(lake_folder, raw, ENCRYPTED, environment)
    for job in JOBS:
        process = submit(cluster.url, job, lake_folder, raw, ENCRYPTED, environment)
        assert process.returncode == 0, f"{job} on {cluster.url}:\n{process.stdout[-5000:]}"
    # A worker may have an application twice if the machine was so busy that Spark lost the first executor.
    assert len(cluster.apps()) == 2 * len(JOBS)

    monkeypatch.delenv(lake_keys.KEY_VARIABLE, raising=False)
    monkeypatch.setenv(lake_keys.FILE_VARIABLE, str(key_file))
    lake = Lake(str(lake_folder))
    for table in TABLES:
        by_session, by_workers = content(plain, table), content(lake, table)
        assert by_session.num_rows > 0 or table.startswith("rejected")
        assert by_workers.equals(by_session), table
    files = list((lake_folder / "tables").rglob("*.parquet"))
    assert {path.read_bytes()[:4] for path in files} == {b"PARE"}

    keys = keys_of(lake)
    assert keys is not None
    secrets = [bytes.fromhex(KEY)] + [keys.of(f"tables/{table}") for table in TABLES if keys.has(f"tables/{table}")]
    assert len(secrets) >= len(TABLES)
    words = [form for key in secrets for form in (key.hex().encode(), base64.b64encode(key), key)]
    folders = (cluster.folder, tmp_path / "event logs")
    texts = {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}
    logs = b"".join(text for path, text in texts.items() if path.is_relative_to(tmp_path))
    assert b"SparkListenerSQLExecutionStart" in logs  # the logs exist and can be read
    assert str(key_file).encode() in logs  # executors get the file's path
    assert [path for path, text in texts.items() if any(word in text for word in words)] == []


def test_without_a_key_executors_get_no_work(cluster: Cluster, raw: Path, tmp_path: Path) -> None:
    environment = WITHOUT_KEYS | {lake_keys.KEY_VARIABLE: KEY}  # only this process has the key; no worker has it
    lake = tmp_path / "lake"
    receive(lake, raw, ENCRYPTED, environment)
    process = submit(cluster.url, "clean_events", lake, raw, ENCRYPTED, environment)
    assert process.returncode == 65, process.stdout[-5000:]
    assert f"WrongMasterKey: executors of {cluster.url} cannot open the keys of {lake}: " in process.stdout, (
        process.stdout[-5000:]
    )
    assert "neither NIGHTMARKET_MASTER_KEY nor NIGHTMARKET_MASTER_KEY_FILE is set" in process.stdout
    assert not list((lake / "tables").rglob("*.parquet"))


def test_a_key_in_sparks_properties_is_refused_before_anything_is_logged(raw: Path, tmp_path: Path) -> None:
    environment = WITHOUT_KEYS | {lake_keys.KEY_VARIABLE: KEY}
    properties = {f"spark.executorEnv.{lake_keys.KEY_VARIABLE}": KEY}
    lake = tmp_path / "lake"
    receive(lake, raw, ENCRYPTED, environment)
    process = submit("local[1]", "clean_events", lake, raw, ENCRYPTED, environment, **properties)
    assert process.returncode == 65, process.stdout[-5000:]
    assert "Spark's property spark.executorEnv.NIGHTMARKET_MASTER_KEY holds a key" in process.stdout
    assert list((tmp_path / "event logs").iterdir()) == []

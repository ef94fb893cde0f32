"""A Spark standalone master and two workers, processes of their own, give the tables that local mode gives."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from pyspark.sql import SparkSession

from jobs.nights.tasks import run
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from jobs.sample_shop.dirt import Shares
from jobs.sample_shop.make_sample_shop import make_sample_shop
from jobs.sample_shop.shop import Plan
from tests.spark_cluster import BIN, ENVIRONMENT, spark_cluster

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 1, 5)
NIGHT = ["--date", str(DAY), "--source", "sample_shop", "--run", "001"]
JOBS = ("clean_events", "update_interest")  # a shuffle with Arrow batches, and the recurrence on its output
TABLES = ("clean_events", "rejected_events", "interest")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    with spark_cluster(tmp_path) as url:
        yield url


def submit(master: str, lake: Path, raw: Path) -> None:
    """JOBS by spark-submit, an application for each."""
    java = "spark.driver.extraJavaOptions=-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    conf = ["--conf", java, "--conf", java.replace("driver", "executor"), "--conf", "spark.executor.memory=512m"]
    for job in JOBS:
        command = [BIN / "spark-submit", "--master", master, "--driver-memory", "1g", *conf, ROOT / "jobs/__main__.py"]
        words = [job, *NIGHT, "--lake", str(lake), "--raw", str(raw)]
        done = subprocess.run([*command, *words], env=ENVIRONMENT, capture_output=True, text=True)
        assert done.returncode == 0, f"{job} on {master}:\n{done.stderr[-5000:]}"


def content(lake: Path, table: str) -> pa.Table:
    data = ds.dataset(lake / "tables" / table / f"date={DAY}" / "run=001", format="parquet").to_table()
    return data.take(pa.array(sorted(range(data.num_rows), key=[str(row) for row in data.to_pylist()].__getitem__)))


def test_two_workers_give_the_tables_of_local_mode(spark: SparkSession, cluster: str, tmp_path: Path) -> None:
    raw, local, remote = tmp_path / "raw", tmp_path / "local", tmp_path / "cluster"
    make_sample_shop(Plan(5, users=60, items=60, days=1, start=DAY, events_per_user_day=7.0, crawlers=0,
                          shares=Shares()), raw)  # fmt: skip
    night = Night(DAY, Lake(str(local)), "001", Settings(), "sample_shop", str(raw))
    run(night, "receive_drop")
    shutil.copytree(local, remote)
    for job in JOBS:
        run(night, job)
    submit(cluster, remote, raw)
    for table in TABLES:
        ours, theirs = content(local, table), content(remote, table)
        assert ours.num_rows > 0 or table.startswith("rejected")
        assert theirs.equals(ours), table
    for worker in ("work1", "work2"):  # one may have had two, where the machine was so busy that the first got lost
        assert len([app for app in tmp_path.glob(f"{worker}/app-*") if any(app.iterdir())]) == len(JOBS), worker

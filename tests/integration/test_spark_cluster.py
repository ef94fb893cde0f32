"""A Spark standalone master and two workers, processes of their own, give the tables that local mode gives."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from tests.spark_cluster import BIN, ENVIRONMENT, spark_cluster

ROOT = Path(__file__).resolve().parents[2]
NIGHT = ["--date", "2026-01-05", "--source", "sample_shop", "--run", "001"]
JOBS = ("clean_events", "update_interest")  # a shuffle with Arrow batches, and the recurrence on its output
TABLES = ("clean_events", "rejected_events", "interest")


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "raw"
    size = {"seed": 5, "users": 60, "items": 60, "days": 1, "crawlers": 0, "start": "2026-01-05"}
    make = ["make_sample_shop", *[f"--{name}={value}" for name, value in size.items()]]
    subprocess.run([sys.executable, "-m", "jobs", *make, "--out", folder], cwd=ROOT, check=True)
    return folder


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    with spark_cluster(tmp_path) as url:
        yield url


def run_jobs(master: str, lake: Path, raw: Path) -> None:
    where = ["--lake", str(lake), "--raw", str(raw)]
    subprocess.run([BIN / "python", "-m", "jobs", "receive_drop", *NIGHT, *where], cwd=ROOT, check=True)
    java = "spark.driver.extraJavaOptions=-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    conf = ["--conf", java, "--conf", java.replace("driver", "executor"), "--conf", "spark.executor.memory=512m"]
    for job in JOBS:
        submit = [BIN / "spark-submit", "--master", master, "--driver-memory", "1g", *conf, ROOT / "jobs/__main__.py"]
        done = subprocess.run([*submit, job, *NIGHT, *where], env=ENVIRONMENT, capture_output=True, text=True)
        assert done.returncode == 0, f"{job} on {master}:\n{done.stderr[-5000:]}"


def content(lake: Path, table: str) -> pa.Table:
    data = ds.dataset(lake / "tables" / table / "date=2026-01-05" / "run=001", format="parquet").to_table()
    return data.take(pa.array(sorted(range(data.num_rows), key=[str(row) for row in data.to_pylist()].__getitem__)))


def test_two_workers_give_the_tables_of_local_mode(cluster: str, raw: Path, tmp_path: Path) -> None:
    run_jobs("local[2]", tmp_path / "local", raw)
    run_jobs(cluster, tmp_path / "cluster", raw)
    for table in TABLES:
        ours, theirs = content(tmp_path / "local", table), content(tmp_path / "cluster", table)
        assert ours.num_rows > 0 or table.startswith("rejected")
        assert theirs.equals(ours), table
    for worker in ("work1", "work2"):  # one may have had two, where the machine was so busy that the first got lost
        assert len([app for app in tmp_path.glob(f"{worker}/app-*") if any(app.iterdir())]) == len(JOBS), worker

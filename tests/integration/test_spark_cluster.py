"""A Spark standalone master and two workers, processes of their own, give the tables that local mode gives."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
NIGHT = ["--date", "2026-01-05", "--source", "sample_shop", "--run", "001"]
JOBS = ("clean_events", "update_interest")  # a shuffle with Arrow batches, and the recurrence on its output
TABLES = ("clean_events", "rejected_events", "interest")
ENVIRONMENT = os.environ | {
    "PATH": f"{BIN}:{os.environ['PATH']}",
    "PYSPARK_PYTHON": f"{BIN}/python",
    "SPARK_LOCAL_IP": "127.0.0.1",  # all of it stays on this machine
    "SPARK_PUBLIC_DNS": "127.0.0.1",
    "SPARK_DAEMON_JAVA_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "SPARK_DAEMON_MEMORY": "256m",
}


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "raw"
    size = {"seed": 5, "users": 60, "items": 60, "days": 1, "crawlers": 0, "start": "2026-01-05"}
    make = ["make_sample_shop", *[f"--{name}={value}" for name, value in size.items()]]
    subprocess.run([sys.executable, "-m", "jobs", *make, "--out", folder], cwd=ROOT, check=True)
    return folder


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """The URL of a master with two workers of one core each."""
    started = [daemon(tmp_path / "master.log", "master.Master", "--port", "0", "--webui-port", "0")]
    try:
        url = wait_for(r"Starting Spark master at (spark://\S+)", tmp_path / "master.log", started)
        for number in (1, 2):
            own = ["--cores", "1", "--memory", "1g", "--webui-port", "0", "--work-dir", str(tmp_path / f"work{number}")]
            started.append(daemon(tmp_path / f"worker{number}.log", "worker.Worker", *own, url))
        for number in (1, 2):
            wait_for(r"Successfully registered with (master)", tmp_path / f"worker{number}.log", started)
        yield url
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGTERM)
        for process in started:
            process.wait(60)


def daemon(log: Path, name: str, *words: str) -> subprocess.Popen[bytes]:
    command = [BIN / "spark-class", f"org.apache.spark.deploy.{name}", "--host", "127.0.0.1", *words]
    with open(log, "wb") as out:
        return subprocess.Popen(command, env=ENVIRONMENT, stdout=out, stderr=out, start_new_session=True)


def wait_for(pattern: str, log: Path, processes: list[subprocess.Popen[bytes]]) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and all(p.poll() is None for p in processes):
        if found := re.search(pattern, log.read_text()):
            return found.group(1)
        time.sleep(0.2)
    raise AssertionError(f"no '{pattern}' in {log}:\n{log.read_text()[-3000:]}")


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

"""A Spark standalone cluster on this machine: a master and workers, each a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.runtime.java_options import FOR_SECONDS
from jobs.runtime.spark import KEPT_CLASSES

BIN = Path(sys.executable).parent
JAVA_OPTIONS = f"{FOR_SECONDS} {KEPT_CLASSES}"
ENVIRONMENT = os.environ | {
    "PATH": f"{BIN}:{os.environ['PATH']}",
    "PYSPARK_PYTHON": f"{BIN}/python",
    "SPARK_LOCAL_IP": "127.0.0.1",  # the cluster can be reached only from this machine
    "SPARK_PUBLIC_DNS": "127.0.0.1",
    "SPARK_DAEMON_JAVA_OPTS": JAVA_OPTIONS,
    "SPARK_DAEMON_MEMORY": "256m",
}


@contextmanager
def spark_cluster(folder: Path, workers: int = 2, memory: str = "1g") -> Iterator[str]:
    """The URL of a master with workers of one core each; `folder` gets their logs and work (work1, work2, ...)."""
    processes = [_daemon(folder / "master.log", "master.Master", "--port", "0", "--webui-port", "0")]
    try:
        url = _wait_for(r"Starting Spark master at (spark://\S+)", folder / "master.log", processes)
        for number in range(1, workers + 1):
            work_folder = folder / f"work{number}"
            options = ["--cores", "1", "--memory", memory, "--webui-port", "0", "--work-dir", str(work_folder)]
            processes.append(_daemon(folder / f"worker{number}.log", "worker.Worker", *options, url))
        for number in range(1, workers + 1):
            _wait_for(r"Successfully registered with (master)", folder / f"worker{number}.log", processes)
        yield url
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGTERM)
        for process in processes:
            process.wait(60)


def _daemon(log: Path, name: str, *words: str) -> subprocess.Popen[bytes]:
    command = [BIN / "spark-class", f"org.apache.spark.deploy.{name}", "--host", "127.0.0.1", *words]
    with open(log, "wb") as out:
        return subprocess.Popen(command, env=ENVIRONMENT, stdout=out, stderr=out, start_new_session=True)


def _wait_for(pattern: str, log: Path, processes: list[subprocess.Popen[bytes]]) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and all(process.poll() is None for process in processes):
        if match := re.search(pattern, log.read_text()):
            return match.group(1)
        time.sleep(0.2)
    raise AssertionError(f"no '{pattern}' in {log}:\n{log.read_text()[-3000:]}")

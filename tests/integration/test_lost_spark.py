"""A job whose JVM is killed says what happened, and the next job starts another."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.runtime.spark_failure import out_of_memory

ROOT = Path(__file__).resolve().parents[2]
# Two jobs of one process: the kernel kills the JVM of the first, as it does where memory runs out.
TWO_JOBS = """
import datetime, sys
from pyspark import SparkContext
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import load_settings

night = Night(datetime.date(2026, 1, 1), Lake(sys.argv[1]), "001", load_settings(None, []))
night.begin("loses_its_jvm")
try:
    with night.reporting():
        rows = night.spark.range(3)
        SparkContext._gateway.proc.kill()
        rows.count()
except RuntimeError as error:
    print(f"{type(error).__name__}: {error}")
night.begin("next")
with night.reporting():
    print(night.spark.range(3).count())
"""


def test_a_job_that_lost_its_jvm_says_so_and_the_next_job_has_another(tmp_path: Path) -> None:
    words = [sys.executable, "-c", TWO_JOBS, str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    message, rows = done.stdout.splitlines()
    assert message.startswith("SparkOutOfMemory: Spark's JVM was killed, as the kernel does when memory runs out: ")
    assert "GiB in all, the JVM's heap" in message
    assert rows == "3"
    reports = tmp_path / "runs/date=2026-01-01/run=001"
    assert json.loads((reports / "loses_its_jvm.json").read_text())["error"] == message
    assert "error" not in json.loads((reports / "next.json").read_text())


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (RuntimeError("Job aborted: java.lang.OutOfMemoryError: Java heap space"), True),
        (ValueError("no column `price`"), False),
        (ConnectionRefusedError("the shop's S3 server"), False),
    ],
)
def test_an_error_while_the_jvm_lives(error: Exception, is_memory: bool) -> None:
    assert (out_of_memory(error) is not None) == is_memory

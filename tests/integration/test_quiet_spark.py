"""A process with a Spark session: neither Spark nor its JVM writes a line to stderr."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_spark_and_its_jvm_start_without_a_line_of_output() -> None:
    code = (
        "import contextlib\n"
        "from jobs.runtime.progress import Progress\n"
        "doing = Progress('starts', 2)\n"
        "doing.step(always=True)\n"
        "from jobs.runtime.log import get_logger; from jobs.runtime.spark import session\n"
        "spark = session('quiet', 'local[1]')\n"
        "with contextlib.suppress(Exception):  # as MLlib asks for a BLAS, and goes on where there is none\n"
        "    spark._jvm.dev.ludovic.netlib.blas.NativeBLAS.getInstance()\n"
        "doing.step(always=True)\n"
        "get_logger('job').info('%d rows', spark.range(3).count())"
    )
    plain = {name: value for name, value in os.environ.items() if name != "SPARK_LOCAL_IP"}
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=plain, capture_output=True, text=True, check=True
    )
    assert process.stdout == ""
    lines = process.stderr.splitlines()
    assert [line.partition(",")[0] for line in lines[:2]] == ["starts: 1 of 2", "starts: 2 of 2"]
    assert [line.partition("nightmarket.")[2] for line in lines[2:]] == ["job: 3 rows"]

"""A shop with one tiny day, and an Airflow with a state of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jobs.runtime.java_options import FOR_SECONDS

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 2700  # seconds for work that takes six minutes if nothing else runs on the machine
DAY = "2026-01-05"

needs_airflow = pytest.mark.skipif(
    not (ROOT / ".venv-airflow/bin/airflow").exists(), reason="no .venv-airflow here; `make test` builds it"
)


@dataclass
class Shop:
    """The shop's folder, and the environment variables with which its nights run."""

    folder: Path
    environment: dict[str, str]

    def published(self) -> dict[str, Any]:
        return json.loads((self.folder / "lake/published/current.json").read_text())

    def processes(self) -> list[str]:
        """Command lines of all processes that have this shop's environment; the test's own process has not."""
        mark, commands = f"AIRFLOW_HOME={self.environment['AIRFLOW_HOME']}".encode(), []
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in environ.read_bytes().split(b"\0"):
                    commands.append(environ.with_name("cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:  # the process has ended, or we may not look at it
                continue
        return commands


def make_shop(folder: Path) -> Shop:
    plan = {"seed": 5, "users": 60, "items": 60, "days": 1, "crawlers": 0, "start": DAY}
    command = ["make_sample_shop", *[f"--{name}={value}" for name, value in plan.items()]]
    subprocess.run([sys.executable, "-m", "jobs", *command, "--out", folder / "raw"], cwd=ROOT, check=True)
    environment = os.environ | {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "NIGHTMARKET_RAW": str(folder / "raw"),
        "NIGHTMARKET_LAKE": str(folder / "lake"),
        "NIGHTMARKET_SPARK_MEMORY": "1g",
        "NIGHTMARKET_JAVA_OPTIONS": f"{FOR_SECONDS} -Xms600m -Xmn300m",
    }
    return Shop(folder, environment)

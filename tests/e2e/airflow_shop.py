"""A shop of one tiny day, and an Airflow whose state is nobody else's."""

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
PATIENCE = 2700  # seconds for what takes six minutes where nothing else runs
DAY = "2026-01-05"

needs_airflow = pytest.mark.skipif(
    not (ROOT / ".venv-airflow/bin/airflow").exists(), reason="no .venv-airflow here; `make test` builds it"
)


@dataclass
class Shop:
    """Where the shop lies, and the environment of whoever runs its nights."""

    folder: Path
    environment: dict[str, str]

    def published(self) -> dict[str, Any]:
        return json.loads((self.folder / "lake/published/current.json").read_text())

    def processes(self) -> list[str]:
        """Command lines of all processes that carry this shop's environment, but for this test's own."""
        mark, found = f"AIRFLOW_HOME={self.environment['AIRFLOW_HOME']}".encode(), []
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in environ.read_bytes().split(b"\0"):
                    found.append(environ.with_name("cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:  # ended meanwhile, or not ours to see
                continue
        return found


def make_shop(folder: Path) -> Shop:
    size = {"seed": 5, "users": 60, "items": 60, "days": 1, "crawlers": 0, "start": DAY}
    make = ["make_sample_shop", *[f"--{name}={value}" for name, value in size.items()]]
    subprocess.run([sys.executable, "-m", "jobs", *make, "--out", folder / "raw"], cwd=ROOT, check=True)
    environment = os.environ | {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "NIGHTMARKET_RAW": str(folder / "raw"),
        "NIGHTMARKET_LAKE": str(folder / "lake"),
        "NIGHTMARKET_SPARK_MEMORY": "1g",
        "NIGHTMARKET_JAVA_OPTIONS": f"{FOR_SECONDS} -Xms600m -Xmn300m",
    }
    return Shop(folder, environment)

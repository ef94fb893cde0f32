"""The night in real Airflow: by `airflow dags test`, and over the REST API of the instance that `make ui` starts."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 1200  # seconds for what takes three minutes where nothing else runs

pytestmark = pytest.mark.skipif(
    not (ROOT / ".venv-airflow/bin/airflow").exists(), reason="no .venv-airflow here; `make test` builds it"
)


@dataclass
class Shop:
    """Two days of a tiny shop, and an Airflow whose state is nobody else's."""

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


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("shop")
    size = {"seed": 5, "users": 60, "items": 60, "days": 2, "crawlers": 0, "start": "2026-01-05"}
    make = ["make_sample_shop", *[f"--{name}={value}" for name, value in size.items()]]
    subprocess.run([sys.executable, "-m", "jobs", *make, "--out", folder / "raw"], cwd=ROOT, check=True)
    environment = os.environ | {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "NIGHTMARKET_RAW": str(folder / "raw"),
        "NIGHTMARKET_LAKE": str(folder / "lake"),
        "NIGHTMARKET_SPARK_MEMORY": "1g",
        "NIGHTMARKET_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }
    return Shop(folder, environment)


def airflow(shop: Shop, *words: str) -> str:
    done = subprocess.run(
        [ROOT / ".ci/airflow", *words], env=shop.environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return done.stdout + done.stderr


def test_dags_test_publishes_the_night(shop: Shop) -> None:
    airflow(shop, "db", "migrate")
    log = airflow(shop, "dags", "test", "nightly", "2026-01-05")
    assert "state=success" in log.rpartition("DagRun Finished")[2]
    assert shop.published()["date"] == "2026-01-05"


@dataclass
class Api:
    """Airflow's REST API under a login."""

    address: str
    password: str
    token: str = ""

    def call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.address + path, data, headers), timeout=60) as answer:
            return json.load(answer)

    def login(self) -> None:
        self.token = self.call("/auth/token", {"username": "admin", "password": self.password})["access_token"]


@pytest.fixture
def ui(shop: Shop) -> Iterator[subprocess.Popen[str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, ROOT / ".ci/ui", port], env=shop.environment, stdout=subprocess.PIPE, text=True
    )
    yield process
    process.terminate()
    process.wait(60)


def read_login(ui: subprocess.Popen[str]) -> Api:
    """What `make ui` prints once the page is up: its address and the login."""
    for line in ui.stdout or ():
        words = line.split()
        if "password" in words:
            return Api(words[0], words[words.index("password") + 1])
    raise AssertionError(f"make ui ended with status {ui.wait()} before it printed a login")


def test_a_night_triggered_over_the_rest_api_and_nothing_left_behind(shop: Shop, ui: subprocess.Popen[str]) -> None:
    api = read_login(ui)
    api.login()
    run = api.call("/api/v2/dags/nightly/dagRuns", {"logical_date": None, "conf": {"date": "2026-01-06", "k": 5}})
    state, deadline = "queued", time.monotonic() + PATIENCE
    assert api.call("/api/v2/dags/nightly")["is_paused"] is False
    while state in ("queued", "running") and time.monotonic() < deadline:
        time.sleep(1)
        state = api.call(f"/api/v2/dags/nightly/dagRuns/{run['dag_run_id']}")["state"]
    tasks = api.call(f"/api/v2/dags/nightly/dagRuns/{run['dag_run_id']}/taskInstances")["task_instances"]
    assert state == "success", {t["task_id"]: t["state"] for t in tasks}
    assert shop.published()["date"] == "2026-01-06"
    assert shop.published()["rules"]["k"] == 5
    events = api.call("/api/v2/assets/events")["asset_events"]
    mine = [(e["name"], e["source_task_id"]) for e in events if e["source_run_id"] == run["dag_run_id"]]
    assert mine == [("nightmarket_published", "publish_night")]

    ui.send_signal(signal.SIGTERM)
    assert ui.wait(60) == 0
    assert shop.processes() == []

"""The night in real Airflow, over the REST API of the instance that `make ui` starts."""

from __future__ import annotations

import json
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

from tests.e2e.airflow_shop import DAY, PATIENCE, ROOT, Shop, make_shop, needs_airflow

pytestmark = needs_airflow


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return make_shop(tmp_path)


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
    run = api.call("/api/v2/dags/nightly/dagRuns", {"logical_date": None, "conf": {"date": DAY, "k": 5}})
    state, deadline = "queued", time.monotonic() + PATIENCE
    assert api.call("/api/v2/dags/nightly")["is_paused"] is False
    while state in ("queued", "running") and time.monotonic() < deadline:
        time.sleep(1)
        state = api.call(f"/api/v2/dags/nightly/dagRuns/{run['dag_run_id']}")["state"]
    tasks = api.call(f"/api/v2/dags/nightly/dagRuns/{run['dag_run_id']}/taskInstances")["task_instances"]
    assert state == "success", {t["task_id"]: t["state"] for t in tasks}
    assert shop.published()["date"] == DAY
    assert shop.published()["rules"]["k"] == 5
    events = api.call("/api/v2/assets/events")["asset_events"]
    mine = [(e["name"], e["source_task_id"]) for e in events if e["source_run_id"] == run["dag_run_id"]]
    assert mine == [("nightmarket_published", "publish_night")]

    ui.send_signal(signal.SIGTERM)
    assert ui.wait(60) == 0
    assert shop.processes() == []

"""The night in real Airflow: in a browser and over the REST API of the one instance that `make ui` starts here."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.e2e.airflow_shop import DAY, PATIENCE, ROOT, Shop, make_shop, needs_airflow
from tests.e2e.browser import Browser, chromium, needs_browser

pytestmark = needs_airflow


@pytest.fixture(scope="module")
def alerts() -> Iterator[tuple[str, list[str]]]:
    """A chat's webhook on this machine: its address, and what was posted to it."""
    posted: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", posted
        server.shutdown()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, alerts: tuple[str, list[str]]) -> Shop:
    made = make_shop(tmp_path_factory.mktemp("shop"))
    made.environment["NIGHTMARKET_ALERT_URL"] = alerts[0]
    return made


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

    def runs(self, dag: str) -> list[dict[str, Any]]:
        return list(self.call(f"/api/v2/dags/{dag}/dagRuns")["dag_runs"])

    def login(self) -> None:
        self.token = self.call("/auth/token", {"username": "admin", "password": self.password})["access_token"]


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def api(ui: subprocess.Popen[str]) -> Api:
    return read_login(ui)


def wait_until(true: Callable[[], Any], what: str) -> Any:
    """What `true` says once it is something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < deadline, f"{what} did not come in {PATIENCE} s"
        time.sleep(1)
    return found


@pytest.fixture
def browser(api: Api) -> Iterator[Browser]:
    """Signed in. It is closed after its test: an open page of Airflow's polls, and takes a third of a core."""
    with chromium() as window:
        window.open(api.address)
        window.write("//input[@name='username']", "admin")
        window.write("//input[@name='password']", api.password)
        window.click("//button[@type='submit']")
        window.find("//a[contains(@href, 'dags')]")
        yield window


SEND = "//*[@role='dialog']//button[contains(., 'Trigger')]"


@needs_browser
def test_the_forms_can_be_sent_as_they_open(api: Api, browser: Browser) -> None:
    api.login()
    for dag in ("refresh", "nightly"):
        wait_until(lambda dag=dag: api.call(f"/api/v2/dags?dag_id_pattern={dag}")["dags"], f"DAG {dag}")
        assert api.runs(dag) == []
        browser.open(f"{api.address}/dags/{dag}")
        browser.click("//button[contains(., 'Trigger')]")
        browser.find("//*[@role='dialog']//*[contains(text(), 'Settings')]")
        wait_until(lambda: browser.is_enabled(SEND), "the button that sends the form")
        browser.click(SEND)
        (run,) = wait_until(lambda dag=dag: api.runs(dag), "the run")
        assert run["triggered_by"] == "ui"
        browser.find(f"//*[contains(text(), '{dag}')]")


@needs_browser
def test_a_run_that_fails_for_good_is_told_once_in_the_words_of_its_job(
    api: Api, alerts: tuple[str, list[str]]
) -> None:
    """The run of the form above: its day is today, of which this shop has no file."""
    api.login()
    wait_until(lambda: [run for run in api.runs("nightly") if run["state"] == "failed"], "the failure")
    (told,) = wait_until(lambda: [text for text in alerts[1] if text.startswith("nightly receive_drop")], "the alert")
    assert "failed, try 1: MissingDay: no file matches" in told
    assert f"Log: {api.address}/dags/nightly/runs/" in told


def test_a_night_triggered_over_the_rest_api_and_nothing_left_behind(
    shop: Shop, ui: subprocess.Popen[str], api: Api
) -> None:
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
    (mine,) = [event for event in events if event["source_run_id"] == run["dag_run_id"]]
    assert (mine["name"], mine["source_task_id"]) == ("nightmarket_published", "publish_night")
    assert mine["extra"]["date"] == DAY
    assert f"{DAY}-{mine['extra']['run']}" == shop.published()["run"]

    ui.send_signal(signal.SIGTERM)
    assert ui.wait(60) == 0
    assert shop.processes() == []

"""The night in real Airflow: in a browser and over the REST API of the one instance that `make ui` starts here."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.airflow_shop import DAY, PATIENCE, ROOT, Shop, make_shop, needs_airflow
from tests.e2e.browser import Browser, chromium, needs_browser
from tests.local_server import LocalServer

sys.path.insert(0, str(ROOT / ".ci"))
import airflow_night
from airflow_night import Api
from airflow_servers import free_port

pytestmark = needs_airflow


@pytest.fixture(scope="module")
def alerts() -> Iterator[LocalServer]:
    """A chat's webhook on this machine."""
    with LocalServer() as webhook:
        yield webhook


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, alerts: LocalServer) -> Shop:
    shop_of_a_day = make_shop(tmp_path_factory.mktemp("shop"))
    shop_of_a_day.environment["NIGHTMARKET_ALERT_URL"] = alerts.url
    shop_of_a_day.environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] = "admin:admin,vera:viewer"
    return shop_of_a_day


@pytest.fixture(scope="module")
def ui(shop: Shop) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, ROOT / ".ci/ui", free_port()]
    process = subprocess.Popen(command, env=shop.environment, stdout=subprocess.PIPE, text=True)
    yield process
    process.terminate()
    process.wait(60)


def runs(api: Api, dag: str) -> list[dict[str, Any]]:
    return list(api.call(f"/dags/{dag}/dagRuns")["dag_runs"])


def read_login(ui: subprocess.Popen[str]) -> Api:
    """The REST API at the address and with the login that `make ui` prints when the page is up."""
    for line in ui.stdout or ():
        words = line.split()
        if "password" in words:
            return Api(words[0], words[words.index("password") + 1])
    raise AssertionError(f"make ui ended with status {ui.wait()} before it printed a login")


@pytest.fixture(scope="module")
def api(ui: subprocess.Popen[str]) -> Api:
    return read_login(ui)


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Waits until `condition()` is true, and returns its value."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what} did not come in {PATIENCE} s"
        time.sleep(1)
    return value


@pytest.fixture
def browser(api: Api) -> Iterator[Browser]:
    """A browser that is signed in. It is closed after its test: an open page of Airflow uses a third of a core."""
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
    for dag in ("refresh", "nightly"):
        wait_until(lambda dag=dag: api.call(f"/dags?dag_id_pattern={dag}")["dags"], f"DAG {dag}")
        assert runs(api, dag) == []
        browser.open(f"{api.address}/dags/{dag}")
        browser.click("//button[contains(., 'Trigger')]")
        browser.find("//*[@role='dialog']//*[contains(text(), 'Settings')]")
        wait_until(lambda: browser.is_enabled(SEND), "the button that sends the form")
        browser.click(SEND)
        (run,) = wait_until(lambda dag=dag: runs(api, dag), "the run")
        assert run["triggered_by"] == "ui"
        browser.find(f"//*[contains(text(), '{dag}')]")


@needs_browser
def test_a_run_that_fails_for_good_sends_one_alert_with_the_message_of_its_job(api: Api, alerts: LocalServer) -> None:
    """The run that the form above started: its day is today, and this shop has no file of today."""
    wait_until(lambda: [run for run in runs(api, "nightly") if run["state"] == "failed"], "the failure")

    def posted() -> list[str]:
        texts = [request.body["text"] for request in alerts.requests]
        return [text for text in texts if text.startswith("nightly receive_drop")]

    (alert,) = wait_until(posted, "the alert")
    assert "failed, try 1: MissingDay: no file matches" in alert
    assert f"Log: {api.address}/dags/nightly/runs/" in alert


def test_a_night_with_a_broken_branch_publishes_the_rest_and_is_whole_after_the_repair(
    shop: Shop, api: Api, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text('[copy]\nvoices = "no/such/folder"\n')
    assert api.call("/dags/nightly")["is_paused"] is False
    run = airflow_night.start_night(api, {"date": DAY, "k": 5, "config": str(settings)})
    assert follow(api, run) == "failed"
    begin, *lines, end = capfd.readouterr().err.splitlines()
    assert begin == "the night in Airflow ..."
    assert re.fullmatch(r"the night in Airflow: \d+ jobs, [\d.,]+ s", end)
    failures = [
        re.fullmatch(r"the night in Airflow: \d+ of \d+ jobs, .+; (\w+) failed [\d.]+ s", line) for line in lines
    ]
    assert {line[1] for line in failures if line} == {"train_copywriter", "run_copy"}
    monkeypatch.setattr(airflow_night, "HOME", Path(shop.environment["AIRFLOW_HOME"]))
    assert "no voice in no/such/folder" in airflow_night.end_of_failed_log(api, run)
    first = shop.published()
    run_note = note(api, run)
    assert run_note.startswith(f"Published as {first['run']}: ")
    assert "copy absent" in run_note
    assert "no voice in no/such/folder" in run_note
    assert f"reports/date={DAY}/index.html" in run_note
    assert first["date"] == DAY
    assert first["rules"]["k"] == 5
    assert {name: product["state"] for name, product in first["products"].items()} == {
        "lists": "fresh",
        "customers": "fresh",
        "offers": "fresh",
        "audiences": "fresh",
        "copy": "absent",
        "images": "fresh",
        "service": "fresh",
    }
    assert "no/such/folder" in first["products"]["copy"]["because"]
    events = api.call("/assets/events")["asset_events"]
    (event,) = [event for event in events if event["source_run_id"] == run]
    assert (event["name"], event["source_task_id"]) == ("nightmarket_published", "publish_night")
    assert event["extra"]["date"] == DAY
    assert f"{DAY}-{event['extra']['run']}" == first["run"]

    settings.write_text("")
    again = {"dag_run_id": run, "task_ids": ["train_copywriter"], "include_downstream": True, "only_failed": False}
    api.call("/dags/nightly/clearTaskInstances", {"dry_run": False, **again})
    assert follow(api, run) == "success"
    assert shop.published()["run"] == first["run"]
    assert "Failed" not in note(api, run)
    assert {product["state"] for product in shop.published()["products"].values()} == {"fresh"}


def note(api: Api, run: str) -> str:
    return str(api.call(f"/dags/nightly/dagRuns/{run}")["note"])


def follow(api: Api, run: str) -> str:
    deadline = time.monotonic() + PATIENCE

    def check() -> None:
        assert time.monotonic() < deadline, f"{run} did not end in {PATIENCE} s"

    return airflow_night.follow(api, run, check)


@needs_browser
def test_the_person_who_triggered_the_night_sees_its_page_beside_the_run(
    shop: Shop, api: Api, browser: Browser
) -> None:
    # When a run has ended, the scheduler may start a run by itself, which has no pages yet.
    (run,) = [run["dag_run_id"] for run in runs(api, "nightly") if run["dag_run_id"].startswith(f"night_{DAY}_")]
    # A night that failed has pages too: the newest pages are those of the run that the form started.
    newest = max(page.parent.name for page in shop.folder.glob("lake/reports/date=*/index.html")).removeprefix("date=")
    assert newest > DAY
    paths = {"plugin/night_report": newest, "dags/nightly": newest, f"dags/nightly/runs/{run}": DAY}
    for path, day in paths.items():
        browser.open(f"{api.address}/{path}")
        if path.startswith("dags"):
            browser.click("//a[contains(@href, '/plugin/night_report_')]")
        browser.frame("//iframe")
        browser.find(f"//h1[contains(., '{day}')]")
        browser.frame(None)


def test_a_viewer_may_read_the_page_and_a_logged_out_person_may_not(shop: Shop, api: Api) -> None:
    passwords = Path(shop.environment["AIRFLOW_HOME"], "simple_auth_manager_passwords.json.generated")
    vera = Api(api.address, json.loads(passwords.read_text())["vera"], "vera")
    address = f"{api.address}/night_report/date={DAY}/index.html"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {vera.token}"})
    with urllib.request.urlopen(request) as page:
        assert DAY in page.read().decode()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(address)


def test_the_log_of_a_task_has_the_lines_of_its_jobs_and_none_of_spark(shop: Shop) -> None:
    (log,) = shop.folder.glob(
        f"airflow/logs/dag_id=nightly/run_id=night_{DAY}__*/task_id=run_intake_and_features/*.log"
    )
    events = [str(json.loads(line)["event"]) for line in log.read_text().splitlines()]
    assert any("nightmarket.clean_events: " in line for line in events)
    assert [line for line in events if " INFO " in line or line.startswith(("WARNING: ", "netlib-"))] == []


def test_nothing_is_left_behind(shop: Shop, ui: subprocess.Popen[str]) -> None:
    ui.send_signal(signal.SIGTERM)
    assert ui.wait(60) == 0
    assert shop.processes() == []

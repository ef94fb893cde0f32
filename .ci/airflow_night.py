"""Starts one night in Airflow over the REST API and follows it to its end."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any

from airflow_servers import HOME, LOG, Parts, login, must_run

from jobs.runtime.progress import Progress, progress

ENDED = ("success", "failed", "skipped", "upstream_failed", "up_for_retry")  # states of a try
NAME = "night_"  # how the names of our runs begin
NO_JOBS = ("EmptyOperator", "Whole")  # tasks that wait for a branch, and the task that turns a run red
LOOK_AGAIN = 2  # seconds; a look costs the API a tenth of a second of one core, which the night could use
PATIENCE = 300  # seconds to wait until Airflow has read the DAG
SHOWN = 40  # lines of a failed task's log


def run_night(day: str, port: str, parts: Parts) -> None:
    """Run the night of `day` on the servers at `port`. Raises RuntimeError with the end of a failed task's log."""
    api = Api(f"http://127.0.0.1:{port}", login())
    make_way(api)
    run = start_night(api, {"date": day})
    state = follow(api, run, lambda: must_run(parts))
    if state != "success":
        raise RuntimeError(f"the night {state} in Airflow; the log ends:\n{end_of_failed_log(api, run)}")


def start_night(api: Api, conf: dict[str, Any]) -> str:
    """Trigger `nightly` with `conf` as its form. Returns the id of the run, which the grid shows."""
    run = f"{NAME}{conf['date']}__{int(time.time())}"  # the time makes the id of a night's second run different
    api.call("/dags/nightly/dagRuns", {"dag_run_id": run, "logical_date": None, "conf": conf})
    return run


def follow(api: Api, run: str, check: Callable[[], None]) -> str:
    """Print each job that ends, until the run ends. Returns the run's state. Calls `check` at each look."""
    reported: set[tuple[str, int]] = set()
    with progress("the night in Airflow", unit="jobs") as doing:
        while True:
            check()
            state = str(api.call(f"/dags/nightly/dagRuns/{run}")["state"])
            tasks = api.call(f"/dags/nightly/dagRuns/{run}/taskInstances?limit=100")["task_instances"]
            tell_ended([task for task in tasks if task["operator"] not in NO_JOBS], reported, doing)
            if state not in ("queued", "running"):
                return state
            time.sleep(LOOK_AGAIN)


def make_way(api: Api) -> None:
    """Wait until the DAG is known and unpause it. Mark our cut-off runs as failed: only one night runs at a time."""
    deadline = time.monotonic() + PATIENCE
    while not (dags := api.call("/dags?dag_id_pattern=nightly")["dags"]):
        if time.monotonic() > deadline:
            raise RuntimeError(f"Airflow has not read dags/nightly.py in {PATIENCE} s; {LOG} says why")
        time.sleep(0.5)
    if dags[0]["is_paused"]:
        api.call("/dags/nightly", {"is_paused": False}, "PATCH")
    for run in api.call("/dags/nightly/dagRuns?state=running&state=queued")["dag_runs"]:
        if run["dag_run_id"].startswith(NAME):
            api.call(f"/dags/nightly/dagRuns/{run['dag_run_id']}", {"state": "failed"}, "PATCH")


def tell_ended(jobs: list[dict[str, Any]], reported: set[tuple[str, int]], doing: Progress) -> None:
    """Print a line for each job that has ended since the last look: how many jobs have ended, and how long it took."""
    doing.total = len(jobs)
    for task in sorted(jobs, key=lambda task: task["end_date"] or ""):
        attempt = (task["task_id"], task["try_number"])
        if task["state"] in ENDED and attempt not in reported:
            reported.add(attempt)
            ended = sum(task["state"] in ENDED[:-1] for task in jobs)
            how = "took" if task["state"] == "success" else task["state"]
            doing.at(ended, f"{task['task_id']} {how} {task['duration'] or 0:.1f} s", always=True)


def end_of_failed_log(api: Api, run: str) -> str:
    """The last lines of the task that failed first."""
    tasks = api.call(f"/dags/nightly/dagRuns/{run}/taskInstances?limit=100")["task_instances"]
    failed = [task for task in tasks if task["state"] == "failed" and task["operator"] not in NO_JOBS]
    if not failed:
        return "no task failed"
    first = min(failed, key=lambda task: task["end_date"])
    folder = HOME / "logs/dag_id=nightly" / f"run_id={run}" / f"task_id={first['task_id']}"
    lines = (folder / f"attempt={first['try_number']}.log").read_text().splitlines()[-SHOWN:]
    return "\n".join(str(json.loads(line).get("event", line)) if line.startswith("{") else line for line in lines)


class Api:
    """Airflow's REST API under the login of `make ui`."""

    def __init__(self, address: str, password: str, user: str = "admin") -> None:
        self.address, self.password = address, password
        self.token = ""
        self.token = self._call("/auth/token", {"username": user, "password": password})["access_token"]

    def call(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> dict[str, Any]:
        return self._call(f"/api/v2{path}", body, method)

    def _call(self, path: str, body: dict[str, Any] | None, method: str | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return dict(json.load(answer))

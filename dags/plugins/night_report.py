"""*Night report* in Airflow: the pages of the lake's `reports/`, read only, beside the DAG and its runs.

An Airflow plugin: point `AIRFLOW__CORE__PLUGINS_FOLDER` at this folder, as `.ci/airflow` does, and name the lake in
`NIGHTMARKET_LAKE`. Airflow's own login and roles decide: a person who may see the DAG `nightly` may read its pages.
Only pages of that one lake are served: a folder, or a URL that `pyarrow.fs` reads.
"""

from __future__ import annotations

import html
import os
import re
from datetime import date
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse, RedirectResponse, Response

HOME = os.environ.get("NIGHTMARKET_HOME", str(Path(__file__).resolve().parents[2]))
DAG, PREFIX = "nightly", "night_report"
PAGE = re.compile(r"[a-z][a-z_]*\.html")
FIRST = "index.html"

may_read = Depends(requires_access_dag("GET", DagAccessEntity.RUN, DAG))
pages = FastAPI(title="Night report", dependencies=[may_read], openapi_url=None)


def lake() -> tuple[Any, str]:
    """(file system, path in it) of the lake's reports."""
    from pyarrow import fs  # late: the scheduler and the workers load plugins too

    root = os.environ.get("NIGHTMARKET_LAKE") or f"{HOME}/lake"
    files, base = fs.FileSystem.from_uri(root if "://" in root else os.path.abspath(root))
    return files, f"{base.rstrip('/')}/reports"


def page_of(day: str, name: str) -> bytes | None:
    """A page's content; None if there is none. The checks of `day` and `name` allow nothing but a date's pages."""
    if not is_day(day) or not PAGE.fullmatch(name):
        return None
    files, reports = lake()
    try:
        with files.open_input_stream(f"{reports}/date={day}/{name}") as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def newest_day() -> str | None:
    """The last date with pages; None if no date has pages."""
    from pyarrow import fs

    files, reports = lake()
    entries = files.get_file_info(fs.FileSelector(reports, allow_not_found=True))
    days = sorted((info.base_name.removeprefix("date=") for info in entries), reverse=True)
    return next((day for day in days if page_of(day, FIRST) is not None), None)


def is_day(text: str) -> bool:
    try:
        return str(date.fromisoformat(text)) == text
    except ValueError:
        return False


def day_of_run(dag_id: str, run_id: str) -> str | None:
    """The night that a run of the DAG made: its form's date, or else the day of its logical date; None if unknown."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    with create_session() as session:
        run = session.query(DagRun).filter(DagRun.dag_id == dag_id, DagRun.run_id == run_id).one_or_none()
        if run is None or dag_id != DAG:
            return None
        if day := (run.conf or {}).get("date"):
            return str(day)
        zone = ZoneInfo(os.environ.get("NIGHTMARKET_TIMEZONE") or "UTC")
        return str(run.logical_date.astimezone(zone).date()) if run.logical_date else None


def sentence_page(sentence: str, status: int = 404) -> Response:
    """One sentence instead of a page."""
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Night report</title>'
    return HTMLResponse(f"{head}<p>{html.escape(sentence)}</p>", status)


@pages.get("/")
@pages.get("/dag")
def newest() -> Response:
    day = newest_day()
    if day is None:
        return sentence_page("No night has drawn its pages yet: trigger `nightly`, they come with its task show_night.")
    return RedirectResponse(f"date={day}/{FIRST}")


@pages.get("/run")
def of_run(dag_id: str, run_id: str) -> Response:
    """The pages of a run's night. The parameters are in the query, since a run's id may contain any character."""
    day = day_of_run(dag_id, run_id)
    if day is None or page_of(day, FIRST) is None:
        return sentence_page(
            f"{run_id} has drawn no pages yet: they come with its task show_night, at the end of the night."
        )
    return RedirectResponse(f"date={day}/{FIRST}")


@pages.get("/date={day}/{name}")
def page(day: str, name: str) -> Response:
    content = page_of(day, name)
    if content is None:
        return sentence_page("There is no such page.")
    return HTMLResponse(content, headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})


class NightReport(AirflowPlugin):
    name = "night_report"
    fastapi_apps: ClassVar[list[dict[str, Any]]] = [{"app": pages, "url_prefix": f"/{PREFIX}", "name": "Night report"}]
    external_views: ClassVar[list[dict[str, Any]]] = [
        {"name": "Night report", "href": f"{PREFIX}/", "destination": "nav", "url_route": "night_report"},
        {"name": "Night report", "href": f"{PREFIX}/dag", "destination": "dag", "url_route": "night_report_newest"},
        {
            "name": "Night report",
            "href": f"{PREFIX}/run?dag_id={{DAG_ID}}&run_id={{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "night_report_of_run",
        },
    ]

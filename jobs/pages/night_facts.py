"""The facts of a night that the pages show: the reports of its jobs, its tables, and whether it was published."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from jobs.reports.attempts import attempts, shown_attempt
from jobs.runtime import published
from jobs.runtime.branches import TASKS
from jobs.runtime.lake import Lake, Version
from jobs.runtime.night import first_line
from jobs.runtime.parquet_files import dataset
from schemas.arrow import arrow_schema
from schemas.table import Table

Report = dict[str, Any]


@dataclass(frozen=True)
class NightFacts:
    """One run of a night. reports: job -> its report, in the order of the night."""

    lake: Lake
    day: dt.date
    run: str
    reports: dict[str, Report]

    def report(self, job: str) -> Report:
        """The report of a job; empty where the job did not run or failed."""
        report = self.reports.get(job, {})
        return {} if "error" in report else report

    @property
    def errors(self) -> dict[str, str]:
        """Job -> its whole error, in the order of the night, without show_night: an earlier try may have failed."""
        failed = {job: str(report["error"]) for job, report in self.reports.items() if "error" in report}
        failed.pop("show_night", None)
        return failed

    @property
    def published_run(self) -> str | None:
        """The published run that this run made; None where it was not published."""
        return self.report("publish_night").get("published")

    @property
    def held_back_because(self) -> str:
        """The first line of the first error that prevented publishing; empty where none did."""
        needed = ("publish_night", *_before("publish_night"))
        return next((f"{job}: {first_line(error)}" for job, error in self.errors.items() if job in needed), "")

    def version(self, table: Table) -> Version | None:
        """The version that this run wrote, or else the current one of the date."""
        return self.lake.version(table, self.day, self.run) or self.lake.current(table, self.day)

    def count(self, table: Table) -> int:
        version = self.version(table)
        return version.rows if version else 0

    def dataset(self, table: Table) -> ds.Dataset:
        """The rows of the night's version; no rows where there is none."""
        version = self.version(table)
        if version is None or not version.files:
            return ds.dataset(arrow_schema(table).empty_table())
        return dataset(self.lake, self.lake.file_paths(version))

    def rows(
        self, table: Table, columns: list[str] | None = None, condition: pc.Expression | None = None
    ) -> list[dict[str, Any]]:
        """Rows in memory: for small tables, or few rows of a large one."""
        return self.dataset(table).to_table(columns=columns, filter=condition).to_pylist()

    def first_rows(self, table: Table, most: int, columns: list[str] | None = None) -> pa.Table:
        return self.dataset(table).head(most, columns=columns)

    def seen_by_readers(self) -> dict[str, Any] | None:
        """The manifest that the storefront reads now."""
        return published.current(self.lake)

    def command(self, job: str, *arguments: str) -> str:
        """A command for the terminal; the lake's URL is shown without the login that it may contain."""
        return " ".join(["python -m jobs", job, *arguments, "--lake", _without_login(self.lake.root)])


def facts_of(lake: Lake, day: dt.date, run: str) -> NightFacts:
    """The facts of `run`. Where it has no reports, as when a person starts the job, those of describe_night's run.

    Raises FileNotFoundError where no run of the date has left a report.
    """
    runs = attempts(lake, day)
    names = {attempt.run for attempt in runs if attempt.jobs}
    if run not in names:
        shown = shown_attempt(runs) or next((attempt for attempt in reversed(runs) if attempt.jobs), None)
        if shown is None:
            raise FileNotFoundError(
                f"no run of {day} has left a report in {lake.path('runs')}; run "
                f"`python -m jobs nightly --date {day}` first"
            )
        run = shown.run
    folder = ("runs", f"date={day}", f"run={run}")
    reports = {
        n.removesuffix(".json"): lake.get_json(*folder, n) for n in lake.list_dir(*folder) if n.endswith(".json")
    }
    order = {task: index for index, task in enumerate(TASKS)}
    return NightFacts(lake, day, run, dict(sorted(reports.items(), key=lambda item: order.get(item[0], len(order)))))


def _before(task: str) -> Iterator[str]:
    """Every task that must succeed before `task` can run."""
    for need in TASKS.get(task, ()):
        if need in TASKS:
            yield need
            yield from _before(need)


def _without_login(root: str) -> str:
    if "://" not in root:
        return root
    parts = urlsplit(root)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

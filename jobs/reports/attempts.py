"""The runs of a date, from the reports of their jobs: which run a page shows, and where the others stopped."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from jobs.runtime.lake import Lake

_NEEDED = {"clean_events", "judge_lists"}  # a page is made of their reports
LOADED = "load_history"  # the report of a night of a loaded history: it has no lists, and its page does not judge any
_AFTER_THE_NIGHT = {"prune_lake", "show_night"}  # a night is whole even if one of these failed


@dataclass(frozen=True)
class Attempt:
    """One run: the jobs that wrote a report, sorted by name, and the error of each that failed."""

    run: str
    jobs: tuple[str, ...]
    errors: dict[str, str]

    @property
    def has_facts(self) -> bool:
        succeeded = set(self.jobs) - set(self.errors)
        return succeeded >= _NEEDED or LOADED in succeeded

    @property
    def is_whole(self) -> bool:
        return self.has_facts and not set(self.errors) - _AFTER_THE_NIGHT

    @property
    def is_published(self) -> bool:
        """Whether it was published, with or without all products."""
        return "publish_night" in self.jobs and "publish_night" not in self.errors

    def line(self) -> str:
        """A sentence: where the run stopped, or what failed in a published run, with the errors."""
        if not self.errors:
            return f"run {self.run} is not finished: {len(self.jobs)} jobs have reported; it still runs, or was killed"
        if self.is_published:
            failures = "; ".join(f"{job} failed: {error}" for job, error in self.errors.items())
            return f"run {self.run} was published, but is not whole: {failures}"
        job, error = list(self.errors.items())[-1]
        return f"run {self.run} failed at {job}: {error}"


def attempts(lake: Lake, date: dt.date) -> list[Attempt]:
    """All runs of a date with a report, oldest first."""
    runs = []
    for name in sorted(n for n in lake.list_dir("runs", f"date={date}") if n.startswith("run=")):
        folder = ("runs", f"date={date}", name)
        reports = {file: lake.get_json(*folder, file) for file in sorted(lake.list_dir(*folder))}
        jobs = {file.removesuffix(".json"): report for file, report in reports.items()}
        errors = {job: report["error"] for job, report in jobs.items() if "error" in report}
        runs.append(Attempt(name.removeprefix("run="), tuple(jobs), errors))
    return runs


def shown_attempt(runs: list[Attempt]) -> Attempt | None:
    """The last run that is whole or published; else the last that has facts to show; else None."""
    good = [attempt for attempt in runs if attempt.is_whole or attempt.is_published]
    shown = good or [attempt for attempt in runs if attempt.has_facts]
    return shown[-1] if shown else None

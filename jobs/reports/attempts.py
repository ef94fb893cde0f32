"""The runs of a date as their reports tell them: which one is shown, and where the others stopped."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from jobs.runtime.lake import Lake

_NEEDED = {"clean_events", "judge_lists"}  # reports that a page of facts is made of
_AFTER_THE_NIGHT = {"prune_lake"}  # what fails here leaves a night that is whole and shown


@dataclass(frozen=True)
class Attempt:
    """One run: the jobs that left a report, in order of their names, and the error of each that failed."""

    run: str
    jobs: tuple[str, ...]
    errors: dict[str, str]

    @property
    def has_facts(self) -> bool:
        return set(self.jobs) - set(self.errors) >= _NEEDED

    @property
    def is_whole(self) -> bool:
        return self.has_facts and not set(self.errors) - _AFTER_THE_NIGHT

    @property
    def is_published(self) -> bool:
        """Whether it was published, though maybe without a product that failed."""
        return "publish_night" in self.jobs and "publish_night" not in self.errors

    def line(self) -> str:
        """Where it stopped or what it went on without, and why, in its own words."""
        if not self.errors:
            return f"run {self.run} is not finished: {len(self.jobs)} jobs have reported; it goes on, or was killed"
        if self.is_published:
            told = "; ".join(f"{job} failed: {error}" for job, error in self.errors.items())
            return f"run {self.run} was published, and is not whole: {told}"
        job, error = list(self.errors.items())[-1]
        return f"run {self.run} failed at {job}: {error}"


def attempts(lake: Lake, date: dt.date) -> list[Attempt]:
    """All runs of a date that left a report, oldest first."""
    found = []
    for name in sorted(n for n in lake.list_dir("runs", f"date={date}") if n.startswith("run=")):
        folder = ("runs", f"date={date}", name)
        reports = {file: lake.get_json(*folder, file) for file in sorted(lake.list_dir(*folder))}
        jobs = {file.removesuffix(".json"): report for file, report in reports.items()}
        errors = {job: report["error"] for job, report in jobs.items() if "error" in report}
        found.append(Attempt(name.removeprefix("run="), tuple(jobs), errors))
    return found


def shown_attempt(tried: list[Attempt]) -> Attempt | None:
    """The last one that is whole or published; where there is none, the last that has facts to show."""
    good = [attempt for attempt in tried if attempt.is_whole or attempt.is_published]
    shown = good or [attempt for attempt in tried if attempt.has_facts]
    return shown[-1] if shown else None

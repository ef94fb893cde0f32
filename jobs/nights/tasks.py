"""Runs tasks of a night in this process, in their order, and goes on where one fails with those that do not need it."""

from __future__ import annotations

import importlib
import time
import traceback
from collections.abc import Mapping

from jobs.runtime.branches import job_of
from jobs.runtime.night import Night
from jobs.runtime.progress import Progress
from jobs.runtime.registry import module_of
from jobs.runtime.spark import forget_cached

_MANY = 8  # jobs that a message does not list one by one


class JobsFailed(RuntimeError):
    """Jobs that failed, with all that their errors say, and the jobs that did not run because they need one of them."""

    def __init__(self, failed: dict[str, Exception], not_run: list[str]) -> None:
        skipped = f"{len(not_run)} jobs that need them" if len(not_run) > _MANY else ", ".join(not_run)
        self.head = f"failed: {', '.join(failed)}" + (f"; not run: {skipped}" if not_run else "")
        self.failed = failed
        self.causes = list(failed.values())  # the exit status is made of theirs

    def __str__(self) -> str:
        said = [f"{task}: {type(error).__name__}: {error}" for task, error in self.failed.items()]
        return "\n  ".join([self.head, *(text.replace("\n", "\n  ") for text in said)])


def run_tasks(night: Night, tasks: Mapping[str, tuple[str, ...]]) -> None:
    """Run `tasks` (task -> what it needs); a need that is none of them was fulfilled before.

    Raises JobsFailed at the end if any failed.
    """
    failed: dict[str, Exception] = {}
    not_run: list[str] = []
    with Progress(f"night of {night.date}", len(tasks), "jobs") as doing:
        for task in doing.over(tasks):
            if any(need in failed or need in not_run for need in tasks[task]):
                not_run.append(task)
                continue
            try:
                run(night, task)
            except Exception as error:
                night.log.error("%s: %s", type(error).__name__, error)
                traceback.clear_frames(error.__traceback__)  # they hold the job's tables
                failed[task] = error
                forget_cached()
    if failed:
        raise JobsFailed(failed, not_run) from next(iter(failed.values()))


def run(night: Night, task: str) -> None:
    """One task in this process, with its report."""
    job, options = job_of(task)
    night.begin(task)
    started = time.monotonic()
    with night.reporting():
        importlib.import_module(module_of(job)).main(night, **options)
    night.log.info("%.1f s", time.monotonic() - started)

"""Runs a whole night in one process: the same jobs, in the same branches, as the Airflow DAG `nightly`.

Where a job fails, what needs it does not run, and the rest of the night goes on and is published. It ends with an
error that lists what failed.
"""

from __future__ import annotations

import argparse
import importlib
import time
import traceback

from jobs.runtime import published
from jobs.runtime.branches import TASKS, job_of
from jobs.runtime.night import Night
from jobs.runtime.products import sentence
from jobs.runtime.registry import module_of
from jobs.runtime.spark import forget_cached

_CHANGES_THE_STOREFRONT = ("publish_night", "prune_lake")
NIGHT_OPTIONS = ("dry_run",)


class NightFailed(RuntimeError):
    """Some jobs of the night failed; it says which, why, and what is published nevertheless."""


def add_night_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="everything but publishing")


def main(night: Night, dry_run: bool = False) -> None:
    failed: dict[str, Exception] = {}
    not_run: list[str] = []
    for task, needs in TASKS.items():
        if dry_run and task in _CHANGES_THE_STOREFRONT:
            continue
        if any(need in failed or need in not_run for need in needs):
            not_run.append(task)
            continue
        try:
            run(night, task)
        except Exception as error:
            night.log.error("%s: %s", type(error).__name__, error)
            traceback.clear_frames(error.__traceback__)  # they hold the job's tables
            failed[task] = error
            forget_cached()
    night.begin("nightly")
    if failed:
        raise NightFailed(_what_failed(night, failed, not_run)) from next(iter(failed.values()))


def run(night: Night, task: str) -> None:
    """One task in this process, with its report."""
    job, options = job_of(task)
    night.begin(task)
    started = time.monotonic()
    with night.reporting():
        importlib.import_module(module_of(job)).main(night, **options)
    night.log.info("%.1f s", time.monotonic() - started)


def _what_failed(night: Night, failed: dict[str, Exception], not_run: list[str]) -> str:
    """What is published now, then each failed task with all that its error says."""
    now = published.current(night.lake)
    if now is None:
        shown = "nothing was ever published"
    elif now["run"] == f"{night.date}-{night.run}":
        shown = f"the rest is published, {sentence(now)}"
    else:
        shown = f"nothing of it is published, the storefront keeps {now['run']}"
    skipped = f"; not run: {', '.join(not_run)}" if not_run else ""
    head = f"{night.date} run={night.run}: failed: {', '.join(failed)}{skipped}; {shown}"
    told = [f"{task}: {type(error).__name__}: {error}".replace("\n", "\n  ") for task, error in failed.items()]
    return "\n  ".join([head, *told])

"""Runs a whole night in one process: the same jobs, in the same branches, as the Airflow DAG `nightly`.

If a job fails, the jobs that need it do not run. The rest of the night goes on and is published. The command ends with
an error that lists what failed.
"""

from __future__ import annotations

import argparse

from jobs.nights.tasks import JobsFailed, run_tasks
from jobs.runtime import published
from jobs.runtime.branches import TASKS
from jobs.runtime.night import Night
from jobs.runtime.products import sentence

_CHANGES_THE_STOREFRONT = ("publish_night", "prune_lake")
NIGHT_OPTIONS = ("dry_run",)


def add_night_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="everything but publishing")


def main(night: Night, dry_run: bool = False) -> None:
    tasks = {task: needs for task, needs in TASKS.items() if not (dry_run and task in _CHANGES_THE_STOREFRONT)}
    try:
        run_tasks(night, tasks)
    except JobsFailed as failure:
        failure.head = f"{night.date} run={night.run}: {failure.head}; {_what_readers_see(night)}"
        raise
    finally:
        night.begin("nightly")


def _what_readers_see(night: Night) -> str:
    shown = published.current(night.lake)
    if shown is None:
        return "nothing was ever published"
    if shown["run"] == f"{night.date}-{night.run}":
        return f"the rest is published, {sentence(shown)}"
    return f"nothing of it is published, the storefront keeps {shown['run']}"

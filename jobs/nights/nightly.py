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
from jobs.runtime.spark import BESIDE_TASKS, OF_A_TASK
from models.core.memory import DoesNotFit, total_bytes

LEAST_MEMORY = BESIDE_TASKS + OF_A_TASK  # bytes that a night takes in all, however small the shop
_CHANGES_THE_STOREFRONT = ("publish_night", "prune_lake")
NIGHT_OPTIONS = ("dry_run",)


def add_night_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="everything but publishing")


def main(night: Night, dry_run: bool = False) -> None:
    """Raises JobsFailed if a job failed, or DoesNotFit, before any job runs, if the memory is too small for a night."""
    if total_bytes() < LEAST_MEMORY:
        raise DoesNotFit(
            f"a night takes at least {LEAST_MEMORY / 2**30:.1f} GiB of memory, and this process may use "
            f"{total_bytes() / 2**30:.1f} GiB; give the machine or the container more, or run the branches one after "
            "another by run_branch, as Airflow does"
        )
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

"""Runs the jobs of one branch of the night in one process: a task of the Airflow DAG `nightly`.

Jobs that have a task of their own in Airflow (`ALONE` in jobs/runtime/branches.py) are left out.
"""

from __future__ import annotations

import argparse

from jobs.nights.tasks import run_tasks
from jobs.runtime.branches import ALONE, BRANCHES
from jobs.runtime.night import Night

NIGHT_OPTIONS = ("branch",)


def add_night_options(parser: argparse.ArgumentParser) -> None:
    branches = [name for name, tasks in BRANCHES.items() if not set(tasks) <= set(ALONE)]
    parser.add_argument("--branch", required=True, choices=branches, help="the branch of the night")


def main(night: Night, branch: str) -> None:
    try:
        run_tasks(night, {task: needs for task, needs in BRANCHES[branch].items() if task not in ALONE})
    finally:
        night.begin(f"run_{branch}")

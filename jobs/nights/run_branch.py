"""Runs the jobs of one branch of the night, or of branches that share an application, in one process.

It is a task of the Airflow DAG `nightly`: jobs/runtime/branches.py says which branches go together (`TOGETHER`). It
leaves out jobs that have a task of their own in Airflow (`ALONE`). If one of two branches fails, the jobs of the other
that do not need the failed jobs still run.
"""

from __future__ import annotations

import argparse

from jobs.nights.tasks import run_tasks
from jobs.runtime.branches import ALONE, BOXES, BRANCHES
from jobs.runtime.night import Night

NIGHT_OPTIONS = ("branch",)


def tasks_of(box: str) -> dict[str, tuple[str, ...]]:
    """The tasks of a box that have no Airflow task of their own, each with the tasks that it waits for."""
    tasks = {task: needs for branch in BOXES[box] for task, needs in BRANCHES[branch].items()}
    return {task: needs for task, needs in tasks.items() if task not in ALONE}


def add_night_options(parser: argparse.ArgumentParser) -> None:
    boxes = [box for box in BOXES if tasks_of(box)]
    parser.add_argument("--branch", required=True, choices=boxes, help="the branch, or branches that go together")


def main(night: Night, branch: str) -> None:
    try:
        run_tasks(night, tasks_of(branch))
    finally:
        night.begin(f"run_{branch}")

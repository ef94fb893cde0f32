"""Runs a refresh in one process: the same jobs, in the same order, as the Airflow DAG `refresh`."""

from __future__ import annotations

from jobs.nights.tasks import run
from jobs.runtime.lake import REFRESH, Lake
from jobs.runtime.night import Night

WRITES_BELOW = REFRESH  # the folder of its lease: a night may run at the same time, another refresh may not
# (job, the folder below the lake where it works), written out: the DAG's test reads it without importing this module.
ORDER: tuple[tuple[str, str], ...] = (("receive_drop", "refresh"), ("clean_events", "refresh"), ("refresh_lists", ""))


def main(night: Night) -> None:
    for job, below in ORDER:
        lake = Lake(f"{night.lake.root}/{below}") if below else night.lake
        part = Night(night.date, lake, night.run, night.settings, night.source_name, night.raw)
        run(part, job)
    night.begin("refresh")

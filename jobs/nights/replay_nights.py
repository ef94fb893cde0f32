"""Runs every night of a range that has a drop, in order, in one process; nights already made are skipped.

A night that is published without one of its products does not stop the range. At the end an error names these nights.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import statistics
import time
from typing import Any

from jobs.intake.drop_folder import Drop
from jobs.nights import nightly
from jobs.nights.tasks import JobsFailed
from jobs.reports.attempts import LOADED
from jobs.reports.night_page import replay_page
from jobs.runtime import lease
from jobs.runtime.arguments import a_date, add_settings_arguments
from jobs.runtime.lake import Lake
from jobs.runtime.log import get_logger, quiet
from jobs.runtime.night import Night, job_report, new_run
from jobs.runtime.progress import Progress
from jobs.runtime.settings import Settings, load_settings
from schemas.sources.reading import load_source

log = get_logger("replay")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", required=True, help="a name in schemas/sources or a TOML file")
    parser.add_argument("--raw", required=True, help="folder or URL of the shop's raw files")
    parser.add_argument("--from", dest="first", type=a_date, required=True, help="first night")
    parser.add_argument("--to", dest="last", type=a_date, required=True, help="last night, inclusive")
    parser.add_argument("--lake", required=True, help="folder or URL of the lake")
    add_settings_arguments(parser)


def nights_with_a_drop(source_name: str, raw: str, first: dt.date, last: dt.date) -> list[dt.date]:
    """Dates of the range that have an event file; every date if the files are not cut by day."""
    events = load_source(source_name).events
    all_days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    if not events.is_dated:
        return all_days
    days_with_a_file = set(Drop(raw).dates(events))
    return [day for day in all_days if day in days_with_a_file]


def no_drop(raw: str, source: str, first: dt.date, last: dt.date) -> str:
    """The message for a range without a file."""
    return (
        f"no drop between {first} and {last} under {raw}; give a range with files, or correct `files` in the mapping "
        f"{source}"
    )


def was_made(lake: Lake, day: dt.date) -> bool:
    """Whether a run of this date was published, or made by load_history. Its report outlives the lists in the lake."""
    signs = {"publish_night": "published", LOADED: "nights"}
    for run in lake.list_dir("runs", f"date={day}"):
        for job, fact in signs.items():
            if fact in job_report(lake, day, run.removeprefix("run="), job):
                return True
    return False


def main(args: argparse.Namespace) -> int:
    lake, settings = Lake(args.lake), load_settings(args.config, args.set)
    nights = nights_with_a_drop(args.source, args.raw, args.first, args.last)
    if not nights:
        raise FileNotFoundError(no_drop(args.raw, args.source, args.first, args.last))
    quiet()  # one line a night; the details are in runs/
    with lease.held(lake, lease.new_hold("replay_nights", args.last), settings.section("lease")):
        _replay(args, lake, settings, nights)
    return 0


def _replay(args: argparse.Namespace, lake: Lake, settings: Settings, nights: list[dt.date]) -> None:
    todo = [day for day in nights if not was_made(lake, day)]
    seconds: dict[str, float] = {}
    failed: list[str] = []
    with Progress("replay", len(todo), "nights") as doing:
        for day in todo:
            night = Night(day, lake, new_run(lake, day), settings, args.source, args.raw)
            started = time.monotonic()
            try:
                nightly.main(night)
            except JobsFailed as error:
                if not was_made(lake, day):  # the nights after it build on it
                    raise
                failed.append(str(error))
                log.error("%s", error)
            seconds[str(day)] = time.monotonic() - started
            doing.step(_line(night, seconds[str(day)]), always=True)
    print(replay_page(lake, nights, seconds))
    if failed:
        raise RuntimeError("\n".join([f"{len(failed)} nights are published, but not whole:", *failed]))


def _line(night: Night, seconds: float) -> str:
    clean, judged = night.facts("clean_events"), night.facts("judge_lists")
    rejected = sum(clean["rejected"].values())
    hr = _hit_rates(judged.get("quality", []))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return (
        f"{night.date}: {clean['raw']} lines = {clean['kept']} kept + {rejected} rejected; "
        f"{hr}; {seconds:.1f} s, {peak:.1f} GiB"
    )


def _hit_rates(quality: list[dict[str, Any]]) -> str:
    rows_by_lists = {
        row["lists"]: row
        for row in quality
        if row["cut"] == "all" and row["truth"].startswith("all") and row["metric"].startswith("hr@")
    }
    if not rows_by_lists:
        return "nothing to judge"
    metric = statistics.mode(row["metric"] for row in rows_by_lists.values())
    return f"{metric} " + ", ".join(f"{name} {row['value']:.3f}" for name, row in rows_by_lists.items())

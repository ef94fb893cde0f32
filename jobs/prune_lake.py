"""Deletes old snapshots, models and published nights that retention no longer keeps; never events or raw files.

Kept: the last `publish.keep_nights` dates of every snapshot table and model, the last `publish.keep_runs` published
nights, whatever a pointer names, and on each kept date only the current run.
"""

from __future__ import annotations

import datetime as dt

from jobs.runtime import published
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from schemas.tables import CLEAN_EVENTS, LIST_QUALITY, REJECTED_EVENTS, REJECTED_ITEMS, REJECTED_USERS, STORED

_FOR_EVER = {CLEAN_EVENTS, REJECTED_EVENTS, REJECTED_ITEMS, REJECTED_USERS, LIST_QUALITY}


def main(night: Night) -> None:
    config = night.settings.section("publish")
    oldest = night.date - dt.timedelta(days=config.keep_nights)
    snapshots = [("tables", t.name) for t in STORED if t not in _FOR_EVER]
    models = [("models", name) for name in night.lake.list_dir("models")]
    removed = [folder for root in (*snapshots, *models) for folder in _outdated(night.lake, root, oldest)]
    removed += _superseded_runs(night)
    now = published.current(night.lake)
    old_runs = [r for r in published.runs(night.lake)[: -config.keep_runs] if not now or r != now["run"]]
    removed += [("published", f"run={r}") for r in old_runs]
    for folder in removed:
        night.lake.delete(*folder)
    night.report(removed=len(removed))


def _outdated(lake: Lake, root: tuple[str, ...], oldest: dt.date) -> list[tuple[str, ...]]:
    """Date folders before `oldest`; the newest date always stays, since tomorrow starts from it."""
    names = [n for n in lake.list_dir(*root) if n.startswith("date=")]
    return [(*root, n) for n in names[:-1] if n.removeprefix("date=") < str(oldest)]


def _superseded_runs(night: Night) -> list[tuple[str, ...]]:
    """Earlier runs of tonight that no pointer names."""
    found: list[tuple[str, ...]] = []
    for table in STORED:
        root = ("tables", table.name, f"date={night.date}")
        version = night.lake.current(table, night.date)
        if version is not None:
            keep = {f"run={version.run}", f"run={night.run}"}
            found += [(*root, n) for n in night.lake.list_dir(*root) if n.startswith("run=") and n not in keep]
    return found

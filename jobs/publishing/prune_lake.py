"""Deletes old snapshots, models and published nights; events, raw files and pages only where `retention` says so.

It keeps the last `publish.keep_nights` dates of every snapshot table, every model and a copy endpoint's answers, but of
the candidate sources only `keep_sources`. It also keeps the last `publish.keep_runs` published nights, everything that
a pointer names, and tonight's current run. Packs of pictures and vectors are deleted when no version of their table
names them any more. The photos that shoppers sent are deleted from the drop when the answers about them are published
or, without answers, when a later night is. At the end it finds the oldest day of each kind of personal row: the
report's `oldest`.
"""

from __future__ import annotations

import datetime as dt

from jobs.common.picture_packs import unnamed_packs
from jobs.common.raw_drop import opened, root_of
from jobs.common.retention import days_before, oldest_days, outdated, too_old
from jobs.runtime import published
from jobs.runtime.lake import ANSWERS
from jobs.runtime.lake_keys import destroy
from jobs.runtime.night import Night, job_report
from schemas.tables import (
    BANDIT_MOVES,
    CLEAN_EVENTS,
    EXPERIMENT_RESULTS,
    LIST_QUALITY,
    REJECTED_EVENTS,
    REJECTED_ITEMS,
    REJECTED_USERS,
    STORED,
)

_NO_SNAPSHOTS = {
    CLEAN_EVENTS,
    REJECTED_EVENTS,
    REJECTED_ITEMS,
    REJECTED_USERS,
    LIST_QUALITY,
    EXPERIMENT_RESULTS,
    BANDIT_MOVES,
}


def main(night: Night) -> None:
    config = night.settings.section("publish")
    oldest = night.date - dt.timedelta(days=config.keep_nights)
    snapshots = [("tables", table.name) for table in STORED if table not in _NO_SNAPSHOTS]
    models = [("models", name) for name in night.lake.list_dir("models") if name != "sources"]
    removed = [folder for root in (*snapshots, *models) for folder in days_before(night.lake, root, oldest)]
    # Candidate sources hold the whole log: they are the largest models, and no later night reads them.
    removed += days_before(night.lake, ("models", "sources"), night.date - dt.timedelta(days=config.keep_sources))
    removed += days_before(night.lake, (ANSWERS,), oldest)
    removed += _superseded_runs(night)
    retention = night.settings.section("retention")
    removed += outdated(night.lake, retention, night.date)
    removed += _published_runs(night, config.keep_runs)
    for folder in removed:
        destroy(night.lake, folder)  # before the files: from now on no copy of a raw day can be read
        night.lake.delete(*folder)
    packs = unnamed_packs(night.lake, night.date)  # after the versions of tables that named some of them
    for pack in packs:
        night.lake.delete(*pack)
    photos, oldest_of = forget_photos(night), oldest_days(night.lake)
    night.report(removed=len(removed), removed_packs=len(packs), forgotten_photos=photos, oldest=oldest_of)
    for sentence in too_old(oldest_of, retention, night.date):
        night.log.warning("%s", sentence)


def forget_photos(night: Night) -> int:
    """Deletes shoppers' photos that no answer can come from any more; returns their number."""
    paths = _answered_photos(night)
    if not paths or not night.raw:
        return 0
    drop, base = opened(root_of(night.raw))
    forgotten = 0
    for path in paths:
        try:
            drop.delete_file(f"{base}/{path}")
            forgotten += 1
        except FileNotFoundError:
            pass  # another process has deleted it
        except OSError as error:
            night.log.warning("%s stays, though it should be forgotten: %s", path, error)
    return forgotten


def _answered_photos(night: Night) -> list[str]:
    """Photos that this run has published answers about. If it was published, with answers or without, also those of the
    earlier nights back to the last one with answers: these nights will not be published any more."""
    complete_runs = published.runs(night.lake)

    def has_answers(run: str) -> bool:
        if run not in complete_runs:
            return False
        return published.manifest(night.lake, run)["products"].get("images", {}).get("state") == "fresh"

    tonight = f"{night.date}-{night.run}"
    if tonight not in complete_runs:
        return []
    paths = _photos_of(night, night.date, night.run) if has_answers(tonight) else []
    days = (dt.date.fromisoformat(name.removeprefix("date=")) for name in reversed(night.lake.list_dir("runs")))
    for day in (day for day in days if day < night.date):
        runs = [name.removeprefix("run=") for name in night.lake.list_dir("runs", f"date={day}")]
        paths += [path for run in runs for path in _photos_of(night, day, run)]
        if any(has_answers(f"{day}-{run}") for run in runs):
            break
    return list(dict.fromkeys(paths))


def _photos_of(night: Night, day: dt.date, run: str) -> list[str]:
    return list(job_report(night.lake, day, run, "search_images").get("to_forget", []))


def _published_runs(night: Night, keep: int) -> list[tuple[str, ...]]:
    """Published nights before the last `keep`, and nights that were killed while copying; never the pointer's night.

    Overlays of refreshes before tonight go as well. What names a night is deleted first: if the deletion is
    interrupted, nobody can roll back to that night, and no reader is led to files that are gone.
    """
    complete_runs, shown = published.runs(night.lake), published.current(night.lake)
    kept_runs = {*complete_runs[-keep:], shown["run"] if shown else None}
    names = [name.removeprefix("run=") for name in night.lake.list_dir("published") if name.startswith("run=")]
    old = [name for name in names if name not in kept_runs and (name in complete_runs or name[:10] < str(night.date))]
    overlay = night.lake.get_json(*published.FRESH) if night.lake.exists(*published.FRESH) else {"run": None}
    return [
        *([published.FRESH] if overlay["run"] in old else []),  # else it names deleted files after a rollback
        *(("published", f"run={name}", "manifest.json") for name in old),
        *(("published", f"run={name}") for name in old),
    ]


def _superseded_runs(night: Night) -> list[tuple[str, ...]]:
    """Earlier runs of tonight that no pointer names."""
    superseded: list[tuple[str, ...]] = []
    for table in STORED:
        root = ("tables", table.name, f"date={night.date}")
        version = night.lake.current(table, night.date)
        if version is not None:
            keep = {f"run={version.run}", f"run={night.run}"}
            superseded += [(*root, n) for n in night.lake.list_dir(*root) if n.startswith("run=") and n not in keep]
    return superseded

"""Are segments stable? Replays a shop's nights: the share of accounts that change segment each night, and the names.

    python -m tests.bench.customers.segments --data DIR [--source NAME] [--nights 60] [--first DATE] [--lake DIR]

Runs only the jobs that segments need, in one Spark session, without gates. Nights without a drop are skipped. The
mapping is the one in schemas/sources with the folder's name, or `--source`. A source whose files are not divided by day
needs `--first`. The last line is JSON.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from jobs.intake.drop_folder import Drop
from jobs.nights.replay_nights import nights_with_a_drop
from jobs.publishing.check_tables import STAGES
from jobs.runtime.lake import Lake
from jobs.runtime.log import quiet
from jobs.runtime.night import Night
from jobs.runtime.progress import each
from jobs.runtime.registry import module_of
from jobs.runtime.settings import load_settings
from schemas.sources.reading import load_source
from schemas.tables import SEGMENTS

JOBS = ("receive_drop", "clean_events", "update_catalogue", "build_features", "update_profiles", "segment_users")


def nights_of(source: str, raw: str, first: dt.date | None, count: int) -> list[dt.date]:
    """The first `count` nights with a drop, from `first` on."""
    events = load_source(source).events
    if events.is_dated:
        days = sorted(day for day in Drop(raw).dates(events) if first is None or day >= first)
    elif first is None:
        raise SystemExit(f"the files of {source} are not cut by day: say the first night with --first")
    else:
        days = nights_with_a_drop(source, raw, first, first + dt.timedelta(days=count - 1))
    if not days:
        raise SystemExit(f"no drop of {source} under {raw}")
    return days[:count]


def run(night: Night) -> dict[str, Any]:
    """The report of segment_users on one night."""
    for job in JOBS:
        night.begin(job)
        with night.reporting():
            importlib.import_module(module_of(job)).main(night)
        for table in (table for tables in STAGES.values() for table in tables):
            if version := night.lake.version(table, night.date, night.run):
                night.lake.make_current(version)
    return night.facts("segment_users")


def names_of(night: Night) -> list[dict[str, Any]]:
    columns = ("segment_id", "name_en", "name_zh", "users", "share", "mean_money")
    rows = night.versions(SEGMENTS).tonight().arrow().select(list(columns)).to_pylist()
    return sorted(rows, key=lambda row: -row["users"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--source")
    parser.add_argument("--nights", type=int, default=60)
    parser.add_argument("--first", type=dt.date.fromisoformat)
    parser.add_argument("--lake", help="default: a folder that is deleted afterwards")
    parser.add_argument("--config", help="TOML file of settings")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE")
    args = parser.parse_args()
    source = args.source or Path(args.data).resolve().name
    days = nights_of(source, args.data, args.first, args.nights)
    settings = load_settings(args.config, args.set)
    quiet()
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(args.lake or folder)
        replay(lake, days, lambda day: Night(day, lake, "001", settings, source, args.data))


def replay(lake: Lake, days: list[dt.date], night_of: Any) -> None:
    moved: list[float] = []
    at_fits: list[float] = []
    night = None
    for number, day in enumerate(each("replay", days, "nights"), 1):
        night = night_of(day)
        facts = run(night)
        share, how = facts["moved_share"], facts["fit"]["how"]
        carried = how == "carried over"
        if share is not None and how != "new" and not how.startswith("one segment"):
            (moved if carried else at_fits).append(share)
        moved_text = "      -" if share is None else f"{share:7.2%}"
        quality = "" if carried or "silhouette" not in facts["fit"] else f", silhouette {facts['fit']['silhouette']}"
        print(
            f"{number:>3}/{len(days)} {day}  moved {moved_text}  {facts['segments']} segments, {how}{quality}",
            flush=True,
        )
    assert night is not None
    segments = names_of(night)
    print(f"\nsegments of {days[-1]}")
    for row in segments:
        size = f"{row['segment_id']:>3}  {row['users']:>7,} accounts {row['share']:6.1%}"
        print(f"{size} {row['mean_money']:>10,.2f} each  {row['name_en']} / {row['name_zh']}")
    every = [*moved, *at_fits]
    of = {"mean_moved": every, "mean_moved_between_fits": moved, "mean_moved_at_fits": at_fits}
    means = {name: round(float(np.mean(values)), 5) if values else None for name, values in of.items()}
    print(f"\nmoved per night: mean {means['mean_moved']}, between fits {means['mean_moved_between_fits']}, "
          f"at fits {means['mean_moved_at_fits']}; of the accounts of the night before")  # fmt: skip
    print(json.dumps({
        "nights": len(days), **means, "max_moved": max(every, default=None), "segments": len(segments),
        "names_en": [row["name_en"] for row in segments], "names_zh": [row["name_zh"] for row in segments],
    }, ensure_ascii=False))  # fmt: skip


if __name__ == "__main__":
    main()

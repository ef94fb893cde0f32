"""Splits the lines of many nights into clean_events and rejected_events in one pass, as single nights would.

It scans all files once, shuffles once by visitor, and judges one night after another within each partition
(jobs.intake.visits_of_nights). It accounts for kept and rejected lines by file and night, as clean_events does.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections import Counter
from typing import Any

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.intake.event_rules import CleanConfig, account, lines_by_visitor, refuse_a_bad_drop, rules
from jobs.intake.spark_scan import layout
from jobs.intake.typed_rows import RawRows, read_nights
from jobs.intake.visits_of_nights import NightsOf, reject_nights
from jobs.runtime.history import NIGHT, History, key
from schemas.sources.mapping import Input
from schemas.tables import CLEAN_EVENTS, REJECTED_EVENTS

Received = dict[dt.date, dict[str, Any]]  # night -> the manifest of its files


def clean(history: History, received: Received) -> None:
    """Writes both tables of every night and reports them. Raises RuntimeError with all nights that reject too much."""
    config: CleanConfig = history.settings.section("clean")
    source = history.first.source
    groups = files_alike(source.events, received)
    history.size_for(sum(file["bytes"] for files in groups for file in files))
    reads = read_groups(history, "events", groups)
    frame = functools.reduce(DataFrame.unionByName, [rows.frame for rows in reads])
    nights = nights_of(history, source.events, config)
    days_compared = nights.rules[0].days_compared(int(history.numbers[0]))
    lines = lines_by_visitor(frame, _earlier(history, days_compared))
    split = functools.partial(reject_nights, nights=nights)
    versions = history.write(lines, [CLEAN_EVENTS, REJECTED_EVENTS], ("source_file", "reason"), split)
    seen_rows = sum(rows.observation.get["raw_rows"] for rows in reads)
    stored_rows = sum(version.rows for version in versions.values())
    if seen_rows != stored_rows:
        raise RuntimeError(
            f"load_history: the reader saw {seen_rows} lines of {len(history.nights)} nights, but {stored_rows} were "
            "kept or rejected: lines were lost; nothing was published, please report this"
        )
    tallies = _tallies(history, reads)
    too_bad = []
    for night in history.nights:
        kept, rejected = versions[key(CLEAN_EVENTS, night.date)], versions[key(REJECTED_EVENTS, night.date)]
        night.begin("clean_events")
        total = kept.rows + rejected.rows
        reasons = account(night, kept.facts, rejected.facts, {"raw_rows": total, **tallies[night.date]})
        night.report(rows_clean_events=kept.rows, rows_rejected_events=rejected.rows)
        try:
            with night.reporting():
                refuse_a_bad_drop(night, config, reasons, total)
        except RuntimeError as problem:
            too_bad.append(str(problem))
    if too_bad:
        head = f"{len(too_bad)} of {len(history.nights)} nights reject too many lines; nothing was published:"
        raise RuntimeError("\n  ".join([head, *too_bad]))


def files_alike(spec: Input, received: Received) -> list[list[dict[str, Any]]]:
    """Groups the files of one input so that each group can be read at once. Each file gets `night`, which received it.

    A line's id may depend on the columns of its night's files, so nights with different columns are in different
    groups. Every night has the files of an undated input; they are here once, with the first night.
    """
    groups: dict[tuple, list[dict[str, Any]]] = {}
    seen_paths: set[str] = set()
    for night, manifest in received.items():
        files = manifest[spec.which].get("files", [])
        columns = tuple(dict.fromkeys(layout(file) for file in files)) if spec.is_dated else ()
        new_files = [file | {NIGHT: str(night)} for file in files if spec.is_dated or file["path"] not in seen_paths]
        seen_paths.update(file["path"] for file in files)
        if new_files:
            groups.setdefault(columns, []).extend(new_files)
    return list(groups.values())


def read_groups(history: History, which: str, groups: list[list[dict[str, Any]]]) -> list[RawRows]:
    """The rows of each group of files."""
    span, limits = (history.last.date, history.previous_date), history.settings.section("limits")
    source, lake = history.first.source, history.lake
    return [read_nights(history.spark, source, which, files, lake, span, limits) for files in groups]


def nights_of(history: History, spec: Input, config: CleanConfig) -> NightsOf:
    """The nights as `reject_nights` takes them."""
    previous_dates = [history.previous_date, *history.dates]
    days = history.first.days
    night_rules = [
        rules(config, day, previous, days) for day, previous in zip(history.dates, previous_dates, strict=False)
    ]
    return NightsOf(history.dates, tuple(night_rules), None if spec.is_dated else ends(history))


def ends(history: History) -> np.ndarray:
    """(N,) the first microsecond after each night's day. It decides which night a row of an undated log belongs to."""
    days = history.first.days
    return np.array([int(days.end(day).timestamp()) * 1_000_000 for day in history.dates])


def _earlier(history: History, days: int) -> DataFrame:
    """CLEAN_EVENTS of the nights before the first one, with `night`. Later lines may not repeat their ids."""
    window = history.first.versions(CLEAN_EVENTS).window(days)
    nights = [rows.spark().withColumn(NIGHT, F.lit(day)) for day, rows in window.by_date()]
    nothing = history.first.versions(CLEAN_EVENTS).of([]).spark().withColumn(NIGHT, F.lit(None).cast("date"))
    return functools.reduce(DataFrame.unionByName, nights, nothing)


def _tallies(history: History, reads: list[RawRows]) -> dict[dt.date, dict[str, int]]:
    """Night -> the mapping's tallies of its lines; a day without a night counts for the next night."""
    names = history.first.source.events.tallies
    by_night: dict[dt.date, Counter[str]] = {day: Counter(dict.fromkeys(names, 0)) for day in history.dates}
    for rows in reads:
        for row in rows.tallies.collect() if rows.tallies is not None else ():
            counts = row.asDict()
            day = counts.pop("day")
            night = next((date for date in history.dates if date >= day), history.last.date)
            by_night[night].update(counts)
    return {
        day: {name: count for name, count in day_counts.items() if count or name in names}
        for day, day_counts in by_night.items()
    }

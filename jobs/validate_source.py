"""Say in seconds what a mapping makes of a shop's files: kept, rejected and why, with samples; nothing is published.

Receives one night into a folder that is removed at the end. Exit code 1 where something required is missing or more
than 5 % of the rows of an input are rejected by anything but the mapping's own `reject`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import time
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.runtime.lake import Lake
from jobs.runtime.raw_files import Drop, receive
from jobs.runtime.raw_rows import raw_columns, read_rows
from jobs.runtime.spark import session
from schemas.mapping import Input, Source, load_source

MAX_REJECTED_SHARE = 0.05
_SAMPLES = 3
_WIDTH = 150


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", required=True, help="a name in schemas/sources or a TOML file")
    parser.add_argument("--raw", required=True, help="folder or URL of the shop's raw files")
    parser.add_argument("--date", type=dt.date.fromisoformat, help="the night; default: the first with files or rows")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of each input that are looked at")


def main(args: argparse.Namespace) -> int:
    started = time.monotonic()
    source = load_source(args.source)
    for line in picture(source):
        print(line)
    night = args.date or first_date(source, args.raw)
    good, first = True, None  # `first`: the day of the earliest event, the night to begin with
    with tempfile.TemporaryDirectory(prefix="validate-") as folder:
        lake = Lake(folder)
        received = receive(source, args.raw, night, None, lake, 0)
        spark = session("validate_source")
        for spec in source.inputs:
            usable, day = _report(spark, source, spec, received, lake, night, args.rows)
            good, first = good and usable, first or day
    verdict = "this mapping can run" if good else "this mapping is not ready"
    print(f"\n{verdict} ({time.monotonic() - started:.0f} s)")
    if good:
        print(
            f"next: python -m jobs nightly --source {args.source} --raw {args.raw} --date {night if source.events.is_dated else first} --lake LAKE"
        )
    else:
        print("next: correct what is marked with '!' in the mapping, or ask the shop; then run this again")
    return 0 if good else 1


def first_date(source: Source, raw: str) -> dt.date:
    """The first date with a file; for an undated log far in the future, so that every row is looked at."""
    if not source.events.is_dated:
        return dt.date(2099, 12, 31)
    drop = Drop(raw)
    dates = drop.dates(source.events)
    if not dates:
        raise FileNotFoundError(
            f"no file matches {' or '.join(source.events.files)} for any date; seen in the folder: "
            f"{drop.seen(source.events)}; correct `files` in {source.path}"
        )
    return dates[0]


def picture(source: Source) -> list[str]:
    """The mapping at a glance: theirs -> ours, input by input."""
    lines = [
        f"{source.name}: {source.doc.splitlines()[0] if source.doc else 'no doc'}",
        f"  times in {source.timezone}",
    ]
    for spec in source.inputs:
        where = "the events" if spec.from_events else f"{', '.join(spec.files)} ({spec.format})"
        lines.append(f"  {spec.which} <- {where}")
        for column in spec.targets:
            if column.name in spec.columns:
                shown = spec.columns[column.name] + (" (hashed)" if column.name in spec.hashed else "")
            elif column.name in spec.constants:
                shown = f"always {spec.constants[column.name]!r}"
            elif column.name in spec.derived:
                shown = spec.derived[column.name]
            else:
                continue
            lines.append(f"    {column.name:16} <- {_short(shown, 100)}")
        if spec.time:
            lines.append(f"    {'event_time':16} <- {_short(spec.time.column or spec.time.sql or '', 100)}")
        lines += [f"    reject {name}: {_short(sql, 100)}" for name, sql in spec.reject.items()]
    return lines


def _report(spark: SparkSession, source: Source, spec: Input, received: dict[str, Any], lake: Lake, night: dt.date,
            rows: int) -> bool:  # fmt: skip
    """Print what one input gives; True where it can be used."""
    print(f"\n{spec.which}, night {night}")
    for file in received[spec.which].get("files", []):
        size = f"{file['bytes']:,} bytes, {file['rows'] if file['rows'] is not None else '?'} rows"
        print(f"  {file['path']}: {size}, columns {_short(', '.join(file['header']), 100)}")
    read = read_rows(spark, source, spec.which, received, lake, night, None)
    frame = read.frame.limit(rows).cache()
    try:
        total, rejected = _reasons(frame, spec)
        if not spec.from_events:
            tallies = {k: v for k, v in read.observation.get.items() if k != "raw_rows"}
            print(f"  tallies over the rows read: {tallies}" if tallies else "  no tallies")
        first = _columns(frame.where("reason IS NULL"), spec)
    finally:
        frame.unpersist()
    if total == 0:
        print("  ! no rows: wrong --date, or an empty delivery")
        return spec.which != "events", None
    if rejected > MAX_REJECTED_SHARE * total:
        print(f"  ! {rejected / total:.1%} rejected, more than {MAX_REJECTED_SHARE:.0%}")
        return False, first
    return True, first


def _reasons(frame: DataFrame, spec: Input) -> tuple[int, int]:
    """(rows, rows rejected by our rules); prints both, with samples."""
    counts = {row.reason: row["count"] for row in frame.groupBy("reason").count().collect()}
    total, kept = sum(counts.values()), counts.pop(None, 0)
    print(f"  {total:,} rows looked at = {kept:,} kept + {total - kept:,} rejected")
    for reason, count in sorted(counts.items(), key=lambda pair: -pair[1]):
        mark = " " if reason in spec.reject else "!"
        print(f"  {mark} {reason}: {count:,}{' (by the mapping)' if reason in spec.reject else ''}")
        for row in frame.where(F.col("reason") == reason).limit(_SAMPLES).collect():
            print(f"      {row.source_file}: {f'{row.detail}; ' if row.detail else ''}{_short(row.raw_row, _WIDTH)}")
    return total, sum(count for reason, count in counts.items() if reason not in spec.reject)


def _columns(kept: DataFrame, spec: Input) -> dt.date | None:
    """Print the share of nulls of each mapped column, the event types and the time range; returns its first day."""
    names = [c.name for c in raw_columns(spec.which)]
    row = kept.agg(F.count(F.lit(1)).alias("rows"), *(F.count(name).alias(f"n_{name}") for name in names)).first()
    if row is None or not row["rows"]:
        return None
    given = {*spec.columns, *spec.derived}
    shares = {name: 1 - row[f"n_{name}"] / row["rows"] for name in names if name in given}
    print("  null: " + ", ".join(f"{name} {share:.1%}" for name, share in shares.items()))
    empty = [name for name, share in shares.items() if share == 1]
    if empty:
        print(f"  ! always null: {', '.join(empty)}; is the column's name or its SQL right?")
    if spec.which != "events":
        return None
    types = kept.groupBy("event_type").count().orderBy(F.desc("count")).collect()
    print("  event types: " + ", ".join(f"{r.event_type} {r['count']:,}" for r in types))
    first, last = kept.agg(F.min("event_time"), F.max("event_time")).first()  # type: ignore[misc]
    print(f"  times: {first} to {last} UTC")
    return first.date() if first else None


def _short(value: str | None, width: int) -> str:
    flat = " ".join((value or "").split())
    return flat if len(flat) <= width else flat[: width - 3] + "..."

"""Say in seconds what a mapping makes of a shop's files: kept, rejected and why, with samples; nothing is published.

Receives one night into a folder that is removed at the end. Exit code 1 where something required is missing or more
than 5 % of the rows of an input are rejected by anything but the mapping's own `reject`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import time
from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession

from jobs.runtime.arguments import a_date
from jobs.runtime.lake import Lake
from jobs.runtime.raw_files import Drop, receive
from jobs.runtime.raw_rows import raw_columns, read_rows
from jobs.runtime.shop_days import ShopDays
from jobs.runtime.spark import session
from jobs.runtime.value_hints import clock_line, hints, untrusted
from schemas.mapping import Input, Source, load_source

MAX_REJECTED_SHARE = 0.05
_SAMPLES = 3
_WIDTH = 150


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", required=True, help="a name in schemas/sources or a TOML file")
    parser.add_argument("--raw", required=True, help="folder or URL of the shop's raw files")
    parser.add_argument("--date", type=a_date, help="the night; default: the first with files or rows")
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
        day = night if source.events.is_dated else first
        print(f"next: python -m jobs nightly --source {args.source} --raw {args.raw} --date {day} --lake LAKE")
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
        f"  times in {source.timezone}, days in {source.day_zone}",
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


def _report(
    spark: SparkSession, source: Source, spec: Input, received: dict[str, Any], lake: Lake, night: dt.date, rows: int
) -> tuple[bool, dt.date | None]:
    """Print what one input gives. Returns whether it can be used, and the day of its earliest event."""
    print(f"\n{spec.which}, night {night}")
    for file in received[spec.which].get("files", []):
        size = f"{file['bytes']:,} bytes, {file['rows'] if file['rows'] is not None else '?'} rows"
        print(f"  {file['path']}: {size}, columns {_short(', '.join(file['header']), 100)}")
    read = read_rows(spark, source, spec.which, received, lake, night, None)
    seen = read.frame.limit(rows).toArrow()  # one Spark job; all that follows is in memory
    if not spec.from_events and spec.tallies:
        print(f"  tallies: { {name: read.observation.get[name] for name in spec.tallies} }")
    if seen.num_rows == 0:
        print("  ! no rows: wrong --date, or an empty delivery")
        return spec.which != "events", None
    rejected = _reasons(seen, spec)
    for line in (*untrusted(seen, spec), *hints(seen, spec, source)):
        print(f"  ! {line}")
    print(clock_line(read.observation.get), end="")
    first = _columns(seen.filter(pc.is_null(seen["reason"])), spec, ShopDays(source.day_zone))
    if rejected > MAX_REJECTED_SHARE * seen.num_rows:
        print(f"  ! {rejected / seen.num_rows:.1%} rejected, more than {MAX_REJECTED_SHARE:.0%}")
        return False, first
    return not untrusted(seen, spec), first


def _reasons(seen: pa.Table, spec: Input) -> int:
    """Print kept and rejected rows, with samples; returns how many our rules rejected."""
    counts = Counter(seen["reason"].to_pylist())
    kept = counts.pop(None, 0)
    print(f"  {seen.num_rows:,} rows looked at = {kept:,} kept + {seen.num_rows - kept:,} rejected")
    for reason, count in counts.most_common():
        own = reason in spec.reject
        print(f"  {' ' if own else '!'} {reason}: {count:,}{' (by the mapping)' if own else ''}")
        samples = seen.filter(pc.equal(seen["reason"], reason)).slice(0, _SAMPLES)
        for row in samples.select(["source_file", "detail", "raw_row"]).to_pylist():
            detail = f"{row['detail']}; " if row["detail"] else ""
            print(f"      {row['source_file']}: {_short(detail + row['raw_row'], _WIDTH)}")
    return sum(count for reason, count in counts.items() if reason not in spec.reject)


def _columns(kept: pa.Table, spec: Input, days: ShopDays) -> dt.date | None:
    """Print the share of nulls of each mapped column, event types and time range; returns the first day."""
    given = {*spec.columns, *spec.derived}
    if not kept.num_rows:
        return None
    shares = {c.name: kept[c.name].null_count / kept.num_rows for c in raw_columns(spec.which) if c.name in given}
    print("  null: " + ", ".join(f"{name} {share:.1%}" for name, share in shares.items()))
    empty = [name for name, share in shares.items() if share == 1]
    if empty:
        print(f"  ! always null: {', '.join(empty)}; is the column's name or its SQL right?")
    if spec.which != "events":
        return None
    types = Counter(kept["event_type"].to_pylist()).most_common()
    print("  event types: " + ", ".join(f"{name} {count:,}" for name, count in types))
    times = pc.min_max(kept["event_time"]).as_py()
    print(f"  times: {times['min']:%Y-%m-%d %H:%M:%S} to {times['max']:%Y-%m-%d %H:%M:%S} UTC")
    return days.of(times["min"])


def _short(value: str | None, width: int) -> str:
    flat = " ".join((value or "").split())
    return flat if len(flat) <= width else flat[: width - 3] + "..."

"""Reports in seconds what a mapping makes of a shop's files: kept rows, rejected rows and why; publishes nothing.

It receives one night into a folder that it removes at the end. Exit status 1 means that the mapping cannot run:
something required is missing, ids do not join, or more than 5 % of an input's rows are rejected, without those that the
mapping's own `reject` names.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow.compute as pc
from pyspark.sql import SparkSession

from jobs.intake.drop_files import receive
from jobs.intake.drop_folder import Drop
from jobs.intake.source_checks import join_findings
from jobs.intake.source_report import ReadInput, picture, report
from jobs.intake.typed_rows import RawRows, read_rows
from jobs.runtime.arguments import a_date
from jobs.runtime.lake import Lake
from jobs.runtime.shop_days import ShopDays
from jobs.runtime.spark import interpreted, session
from schemas.sources.mapping import Input, Source
from schemas.sources.reading import load_source


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", required=True, help="a name in schemas/sources or a TOML file")
    parser.add_argument("--raw", required=True, help="folder or URL of the shop's raw files")
    parser.add_argument("--date", type=a_date, help="the night; default: the first with files or rows")
    parser.add_argument("--rows", type=int, default=20_000, help="rows of each input that are read")


def main(args: argparse.Namespace) -> int:
    started = time.monotonic()
    source = load_source(args.source)
    for line in picture(source):
        print(line)
    starting = threading.Thread(target=session, args=("validate_source", None, True), daemon=True)
    starting.start()  # the JVM starts while the files are read
    night = args.date or first_date(source, args.raw)
    with tempfile.TemporaryDirectory(prefix="validate-") as folder, ThreadPoolExecutor() as pool:
        lake = Lake(folder)
        received = receive(source, args.raw, night, None, lake, 0)
        starting.join()
        inputs = read_inputs(pool, session("validate_source", None, True), source, received, lake, night, args.rows)
    can_run = True
    for read in inputs:
        for finding in report(read, source, night, received[read.spec.which].get("files", [])):
            print(finding.line)
            can_run = can_run and not finding.is_fault
    kept_by_input = {read.spec.which: (read.kept, read.is_whole) for read in inputs if not read.spec.from_events}
    if len(kept_by_input) > 1:
        print("\nids in the events and in the other files")
        for finding in join_findings(inputs[0].kept, kept_by_input):
            print(finding.line)
            can_run = can_run and not finding.is_fault
    _verdict(args, source, night, inputs[0], can_run, time.monotonic() - started)
    return 0 if can_run else 1


def read_inputs(
    pool: ThreadPoolExecutor,
    spark: SparkSession,
    source: Source,
    received: dict[str, Any],
    lake: Lake,
    night: dt.date,
    rows: int,
) -> list[ReadInput]:
    """The first `rows` rows of each input. The inputs are analysed one after another, then read at the same time."""
    with interpreted(spark):
        planned = [(spec, read_rows(spark, source, spec.which, received, lake, night, None)) for spec in source.inputs]
        return list(pool.map(lambda pair: _collect(pair[0], pair[1], rows), planned))


def _collect(spec: Input, planned: RawRows, rows: int) -> ReadInput:
    table = planned.frame.limit(rows + 1).toArrow()
    return ReadInput(spec, table.slice(0, rows), table.num_rows <= rows, planned.observation.get)


def _verdict(
    args: argparse.Namespace, source: Source, night: dt.date, events: ReadInput, can_run: bool, seconds: float
) -> None:
    print(f"\n{'this mapping can run' if can_run else 'this mapping is not ready'} ({seconds:.0f} s)")
    if not can_run:
        print("next: correct in the mapping what is marked with '!', or ask the shop; then run this again")
        return
    first_time = pc.min(events.kept["event_time"]).as_py() if not source.events.is_dated else None
    day = ShopDays(source.day_zone).of(first_time) if first_time else night
    print(f"next: python -m jobs nightly --source {args.source} --raw {args.raw} --date {day} --lake LAKE")


def first_date(source: Source, raw: str) -> dt.date:
    """The first date with a file; for an undated log a date far in the future, so that every row is read."""
    if not source.events.is_dated:
        return dt.date(2099, 12, 31)
    drop = Drop(raw)
    dates = drop.dates(source.events)
    if not dates:
        raise FileNotFoundError(
            f"no file matches {' or '.join(source.events.files)} for any date; in the folder: "
            f"{drop.seen(source.events)}; correct `files` in {source.path}"
        )
    return dates[0]

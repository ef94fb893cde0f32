"""Say in seconds what a mapping makes of a shop's files: kept, rejected and why, with samples; nothing is published.

Receives one night into a folder that is removed at the end. Exit code 1 where something required is missing, more than
5 % of the rows of an input are rejected by anything but the mapping's own `reject`, or ids would not join.
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

from jobs.intake.drop_files import Drop, receive
from jobs.intake.source_checks import join_findings
from jobs.intake.source_report import Looked, picture, report
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
    parser.add_argument("--rows", type=int, default=20_000, help="rows of each input that are looked at")


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
        looked = look(pool, session("validate_source", None, True), source, received, lake, night, args.rows)
    good = True
    for each in looked:
        for finding in report(each, source, night, received[each.spec.which].get("files", [])):
            print(finding.line)
            good = good and not finding.is_fault
    others = {each.spec.which: (each.kept, each.whole) for each in looked if not each.spec.from_events}
    if len(others) > 1:
        print("\nids in the events and in the other files")
        for finding in join_findings(looked[0].kept, others):
            print(finding.line)
            good = good and not finding.is_fault
    _verdict(args, source, night, looked[0], good, time.monotonic() - started)
    return 0 if good else 1


def look(pool: ThreadPoolExecutor, spark: SparkSession, source: Source, received: dict[str, Any], lake: Lake,
         night: dt.date, rows: int) -> list[Looked]:  # fmt: skip
    """The first `rows` rows of each input. Analysed one after another, read at the same time."""
    with interpreted(spark):
        read = [(spec, read_rows(spark, source, spec.which, received, lake, night, None)) for spec in source.inputs]
        return list(pool.map(lambda pair: _collect(pair[0], pair[1], rows), read))


def _collect(spec: Input, read: RawRows, rows: int) -> Looked:
    found = read.frame.limit(rows + 1).toArrow()
    return Looked(spec, found.slice(0, rows), found.num_rows <= rows, read.observation.get)


def _verdict(args: argparse.Namespace, source: Source, night: dt.date, events: Looked, good: bool,
             seconds: float) -> None:  # fmt: skip
    print(f"\n{'this mapping can run' if good else 'this mapping is not ready'} ({seconds:.0f} s)")
    if not good:
        print("next: correct what is marked with '!' in the mapping, or ask the shop; then run this again")
        return
    first = pc.min(events.kept["event_time"]).as_py() if not source.events.is_dated else None
    day = ShopDays(source.day_zone).of(first) if first else night
    print(f"next: python -m jobs nightly --source {args.source} --raw {args.raw} --date {day} --lake LAKE")


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

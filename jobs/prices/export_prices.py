"""Writes a night's price suggestions as a CSV file, surest gain first, with a column for the person who approves.

Empty `approved_price` means no. Nothing reads the file back: the shop changes its prices where it keeps them, and the
next night sees them in the catalogue.
"""

from __future__ import annotations

import argparse

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from jobs.runtime.arguments import a_date, out_file
from jobs.runtime.lake import Lake
from schemas.tables import PRICE_SUGGESTIONS

_REASONS = 5  # that a message lists
_BOM = b"\xef\xbb\xbf"  # or a spreadsheet takes the file for something else than UTF-8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lake", required=True, help="folder or URL of the lake")
    parser.add_argument("--date", type=a_date, required=True, help="the night")
    parser.add_argument("--out", required=True, help="the file to write, such as prices.csv")
    parser.add_argument("--all", action="store_true", help="also what is kept, and what lacks data")


def main(args: argparse.Namespace) -> int:
    out = out_file(args.out, ".csv")
    lake = Lake(args.lake)
    version = lake.current(PRICE_SUGGESTIONS, args.date)
    if version is None:
        raise FileNotFoundError(
            f"{args.lake} has no price_suggestions of {args.date} that passed their gate; run the night first: "
            f"`python -m jobs nightly --date {args.date} --lake {args.lake}`"
        )
    rows = pa.concat_tables([pq.read_table(path, filesystem=lake.fs) for path in lake.file_paths(version)])
    every = rows
    if not args.all:
        rows = rows.filter(pc.equal(rows["status"], "suggest"))
    rows = rows.sort_by([("gain_low", "descending"), ("item_id", "ascending")])
    at = rows.column_names.index("suggested_price") + 1
    rows = rows.add_column(at, "approved_price", pa.nulls(len(rows), pa.float64()))
    with out.open("wb") as file:
        file.write(_BOM)
        pyarrow.csv.write_csv(rows, file)
    if len(rows):
        print(f"{len(rows):,} rows in {out}; fill in approved_price where you agree, then change the shop's catalogue")
    else:
        print(f"0 rows in {out}: nothing is suggested for {args.date}; --all writes what is kept too\n{_why(every)}")
    return 0


def _why(rows: pa.Table) -> str:
    """The statuses and reasons of `rows`, the most common first."""
    counted = rows.group_by(["status", "reason"]).aggregate([([], "count_all")])
    counted = counted.sort_by([("count_all", "descending"), ("reason", "ascending")]).slice(0, _REASONS)
    return "\n".join(f"  {row['count_all']:,} items: {row['status']}, {row['reason']}" for row in counted.to_pylist())

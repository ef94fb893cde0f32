"""Writes a night's price suggestions to a CSV file, the largest sure gain first. A person fills in a column to approve.

An empty `approved_price` means no. No job reads the file back: the shop changes its prices in its own catalogue, and
the next night sees them there.
"""

from __future__ import annotations

import argparse

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from jobs.runtime.arguments import a_date, out_file
from jobs.runtime.lake import Lake
from jobs.runtime.parquet_files import read_table
from schemas.tables import PRICE_SUGGESTIONS

_REASONS = 5  # in the message of a night without suggestions
_BOM = b"\xef\xbb\xbf"  # without it, spreadsheets do not read the file as UTF-8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lake", required=True, help="folder or URL of the lake")
    parser.add_argument("--date", type=a_date, required=True, help="the night")
    parser.add_argument("--out", required=True, help="the file to write, such as prices.csv")
    parser.add_argument(
        "--all", action="store_true", help="also items whose price stays, and those without enough data"
    )


def main(args: argparse.Namespace) -> int:
    out = out_file(args.out, ".csv")
    lake = Lake(args.lake)
    version = lake.current(PRICE_SUGGESTIONS, args.date)
    if version is None:
        raise FileNotFoundError(
            f"{args.lake} has no price_suggestions of {args.date} that passed their gate; run the night first: "
            f"`python -m jobs nightly --date {args.date} --lake {args.lake}`"
        )
    rows = pa.concat_tables([read_table(lake, path) for path in lake.file_paths(version)])
    sheet = rows if args.all else rows.filter(pc.equal(rows["status"], "suggest"))
    sheet = sheet.sort_by([("gain_low", "descending"), ("item_id", "ascending")])
    column_index = sheet.column_names.index("suggested_price") + 1
    sheet = sheet.add_column(column_index, "approved_price", pa.nulls(len(sheet), pa.float64()))
    with out.open("wb") as file:
        file.write(_BOM)
        pyarrow.csv.write_csv(sheet, file)
    if len(sheet):
        print(f"{len(sheet):,} rows in {out}; fill in approved_price where you agree, then change the shop's catalogue")
    else:
        print(f"0 rows in {out}: nothing is suggested for {args.date}; --all writes the other items too\n{_why(rows)}")
    return 0


def _why(rows: pa.Table) -> str:
    """The most common statuses and reasons of `rows`, one line for each."""
    counted = rows.group_by(["status", "reason"]).aggregate([([], "count_all")])
    counted = counted.sort_by([("count_all", "descending"), ("reason", "ascending")]).slice(0, _REASONS)
    return "\n".join(f"  {row['count_all']:,} items: {row['status']}, {row['reason']}" for row in counted.to_pylist())

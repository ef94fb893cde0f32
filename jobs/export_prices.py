"""Writes a night's price suggestions as a CSV file, surest gain first, with a column for the person who approves.

Empty `approved_price` means no. Nothing reads the file back: the shop changes its prices where it keeps them, and the
next night sees them in the catalogue.
"""

from __future__ import annotations

import argparse
import datetime as dt

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from jobs.runtime.lake import Lake
from schemas.tables import PRICE_SUGGESTIONS

_BOM = b"\xef\xbb\xbf"  # or a spreadsheet takes the file for something else than UTF-8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lake", required=True, help="folder or URL of the lake")
    parser.add_argument("--date", type=dt.date.fromisoformat, required=True, help="the night")
    parser.add_argument("--out", required=True, help="the file to write, such as prices.csv")
    parser.add_argument("--all", action="store_true", help="also what is kept, and what lacks data")


def main(args: argparse.Namespace) -> int:
    lake = Lake(args.lake)
    version = lake.current(PRICE_SUGGESTIONS, args.date)
    if version is None:
        raise FileNotFoundError(
            f"price_suggestions has no version of {args.date} that passed its gate; run the night first: "
            f"`python -m jobs nightly --date {args.date}`"
        )
    rows = pa.concat_tables([pq.read_table(path, filesystem=lake.fs) for path in lake.file_paths(version)])
    if not args.all:
        rows = rows.filter(pc.equal(rows["status"], "suggest"))
    rows = rows.sort_by([("gain_low", "descending"), ("item_id", "ascending")])
    at = rows.column_names.index("suggested_price") + 1
    rows = rows.add_column(at, "approved_price", pa.nulls(len(rows), pa.float64()))
    with open(args.out, "wb") as out:
        out.write(_BOM)
        pyarrow.csv.write_csv(rows, out)
    print(f"{len(rows):,} rows in {args.out}; fill in approved_price where you agree, then change the shop's catalogue")
    return 0

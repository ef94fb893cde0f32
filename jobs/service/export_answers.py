"""Writes the published night's suggested answers, or its items' answers, to a CSV file for the help desk.

A text that a spreadsheet would read as a formula gets an apostrophe in front.
"""

from __future__ import annotations

import argparse
import csv

from jobs.runtime import published
from jobs.runtime.arguments import out_file
from jobs.runtime.lake import Lake
from jobs.runtime.parquet_files import read_table
from jobs.runtime.products import states_in
from schemas.tables import ITEM_ANSWERS, SUGGESTED_ANSWERS

_TABLES = {"questions": SUGGESTED_ANSWERS, "items": ITEM_ANSWERS}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--of", choices=_TABLES, default="questions", help="answers to questions, or about items")
    parser.add_argument("--out", required=True, help="CSV file to write")
    parser.add_argument("--lake", default="lake", help="folder or URL of the lake; default: lake")


def main(args: argparse.Namespace) -> int:
    out = out_file(args.out, ".csv")
    lake, table = Lake(args.lake), _TABLES[args.of]
    manifest = published.pointed(lake)
    if table.name not in manifest["tables"]:
        reason = states_in(manifest).get("service", {}).get("because", "the night was made without customer service")
        raise ValueError(f"published run {manifest['run']} has no {table.name}: {reason}")
    rows = 0
    with out.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(table.shown_names)
        for file in published.files(manifest, table.name):
            part = read_table(lake, lake.path(file), list(table.shown_names))
            writer.writerows([_cell(value) for value in row.values()] for row in part.to_pylist())
            rows += part.num_rows
    print(f"{rows:,} rows of {table.name}, published run {manifest['run']}: {out}")
    return 0


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text

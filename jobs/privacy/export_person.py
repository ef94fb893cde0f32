"""Writes down all that a lake holds of a person: JSON, CSV, and a page in English and Chinese.

For a person who asks what the shop knows about them (GDPR articles 15 and 20, PIPL article 45). The rows are exactly
those that `forget` would remove: both read the lake in the same way. A place that names the person but has no row of
theirs, such as a model, is listed separately.

    OUT/person.json      every place, with its rows
    OUT/csv/PLACE.csv    the rows of one kind of place, with the file of each
    OUT/page.html        the same for a reader; it works offline
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from jobs.privacy.erasure import find, whole_people
from jobs.privacy.export_page import page_of
from jobs.privacy.id_list import given_ids
from jobs.privacy.lake_files import Hit, lake_at

Rows = dict[str, list[dict[str, Any]]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lake", required=True, help="folder or URL of the lake")
    parser.add_argument(
        "--user", action="append", required=True, help="account id; repeat it for a person with several accounts"
    )
    parser.add_argument("--source", default="", help="mapping of the raw files, where it is not a shipped one")
    parser.add_argument("--out", required=True, help="a new folder for the export")


def main(args: argparse.Namespace) -> int:
    lake, out, accounts = lake_at(args.lake), Path(args.out), given_ids(args.user)
    if out.exists():
        raise ValueError(f"--out {out} is there already; give a new folder, so that two people's rows are never mixed")
    if "://" not in args.lake and out.resolve().is_relative_to(Path(args.lake).resolve()):
        raise ValueError(f"--out {out} lies in the lake, where a copy of a person's rows must not stay; give another")
    hits = find(lake, whole_people(lake, accounts), args.source)
    if not hits:
        print(f"{', '.join(args.user)}: nothing is held; no file was written")
        return 1
    rows, mentions = rows_of(hits), [hit for hit in hits if not hit.edit.removed]
    write(out, args.user, rows, mentions)
    count = sum(map(len, rows.values()))
    print(f"{', '.join(args.user)}: {count:,} rows of {len(rows)} kinds of places, and {len(mentions)} mentions: {out}")
    return 0


def rows_of(hits: list[Hit]) -> Rows:
    """Kind of place -> the person's rows in it, each with the path of its `file`."""
    rows: Rows = defaultdict(list)
    for hit in hits:
        rows[hit.place] += [{"file": hit.path, **row} for row in hit.edit.removed]
    return {place: of_place for place, of_place in rows.items() if of_place}


def write(out: Path, accounts: list[str], rows: Rows, mentions: list[Hit]) -> None:
    (out / "csv").mkdir(parents=True)
    out.chmod(0o700)  # only for the person who asked and the one who hands it over
    named = [{"file": hit.path, "place": hit.place, "where": sorted(hit.edit.counts)} for hit in mentions]
    export = {"person": accounts, "rows": rows, "mentions": named}
    (out / "person.json").write_text(json.dumps(export, ensure_ascii=False, indent=1, default=str), "utf-8")
    for place, of_place in rows.items():
        names = list(dict.fromkeys(name for row in of_place for name in row))
        with (out / "csv" / f"{place.replace('/', '-')}.csv").open("w", encoding="utf-8-sig", newline="") as file:
            table = csv.DictWriter(file, names)
            table.writeheader()
            table.writerows({name: _cell(value) for name, value in row.items()} for row in of_place)
    (out / "page.html").write_text(page_of(accounts, rows, named), "utf-8")


def _cell(value: Any) -> Any:
    """A value as a CSV has it; a text that a spreadsheet would run as a formula gets an apostrophe."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value

"""Prints the declared tables and the reasons of rejected rows as Markdown; keeps schemas/README.md up to date.

Exit status 1 where `--check FILE` finds that FILE differs from the declarations.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from schemas.table_pages import PAGES, table_page, update
from schemas.tables import BY_NAME


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="print these in full; default: all pages")
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--write", type=Path, metavar="FILE", help="replace the text between the markers of FILE")
    place.add_argument("--check", type=Path, metavar="FILE", help="only say whether FILE is up to date")


def main(args: argparse.Namespace) -> int:
    if unknown := [name for name in args.tables if name not in BY_NAME]:
        raise ValueError(f"no table {', '.join(unknown)}; there are {', '.join(BY_NAME)}")
    file = args.write or args.check
    if file is None:
        pages = [table_page(BY_NAME[name]) for name in args.tables] or [page() for page in PAGES.values()]
        print("\n\n".join(pages))
        return 0
    text = file.read_text("utf-8")
    updated = update(text)
    if args.check:
        if text != updated:
            print(f"{file} is out of date; run `python -m jobs describe_tables --write {file}`", file=sys.stderr)
        return int(text != updated)
    file.write_text(updated, "utf-8")
    return 0

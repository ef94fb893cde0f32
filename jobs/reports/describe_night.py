"""Prints a page about a night: rows kept and rejected, published products, quality, some lists, customers."""

from __future__ import annotations

import argparse

from jobs.reports.chances_page import propensity_page
from jobs.reports.customer_page import customer_page
from jobs.reports.night_page import night_facts, night_page
from jobs.runtime.arguments import a_date
from jobs.runtime.lake import Lake


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lake", required=True, help="folder or URL of the lake")
    parser.add_argument("--date", type=a_date, required=True, help="the night")


def main(args: argparse.Namespace) -> int:
    lake = Lake(args.lake)
    print(night_page(lake, args.date))
    run = night_facts(lake, args.date)["run"]
    if customers := customer_page(lake, args.date, run):
        print(f"\n{customers}")
    if chances := propensity_page(lake, args.date):
        print(f"\n{chances}")
    return 0

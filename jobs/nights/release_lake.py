"""Releases a lake that a night holds: for the last task of a run, and for a person who knows that the night is dead.

A night that still runs under the hold stops within a minute or two.
"""

from __future__ import annotations

import argparse

from jobs.runtime import lease
from jobs.runtime.arguments import a_date
from jobs.runtime.lake import Lake


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lake", required=True, help="folder or URL of the lake")
    parser.add_argument("--date", type=a_date, help="with --run: only where this run of this night holds the lake")
    parser.add_argument("--run", help="see --date")


def main(args: argparse.Namespace) -> int:
    if (args.date is None) != (args.run is None):
        raise ValueError("--date and --run name one run together; give both, or neither to end any hold")
    lake = Lake(args.lake)
    hold = lease.current(lake)
    if hold is None:
        print(f"nothing holds {lake.root}")
    elif args.run and (hold.date, hold.run) != (str(args.date), args.run):
        print(f"{lake.root} is held by {hold}, not by {args.date} run={args.run}: it stays as it is")
    else:
        lease.release(lake, hold)
        print(f"{lake.root} was held by {hold} since {hold.since}; it is free now")
    return 0

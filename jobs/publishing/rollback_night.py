"""Points the storefront at an earlier published night; no night is deleted.

It holds the lake: a night or an erasure that ran at the same time could delete the files that the pointer would name.
While one runs, the command is refused. To roll back without waiting, first end the night with `release_lake`.
"""

from __future__ import annotations

import argparse
import datetime as dt

from jobs.common.erased_people import JOURNAL
from jobs.runtime import lease, published
from jobs.runtime.arguments import add_settings_arguments
from jobs.runtime.contested_files import look, put_if_unchanged
from jobs.runtime.lake import Lake
from jobs.runtime.settings import load_settings


class HalfErased(RuntimeError):
    """An erasure was cut off: it may still have to replace the night that the pointer would name."""

    may_come = True  # see jobs/runtime/exit_status.py: the same command succeeds when the erasure is finished


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lake", required=True, help="folder or URL of the lake")
    parser.add_argument("--to", help="a published run, such as 2026-01-06-001; default: the one before the current")
    add_settings_arguments(parser)


def main(args: argparse.Namespace) -> int:
    lake, config = Lake(args.lake), load_settings(args.config, args.set).section("lease")
    date = dt.date.fromisoformat(published.pointed(lake)["date"])  # raises before a lease makes a mistyped folder
    with lease.held(lake, lease.new_hold("rollback_night", date), config):
        roll_back(lake, args.to)
    return 0


def roll_back(lake: Lake, to: str | None) -> None:
    """Moves the pointer to the run `to`, or to the one before the current. Raises HalfErased, ValueError."""
    if lake.exists(*JOURNAL):
        raise HalfErased(
            f"{lake.path(*JOURNAL)}: an erasure was cut off, and nights that it replaces are still there; the "
            "storefront's pointer was not moved. Run `python -m jobs forget` as before, or the next night, to finish "
            "it, then roll back"
        )
    pointer, runs, shown = look(lake, *published.POINTER), published.runs(lake), published.pointed(lake)
    earlier = [run for run in runs if run < shown["run"]]
    target = to or (earlier[-1] if earlier else None)
    if target not in runs:
        wish = target or f"a night before {shown['run']}"
        raise ValueError(f"cannot roll back to {wish}; published are {', '.join(runs)}")
    put_if_unchanged(lake, pointer, published.manifest(lake, target), *published.POINTER)
    print(f"the storefront now reads {target}; it read {shown['run']}")

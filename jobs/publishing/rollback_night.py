"""Points the storefront at an earlier published night; no night is deleted."""

from __future__ import annotations

import argparse

from jobs.runtime import published
from jobs.runtime.contested_files import look, put_if_unchanged
from jobs.runtime.lake import Lake


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lake", required=True, help="folder or URL of the lake")
    parser.add_argument("--to", help="a published run, such as 2026-01-06-001; default: the one before the current")


def main(args: argparse.Namespace) -> int:
    lake = Lake(args.lake)
    pointer, runs, now = look(lake, *published.POINTER), published.runs(lake), published.pointed(lake)
    earlier = [run for run in runs if run < now["run"]]
    target = args.to or (earlier[-1] if earlier else None)
    if target not in runs:
        wanted = target or f"a night before {now['run']}"
        raise ValueError(f"cannot roll back to {wanted}; published are {', '.join(runs)}")
    put_if_unchanged(lake, pointer, published.manifest(lake, target), *published.POINTER)
    print(f"the storefront now reads {target}; it read {now['run']}")
    return 0

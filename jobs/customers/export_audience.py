"""Writes one audience of the published night to a CSV or Parquet file, for the tool that sends the messages.

The rows are those of the table `audiences`: (kind, target, item_id, rank, user_id, score, valid_until), by rank.
"""

from __future__ import annotations

import argparse

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq

from jobs.runtime import published
from jobs.runtime.arguments import out_file
from jobs.runtime.lake import Lake
from jobs.runtime.parquet_files import dataset
from jobs.runtime.products import states_in
from schemas.tables import AUDIENCES
from schemas.tables.lists import AUDIENCE_KINDS

_NAMED = 10  # most targets that a message lists


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind", required=True, choices=AUDIENCE_KINDS, help="what the target is")
    parser.add_argument("--target", required=True, help="an item id, a segment_id, or the offer_id of a campaign")
    parser.add_argument("--out", required=True, help="file to write, .csv or .parquet")
    parser.add_argument("--lake", default="lake", help="folder or URL of the lake; default: lake")


def main(args: argparse.Namespace) -> int:
    out = out_file(args.out, ".csv", ".parquet")
    lake = Lake(args.lake)
    manifest = published.pointed(lake)
    rows = audience(lake, manifest["run"], files_of(lake, manifest), args.kind, args.target)
    if out.suffix == ".csv":
        pv.write_csv(rows, out)
    else:
        pq.write_table(rows, out, compression="zstd")
    until = states_in(manifest)["audiences"]["valid_until"]
    print(
        f"{rows.num_rows:,} accounts of {args.kind} {args.target}, published run {manifest['run']}, "
        f"valid until {until}: {out}"
    )
    return 0


def files_of(lake: Lake, manifest: dict) -> list[str]:
    if AUDIENCES.name not in manifest["tables"]:
        why = states_in(manifest)["audiences"].get("because", "it has none of this version")
        raise ValueError(f"published run {manifest['run']} has no audiences: {why}")
    version = manifest["tables"][AUDIENCES.name]["schema_version"]
    if version != AUDIENCES.version:
        raise ValueError(
            f"published run {manifest['run']} has audiences of version {version}, this exports {AUDIENCES.version}; "
            "publish a night first"
        )
    return [lake.path(name) for name in published.files(manifest, AUDIENCES.name)]


def audience(lake: Lake, run: str, paths: list[str], kind: str, target: str) -> pa.Table:
    """The rows of the audience by rank. Raises ValueError, which names the targets of this kind, where it has none."""
    data = dataset(lake, paths)
    rows = data.to_table(filter=(pc.field("kind") == kind) & (pc.field("target") == target)).sort_by("rank")
    if rows.num_rows:
        return rows.select(AUDIENCES.names)
    targets = data.to_table(columns=["target"], filter=pc.field("kind") == kind)["target"].unique().sort().to_pylist()
    more = ", ..." if len(targets) > _NAMED else ""
    available = f"it has {', '.join(targets[:_NAMED])}{more}" if targets else f"it has none of any {kind}"
    raise ValueError(f"published run {run} has no audience of {kind} '{target}'; {available}")

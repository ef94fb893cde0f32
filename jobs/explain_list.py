"""Tells why an item is, or is not, in a user's published list: the rule that decided, or how far its score fell short.

Reads the published night that the storefront reads, and the tables and the model of that night.
"""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.runtime import published
from jobs.runtime.lake import Lake
from jobs.runtime.shelf import can_be_shown, proven_replenishable
from models.als import ALS
from schemas.table import Table
from schemas.tables import INTEREST, ITEMS, RECOMMENDATIONS
from schemas.tables.lists import ANONYMOUS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--user", required=True, help="the shop's account id; 'anonymous' for visitors without one")
    parser.add_argument("--item", help="the shop's item id; default: every item of the list")
    parser.add_argument("--lake", default="lake", help="folder or URL of the lake; default: lake")


def main(args: argparse.Namespace) -> int:
    lake = Lake(args.lake)
    manifest = published.pointed(lake)
    shown = _list_of(lake, manifest, args.user)
    print(f"list of {args.user}, published run {manifest['run']}, valid until {manifest['valid_until']}")
    if shown["user_id"][0].as_py() != args.user:
        print(f"{args.user} was unknown that night and sees the list of '{ANONYMOUS}'")
    for row in shown.to_pylist() if args.item is None else []:
        print(f"  {row['rank']:>3}{' spare' if row['is_spare'] else ''}  {row['item_id']}: {_words(row)}")
    if args.item is not None:
        print("\n".join(explain(lake, manifest, shown, args.user, args.item)))
    return 0


def explain(lake: Lake, manifest: dict[str, Any], shown: pa.Table, user: str, item: str) -> list[str]:
    """One item in sentences: its place and why, or the first rule that kept it out, or how far it fell short."""
    rows = {row["item_id"]: row for row in shown.to_pylist()}
    if item in rows:
        row = rows[item]
        place = f"place {row['rank']}" + (", a spare: shown when a better one sells out" if row["is_spare"] else "")
        return [f"{item} is at {place}: {_words(row)}"]
    night, absent = dt.date.fromisoformat(manifest["date"]), f"{item} is not in the list"
    items = _read(lake, ITEMS, night, pc.field("item_id") == item)
    if not items.num_rows:
        return [f"{absent}: the catalogue of {night} does not know it"]
    if not can_be_shown(items)[0].as_py():
        facts = items.select(["is_active", "stock"]).to_pylist()[0]
        return [f"{absent}: it may not be shown (active: {facts['is_active']}, stock: {facts['stock']})"]
    refusal = _refused(lake, manifest["rules"], night, items, user, item)
    return [refusal] if refusal else [_fell_short(lake, manifest, shown, user, item)]


def _list_of(lake: Lake, manifest: dict[str, Any], user: str) -> pa.Table:
    """The rows (RECOMMENDATIONS) of a user by rank; the anonymous ones where the night did not know the user."""
    paths = [lake.path(f) for f in published.files(manifest, RECOMMENDATIONS.name)]
    wanted = pc.field("user_id").isin([user, ANONYMOUS])
    rows = pq.read_table(paths, filesystem=lake.fs, filters=wanted, partitioning=None).sort_by("rank")
    own = rows.filter(pc.equal(rows["user_id"], user))
    return own if own.num_rows else rows


def _read(lake: Lake, table: Table, night: dt.date, wanted: pc.Expression) -> pa.Table:
    version = lake.current(table, night)
    if version is None:
        raise FileNotFoundError(
            f"{table.name} of {night} is gone: snapshots are kept publish.keep_nights; ask about a later night"
        )
    return pq.read_table(lake.file_paths(version), filesystem=lake.fs, filters=wanted, partitioning=None)


def _words(row: dict[str, Any]) -> str:
    return f"{row['reason']} (source {row['source']}, fallback level {row['fallback_level']}, score {row['score']:.4f})"


def _refused(lake: Lake, rules: dict[str, Any], night: dt.date, items: pa.Table, user: str, item: str) -> str | None:
    """The rule of the lists that kept the item from this user; None where none did."""
    pair = _read(lake, INTEREST, night, (pc.field("user_id") == user) & (pc.field("item_id") == item)).to_pylist()
    if not pair:
        return None
    seen = pair[0]
    if seen["purchases"] > 0:
        said = items["is_replenishable"][0].as_py()
        buyers = _read(lake, INTEREST, night, pc.field("item_id") == item)
        proven = item in proven_replenishable([buyers], rules["rebuy_buyers"], rules["rebuy_share"]).to_pylist()
        if not (proven if said is None else said):
            return (
                f"{item} is not in the list: {user} bought it (last on {seen['last_purchase_on']}), and nothing says "
                "that people buy it again and again"
            )
    if seen["impressions"] >= rules["max_impressions"] and not seen["clicks"]:
        return (
            f"{item} is not in the list: shown {seen['impressions']} times without a click, "
            f"the limit (recommend.max_impressions) is {rules['max_impressions']}"
        )
    return None


def _fell_short(lake: Lake, manifest: dict[str, Any], shown: pa.Table, user: str, item: str) -> str:
    """The item's score for this user beside the lowest that got a place."""
    own = shown.filter(pc.equal(shown["fallback_level"], 0))
    with lake.local_copy(*manifest["model"].split("/")) as folder:
        model = ALS.load(folder)
    at = [int(np.searchsorted(ids, name)) for ids, name in ((model.user_ids, user), (model.item_ids, item))]
    known = [
        place < len(ids) and ids[place] == name
        for place, ids, name in zip(at, (model.user_ids, model.item_ids), (user, item), strict=True)
    ]
    if not all(known) or not own.num_rows:
        who = user if not known[0] else item
        return f"{item} is not in the list: the model knows nothing of {who}, and others stand before it on the ladder"
    score = float(model.user_factors[at[0]] @ model.item_factors[at[1]])
    lowest = pc.min(own["score"]).as_py()
    better = int((model.item_factors @ model.user_factors[at[0]] > score).sum())
    return (
        f"{item} is not in the list: it scores {score:.4f} for {user}, the lowest place by own history {lowest:.4f}; "
        f"{better:,} items score higher"
    )

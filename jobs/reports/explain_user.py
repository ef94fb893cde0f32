"""Prints a user's portrait with the events behind it, then the published list; or why one item is in the list or not.

For an item it names the rule that kept the item out, or says how far its score fell short. It reads the night that the
storefront reads, with the tables and the models of that night. It names the models and the features that they read.
"""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.common.on_sale import can_be_shown, proven_replenishable
from jobs.lists.arms import ALL
from jobs.lists.scorer import Scorer
from jobs.reports.portrait import portrait
from jobs.runtime import published
from jobs.runtime.lake import Lake
from jobs.runtime.parquet_files import read_table
from models.ranking.candidates import ItemCandidates
from models.ranking.ranked_lists import candidates_for, scores_of
from models.ranking.ranker import Ranker
from schemas.table import Table
from schemas.tables import INTEREST, ITEMS, RECOMMENDATIONS
from schemas.tables.lists import ANONYMOUS

_OF_LISTS = ("als", "lstm", "sources", "ranker")  # models that make lists


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--user", required=True, help="the shop's account id; 'anonymous' for visitors without one")
    parser.add_argument("--item", help="the shop's item id; default: every item of the list")
    parser.add_argument("--lake", default="lake", help="folder or URL of the lake; default: lake")


def main(args: argparse.Namespace) -> int:
    if not args.user.strip():
        raise ValueError(f"--user is blank; give an account id, or '{ANONYMOUS}' for visitors without one")
    lake = Lake(args.lake)
    manifest = published.pointed(lake)
    user_list = _list_of(lake, manifest, args.user)
    if args.item is None and args.user != ANONYMOUS:
        print("\n".join([*portrait(lake, dt.date.fromisoformat(manifest["date"]), args.user), ""]))
    print("\n".join([*made_with(lake, manifest), ""]))
    print(f"list of {args.user}, published run {manifest['run']}, valid until {manifest['valid_until']}")
    if user_list["user_id"][0].as_py() != args.user:
        print(f"{args.user} was unknown that night and sees the list of '{ANONYMOUS}'")
    arm = user_list["arm"][0].as_py() if "arm" in user_list.column_names else ALL  # older lists have no arm
    if arm != ALL:
        print(f"in the arm {arm}: the list follows the rules of the arm; the reasons below use those of the settings")
    if args.item is None:
        titles = _titles(lake, manifest, user_list["item_id"])
        for row in user_list.to_pylist():
            place, item = f"{row['rank']:>3}{' spare' if row['is_spare'] else ''}", row["item_id"]
            print(f"  {place}  {' '.join((item, *titles.get(item, ())))}: {_words(row)}")
    else:
        print("\n".join(explain(lake, manifest, user_list, args.user, args.item)))
    return 0


def made_with(lake: Lake, manifest: dict[str, Any]) -> list[str]:
    """Sentences about the models of the lists: their nights, the ranker's features, and facts that no model reads."""
    folders = {name: path.split("/") for name, path in manifest["models"].items() if name in _OF_LISTS}
    if not folders:
        return ["made with: no model yet, lists come from popularity"]
    dated_names = (f"{name} of {folder[2].removeprefix('date=')}" for name, folder in folders.items())
    lines = [f"made with: {', '.join(dated_names)}; the cards are in models.html of the night's report"]
    file = (*folders.get("ranker", ()), "manifest.json")
    if "ranker" in folders and lake.exists(*file):
        lines.append(f"the ranker reads, the most important first: {_by_group(lake.get_json(*file)['importances'])}")
    elif "ranker" not in folders:
        lines.append("no ranker yet: ALS orders the list; it reads who showed interest in which item")
    segment = manifest["rules"]["segment_by"]
    lines.append(f"places that history does not fill come from what is popular, first with users of the same {segment}")
    return [*lines, "no model of the lists reads gender, age, name, address or member level"]


def _by_group(importances: dict[str, float]) -> str:
    """Features by their group, the part before the dot, with the group's share of the ranker's gain."""
    shares: dict[str, float] = {}
    names: dict[str, list[str]] = {}
    for name, share in importances.items():
        group, _, feature = name.partition(".")
        shares[group] = shares.get(group, 0.0) + share
        names.setdefault(group, []).append(feature)
    order = sorted(shares, key=lambda group: (-shares[group], group))
    return "; ".join(f"{group} {shares[group]:.0%} ({', '.join(names[group])})" for group in order)


def explain(lake: Lake, manifest: dict[str, Any], user_list: pa.Table, user: str, item: str) -> list[str]:
    """Sentences about one item: its place and why; or the rule that kept it out; or how far its score fell short."""
    rows = {row["item_id"]: row for row in user_list.to_pylist()}
    if item in rows:
        row = rows[item]
        place = f"place {row['rank']}" + (", a spare, shown when a better one sells out" if row["is_spare"] else "")
        return [f"{item} is at {place}: {_words(row)}"]
    night, absent = dt.date.fromisoformat(manifest["date"]), f"{item} is not in the list"
    items = _read(lake, ITEMS, night, pc.field("item_id") == item)
    if not items.num_rows:
        return [f"{absent}: it is not in the catalogue of {night}"]
    if not can_be_shown(items)[0].as_py():
        facts = items.select(["is_active", "stock"]).to_pylist()[0]
        return [f"{absent}: it may not be shown (active: {facts['is_active']}, stock: {facts['stock']})"]
    refusal = _refused(lake, manifest["rules"], night, items, user, item)
    return [refusal] if refusal else [*_fell_short(lake, manifest, user_list, items, user).splitlines()]


def _list_of(lake: Lake, manifest: dict[str, Any], user: str) -> pa.Table:
    """A user's rows of RECOMMENDATIONS by rank; the anonymous list where the user was unknown that night."""
    paths = [lake.path(file) for file in published.files(manifest, RECOMMENDATIONS.name)]
    condition = pc.field("user_id").isin([user, ANONYMOUS])
    rows = read_table(lake, paths, filters=condition).sort_by("rank")
    of_user = rows.filter(pc.equal(rows["user_id"], user))
    return of_user if of_user.num_rows else rows


def _titles(lake: Lake, manifest: dict[str, Any], item_ids: pa.ChunkedArray) -> dict[str, tuple[str, ...]]:
    """Titles of items in each language; empty for an older night that published no items."""
    if ITEMS.name not in manifest["tables"]:
        return {}
    paths = [lake.path(file) for file in published.files(manifest, ITEMS.name)]
    condition = pc.field("item_id").isin(pc.unique(item_ids))
    names = ["item_id", "shown_title", "shown_title_zh"]
    rows = read_table(lake, paths, names, condition)
    return {row["item_id"]: tuple(row[name] for name in names[1:] if row[name]) for row in rows.to_pylist()}


def _read(lake: Lake, table: Table, night: dt.date, condition: pc.Expression) -> pa.Table:
    version = lake.current(table, night)
    if version is None:
        raise FileNotFoundError(
            f"{table.name} of {night} was deleted (publish.keep_nights says after how long); ask about a later night"
        )
    return read_table(lake, lake.file_paths(version), filters=condition)


def _words(row: dict[str, Any]) -> str:
    parts = f": {row['score_parts']}" if row["score_parts"] else ""
    return (
        f"{row['reason']} (source {row['source']}, fallback level {row['fallback_level']}, "
        f"score {row['score']:.4f}{parts})"
    )


def _refused(lake: Lake, rules: dict[str, Any], night: dt.date, items: pa.Table, user: str, item: str) -> str | None:
    """A sentence with the rule that kept the item out of the user's list; None where no rule did."""
    pair = _read(lake, INTEREST, night, (pc.field("user_id") == user) & (pc.field("item_id") == item)).to_pylist()
    if not pair:
        return None
    history = pair[0]
    if history["purchases"] > 0:
        declared = items["is_replenishable"][0].as_py()
        buyers = _read(lake, INTEREST, night, pc.field("item_id") == item)
        proven = item in proven_replenishable([buyers], rules["rebuy_buyers"], rules["rebuy_share"]).to_pylist()
        if not (proven if declared is None else declared):
            return (
                f"{item} is not in the list: {user} bought it (last on {history['last_purchase_on']}), and people "
                "do not buy it again and again"
            )
    if history["impressions"] >= rules["max_impressions"] and not history["clicks"]:
        return (
            f"{item} is not in the list: it was shown {history['impressions']} times without a click, "
            f"the limit (recommend.max_impressions) is {rules['max_impressions']}"
        )
    return None


def _fell_short(lake: Lake, manifest: dict[str, Any], user_list: pa.Table, items: pa.Table, user: str) -> str:
    """The item's score for this user and its parts, compared with the lowest score of a place by the user's history."""
    item = items["item_id"][0].as_py()
    by_history = user_list.filter(pc.equal(user_list["fallback_level"], 0))
    models = _scorer(lake, manifest).load()
    if models is None or not by_history.num_rows:
        return f"{item} is not in the list: {user} has no history, and more popular items come first"
    sources, ranker, _ = models
    catalogue = _read(lake, ITEMS, dt.date.fromisoformat(manifest["date"]), pc.scalar(True)).sort_by("item_id")
    code = pc.index(catalogue["item_id"], pa.scalar(item)).as_py()
    shown_codes = can_be_shown(catalogue).to_numpy()
    candidates = candidates_for(sources, models.codes_of(pa.array([user])), shown_codes)
    score = scores_of(ranker, candidates)
    places = np.flatnonzero(candidates.item == code)
    if not len(places) or not np.isfinite(score[places[0]]):
        return f"{item} is not in the list: no source has it among the {sources.k} items that it proposes to {user}"
    row = int(places[0])
    better = int((score > score[row]).sum())
    summary = (
        f"{item} is not in the list: it scores {score[row]:.4f} for {user}, the lowest place by {user}'s history "
        f"{pc.min(by_history['score']).as_py():.4f}; {better:,} candidates score higher (some of them may not be shown "
        "to this user)"
    )
    return f"{summary}\n  {_places_of(candidates, row)}\n  {_parts_of(ranker, candidates, row)}"


def _scorer(lake: Lake, manifest: dict[str, Any]) -> Scorer:
    folders = {name: tuple(manifest["models"][name].split("/")) for name in manifest["models"]}
    sources = folders.get("sources")
    if sources is not None and not lake.exists(*sources):
        raise FileNotFoundError(
            f"{'/'.join(sources)} was deleted (publish.keep_sources says after how long); ask about a later night"
        )
    return Scorer(lake.root, sources, folders.get("ranker"))


def _places_of(candidates: ItemCandidates, row: int) -> str:
    """The rank that each source gives the item."""
    ranks = {
        name.partition(".")[0]: candidates.features[row, column]
        for column, name in enumerate(candidates.names)
        if name.endswith(".rank")
    }
    placed = [f"{source} {int(rank)}" for source, rank in ranks.items() if np.isfinite(rank)]
    return f"its rank in each source: {', '.join(placed)}"


def _parts_of(ranker: Ranker | None, candidates: ItemCandidates, row: int) -> str:
    """What each group of features adds to the score, the largest first."""
    if ranker is None:
        return "no ranker yet: ALS orders the list"
    groups, parts = ranker.contributions(candidates.of_rows(np.array([row])))
    order = sorted(zip(groups, parts[0].tolist(), strict=True), key=lambda part: -abs(part[1]))
    return "the parts of its score: " + ", ".join(f"{group} {amount:+.3f}" for group, amount in order)

"""Whether lists are what a storefront is owed: one for everybody, full, nothing twice, nothing that is not on sale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.common.on_sale import can_be_shown
from jobs.runtime.lake import Version
from jobs.runtime.night import Night
from schemas.tables import ITEMS


class NotPublished(RuntimeError):
    """Tonight is worse than the last good night; the storefront keeps that one."""

    refused = True  # `python -m jobs` ends with the status for it


def measure(night: Night, lists: Version, k: int) -> dict[str, Any]:
    """Facts about tonight's recommendations, one file at a time: a user's rows are all in one file."""
    items = night.versions(ITEMS).tonight().arrow(["item_id", "is_active", "stock"])
    on_sale = items["item_id"].filter(can_be_shown(items)).combine_chunks()
    facts = {"users": 0, "full_lists": 0, "duplicates": 0, "sold_out": 0, "rows": lists.rows}
    shown: set[str] = set()
    for part in read_lists(night, night.lake.file_paths(lists)):
        part = part.set_column(1, "item_id", part["item_id"].combine_chunks().dictionary_encode())
        first = part.filter(pc.less_equal(part["rank"], k)).group_by("user_id").aggregate([("rank", "count")])
        pairs = part.group_by(["user_id", "item_id"]).aggregate([])
        names = pc.unique(part["item_id"]).dictionary_decode() if part.num_rows else pa.array([], pa.string())
        bad = names.filter(pc.invert(pc.is_in(names, on_sale)))
        facts["users"] += first.num_rows
        facts["full_lists"] += pc.sum(pc.equal(first["rank_count"], k)).as_py() or 0
        facts["duplicates"] += part.num_rows - pairs.num_rows
        facts["sold_out"] += len(bad)
        shown.update(names.to_pylist())
    facts["items_shown"] = len(shown)
    return facts


def owed(facts: dict[str, Any], users: int) -> list[str]:
    """What `measure` found amiss in the lists of `users` users, each with what was expected and what was seen."""
    found = []
    if facts["full_lists"] < users:
        found.append(f"full lists: expected {users} (every user and anonymous), saw {facts['full_lists']}")
    if facts["duplicates"]:
        found.append(f"duplicates: expected no item twice in a list, saw {facts['duplicates']}")
    if facts["sold_out"]:
        found.append(f"sold out: expected only items in stock and active, saw {facts['sold_out']} other items")
    return found


def read_lists(night: Night, paths: list[str]) -> Iterator[pa.Table]:
    for path in paths:
        yield pq.read_table(path, columns=["user_id", "item_id", "rank"], filesystem=night.lake.fs)

"""Checks lists before they are shown: every user has a full list, no item is in it twice, all items are on sale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.common.on_sale import can_be_shown
from jobs.runtime.lake import Version
from jobs.runtime.night import Night
from jobs.runtime.parquet_files import read_table
from schemas.tables import ITEMS


class NotPublished(RuntimeError):
    """Tonight's lists may not be shown; the storefront keeps the last good ones."""

    refused = True  # `python -m jobs` exits with the status for a refusal, which is not retried


def measure(night: Night, lists: Version, k: int) -> dict[str, Any]:
    """Counts over `lists`: users, full lists of k, duplicates, items not on sale, items shown, rows.

    Reads one file at a time: the rows of a user are all in one file.
    """
    items = night.versions(ITEMS).tonight().arrow(["item_id", "is_active", "stock"])
    on_sale = items["item_id"].filter(can_be_shown(items)).combine_chunks()
    facts = {"users": 0, "full_lists": 0, "duplicates": 0, "sold_out": 0, "rows": lists.rows}
    shown: set[str] = set()
    for part in read_lists(night, night.lake.file_paths(lists)):
        part = part.set_column(1, "item_id", part["item_id"].combine_chunks().dictionary_encode())
        lengths = part.filter(pc.less_equal(part["rank"], k)).group_by("user_id").aggregate([("rank", "count")])
        distinct = part.group_by(["user_id", "item_id"]).aggregate([])
        item_ids = pc.unique(part["item_id"]).dictionary_decode() if part.num_rows else pa.array([], pa.string())
        not_on_sale = item_ids.filter(pc.invert(pc.is_in(item_ids, on_sale)))
        facts["users"] += lengths.num_rows
        facts["full_lists"] += pc.sum(pc.equal(lengths["rank_count"], k)).as_py() or 0
        facts["duplicates"] += part.num_rows - distinct.num_rows
        facts["sold_out"] += len(not_on_sale)
        shown.update(item_ids.to_pylist())
    facts["items_shown"] = len(shown)
    return facts


def faults(facts: dict[str, Any], users: int) -> list[str]:
    """One text for each fault that `measure` counted: what was expected and what was seen. `users`: their number."""
    problems = []
    if facts["full_lists"] < users:
        problems.append(f"full lists: expected {users} (every user and anonymous), saw {facts['full_lists']}")
    if facts["duplicates"]:
        problems.append(f"duplicates: expected no item twice in a list, saw {facts['duplicates']}")
    if facts["sold_out"]:
        problems.append(f"sold out: expected only items in stock and active, saw {facts['sold_out']} other items")
    return problems


def read_lists(night: Night, paths: list[str]) -> Iterator[pa.Table]:
    """(user_id, item_id, rank) of each file."""
    for path in paths:
        yield read_table(night.lake, path, ["user_id", "item_id", "rank"])

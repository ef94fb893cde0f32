"""A handmade lake of two nights with three people: `ann`, `ann2` (an id that begins like another id) and `bob`."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from jobs.common import erased_people
from jobs.privacy import receipt
from jobs.runtime import lake_keys, published, sealed_files
from jobs.runtime.lake import Lake
from jobs.runtime.table_writer import write_arrow
from schemas.arrow import arrow_schema
from schemas.table import Table
from schemas.tables import CLEAN_EVENTS, INTEREST, RECOMMENDATIONS, REJECTED_EVENTS, USERS

DAYS = (dt.date(2026, 1, 1), dt.date(2026, 1, 2))
PEOPLE = ("ann", "ann2", "bob")
MAPPING = """
name = "corner_shop"
[events]
files = "{date}/log.csv"
columns = { user_id = "who", visitor_id = "cookie", item_id = "item", event_type = "what" }
time = { column = "at" }
[users]
files = "{date}/people.jsonl"
format = "jsonl"
columns = { user_id = "account.id", email = { column = "mail", personal = true } }
"""
LOG = """who,cookie,item,what,at
ann,c1,g1,view,2026-01-01T10:00:00Z
,c1,g2,view,2026-01-01T10:01:00Z
ann2,c12,g1,view,2026-01-01T11:00:00Z
bob,c3,g1,"a gift for ann, or ann2",2026-01-01T12:00:00Z
,c9,g3,view,2026-01-01T13:00:00Z
ann,c1,"g1,view
"""
ACCOUNTS = """{"account": {"id": "ann"}, "mail": "one@shop.example"}
{"account": {"id": "ann2"}, "mail": "ann@shop.example"}
{"account": {"id": "bob"}, "mail": "three@shop.example"}
"""


def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(erased_people.KEY_VARIABLE, "k" * 64)
    monkeypatch.setenv(receipt.KEY_VARIABLE, "ab" * 32)
    monkeypatch.setenv(lake_keys.KEY_VARIABLE, "cd" * 32)


def make(folder: Path, encrypted: bool = False) -> tuple[Lake, str]:
    """(the lake, the path of its mapping)."""
    lake, mapping = Lake(str(folder / "lake")), folder / "corner_shop.toml"
    lake_keys.begin_encryption(lake, lake_keys.EncryptionConfig(on=encrypted))
    mapping.write_text(MAPPING)
    for day in DAYS:
        receive_raw(lake, day)
        for table, rows in _rows(day).items():
            lake.make_current(write(lake, table, rows, day))
        factors = io.BytesIO()
        np.savez(factors, user_ids=np.array(PEOPLE))
        put(lake, factors.getvalue(), f"models/als/date={day}/run=001/factors.npz")
        lake.put_json({"run": "001"}, "models", "als", f"date={day}", "_current.json")
        lake.put_json({"worst": "the list of ann"}, "runs", f"date={day}", "run=001", "judge_lists.json")
        lake.put_text("<!doctype html><html><p>ann is told g1", "reports", f"date={day}", "copy.html")
        _publish(lake, day)
    return lake, str(mapping)


def receive_raw(lake: Lake, day: dt.date) -> None:
    folder = f"raw/corner_shop/date={day}"
    put(lake, LOG.encode(), f"{folder}/log.csv")
    put(lake, ACCOUNTS.encode(), f"{folder}/people.jsonl")
    files = {"events": f"{folder}/log.csv", "users": f"{folder}/people.jsonl"}
    received = {which: {"files": [{"stored": path, "readable": path}]} for which, path in files.items()}
    lake.put_json(received, folder, "_received.json")


def put(lake: Lake, data: bytes, path: str) -> None:
    with sealed_files.open_output(lake, path) as out:
        out.write(data)


def _rows(day: dt.date) -> dict[Table, list[dict[str, Any]]]:
    pairs = [("ann", "c1"), (None, "c1"), ("ann2", "c12"), ("bob", "c3"), (None, "c9")]
    events = [{"event_id": f"{day}{n}", "user_id": who, "visitor_id": c} for n, (who, c) in enumerate(pairs)]
    return {
        CLEAN_EVENTS: events,
        REJECTED_EVENTS: [{"reason": "malformed_row", "raw_row": '{"line": "ann,c1,\\"g1"}'}],
        INTEREST: [{"user_id": who, "item_id": "g1"} for who in PEOPLE],
        USERS: [{"user_id": who, "city": "the town of ann" if who == "bob" else "Lyon"} for who in PEOPLE],
        RECOMMENDATIONS: [{"user_id": who, "item_id": "g1", "rank": 1} for who in (*PEOPLE, "anonymous")],
    }


def write(lake: Lake, table: Table, rows: list[dict[str, Any]], day: dt.date) -> Any:
    data = pa.Table.from_pylist([{name: row.get(name) for name in table.names} for row in rows], arrow_schema(table))
    return write_arrow(data, table, lake, str(day), "001")


def _publish(lake: Lake, day: dt.date) -> None:
    run, version = f"{day}-001", lake.current(RECOMMENDATIONS, day)
    assert version is not None
    manifest = {
        "run": run,
        "date": str(day),
        "tables": {RECOMMENDATIONS.name: published.copy(lake, RECOMMENDATIONS, version, run)},
        "models": {"als": f"models/als/date={day}/run=001"},
        "checks": {"rows": 4, "users": 4, "full_lists": 4},
    }
    lake.put_json(manifest, "published", f"run={run}", "manifest.json")
    lake.put_json(manifest, *published.POINTER)

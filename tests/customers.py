"""Portraits and propensities for a night that has none: made by simple rules from its features."""

from __future__ import annotations

import pyarrow as pa

from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from schemas.arrow import arrow_schema
from schemas.table import Table
from schemas.tables import USER_FEATURES, USERS
from schemas.tables.customers import PROPENSITIES, USER_PROFILES


def put(night: Night, table: Table, rows: list[dict]) -> None:
    """`rows` as the current version of the night; columns that a row lacks are null."""
    data = pa.Table.from_pylist([{name: row.get(name) for name in table.names} for row in rows], arrow_schema(table))
    night.lake.make_current(night.write_arrow(table, data))


def fill_customers(night: Night) -> None:
    """USER_PROFILES and PROPENSITIES, each where the night lacks it."""
    lake: Lake = night.lake
    if lake.current(USER_PROFILES, night.date) is None:
        seen = {row["user_id"]: row for row in night.read_arrow(USER_FEATURES).to_pylist()}
        put(night, USER_PROFILES, [_portrait(night, user, seen.get(user["user_id"]))
                                   for user in night.read_arrow(USERS).to_pylist()])  # fmt: skip
    if lake.current(PROPENSITIES, night.date) is None:
        users = night.read_arrow(USER_PROFILES).to_pylist()
        put(night, PROPENSITIES, [_chances(user) for user in users])


def _portrait(night: Night, user: dict, seen: dict | None) -> dict:
    bought_on = seen["last_purchase_on"] if seen else None
    recency = (night.date - bought_on).days if bought_on else None
    first = user["registered_on"] or (seen and seen["first_event_on"]) or night.date
    return {
        **{name: user[name] for name in ("user_id", "gender", "country", "city", "member_level")},
        "age_band": None if user["age"] is None else f"{user['age'] // 10 * 10}-{user['age'] // 10 * 10 + 9}",
        "tenure_days": max(0, (night.date - first).days),
        "recency_days": recency,
        "frequency": 0 if recency is None else max(1, seen["purchases"] // 2),
        "monetary": seen["revenue"] if seen else 0.0,
        "sessions": seen["sessions"] if seen else 0,
        "last_seen_days": (night.date - seen["last_event_on"]).days if seen else None,
        "stage": "no_purchase" if recency is None else "lapsed" if recency > 2 else "active",
        "top_category": "Home" if recency is not None else None,
    }


def _chances(user: dict) -> dict:
    known = user["recency_days"] is not None
    return {
        "user_id": user["user_id"],
        "buys_7d": min(0.9, 0.6 / (1 + user["recency_days"])) if known else None,
        "method": "recency" if known else "not enough data",
    }

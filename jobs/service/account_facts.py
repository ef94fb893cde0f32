"""The facts that a person may be told about their own account: their purchases, their offers, their list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.runtime.night import Night
from jobs.runtime.parquet_files import dataset
from jobs.runtime.table_versions import TableRows
from jobs.service.config import ServiceConfig
from schemas.table import Table
from schemas.tables import CLEAN_EVENTS, OFFERS, RECOMMENDATIONS

Row = dict[str, Any]
_EVENTS = ["event_id", "user_id", "item_id", "event_time", "order_id"]
_OFFERS = ["user_id", "offer_id", "item_id", "category", "discount_share", "discount_amount", "minimum_spend",
           "currency", "valid_until"]  # fmt: skip
_LISTED = 3


@dataclass(frozen=True)
class Account:
    """One account. purchases: latest first; offers: those that end soonest first; listed: item ids, best first."""

    purchases: list[Row] = field(default_factory=list)
    offers: list[Row] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)


def accounts(night: Night, config: ServiceConfig, users: Collection[str]) -> dict[str, Account]:
    """The accounts of `users` and of nobody else. Lists and offers are read only if they passed their gate."""
    if not users:
        return {}
    events = night.versions(CLEAN_EVENTS)
    accounts_found: defaultdict[str, Account] = defaultdict(Account)
    ranked: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    bought = pc.field("event_type") == "purchase"
    parts = [events.window(config.order_days), events.tonight()]
    for row in _of_users(night, parts, users, _EVENTS, bought):
        if row["event_time"] is not None:
            accounts_found[row["user_id"]].purchases.append(row)
    for row in _passed(night, OFFERS, users, _OFFERS):
        if row["valid_until"] > night.days.end(night.date):
            accounts_found[row["user_id"]].offers.append(row)
    for row in _passed(night, RECOMMENDATIONS, users, ["user_id", "item_id", "rank"], ~pc.field("is_spare")):
        ranked[row["user_id"]].append((row["rank"], row["item_id"]))
    return {user: _in_order(accounts_found[user], ranked[user]) for user in {*accounts_found, *ranked}}


def _in_order(account: Account, ranked: list[tuple[int, str]]) -> Account:
    return Account(
        sorted(account.purchases, key=lambda row: (row["event_time"], row["event_id"]), reverse=True),
        sorted(account.offers, key=lambda row: (row["valid_until"], row["offer_id"])),
        [item for _, item in sorted(ranked)[:_LISTED]],
    )


def _passed(
    night: Night, table: Table, users: Collection[str], columns: list[str], row_condition: pc.Expression | None = None
) -> list[Row]:
    rows = night.versions(table).passed()
    return _of_users(night, [rows], users, columns, row_condition) if rows else []


def _of_users(
    night: Night,
    parts: list[TableRows],
    users: Collection[str],
    columns: list[str],
    row_condition: pc.Expression | None,
) -> list[Row]:
    paths = [path for part in parts for path in part.paths()]
    if not paths:
        return []
    is_of_users = pc.field("user_id").isin(pa.array(sorted(users), pa.string()))
    condition = is_of_users if row_condition is None else is_of_users & row_condition
    return dataset(night.lake, paths).to_table(columns, filter=condition).to_pylist()

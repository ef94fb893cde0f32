"""Reads the events of the last months with the price of each line, and the category of each item."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.common.event_log import read_log, refuse_too_many
from jobs.runtime.night import Night
from jobs.runtime.parquet_files import read_table
from models.core.shop_log import PURCHASE, ShopLog
from models.customers.category_features import level_of
from schemas.tables import CLEAN_EVENTS, ITEMS, USERS


@dataclass(frozen=True)
class BuyerLog:
    """What customers did in the last months.

    log: events of known users and items; `price` is the price of the whole order line. user_ids (U,): sorted. category
    (I,): codes into the names `categories`, -1 for no category; None where no level of the category path can be used.
    level: the level that is used.
    """

    log: ShopLog
    user_ids: np.ndarray
    category: np.ndarray | None
    categories: list[str]
    level: str | None
    currencies: list[str]

    @property
    def first_purchase(self) -> float:
        """The day of the first purchase; infinite without one."""
        bought = self.log.time[self.log.kind == PURCHASE]
        return float(bought[0]) if len(bought) else float("inf")

    def some_customers(self, most: int) -> ShopLog:
        """The events of at most `most` buyers, an even sample."""
        buyers = np.unique(self.log.user[self.log.kind == PURCHASE])
        if len(buyers) <= most:
            return self.log
        sample = buyers[np.linspace(0, len(buyers) - 1, most).astype(np.int64)]
        return self.log.where(np.isin(self.log.user, sample))


def read_buyer_log(night: Night, days: int, further: int, most_categories: int) -> BuyerLog:
    """The events of the last `days` days, tonight's included, and of `further` days before them.

    Raises DoesNotFit, before anything is read, where these events would not fit into memory.
    """
    refuse_too_many(night, days + further, "propensity.history_days")
    user_ids = night.versions(USERS).tonight().arrow(["user_id"])["user_id"].combine_chunks().sort()
    items = night.versions(ITEMS).tonight().arrow(["item_id", "shown_category"]).sort_by("item_id")
    log = read_log(night, days + further, user_ids, items["item_id"].combine_chunks(), {}, whole_lines=True)
    levels = category_levels(items["shown_category"].to_pylist())
    level = level_of({name: codes for name, (codes, _) in levels.items()}, most_categories)
    category, names = levels[level] if level else (None, [])
    # Only the last `days` count for tonight's figures, so only their currencies matter.
    return BuyerLog(log, np.asarray(user_ids.to_pylist(), object), category, names, level, currencies(night, days))


def category_levels(paths: list[str | None]) -> dict[str, tuple[np.ndarray, list[str]]]:
    """'level 1', 'level 2', ... -> (codes (I,), -1 for no category; names). Level n is a path's first n steps."""
    steps = [path.split(" > ") if path else [] for path in paths]
    levels = {}
    for depth in range(1, max(map(len, steps), default=0) + 1):
        cut = pa.array([" > ".join(names[:depth]) or None for names in steps], pa.string()).dictionary_encode()
        codes = cut.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
        levels[f"level {depth}"] = (codes, cut.dictionary.to_pylist())
    return levels


def currencies(night: Night, days: int) -> list[str]:
    """The currencies of the purchases of the last `days` days, sorted."""
    names: set[str] = set()
    first = night.date - dt.timedelta(days=days - 1)
    recent = (pc.field("event_type") == "purchase") & (pc.field("event_time") >= pa.scalar(night.days.start(first)))
    for path in night.versions(CLEAN_EVENTS).since(first).paths():
        part = read_table(night.lake, path, ["currency"], recent)
        names.update(name for name in pc.unique(part["currency"]).to_pylist() if name)
    return sorted(names)

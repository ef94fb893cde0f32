"""Histories loaded in one pass beside the same nights one after another: what both make, and whether it is the same."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path

from jobs.nights import load_history
from jobs.nights.tasks import run
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from schemas.table import Table
from schemas.tables import (
    CLEAN_EVENTS,
    INTEREST,
    ITEM_FEATURES,
    ITEM_PRICES,
    ITEM_WEEKS,
    ITEMS,
    REJECTED_EVENTS,
    REJECTED_ITEMS,
    REJECTED_USERS,
    STORED,
    USER_FEATURES,
    USER_PROFILES,
    USER_PURCHASES,
    USER_TASTES,
    USERS,
)
from tests.sample import AS_ARGUMENTS, current

BY_DAY = (CLEAN_EVENTS, REJECTED_EVENTS, REJECTED_ITEMS, REJECTED_USERS, ITEMS)
GO_ON = (USERS, INTEREST, USER_FEATURES, ITEM_FEATURES, ITEM_PRICES, USER_PURCHASES, USER_TASTES, USER_PROFILES,
         ITEM_WEEKS)  # fmt: skip
STEPS = ("receive_drop", "clean_events", "update_catalogue", "update_interest", "build_features", "update_profiles",
         "suggest_prices")  # fmt: skip


def replay(lake: Lake, nights: Iterable[Night], steps: Sequence[str] = STEPS) -> None:
    """What makes these tables, night by night; every version passes, as if each gate had been there."""
    for night in nights:
        for step in steps:
            run(night, step)
        for table in STORED:
            if (version := lake.version(table, night.date, night.run)) is not None:
                lake.make_current(version)


def assert_same(
    loaded: Lake,
    replayed: Lake,
    days: list[dt.date],
    go_on: tuple[Table, ...] = GO_ON,
    settings: Settings | None = None,
) -> None:
    keep = (settings or Settings()).section("publish").keep_nights  # of the catalogue, as after retention
    for table in BY_DAY:
        for day in days[-keep:] if table is ITEMS else days:
            assert same(loaded, replayed, table, day), (table.name, day)
    for table in go_on:
        assert same(loaded, replayed, table, days[-1]), table.name


def same(one: Lake, other: Lake, table: Table, day: dt.date) -> bool:
    return current(one, table, day).equals(current(other, table, day))


def arguments(raw: Path, lake: Path, first: dt.date, last: dt.date, *more: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    load_history.add_arguments(parser)
    words = ["--source", "sample_shop", "--raw", str(raw), "--lake", str(lake), "--from", str(first), "--to", str(last)]
    return parser.parse_args([*words, *AS_ARGUMENTS, *more])

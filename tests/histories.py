"""A history loaded in one pass, and the same nights run one after another: helpers to compare the tables of both."""

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
    """Run the steps that make these tables, night by night. All versions become current, as if the gates had passed."""
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
    kept_nights = (settings or Settings()).section("publish").keep_nights  # of the catalogue, as after retention
    for table in BY_DAY:
        for day in days[-kept_nights:] if table is ITEMS else days:
            assert same(loaded, replayed, table, day), (table.name, day)
    for table in go_on:
        assert same(loaded, replayed, table, days[-1]), table.name


def same(first: Lake, second: Lake, table: Table, day: dt.date) -> bool:
    return current(first, table, day).equals(current(second, table, day))


def arguments(raw: Path, lake: Path, first: dt.date, last: dt.date, *more: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    load_history.add_arguments(parser)
    options = [
        "--source",
        "sample_shop",
        "--raw",
        str(raw),
        "--lake",
        str(lake),
        "--from",
        str(first),
        "--to",
        str(last),
    ]
    return parser.parse_args([*options, *AS_ARGUMENTS, *more])

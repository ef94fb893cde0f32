"""A tiny sample shop, its nights run in this process, and functions that read the tables of its lake."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from jobs.nights import nightly
from jobs.runtime import published
from jobs.runtime.lake import Lake, Version
from jobs.runtime.night import Night
from jobs.runtime.parquet_files import read_table
from jobs.runtime.settings import Settings
from jobs.sample_shop.dirt import Shares
from jobs.sample_shop.make_sample_shop import make_sample_shop
from jobs.sample_shop.shop import Plan
from schemas.arrow import arrow_schema
from schemas.table import Table

NIGHTS = (date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3))
FIRST, SECOND, THIRD = NIGHTS
# In so small a shop two crawlers make most of the log; and tests need no exact confidence intervals.
SETTINGS: dict[str, dict[str, Any]] = {
    "clean": {"max_rejected_share": 0.9},
    "judge": {"resamples": 50},
    "als": {"factors": 8},
    "ranker_training": {"least_weeks": 1.0},  # with the default, three nights would be too few for a ranker
    "ranker": {"rounds": 20, "least_rows": 5},
    "lstm_training": {"least_events": 200},
    "lstm": {"epochs": 2, "epoch_steps": 20, "dim": 8, "hidden": 8},
}
AS_ARGUMENTS = [f"--set={section}.{key}={value}" for section, keys in SETTINGS.items() for key, value in keys.items()]
# Many times the usual share of bad rows, so that every night has each kind.
SHARES = Shares(
    duplicates_same_day=0.01, duplicates_next_day=0.01, late=0.01, future=0.005, broken=0.02, unknown_items=0.005
)


@dataclass(frozen=True)
class Sample:
    """raw: drops of three days; lake: the lake after three nights; eve: the same lake before the third night.

    settings: settings of all its nights, in addition to SETTINGS.
    """

    raw: Path
    lake: Lake
    eve: Path
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)

    def copy(self, folder: Path) -> Sample:
        """The sample with a copy of its lake, which a test may change."""
        shutil.copytree(self.lake.root, folder)
        return replace(self, lake=Lake(str(folder)))

    def night(self, day: date = THIRD, run: str = "001", **changed: dict[str, Any]) -> Night:
        layers = (SETTINGS, self.settings, changed)
        sections = {
            name: {k: v for layer in layers for k, v in layer.get(name, {}).items()} for name in set().union(*layers)
        }
        return Night(day, self.lake, run, Settings(sections), "sample_shop", str(self.raw))


def make_sample(folder: Path, users: int = 150, **settings: dict[str, Any]) -> Sample:
    plan = Plan(seed=7, users=users, items=80, days=3, start=FIRST, events_per_user_day=7.0, crawlers=2, shares=SHARES,
                questions=80)  # fmt: skip
    sample = Sample(folder / "raw", Lake(str(folder / "lake")), folder / "eve", settings)
    make_sample_shop(plan, sample.raw)
    for day in NIGHTS:
        if day == THIRD:
            shutil.copytree(sample.lake.root, sample.eve)
        nightly.main(sample.night(day))
    return sample


def in_order(data: pa.Table) -> pa.Table:
    """Rows sorted by all columns, so that the order in which tasks wrote them does not count."""
    data = data.combine_chunks()
    return data.sort_by([(name, "ascending") for name in data.column_names]) if data.num_rows else data


def read_files(lake: Lake, paths: Iterable[str]) -> pa.Table:
    return in_order(pa.concat_tables([read_table(lake, path) for path in paths]))


def content(lake: Lake, version: Version | None) -> pa.Table:
    assert version is not None
    return read_files(lake, lake.file_paths(version))


def current(lake: Lake, table: Table, day: date = THIRD) -> pa.Table:
    return content(lake, lake.current(table, day))


def shown(lake: Lake, table: Table, manifest: dict[str, Any] | None = None) -> pa.Table:
    """The rows of `table` that the storefront reads: of the night that the pointer names, or of `manifest`."""
    manifest = manifest or published.current(lake)
    assert manifest is not None
    return read_files(lake, [lake.path(path) for path in published.files(manifest, table.name)])


def put(night: Night, table: Table, rows: list[dict[str, Any]]) -> None:
    """`rows` as the current version of the night; columns that a row lacks are null."""
    data = pa.Table.from_pylist([{name: row.get(name) for name in table.names} for row in rows], arrow_schema(table))
    night.lake.make_current(night.write_arrow(table, data))

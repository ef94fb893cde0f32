"""A refresh beside a night of the same number, over a night without sources, and one that has nothing to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from jobs.lists import refresh_lists
from jobs.lists.arms import Arms
from jobs.lists.scorer import Scorer
from jobs.runtime import lease, published
from jobs.runtime.lake import REFRESH, Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from schemas.arrow import arrow_schema
from schemas.tables import CLEAN_EVENTS, INTEREST, RECOMMENDATIONS, USERS
from tests.sample import put

DAY = dt.date(2026, 3, 10)
BEFORE = DAY - dt.timedelta(days=1)
PLACE = {"user_id": "u1", "item_id": "a", "rank": 1, "source": "als", "fallback_level": 0, "is_spare": False}


class Catalogue:
    """A catalogue of one item."""

    def as_codes(self) -> pa.Table:
        return pa.table({"item_id": ["a"], "code": pa.array([0], pa.int32()), "is_replenishable": [True]})


def lists() -> pa.Table:
    return pa.Table.from_pylist(
        [{name: PLACE.get(name) for name in RECOMMENDATIONS.names}], arrow_schema(RECOMMENDATIONS)
    )


def night_of(lake: Path, day: dt.date = DAY) -> Night:
    night = Night(day, Lake(str(lake)), "001", Settings())
    night.begin("refresh_lists")
    return night


def shows(lake: Path, day: dt.date, **models: str) -> dict[str, Any]:
    """Points the storefront of a lake at the night of `day`."""
    manifest = {"run": f"{day}-001", "date": str(day), "models": models, "valid_until": "2026-03-13T12:00:00Z"}
    Lake(str(lake)).put_json(manifest, *published.POINTER)
    return manifest


def test_the_lists_of_a_night_of_the_same_number_stay(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night, last = night_of(tmp_path), night_of(tmp_path, BEFORE)
    of_night = night.write_arrow(RECOMMENDATIONS, lists())
    day = Night(DAY, Lake(f"{tmp_path}/{REFRESH}"), "001", Settings())
    put(day, CLEAN_EVENTS, [])
    put(last, INTEREST, [])
    put(last, USERS, [{"user_id": "u1", "updated_on": BEFORE}])
    made = lists()

    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from made.to_batches() if batch.num_rows else ()

    monkeypatch.setattr(refresh_lists, "preflight", lambda *_: None)
    monkeypatch.setattr(refresh_lists, "list_writer", lambda *_: write)
    scorer, users = Scorer(night.lake.root, None, None), pa.array(["u1"])
    catalogue: Any = Catalogue()
    version = refresh_lists.write_lists(night, last, day, scorer, catalogue, users, Arms())
    assert version.rows == 1
    refresh_lists.show(night, shows(tmp_path, BEFORE), version, 1, 1)

    assert night.lake.version(RECOMMENDATIONS, DAY, "001") == of_night
    assert all(Path(path).exists() for path in night.lake.file_paths(of_night))
    fresh = night.lake.get_json(*published.FRESH)
    assert fresh["run"] == f"{DAY}-001r"  # the night copies its lists elsewhere
    assert all(night.lake.exists(path) for path in published.files(fresh, RECOMMENDATIONS.name))
    assert not night.lake.exists(version.folder)


@pytest.mark.parametrize(
    "shown", [DAY - dt.timedelta(days=2), BEFORE], ids=["another night", "a night without sources"]
)
def test_a_refresh_that_changes_nothing_leaves_no_copy_of_the_day(tmp_path: Path, shown: dt.date) -> None:
    """The sources that the manifest names are of an earlier night: its lists were made without any."""
    shows(tmp_path, shown, sources="models/sources/date=2026-03-01/run=001")
    night = night_of(tmp_path)
    for name in (lease.FILE, "raw/shop/events.csv"):
        night.lake.put_text("{}", REFRESH, name)
    refresh_lists.main(night)
    assert night.end()["refreshed"] == 0
    assert night.lake.list_dir(REFRESH) == [lease.FILE]
    assert not night.lake.exists(*published.FRESH)

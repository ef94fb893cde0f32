"""A refresh during the day: it makes new lists for active users, and changes nothing of the nights."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from jobs.lists import refresh_lists
from jobs.nights import refresh
from jobs.runtime import published
from jobs.runtime.lake import Lake
from schemas.tables import CLEAN_EVENTS, ITEMS, RECOMMENDATIONS, USERS
from tests.sample import SECOND, THIRD, Sample, current, read_files, shown

PLACES = 18


@pytest.fixture(scope="module")
def at_noon(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> tuple[Sample, set[str]]:
    """(the shop after its second night and a refresh with the third day's events, its files before the refresh)."""
    folder = tmp_path_factory.mktemp("noon") / "lake"
    shutil.copytree(sample.eve, folder)
    eve = files_of(folder)
    noon = Sample(sample.raw, Lake(str(folder)), sample.eve)
    refresh.main(noon.night(THIRD, "100"))
    return noon, eve


def files_of(lake: Path) -> set[str]:
    return {str(path.relative_to(lake)) for path in lake.rglob("*") if path.is_file()}


def fresh_lists(noon: Sample) -> tuple[dict, pa.Table]:
    fresh = noon.lake.get_json(*published.FRESH)
    return fresh, read_files(noon.lake, [noon.lake.path(path) for path in published.files(fresh, RECOMMENDATIONS.name)])


def pairs_of(table: pa.Table, event_type: str = "") -> set[tuple[str, str]]:
    rows = table.filter(pc.equal(table["event_type"], event_type)) if event_type else table
    return set(zip(rows["user_id"].to_pylist(), rows["item_id"].to_pylist(), strict=True))


def test_active_users_get_full_lists_of_items_on_sale(at_noon, sample: Sample) -> None:
    noon, _ = at_noon
    fresh, lists = fresh_lists(noon)
    accounts = set(current(noon.lake, USERS, SECOND)["user_id"].to_pylist())
    active = {user for user, item in pairs_of(current(sample.lake, CLEAN_EVENTS)) if item}
    users = set(lists["user_id"].to_pylist())
    assert 0 < len(users) < len(accounts)
    assert users <= accounts & active
    assert fresh["users"] == len(users)
    assert lists.num_rows == PLACES * len(users)
    items = current(noon.lake, ITEMS, SECOND)
    on_sale = items.filter(pc.and_(items["is_active"], pc.greater(items["stock"], 0)))
    assert set(lists["item_id"].to_pylist()) <= set(on_sale["item_id"].to_pylist())


def test_an_item_bought_this_morning_is_not_offered_again(at_noon, sample: Sample) -> None:
    noon, _ = at_noon
    items = current(noon.lake, ITEMS, SECOND)
    not_replenishable = set(items.filter(pc.invert(items["is_replenishable"]))["item_id"].to_pylist())
    events = current(sample.lake, CLEAN_EVENTS)
    bought = {
        pair for pair in pairs_of(events, "purchase") - pairs_of(events, "return") if pair[1] in not_replenishable
    }
    assert bought & pairs_of(shown(noon.lake, RECOMMENDATIONS))
    assert not bought & pairs_of(fresh_lists(noon)[1])


def test_a_refresh_names_the_night_it_lies_over_and_leaves_no_other_trace(at_noon) -> None:
    noon, eve = at_noon
    fresh, _ = fresh_lists(noon)
    assert fresh["over"] == published.pointed(noon.lake)["run"]
    new_files = files_of(Path(noon.lake.root)) - eve
    assert {path.split("/")[0] for path in new_files} == {"published", "runs"}
    assert published.pointed(noon.lake)["date"] == str(SECOND)


def test_only_the_day_after_the_published_night_is_refreshed(at_noon) -> None:
    noon, _ = at_noon
    night = noon.night(date(2026, 1, 5), "101")
    night.begin("refresh_lists")
    fresh = noon.lake.get_json(*published.FRESH)
    refresh_lists.main(night)
    assert night.end()["waits_for"] == "2026-01-04"
    assert noon.lake.get_json(*published.FRESH) == fresh

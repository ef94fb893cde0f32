"""A refresh during the day: it makes new lists for active users, and changes nothing of the nights."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyspark.sql import SparkSession

from jobs.intake import clean_events, receive_drop
from jobs.lists import refresh_lists
from jobs.nights import refresh
from jobs.runtime import published
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from schemas.tables import CLEAN_EVENTS, ITEMS, RECOMMENDATIONS, USERS
from tests.sample import SECOND, THIRD, Sample, content, current, read_files, shown

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


def test_a_refresh_reads_only_the_day_from_a_log_of_many_days(spark: SparkSession, tmp_path: Path) -> None:
    """The other days are in the nights' tables; read again, they would count twice."""
    mapping = tmp_path / "shop.toml"
    columns = 'columns = { user_id = "u", item_id = "i", event_type = "e" }\ntime = { column = "t" }\n'
    mapping.write_text(f'name = "shop"\n[events]\nfiles = "log.csv"\n{columns}')
    (tmp_path / "log.csv").write_text("u,i,e,t\n" + "".join(f"u1,i1,view,{day} 10:00:00\n" for day in (SECOND, THIRD)))
    kept = []
    for day, folder in ((SECOND, "lake"), (THIRD, "lake/refresh")):
        night = Night(day, Lake(str(tmp_path / folder)), "001", Settings({}), str(mapping), str(tmp_path))
        for job in (receive_drop, clean_events):
            job.main(night)
        night.lake.make_current(night.version(CLEAN_EVENTS))
        kept.append(content(night.lake, night.version(CLEAN_EVENTS))["event_date"].to_pylist())
    assert kept == [[SECOND], [THIRD]]

"""The gate and the last check before publishing: what is refused, what the message says, what readers still see."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from jobs.publishing import check_tables, prune_lake, publish_night, rollback_night
from jobs.publishing.check_tables import STAGES
from jobs.publishing.publish_night import NotPublished
from jobs.runtime import published
from jobs.runtime.gate import GateFailed
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.products import PUBLISHED
from jobs.runtime.table_writer import write_arrow
from schemas.table import Table
from schemas.tables import INTEREST, ITEMS, RECOMMENDATIONS, STORED, USER_FEATURES
from schemas.tables.lists import ANONYMOUS
from tests.sample import FIRST, NIGHTS, SECOND, THIRD, Sample, content, current

RUN = "900"


@pytest.fixture
def broken(sample: Sample, tmp_path: Path) -> Sample:
    return sample.copy(tmp_path / "lake")


def rewrite(shop: Sample, table: Table, change: Callable[[pa.Table], pa.Table]) -> None:
    """A changed version of the third night's table in a run of its own; it has not passed its gate."""
    write_arrow(change(current(shop.lake, table)), table, shop.lake, str(THIRD), RUN)


def pass_gate(shop: Sample, table: Table) -> None:
    version = shop.lake.version(table, THIRD, RUN)
    assert version is not None
    shop.lake.make_current(version)


def put(data: pa.Table, column: str, values: dict[int, Any]) -> pa.Table:
    """`data` with other values in some rows of a column."""
    index = data.column_names.index(column)
    column_values = [values.get(row, value) for row, value in enumerate(data[column].to_pylist())]
    return data.set_column(index, column, pa.array(column_values, data.schema.field(column).type))


def pointers(lake: Lake) -> dict[str, str]:
    return {t.name: version.run for t in STORED if (version := lake.current(t, THIRD))}


def break_features(shop: Sample) -> None:
    changes: dict[Table, Callable[[pa.Table], pa.Table]] = {
        INTEREST: lambda data: put(put(data, "clicks", {0: -7}), "user_id", {1: None}),
        USER_FEATURES: lambda data: pa.concat_tables([data, data.slice(0, 1)]),
    }
    for table in STAGES["features"]:
        rewrite(shop, table, changes.get(table, lambda data: data))


@pytest.mark.parametrize("in_memory", [1_000_000, 0], ids=["pandas", "spark"])
def test_a_broken_version_is_kept_and_not_read(broken: Sample, in_memory: int) -> None:
    break_features(broken)
    before = pointers(broken.lake)
    with pytest.raises(GateFailed) as failed:
        check_tables.main(broken.night(run=RUN, gate={"max_rows_in_memory": in_memory}), "features")
    heads = [line for line in str(failed.value).splitlines() if not line.startswith("  ")]
    rules = {line.strip().split(" (")[0].split(";")[0] for line in str(failed.value).splitlines() if line[:2] == "  "}
    path = broken.lake.path("tables", "interest", f"date={THIRD}", f"run={RUN}")
    assert len(heads) == 2
    assert f"rejected version kept at {path}; readers still see {THIRD} run=001" in heads[0]
    assert rules == {"clicks: column values to be between", "user_id: column values to not be null",
                     "user_id: column values to be unique"}  # fmt: skip
    assert "-7" in str(failed.value)
    assert "in 1 of" in str(failed.value)
    assert pointers(broken.lake) == before
    version = broken.lake.version(INTEREST, THIRD, RUN)
    assert content(broken.lake, version).num_rows == current(broken.lake, INTEREST).num_rows


@pytest.mark.parametrize("in_memory", [1_000_000, 0], ids=["pandas", "spark"])
def test_whole_versions_become_current_together(broken: Sample, in_memory: int) -> None:
    for table in STAGES["features"]:
        rewrite(broken, table, lambda data: data)
    check_tables.main(broken.night(run=RUN, gate={"max_rows_in_memory": in_memory}), "features")
    assert {t for t, run in pointers(broken.lake).items() if run == RUN} == {t.name for t in STAGES["features"]}


def test_a_stage_without_one_of_its_versions_names_it(broken: Sample) -> None:
    rewrite(broken, INTEREST, lambda data: data)
    with pytest.raises(GateFailed, match=rf"user_features {THIRD}: run {RUN} has no version"):
        check_tables.main(broken.night(run=RUN), "features")
    assert RUN not in pointers(broken.lake).values()


# publishing ------------------------------------------------------------------------------------------------------


def without(user: str, rank: int) -> Callable[[pa.Table], pa.Table]:
    return lambda data: data.filter(pc.invert(pc.and_(pc.equal(data["user_id"], user), pc.equal(data["rank"], rank))))


def an_item_twice(data: pa.Table) -> pa.Table:
    return put(data, "item_id", {1: data["item_id"][0].as_py()})


def sold_out_shown(shop: Sample) -> Callable[[pa.Table], pa.Table]:
    """The lists unchanged, but one of their items is now sold out."""
    item = current(shop.lake, RECOMMENDATIONS)["item_id"][0].as_py()
    rewrite(shop, ITEMS, lambda items: put(items, "stock", {items["item_id"].to_pylist().index(item): 0.0}))
    pass_gate(shop, ITEMS)
    return lambda data: data


def publish(shop: Sample, **settings: Any) -> Night:
    night = shop.night(run=RUN, publish=settings)
    publish_night.main(night)
    return night


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        (lambda _: without(ANONYMOUS, 3), {}, r"full lists: expected \d+ \(every user and anonymous\), saw \d+"),
        (lambda _: an_item_twice, {}, "duplicates: expected no item twice in a list, saw 1"),
        (sold_out_shown, {}, "sold out: expected only items in stock and active, saw 1 other"),
        (lambda _: lambda data: data.filter(pc.less_equal(data["rank"], 12)), {"min_rows_share": 0.9},
         r"rows: expected at least 90% of last night's \d+, saw \d+"),
        (lambda _: lambda data: data, {"max_churn": -1.0}, "churn: expected at most"),
    ],
    ids=["short list", "duplicate", "sold out", "rows collapse", "churn"],
)  # fmt: skip
def test_a_worse_night_is_not_published(broken: Sample, change: Any, settings: Any, message: str) -> None:
    rewrite(broken, RECOMMENDATIONS, change(broken))
    pass_gate(broken, RECOMMENDATIONS)
    with pytest.raises(NotPublished, match=message) as refused:
        publish(broken, **settings)
    assert len(str(refused.value).splitlines()) == 2  # nothing else was wrong
    assert f"the storefront keeps run={THIRD}-001" in str(refused.value)  # what the pointer names
    assert published.current(broken.lake) == published.manifest(broken.lake, f"{THIRD}-001")
    assert f"{THIRD}-{RUN}" not in published.runs(broken.lake)


def test_what_has_not_passed_its_gate_is_not_published(broken: Sample) -> None:
    rewrite(broken, RECOMMENDATIONS, lambda data: data)
    with pytest.raises(NotPublished, match=f"recommendations {THIRD} run={RUN} has not passed its gate; run `python"):
        publish(broken)
    pass_gate(broken, RECOMMENDATIONS)
    publish(broken)
    assert f"{THIRD}-{RUN}" in published.runs(broken.lake)


def roll_back(shop: Sample, to: str | None = None) -> str:
    rollback_night.main(argparse.Namespace(lake=shop.lake.root, to=to, config=None, set=[]))
    now = published.current(shop.lake)
    assert now is not None
    return now["run"]


def test_rollback_goes_a_night_back_each_time_and_forward_by_name(broken: Sample) -> None:
    assert roll_back(broken) == f"{SECOND}-001"
    assert roll_back(broken) == f"{FIRST}-001"
    with pytest.raises(ValueError, match=f"cannot roll back to a night before {FIRST}-001; published are {FIRST}"):
        roll_back(broken)
    assert roll_back(broken, f"{THIRD}-001") == f"{THIRD}-001"
    with pytest.raises(ValueError, match="cannot roll back to 2025-12-31-001"):
        roll_back(broken, "2025-12-31-001")


def test_a_backfill_leaves_the_storefront_with_the_later_night(broken: Sample) -> None:
    publish_night.main(broken.night(SECOND))
    now = published.current(broken.lake)
    assert now is not None
    assert now["run"] == f"{THIRD}-001"


def test_pruning_keeps_what_pointers_name(broken: Sample) -> None:
    rewrite(broken, INTEREST, lambda data: data)  # never passed a gate
    roll_back(broken, f"{FIRST}-001")
    prune_lake.main(broken.night(publish={"keep_runs": 1, "keep_nights": 1}))
    assert published.runs(broken.lake) == [f"{FIRST}-001", f"{THIRD}-001"]
    manifest = published.current(broken.lake)
    assert manifest is not None
    for table in PUBLISHED:
        assert all(broken.lake.exists(file) for file in published.files(manifest, table.name))
    assert broken.lake.dates(INTEREST) == [SECOND, THIRD]
    assert broken.lake.version(INTEREST, THIRD, RUN) is None
    for table in STORED:
        assert content(broken.lake, broken.lake.current(table, THIRD)).schema.names == list(table.names)
    assert broken.lake.list_dir("tables", "clean_events") == [f"date={day}" for day in NIGHTS]  # events stay


def test_pruning_clears_what_a_killed_night_left_half_published(broken: Sample) -> None:
    broken.lake.put_json({}, "published", f"run={SECOND}-777", "recommendations", "part.parquet")
    prune_lake.main(broken.night())
    assert broken.lake.list_dir("published") == ["current.json", *(f"run={day}-001" for day in NIGHTS)]


def test_pruning_after_a_failed_night_keeps_the_last_good_one(broken: Sample) -> None:
    later = THIRD + dt.timedelta(days=40)
    write_arrow(current(broken.lake, INTEREST), INTEREST, broken.lake, str(later), RUN)
    last_good = broken.lake.before(INTEREST, later)
    assert last_good is not None
    prune_lake.main(broken.night(later, publish={"keep_nights": 30}))
    assert broken.lake.before(INTEREST, later) == last_good
    assert broken.lake.dates(INTEREST) == [THIRD, later]

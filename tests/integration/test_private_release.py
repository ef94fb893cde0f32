"""Releases with differential privacy: how much one person changes, the budget that is spent, and what is published."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from jobs.common.private_release import BudgetSpent, Part, Ranking, count_people, ledger, rank_known, released
from jobs.customers import segment_users
from jobs.customers.private_segments import WITHHELD, private_rules
from jobs.lists import find_bought_together, rank_popular_items
from jobs.lists.private_lists import bought_together
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from models.customers.segments import SegmentsConfig
from models.privacy.private_ranking import CANDIDATES, UNIT, WHOLE, Looks, share_in
from schemas.tables import BOUGHT_TOGETHER, CLEAN_EVENTS, ITEMS, POPULAR_ITEMS, SEGMENT_RULES, SEGMENTS
from tests.sample import THIRD, Sample, content, current, put

DAY = dt.date(2026, 1, 5)
CELLS = "person string, item_id string"


def night_of(root: Path, day: dt.date = DAY, run: str = "001", **privacy: float) -> Night:
    return Night(day, Lake(str(root)), run, Settings({"privacy": {"epsilon": 10.0, **privacy}}))


def drawn(night: Night, spark: SparkSession, people: int = 200, since: dt.date | None = None) -> pa.Table:
    def parts() -> dict[str, Part]:
        rows = [(f"u{n}", item) for n in range(people) for item in "abc"]
        return {"all": Part(spark.createDataFrame(rows, CELLS), 3, 1.0)}

    return released(night, POPULAR_ITEMS, ("item_id",), parts, since)


def test_one_more_person_changes_at_most_the_bounded_number_of_counts_by_one_each(spark: SparkSession) -> None:
    rows = [(f"u{n}", f"i{(n * 7 + k * k) % 40}") for n in range(60) for k in range(n % 12)]
    greedy = [("greedy", f"i{n}") for n in range(40)] * 3

    def counts(of: list[tuple[str, str]]) -> dict[str, int]:
        rows = count_people(spark.createDataFrame(of, CELLS), ("item_id",), 5).to_pylist()
        return {row["item_id"]: row["people"] for row in rows}

    without, with_one = counts(rows), counts(rows + greedy)
    changes = [with_one.get(item, 0) - without.get(item, 0) for item in {*without, *with_one}]
    assert sorted(set(changes)) == [0, 1]
    assert sum(changes) == 5


def test_known_cells_are_ranked_by_people_who_count_less_in_many_candidates(spark: SparkSession) -> None:
    likes = {f"u{n}": [f"i{k}" for k in range(40) if n % (k + 2) == 0] for n in range(120)}
    rows = [(person, item) for person, items in likes.items() for item in [*items, "unknown"]] * 2
    known = pa.table({"item_id": [f"i{k}" for k in range(60)]})
    ranking = Ranking(spark.createDataFrame(rows, CELLS), 1.0, known, places=4)
    ranked, people = rank_known(ranking, ("item_id",), Looks(1e-3, 1e-3))
    first = share_in(np.array([len(items) for items in likes.values()]), 1)
    sums = {f"i{k}": sum(int(first[n]) for n in range(0, 120, k + 2)) for k in range(40)}
    candidates = set(sorted(sums, key=lambda item: -sums[item])[: CANDIDATES * 4])
    in_candidates = [[item for item in items if item in candidates] for items in likes.values()]
    shares = share_in(np.array([len(items) for items in in_candidates]), WHOLE)
    expected = {item: sum(int(share) for share, items in zip(shares, in_candidates, strict=True) if item in items)
              for item in candidates}  # fmt: skip
    people_by_item = dict(zip(ranked["item_id"].to_pylist(), people.tolist(), strict=True))
    assert people_by_item == {item: round(units / UNIT) for item, units in expected.items()}


def test_nights_between_releases_take_the_last_one_and_spend_nothing(spark: SparkSession, tmp_path: Path) -> None:
    first = drawn(night_of(tmp_path), spark)
    assert {row["item_id"] for row in first.to_pylist()} == set("abc")
    assert drawn(night_of(tmp_path, DAY + dt.timedelta(days=6), "002"), spark, people=900) == first
    assert len(ledger(Lake(str(tmp_path)))) == 1
    assert drawn(night_of(tmp_path, DAY + dt.timedelta(days=7), "003"), spark, people=900) != first
    spent = ledger(Lake(str(tmp_path)))
    assert [entry.epsilon for entry in spent] == pytest.approx([4.0, 4.0])  # popular items' share of 10
    assert spent[0].noise["all"]["each"] == 3


def test_of_a_release_whose_keys_mean_something_else_no_cell_is_used_and_none_is_drawn_early(
    spark: SparkSession, tmp_path: Path
) -> None:
    """After an erasure the segments are numbered anew: counts of the old numbers are not those of the new ones."""
    drawn(night_of(tmp_path), spark)
    later = night_of(tmp_path, DAY + dt.timedelta(days=2))
    assert drawn(later, spark, since=DAY).num_rows == 3
    assert drawn(later, spark, since=DAY + dt.timedelta(days=1)).num_rows == 0
    assert len(ledger(later.lake)) == 1
    due = night_of(tmp_path, DAY + dt.timedelta(days=7))
    assert drawn(due, spark, since=DAY + dt.timedelta(days=1)).num_rows == 3


def test_without_budget_the_last_release_goes_on_and_a_first_one_is_refused(
    spark: SparkSession, tmp_path: Path
) -> None:
    first = drawn(night_of(tmp_path, budget_epsilon=7.0), spark)
    later = night_of(tmp_path, DAY + dt.timedelta(days=30), budget_epsilon=7.0)
    assert drawn(later, spark, people=900) == first
    assert len(ledger(later.lake)) == 1
    with pytest.raises(BudgetSpent, match=r"epsilon 4 of 3; raise privacy.budget_epsilon"):
        drawn(night_of(tmp_path / "other", budget_epsilon=3.0), spark)
    assert ledger(Lake(str(tmp_path / "other"))) == []


def test_a_night_publishes_released_figures_and_withholds_the_others(sample: Sample, tmp_path: Path) -> None:
    lake = sample.copy(tmp_path / "lake").lake
    privacy = {"epsilon": 400.0, "budget_epsilon": 500.0, "least_people": 5, "contributions": 40}
    night = Sample(sample.raw, lake, sample.eve).night(THIRD, "002", privacy=privacy)
    for job in (rank_popular_items, find_bought_together, segment_users):
        job.main(night)
    rows_of = {table: content(lake, lake.version(table, THIRD, "002")).to_pylist() for table in
            (POPULAR_ITEMS, BOUGHT_TOGETHER, SEGMENTS, SEGMENT_RULES)}  # fmt: skip
    overall = [row for row in rows_of[POPULAR_ITEMS] if row["segment"] == "all"]
    assert overall
    assert min(row["score"] for row in overall) >= 5
    assert {row["traits"] for row in rows_of[SEGMENTS]} == {WITHHELD}
    true_users = {row["segment_id"]: row["users"] for row in current(lake, SEGMENTS).to_pylist()}
    for row in rows_of[SEGMENTS]:
        assert row["users"] == 0 or abs(row["users"] - true_users[row["segment_id"]]) < 20
        assert row["mean_money"] is None
    assert {entry.table for entry in ledger(lake)} == {table.name for table in rows_of}
    assert sum(entry.epsilon for entry in ledger(lake)) == pytest.approx(400.0)


def test_pairs_that_many_people_buy_together_are_released_both_ways(spark: SparkSession, tmp_path: Path) -> None:
    night = night_of(tmp_path, epsilon=50.0)
    bought = {"tea": range(200), "pot": range(180), "rug": range(200, 300)}
    put(night, ITEMS, [{"item_id": item, "is_active": True} for item in bought])
    rows = [{"user_id": f"u{n}", "item_id": item, "event_type": "purchase", "order_id": f"o{n}"}
            for item, people in bought.items() for n in people]  # fmt: skip
    put(night, CLEAN_EVENTS, [{**row, "event_id": str(number)} for number, row in enumerate(rows)])
    pairs = {(row["target_item_id"], row["item_id"]): row for row in bought_together(night).to_pylist()}
    assert set(pairs) == {("tea", "pot"), ("pot", "tea")}
    assert abs(pairs["tea", "pot"]["baskets"] - 180) < 20
    assert pairs["tea", "pot"]["confidence"] == pytest.approx(0.9, abs=0.1)
    assert pairs["tea", "pot"]["support"] == pytest.approx(0.6, abs=0.1)
    assert pairs["tea", "pot"]["lift"] == pytest.approx(1.5, abs=0.2)


def test_rules_of_segments_are_released_where_many_people_like_both(spark: SparkSession, tmp_path: Path) -> None:
    likes = [(f"u{n}", 1, category) for n in range(200) for category in ("tea", "pot") if n < 150]
    likes += [(f"u{n}", 1, "rug") for n in range(150, 200)]
    liked = spark.createDataFrame(likes, "person string, segment_id int, category string")
    rows = private_rules(night_of(tmp_path, epsilon=50.0), liked, SegmentsConfig()).to_pylist()
    assert {(row["if_category"], row["then_category"]) for row in rows} == {("tea", "pot"), ("pot", "tea")}
    assert all(abs(row["users"] - 150) < 20 and row["lift"] > 1.2 for row in rows)

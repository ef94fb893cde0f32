"""An experiment on the sample shop's second night, and its results on the third."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from jobs.experiments import judge_experiments
from jobs.lists import recommend_items
from jobs.lists.arms import arms_of
from jobs.publishing import publish_night
from jobs.reports.night_page import experiment_lines
from jobs.runtime.gate import broken_rules
from jobs.runtime.night import Night
from models.experiments.assignment import assign
from schemas.tables import (
    BANDIT_MOVES,
    CLEAN_EVENTS,
    EXPERIMENT_OUTCOMES,
    EXPERIMENT_RESULTS,
    RECOMMENDATIONS,
    SIMILAR_ITEMS,
)
from schemas.tables.lists import ANONYMOUS
from tests.sample import SECOND, THIRD, Sample, content, current, shown

DECLARED: dict[str, Any] = {
    "explore_places": 1,
    "explore_sources": ["als", "item_item"],
    "least_trials": 5,
    "running": [
        {
            "name": "banner",
            "salt": "s",
            "starts_on": str(SECOND),
            "planned_users": 5,
            "learns": True,
            "arms": [
                {"name": "control", "share": 0.5},
                {"name": "b", "share": 0.5, "changes": {"new_places": 2, "first": "own", "without": ["lstm"]}},
            ],
        }
    ],
}
JUDGED = (EXPERIMENT_OUTCOMES, EXPERIMENT_RESULTS, BANDIT_MOVES)


def night_of(shop: Sample, day: date, run: str, **changed: Any) -> Night:
    return shop.night(day, run, experiments=DECLARED | changed)


@pytest.fixture(scope="module")
def shop(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The last two nights' lists and judgement, made again as run 002 with an experiment."""
    copied = sample.copy(tmp_path_factory.mktemp("experiment") / "lake")
    for day in (SECOND, THIRD):
        night = night_of(copied, day, "002")
        night.begin("judge_experiments")
        recommend_items.main(night)
        judge_experiments.main(night)
        night.end()
        for table in (RECOMMENDATIONS, SIMILAR_ITEMS, *JUDGED):
            version = night.version(table)
            assert broken_rules(night, table, version, 10**6)[1] == [], table.name
            copied.lake.make_current(version)
        publish_night.main(night)
    return copied


@pytest.fixture(scope="module")
def lists(shop: Sample) -> pa.Table:
    return current(shop.lake, RECOMMENDATIONS, SECOND)


def test_every_row_has_the_arm_of_its_user(lists: pa.Table) -> None:
    users = [user for user in pc.unique(lists["user_id"]).to_pylist() if user != ANONYMOUS]
    arms = assign(users, "banner", "s", {"control": 0.5, "b": 0.5})
    expected = {(user, f"banner={arm}") for user, arm in zip(users, arms, strict=True)} | {(ANONYMOUS, "all")}
    assert set(zip(lists["user_id"].to_pylist(), lists["arm"].to_pylist(), strict=True)) == expected


def test_without_exploration_the_control_gets_the_lists_of_no_experiment(shop: Sample, sample: Sample) -> None:
    night = night_of(shop, SECOND, "003", explore_places=0)
    recommend_items.main(night)
    recommendations = content(shop.lake, night.version(RECOMMENDATIONS))
    without = current(sample.lake, RECOMMENDATIONS, SECOND)
    assert set(without["arm"].to_pylist()) == {"all"}
    assert set(without["propensity"].to_pylist()) == {1.0}
    control = pc.unique(recommendations.filter(pc.equal(recommendations["arm"], "banner=control"))["user_id"])
    columns = [name for name in RECOMMENDATIONS.names if name not in ("arm", "propensity")]
    pair = [table.filter(pc.is_in(table["user_id"], control)).select(columns) for table in (recommendations, without)]
    assert pair[0].num_rows > 0
    assert pair[0].equals(pair[1])


def test_the_arm_does_what_it_declares(lists: pa.Table) -> None:
    rows = [row for row in lists.to_pylist() if row["arm"] == "banner=b"]
    assert "lstm" not in {row["source"] for row in rows}
    assert "lstm" in {row["source"] for row in lists.to_pylist() if row["arm"] == "banner=control"}
    firsts = Counter(row["source"] for row in rows if row["rank"] == 1 and row["fallback_level"] == 0)
    assert set(firsts) <= {"own", "buy_again"} or firsts["own"] > 0.8 * firsts.total()
    new_items = {arm: Counter(r["user_id"] for r in lists.to_pylist() if r["arm"] == arm and r["source"] == "new_item")
           for arm in ("banner=control", "banner=b")}  # fmt: skip
    assert max(new_items["banner=control"].values()) == 1
    assert max(new_items["banner=b"].values()) == 2


def test_the_explored_place_has_its_probability(lists: pa.Table) -> None:
    by_chance = [row for row in lists.to_pylist() if row["arm"] != "all" and row["propensity"] < 0.499]
    assert by_chance
    assert {row["source"] for row in by_chance} == {"als", "item_item"}
    assert {row["propensity"] for row in by_chance} == {0.25}
    assert max(Counter(row["user_id"] for row in by_chance).values()) == 1
    assert not any(row["is_spare"] for row in by_chance)


def test_outcomes_equal_a_count_by_hand(shop: Sample, lists: pa.Table) -> None:
    arm_of = dict(zip(lists["user_id"].to_pylist(), lists["arm"].to_pylist(), strict=True))
    first = lists.filter(pc.invert(lists["is_spare"]))
    listed = set(zip(first["user_id"].to_pylist(), first["item_id"].to_pylist(), strict=True))
    expected: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for event in current(shop.lake, CLEAN_EVENTS, THIRD).to_pylist():
        user, kind = event["user_id"], event["event_type"]
        if user in arm_of and event["event_date"] > SECOND:
            row = expected[user, arm_of[user].partition("=")[2]]
            row["purchases"] += kind == "purchase"
            for name, of in (("impressions", "impression"), ("clicks", "click"), ("listed_purchases", "purchase")):
                row[name] += kind == of and (user, event["item_id"]) in listed
    outcomes = current(shop.lake, EXPERIMENT_OUTCOMES).to_pylist()
    names = ("purchases", "impressions", "clicks", "listed_purchases")
    assert {(r["user_id"], r["arm"]): [r[n] for n in names] for r in outcomes} == {
        key: [row[n] for n in names] for key, row in expected.items()
    }
    assert sum(row["listed_purchases"] for row in outcomes) > 0
    assert {row["weight"] for row in outcomes} == {2.0}


def test_results_and_moves_are_reported_and_a_rerun_gives_the_same(shop: Sample) -> None:
    results = {row["arm"]: row for row in current(shop.lake, EXPERIMENT_RESULTS).to_pylist()}
    assert {row["status"] for row in results.values()} == {"planned size reached"}
    assert results["b"]["low"] <= results["b"]["difference"] <= results["b"]["high"]
    moves = current(shop.lake, BANDIT_MOVES).to_pylist()
    assert {(m["kind"], m["what"]) for m in moves} == {
        ("arm_share", "control"), ("arm_share", "b"), ("source_mix", "als"), ("source_mix", "item_item")
    }  # fmt: skip
    arms = [m for m in moves if m["kind"] == "arm_share"]
    assert any(m["before"] != m["after"] for m in arms)
    assert all(m["low"] <= m["after"] <= m["high"] for m in moves)
    assert sum(m["trials"] for m in moves if m["kind"] == "source_mix") > 0
    lines = "\n".join(experiment_lines(shop.lake, THIRD, "002"))
    assert "experiment banner, metric buys: planned size reached" in lines
    assert f"share of {arms[0]['what']} moves" in lines

    night = night_of(shop, THIRD, "003")
    judge_experiments.main(night)
    for table in JUDGED:
        assert content(shop.lake, night.version(table)).equals(current(shop.lake, table)), table.name


def test_moved_shares_apply_tomorrow(shop: Sample) -> None:
    after = {m["what"]: m["after"] for m in current(shop.lake, BANDIT_MOVES).to_pylist() if m["kind"] == "arm_share"}
    ((_, tomorrow),) = arms_of(night_of(shop, date(2026, 1, 4), "001")).running
    assert tomorrow.shares == pytest.approx(after)
    ((_, tonight),) = arms_of(night_of(shop, THIRD, "001")).running
    assert tonight.shares == {"control": 0.5, "b": 0.5}


def test_a_window_longer_than_the_nights_that_are_kept_is_refused(shop: Sample) -> None:
    long = [DECLARED["running"][0] | {"window_days": 9}]
    with pytest.raises(
        ValueError, match=r"9 days and clean.late_days = 7 reach back further than the publish.keep_runs"
    ):
        recommend_items.main(night_of(shop, THIRD, "004", running=long))


def test_without_an_experiment_the_tables_are_empty(sample: Sample) -> None:
    for table in JUDGED:
        assert current(sample.lake, table).num_rows == 0
    assert shown(sample.lake, RECOMMENDATIONS)["arm"].unique().to_pylist() == ["all"]
    assert experiment_lines(sample.lake, THIRD, "001") == ["no experiment runs"]

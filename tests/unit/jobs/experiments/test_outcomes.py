"""What users did in each arm: counted for the right list, night after night as in one rebuild; and the results."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.common.declared_experiments import Arm, Experiment, ExperimentsConfig
from jobs.experiments.judge_experiments import Judged, refuse_other_metrics, value_of
from jobs.experiments.outcomes import TERMS, advance
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from jobs.runtime.table_writer import write_arrow
from models.experiments.assignment import places
from models.experiments.traffic_split import Allotment
from schemas.arrow import arrow_schema
from schemas.tables import CLEAN_EVENTS, EXPERIMENT_OUTCOMES, EXPERIMENT_RESULTS
from schemas.tables.experiments import METRICS

DAY = date(2026, 1, 1)
NIGHTS = 6
LISTS = "user_id string, item_id string, arm string, is_spare boolean, list_on date"


def day(number: int) -> date:
    return DAY + timedelta(days=number)


def an_event(user: str | None, item: str | None, kind: str, on: int, arrived: int) -> dict[str, Any]:
    event = {"user_id": user, "item_id": item, "event_type": kind, "event_date": day(on), "arrived": day(arrived),
             "event_time": datetime(2026, 1, 1), "event_id": "e"}  # fmt: skip
    return dict.fromkeys((*CLEAN_EVENTS.names, "arrived")) | event


def frame(spark: SparkSession, rows: list[Any], ddl: str) -> DataFrame:
    return spark.createDataFrame(rows, ddl).coalesce(1)


def events_frame(spark: SparkSession, rows: list[dict[str, Any]]) -> DataFrame:
    names = (*CLEAN_EVENTS.names, "arrived")
    return frame(spark, [tuple(row[c] for c in names) for row in rows], f"{CLEAN_EVENTS.ddl}, arrived date")


def outcomes(frame_of_outcomes: DataFrame) -> dict[tuple[str, str, str], dict[str, Any]]:
    rows = [row.asDict() for row in frame_of_outcomes.collect()]
    by_key = {(r.pop("experiment"), r.pop("user_id"), r.pop("arm")): r for r in rows}
    assert len(by_key) == len(rows)
    return by_key


def run(spark: SparkSession, events: list[Any], lists: list[Any], terms: list[Any], old: DataFrame | None = None,
        before: list[Any] = ()) -> DataFrame:  # fmt: skip
    old = old if old is not None else frame(spark, [], EXPERIMENT_OUTCOMES.ddl)
    return advance(old, events_frame(spark, events), frame(spark, lists, LISTS), frame(spark, terms, TERMS),
                   frame(spark, list(before), "user_id string, before double"))  # fmt: skip


def test_an_event_counts_for_the_list_that_stood_when_it_happened(spark: SparkSession) -> None:
    lists = [
        ("u", "a", "x=old", False, day(0)),
        ("u", "b", "x=new", False, day(2)),
        ("u", "s", "x=new", True, day(2)),
        ("u", "q", "all", False, day(-1)),  # before the experiment began
        ("w", "a", "all", False, day(0)),
    ]
    terms = [("x", arm, day(n), 0.25, 2, "buys") for arm in ("old", "new") for n in range(4)]
    events = [
        an_event("u", "a", "purchase", 0, 1),  # before the list was shown
        an_event("u", "a", "purchase", 1, 1),
        an_event("u", "q", "purchase", 1, 1),
        an_event("u", "z", "purchase", 2, 3),  # late, while the old list was shown, which did not contain it
        an_event("u", "b", "click", 3, 3),
        an_event("u", "a", "purchase", 3, 3),  # three days after the list that had it
        an_event("u", "s", "purchase", 4, 4),  # a spare
        an_event("u", "b", "purchase", 5, 5),  # no list of the last two days
        an_event("w", "a", "purchase", 1, 1),  # in no experiment
        an_event(None, "a", "purchase", 1, 1),
        an_event("u", None, "search", 4, 4),
    ]
    by_key = outcomes(run(spark, events, lists, terms, before=[("u", 1.5)]))
    columns = ("impressions", "clicks", "listed_purchases", "purchases", "nights", "weight", "weighted", "before")
    assert {key: tuple(row[c] for c in columns) for key, row in by_key.items()} == {
        ("x", "u", "old"): (0, 0, 1, 3, 2, 8.0, 8.0, 1.5),
        ("x", "u", "new"): (0, 1, 0, 2, 2, 8.0, 8.0, 1.5),
    }
    assert by_key["x", "u", "old"]["entered_on"] == day(1)
    assert by_key["x", "u", "new"]["entered_on"] == day(3)


def test_night_after_night_is_a_rebuild(spark: SparkSession) -> None:
    rng = random.Random(3)
    users, items = ["u1", "u2", "u3"], ["a", "b", "c"]
    lists = [
        (user, item, f"x={rng.choice(['c', 't'])};y={rng.choice(['c', 't'])}", rng.random() < 0.2, day(n))
        for n in range(NIGHTS)
        for user in users
        for item in rng.sample(items, 1)
    ]
    terms = [(name, arm, day(n), rng.choice([0.3, 0.7]), window, metric)
             for name, window, metric in (("x", 1, "purchases"), ("y", 3, "listed_clicks"))
             for arm in ("c", "t") for n in range(NIGHTS)]  # fmt: skip
    kinds = ("view", "impression", "click", "purchase", "search")
    events = []
    for _ in range(120):
        arrived = rng.randrange(1, NIGHTS + 1)
        arrived += arrived == 3  # that night nothing ran
        on = max(arrived - rng.choice([0, 0, 0, 1, 2]), 0)
        kind = rng.choice(kinds)
        events.append(an_event(rng.choice([*users, None]), None if kind == "search" else rng.choice(items), kind, on,
                               arrived))  # fmt: skip
    rebuilt = outcomes(run(spark, events, lists, terms, before=[("u1", 2.0)]))
    entered = {row["entered_on"] for (_, user, _), row in rebuilt.items() if user == "u1"}
    assert entered < {day(night) for night in (1, 2, 4, 5, 6)}
    state = None
    for night in (1, 2, 4, 5, 6):
        tonight = [e for e in events if e["arrived"] == day(night)]
        known = [row for row in lists if row[-1] < day(night)]
        before = [("u1", 2.0 if day(night) in entered else 99.0)]  # effects of the arm on a user must not leak in
        tonights = run(spark, tonight, known, terms, state, before)
        state = frame(spark, [tuple(r) for r in tonights.collect()], EXPERIMENT_OUTCOMES.ddl)
    assert outcomes(state) == rebuilt
    assert len(rebuilt) > 6


# results --------------------------------------------------------------------------------------------------------------

SHARES = {"control": 0.5, "b": 0.5}


def experiment(**changed: Any) -> Experiment:
    settings = {"name": "x", "salt": "s", "starts_on": "2026-01-01", "planned_users": 500, "metric": "buys"}
    return Experiment(**(settings | changed), arms=tuple(Arm(name, share) for name, share in SHARES.items()))


def table_of(users: list[str], arms: list[str], bought: np.ndarray) -> pa.Table:
    n = len(users)
    zero, one = np.zeros(n, np.int64), np.ones(n)
    columns = {"experiment": ["x"] * n, "user_id": users, "arm": arms, "entered_on": [DAY] * n, "impressions": zero,
               "clicks": zero, "listed_purchases": zero, "purchases": bought, "nights": zero + 1, "weight": one / 0.5,
               "weighted": np.minimum(bought, 1) / 0.5, "before": one * 0}  # fmt: skip
    return pa.table(columns).cast(arrow_schema(EXPERIMENT_OUTCOMES))


def judged(allotted: Allotment, n: int = 3_000, rates: tuple[float, float] = (0.1, 0.2), lost: float = 0.0,
           **changed: Any) -> Judged:  # fmt: skip
    """n users, each in the arm of the first night; the share `lost` of the users of arm b is never observed."""
    rng = np.random.default_rng(5)
    users = np.array([f"u{number}" for number in range(n)])
    arm = Allotment.first(SHARES).arm_of(places(users.tolist(), "x", "s"))
    is_observed = (arm == 0) | (rng.random(n) >= lost)
    users, arm = users[is_observed], arm[is_observed]
    bought = (rng.random(len(users)) < np.array(rates)[arm]).astype(np.int64) * 3
    names = [list(SHARES)[number] for number in arm]
    return Judged.of(experiment(**changed), allotted, table_of(users.tolist(), names, bought))


def test_a_planted_lift_is_found_and_in_the_interval() -> None:
    control, b = judged(Allotment.first(SHARES)).results(0.05)
    assert control["status"] == b["status"] == "planned size reached"
    assert "difference" not in control
    assert b["low"] < 0.1 < b["high"]
    assert b["p"] < 0.001
    assert b["snips"] == pytest.approx(b["mean"])  # one night each, one probability: the plain mean
    assert b["users"] + control["users"] == 3_000


def test_where_users_were_lost_there_is_no_result_and_no_move() -> None:
    lost = judged(Allotment.first(SHARES), lost=0.3, learns=True)
    for row in lost.results(0.05):
        assert row["status"] == "sample ratio failed"
        assert row["sample_ratio_p"] < 0.001
        assert not {"mean", "difference", "snips"} & set(row)
    assert {m.reason for m in lost.moves(ExperimentsConfig(), DAY)} == {"sample ratio failed"}
    assert all(m.before == m.after for m in lost.moves(ExperimentsConfig(), DAY))


def test_users_whose_place_changed_hands_are_not_compared() -> None:
    moved = Allotment.first(SHARES).moved({"control": 0.3, "b": 0.7})
    control, b = judged(moved).results(0.05)
    unmoved = judged(Allotment.first(SHARES)).results(0.05)
    assert b["users"] == unmoved[1]["users"]
    assert control["users"] == pytest.approx(unmoved[0]["users"] * 0.6, rel=0.1)
    assert control["sample_ratio_p"] > 0.001


def test_users_who_were_in_two_arms_are_not_compared() -> None:
    """Another salt gives all users new places: then a place no longer says in which arm its user was all along."""
    users = [f"u{number}" for number in range(3_000)]
    arm = Allotment.first(SHARES).arm_of(places(users, "x", "s"))
    names = [list(SHARES)[number] for number in arm]
    other_names = [list(SHARES)[1 - number] for number in arm[:400]]
    outcomes = table_of([*users, *users[:400]], [*names, *other_names], np.zeros(3_400, np.int64))
    rows = Judged.of(experiment(), Allotment.first(SHARES), outcomes).results(0.05)
    assert sum(row["users"] for row in rows) == 2_600


def test_an_experiment_keeps_its_metric(tmp_path: Path) -> None:
    lake, names = Lake(str(tmp_path)), EXPERIMENT_RESULTS.names
    row = {"experiment": "x", "arm": "b", "metric": "buys", "status": "collecting", "users": 0, "planned_users": 500}
    rows = pa.Table.from_pylist([{name: row.get(name) for name in names}], arrow_schema(EXPERIMENT_RESULTS))
    lake.make_current(write_arrow(rows, EXPERIMENT_RESULTS, lake, str(DAY), "001"))
    night = Night(day(1), lake, "001", Settings())
    refuse_other_metrics(night, (experiment(), Experiment(**vars(experiment()) | {"name": "y", "metric": "purchases"})))
    with pytest.raises(ValueError, match=r"x began with the metric buys, the settings now say purchases.*another name"):
        refuse_other_metrics(night, (experiment(metric="purchases"),))


def test_one_user_gives_no_result_and_results_wait_for_the_planned_size() -> None:
    assert {row["status"] for row in judged(Allotment.first(SHARES), n=1).results(0.05)} == {"not enough data"}
    assert {row["status"] for row in judged(Allotment.first(SHARES), n=0).results(0.05)} == {"not enough data"}
    early = judged(Allotment.first(SHARES), planned_users=9_000).results(0.05)
    assert {row["status"] for row in early} == {"collecting"}


def test_shares_move_to_the_better_arm_within_the_bounds_and_the_same_each_time() -> None:
    config = ExperimentsConfig(most_change=0.03)
    control, b = judged(Allotment.first(SHARES), learns=True).moves(config, DAY)
    assert (control.before, control.after, control.low) == (0.5, 0.47, 0.47)
    assert (b.after, b.high) == (0.53, 0.53)
    assert (control.places, b.core) == ("0-4699", "5000-9999")
    assert [control, b] == judged(Allotment.first(SHARES), learns=True).moves(config, DAY)
    fixed = judged(Allotment.first(SHARES)).moves(config, DAY)
    assert {(m.after, m.reason) for m in fixed} == {(0.5, "the shares are fixed")}
    few = judged(Allotment.first(SHARES), n=300, learns=True).moves(config, DAY)
    assert {m.after for m in few} == {0.5}
    assert "least_trials = 200" in few[0].reason


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_has_a_value(metric: str) -> None:
    assert value_of(table_of(["u", "w"], ["b", "b"], np.array([0, 3])), metric).tolist() == {
        "buys": [0, 1], "purchases": [0, 3], "listed_purchases": [0, 0], "listed_clicks": [0, 0]
    }[metric]  # fmt: skip

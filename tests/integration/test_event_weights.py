"""Event weights that the nights move: equal to a count by hand, applied the night after, the same in a rebuilt lake."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession

from jobs.experiments import judge_experiments
from jobs.features import update_interest
from jobs.features.event_weights import MOVED, moved, weights_of
from jobs.features.interest import InterestConfig
from jobs.lists.train_ranker import TrainRankerConfig, sources_config
from jobs.runtime.gate import broken_rules
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from schemas.tables import BANDIT_MOVES, CAMPAIGN_OUTCOMES, CLEAN_EVENTS, INTEREST
from tests.sample import content, put

START = dt.date(2026, 1, 1)
DAYS, LATE, WINDOW = 7, 1, 2
SKIPPED = 4  # nothing ran that night
LEARNS = {
    "interest": {"learns": True, "learn_days": WINDOW},
    "clean": {"late_days": LATE},
    "experiments": {"least_trials": 5},
}


def shop_log() -> dict[int, list[dict[str, Any]]]:
    """Night -> the events of its drop: a third of them are late, some are of the next day in UTC."""
    rng = np.random.default_rng(3)
    drops: dict[int, list[dict[str, Any]]] = defaultdict(list)
    kinds = ("view", "click", "wishlist", "cart", "purchase", "search")
    for number in range(700):
        night = int(rng.integers(DAYS))
        night += night == SKIPPED
        day = START + dt.timedelta(days=night - int(rng.choice([-1, 0, 0, 0, LATE, LATE])))
        time = dt.datetime.combine(day, dt.time(int(rng.integers(24)), int(rng.integers(60))), dt.UTC)
        kind = str(rng.choice(kinds, p=[0.5, 0.1, 0.1, 0.15, 0.1, 0.05]))
        user, item = f"u{rng.integers(12)}", f"i{rng.integers(9)}"
        drops[night].append({"event_id": f"e{number}", "user_id": user, "item_id": item, "event_type": kind,
                             "event_time": time, "event_date": day, "quantity": 1.0})  # fmt: skip
    return drops


DROPS = shop_log()


def run_night(lake: Lake, number: int, run: str = "001", changed: dict[str, Any] = LEARNS) -> Night:
    night = Night(START + dt.timedelta(days=number), lake, run, Settings(changed))
    night.begin("judge_experiments")
    if run == "001":
        put(night, CLEAN_EVENTS, DROPS[number])
        put(night, CAMPAIGN_OUTCOMES, [])
    for job, table in ((update_interest, INTEREST), (judge_experiments, BANDIT_MOVES)):
        job.main(night)
        version = night.version(table)
        assert broken_rules(night, table, version, 10**6)[1] == []
        if run == "001":
            lake.make_current(version)
    return night


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    built = Lake(str(tmp_path_factory.mktemp("weights") / "lake"))
    for number in range(DAYS + 1):
        if number != SKIPPED:
            run_night(built, number)
    return built


def moves_of(lake: Lake, number: int) -> dict[str, dict[str, Any]]:
    version = lake.current(BANDIT_MOVES, START + dt.timedelta(days=number))
    return {row["what"]: row for row in content(lake, version).to_pylist()}


def by_hand(last: dt.date) -> dict[str, tuple[int, int]]:
    """Kind -> (trials, wins) of all days up to `last`, from the whole log."""
    events = [e for drop in DROPS.values() for e in drop]
    bought: dict[tuple, list[dt.datetime]] = defaultdict(list)
    first: dict[tuple, dt.datetime] = {}
    for e in sorted(events, key=lambda e: e["event_time"]):
        pair = e["user_id"], e["item_id"]
        if e["event_type"] == "purchase":
            bought[pair].append(e["event_time"])
        kind = "view" if e["event_type"] == "click" else e["event_type"]
        # the first night with the setting closes only its own day: there are no earlier moves to continue
        if kind in MOVED and START - dt.timedelta(days=LATE + WINDOW) <= e["event_date"] <= last:
            first.setdefault((*pair, kind, e["event_date"]), e["event_time"])
    counts = dict.fromkeys(MOVED, (0, 0))
    for (user, item, kind, day), time in first.items():
        times = bought[user, item]
        if not times or times[0] >= time:
            won = bool(times) and (times[0].date() - day).days <= WINDOW
            counts[kind] = counts[kind][0] + 1, counts[kind][1] + won
    return counts


def test_trials_are_counted_once_when_all_their_events_have_arrived(lake: Lake) -> None:
    for number in (3, 5, 6, DAYS):
        last = START + dt.timedelta(days=number - WINDOW - LATE)
        counts = {kind: (row["trials"], row["wins"]) for kind, row in moves_of(lake, number).items()}
        assert counts == by_hand(last), number
    assert min(row["wins"] for row in moves_of(lake, DAYS).values()) > 0


def test_weights_move_within_their_bounds_and_apply_the_night_after(lake: Lake) -> None:
    for number in (1, 5, DAYS):
        for row in moves_of(lake, number).values():
            assert row["low"] <= row["after"] <= row["high"]
            assert row["declared"] / 1.5 <= row["after"] <= row["declared"] * 1.5
            assert abs(row["after"] - row["before"]) <= 0.1 * row["before"] + 1e-12
    assert {row["after"] for row in moves_of(lake, 1).values()} == {0.1, 0.3, 0.4}  # too few trials yet
    last, now = moves_of(lake, DAYS - 1), moves_of(lake, DAYS)
    assert any(row["before"] != row["declared"] for row in now.values())
    assert {kind: row["before"] for kind, row in now.items()} == pytest.approx(
        {kind: row["after"] for kind, row in last.items()}
    )
    tomorrow = Night(START + dt.timedelta(days=DAYS + 1), lake, "001", Settings(LEARNS))
    weights, sources = weights_of(tomorrow), sources_config(tomorrow, TrainRankerConfig()).weights
    for kind in MOVED:
        assert getattr(weights, kind) == getattr(sources, kind) == pytest.approx(10 * now[kind]["after"])
    assert weights.click == weights.view


def test_an_event_counts_with_the_weights_of_the_night_that_reads_it(lake: Lake, spark: SparkSession) -> None:
    """Late events too: a pair's interest is the sum over nights of the events of each drop, at that night's weights."""
    expected: dict[tuple[str, str], float] = defaultdict(float)
    end = START + dt.timedelta(days=DAYS)
    for number, drop in DROPS.items():
        night = Night(START + dt.timedelta(days=number), lake, "001", Settings(LEARNS))
        config = weights_of(night)
        for e in drop:
            weight = getattr(config, e["event_type"], 0.0)
            expected[e["user_id"], e["item_id"]] += weight * 2 ** (
                -(end - e["event_date"]).days / config.half_life_days
            )
    interest = content(lake, lake.current(INTEREST, end)).to_pylist()
    assert {(r["user_id"], r["item_id"]): r["interest"] for r in interest} == pytest.approx(expected, abs=1e-6)


def test_a_rebuilt_lake_and_a_rerun_have_the_same_tables(lake: Lake, tmp_path: Path) -> None:
    rebuilt = Lake(str(tmp_path / "lake"))
    for number in range(DAYS + 1):
        if number != SKIPPED:
            run_night(rebuilt, number)
    rerun = run_night(lake, DAYS, run="002")
    for table in (INTEREST, BANDIT_MOVES):
        first = content(lake, lake.current(table, rerun.date))
        assert first.equals(content(rebuilt, rebuilt.current(table, rerun.date))), table.name
        assert first.equals(content(lake, rerun.version(table))), table.name


def test_moved_weights_are_held_within_the_bounds_of_tonights_settings() -> None:
    row = {"kind": "event_weight", "name": "bought within 7 days", "what": "view", "after": 0.15}
    assert moved(InterestConfig(learns=True), [row]).view == pytest.approx(1.5)
    assert moved(InterestConfig(learns=True, learn_factor=1.2), [row]).view == pytest.approx(1.2)
    assert moved(InterestConfig(learns=True, learn_days=3), [row]).view == 1.0  # other trials: the weights start again


def test_without_the_setting_nothing_moves(lake: Lake) -> None:
    night = Night(START + dt.timedelta(days=DAYS + 1), lake, "001", Settings({}))
    assert weights_of(night) == InterestConfig()


@pytest.mark.parametrize("wrong", [{"learn_factor": 2.0}, {"learn_factor": 0.5}, {"learn_days": 0}, {"most_change": 1}])
def test_bounds_that_could_reverse_the_order_of_weights_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(wrong))} "):
        InterestConfig(learns=True, **wrong)

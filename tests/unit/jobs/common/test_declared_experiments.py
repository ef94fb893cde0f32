"""Experiments in the settings: what may be declared, who gets which rules, and how many users a plan needs."""

from __future__ import annotations

import datetime as dt
import tomllib
from typing import Any

import numpy as np
import pytest

from jobs.__main__ import main
from jobs.common.declared_experiments import ExperimentsConfig, allotments, source_mix
from jobs.lists.arms import Arms, ruled
from jobs.lists.recommend_items import RecommendConfig
from jobs.runtime.settings import Settings
from models.experiments.traffic_split import Allotment
from schemas.tables.lists import ANONYMOUS

START = dt.date(2026, 1, 2)
DECLARED = """
[[experiments.running]]
name = "banner"
salt = "s"
starts_on = "2026-01-02"
planned_users = 1000
arms = [{ name = "control", share = 0.5 }, { name = "b", share = 0.5, changes = { new_places = 3, first = "own" } }]
"""
OTHER = DECLARED.replace("banner", "caps").replace('new_places = 3, first = "own"', "most_per_category = 2")


def declared(text: str) -> ExperimentsConfig:
    return Settings(tomllib.loads(text)).section("experiments")


def arms_of(config: ExperimentsConfig) -> Arms:
    return Arms(tuple((e, Allotment.first(e.shares)) for e in config.running))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("new_places = 3", "k = 3", "changes has no 'k'; it has copy, first, mmr"),
        ('"own"', '"magic"', r"no source \['magic'\]"),
        ("new_places = 3", "mmr = 1.5", r"mmr must be in 0\.\.1"),
        (
            "new_places = 3",
            'copy = ["modle"]',
            r"copy has \['modle'\]; it may have model, template and templates by name",
        ),
        ("new_places = 3", "new_places = -1", "new_places must be 0 or more"),
        ("share = 0.5 }, {", "share = 0.6 }, {", "sum to 1"),
        ('"b"', '"control"', "two arms or more, each once"),
        ('"b"', '"B b"', "lower-case letters"),
        ('salt = "s"', 'salt = "s"\nmetric = "joy"', "metric must be one of buys"),
        ('"2026-01-02"', '"soon"', "starts_on must be a date, such as 2026-03-01; saw 'soon'"),
        ("1000", "1", r"planned_users 2 or more; saw \d+ and 1"),
        ('salt = "s"', 'salt = "s"\nlearns = true\nwindow_days = 0', "window_days must be 1 or more"),
    ],
)
def test_what_cannot_run_is_named(old: str, new: str, message: str) -> None:
    assert old in DECLARED
    with pytest.raises(ValueError, match=message):
        declared(DECLARED.replace(old, new))


def test_two_experiments_that_contradict_each_other_are_refused() -> None:
    assert len(declared(DECLARED + OTHER).running) == 2
    with pytest.raises(ValueError, match="change the same: new_places"):
        declared(DECLARED + OTHER.replace("most_per_category = 2", "new_places = 0"))
    copy = [text.replace(change, 'copy = ["template"]') for text, change in
            ((DECLARED, "new_places = 3"), (OTHER, "most_per_category = 2"))]  # fmt: skip
    with pytest.raises(ValueError, match="change the same: copy"):
        declared("".join(copy))
    with pytest.raises(ValueError, match=r"saw \['banner'\] again"):
        declared(DECLARED + DECLARED)


def test_an_experiment_runs_from_its_first_night_on() -> None:
    config = declared(DECLARED)
    assert config.on(START - dt.timedelta(days=1)) == ()
    assert [e.name for e in config.on(START)] == ["banner"]


def test_everybody_is_in_one_group_with_the_rules_of_his_arms() -> None:
    users = [f"u{n}" for n in range(4_000)] + [ANONYMOUS]
    config = declared(DECLARED + OTHER)
    groups = {group.arm: group for group in arms_of(config).groups(users)}
    assert np.array_equal(np.sort(np.concatenate([g.rows for g in groups.values()])), np.arange(len(users)))
    assert groups["all"].rows.tolist() == [4_000]
    assert set(groups) == {"all"} | {f"banner={a};caps={b}" for a in ("control", "b") for b in ("control", "b")}
    both = groups["banner=b;caps=b"]
    assert (both.changes.new_places, both.changes.first, both.changes.most_per_category) == (3, "own", 2)
    assert both.probability == 0.25
    assert abs(len(both.rows) / 4_000 - 0.25) < 0.03
    assert ruled(RecommendConfig(), both.changes) == RecommendConfig(new_places=3)


def test_without_an_experiment_everybody_is_in_the_arm_all() -> None:
    (group,) = Arms().groups(["u1", ANONYMOUS])
    assert (group.arm, group.probability, group.changes.changed) == ("all", 1.0, set())


def recorded_rows(**changed: Any) -> list[dict[str, Any]]:
    moved = Allotment.first({"control": 0.5, "b": 0.5}).moved({"control": 0.4, "b": 0.6})
    return [
        {"kind": "arm_share", "name": "banner", "what": arm, "declared": 0.5, "places": held, "core": core} | changed
        for arm, (held, core) in zip(moved.arms, moved.ranges(), strict=True)
    ]


def test_a_night_takes_the_shares_that_an_earlier_one_recorded() -> None:
    config = declared(DECLARED)
    assert allotments(config, [], START)["banner"].shares == {"control": 0.5, "b": 0.5}
    assert allotments(config, recorded_rows(), START)["banner"].shares == {"control": 0.4, "b": 0.6}
    with pytest.raises(ValueError, match="declare a new experiment, under another name"):
        allotments(config, recorded_rows(declared=0.3), START)


def test_a_mix_of_other_sources_starts_again() -> None:
    config = ExperimentsConfig(explore_sources=("als", "own"))
    rows = [{"kind": "source_mix", "what": what, "after": share} for what, share in (("own", 0.3), ("als", 0.7))]
    assert source_mix(config, rows) == {"als": 0.7, "own": 0.3}
    assert source_mix(ExperimentsConfig(explore_sources=("als", "lstm")), rows) == {"als": 0.5, "lstm": 0.5}


def test_a_plan_with_too_few_users_is_reported_before_it_starts(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(DECLARED)
    command = ["plan_experiment", "--rate", ".1", "--config", str(file), "--lift"]
    assert main([*command, ".02"]) == 1
    assert "too few: 1,000 planned, 3,839 needed" in capsys.readouterr().out
    assert main([*command, ".05"]) == 0
    assert "enough: 1,000 planned, 683 needed" in capsys.readouterr().out

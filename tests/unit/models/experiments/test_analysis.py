"""Experiments: arms that stay, sizes and powers that agree, effects that are found, splits that are doubted."""

import numpy as np
import pytest

from models.experiments.analysis import (
    assign,
    compare,
    next_shares,
    power_of,
    sample_ratio,
    sample_size,
    snips,
)

USERS = [f"u{number}" for number in range(20_000)]
HALF = {"control": 0.5, "treatment": 0.5}


def test_arms_stay_and_have_their_shares():
    shares = {"control": 0.1, "a": 0.3, "b": 0.6}
    first = assign(USERS, "banner", "salt", shares)
    assert first == assign(USERS, "banner", "salt", shares)
    counts = {arm: first.count(arm) for arm in shares}
    assert sample_ratio(counts, shares)[1]
    assert assign(["u7"], "banner", "salt", shares) == [first[7]]  # whoever else is there


def test_experiments_do_not_know_of_each_other():
    one, two = (np.array(assign(USERS, name, "salt", HALF)) == "treatment" for name in ("banner", "price"))
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.03
    other = np.array(assign(USERS, "banner", "pepper", HALF)) == "treatment"
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.03


def test_size_and_power_agree_with_each_other_and_the_rule_of_thumb():
    size = sample_size(0.1, 0.02)
    assert power_of(0.1, 0.02, size) == pytest.approx(0.8, abs=0.001)
    assert size == pytest.approx(16 * 0.1 * 0.9 / 0.02**2, rel=0.1)
    assert sample_size(0.1, 0.02, rho=0.5) == pytest.approx(0.75 * size, rel=0.001)


def test_what_users_bring_along_is_taken_out():
    rng = np.random.default_rng(0)
    habit = rng.normal(10, 3, 4000)
    outcome = habit + rng.normal(0, 1, 4000) + np.repeat([0.0, 0.2], 2000)
    halves = (outcome[:2000], outcome[2000:])
    plain, cuped = compare(*halves), compare(*halves, (habit[:2000], habit[2000:]))
    assert cuped.low < 0.2 < cuped.high
    assert cuped.high - cuped.low < 0.4 * (plain.high - plain.low)
    assert cuped.variance_kept == pytest.approx(0.1, abs=0.02)
    assert cuped.p < 1e-6


def test_a_figure_that_says_nothing_changes_nothing():
    outcome = np.random.default_rng(1).normal(size=(2, 100))
    flat = (np.ones(100), np.ones(100))
    assert compare(*outcome, flat) == compare(*outcome)


def test_a_split_that_lost_users_is_doubted():
    assert sample_ratio({"control": 5050, "treatment": 4950}, HALF)[1]
    assert not sample_ratio({"control": 5300, "treatment": 4700}, HALF)[1]


def test_another_policy_is_judged_by_what_was_logged():
    rng = np.random.default_rng(2)
    arm = rng.random(50_000) < 0.2  # the better arm was shown rarely
    reward = (rng.random(50_000) < np.where(arm, 0.3, 0.1)).astype(float)
    always = snips(reward, np.where(arm, 0.2, 0.8), arm.astype(float))
    assert always[0] == pytest.approx(0.3, abs=3 * always[1])
    as_it_was = snips(reward, np.where(arm, 0.2, 0.8), np.where(arm, 0.2, 0.8))
    assert as_it_was[0] == pytest.approx(reward.mean())


def test_the_better_arm_gets_more_users_within_bounds():
    now = {"a": 0.5, "b": 0.5}
    shares = next_shares({"a": 100, "b": 150}, {"a": 1000, "b": 1000}, 0.1, 0.2, now, 7)
    assert shares == {"a": pytest.approx(0.3), "b": pytest.approx(0.7)}
    for _ in range(5):
        shares = next_shares({"a": 100, "b": 150}, {"a": 1000, "b": 1000}, 0.1, 0.2, shares, 7)
    assert shares == {"a": pytest.approx(0.1), "b": pytest.approx(0.9)}
    even = next_shares({"a": 100, "b": 100}, {"a": 1000, "b": 1000}, 0.1, 0.2, now, 7)
    assert even["a"] == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: assign(["u"], "x", "s", {"a": 0.5}), "sum to 1"),
        (lambda: sample_size(0.1, 0.0), "the lift not be 0"),
        (lambda: compare(np.ones(1), np.ones(5)), "an arm of 1 users"),
        (lambda: compare(np.array([1, np.nan]), np.ones(5)), "NaN"),
        (lambda: compare(np.ones(5), np.ones(5), (np.ones(4), np.ones(5))), "before is of"),
        (lambda: sample_ratio({"a": 5}, HALF), "the same arms"),
        (lambda: snips(np.ones(2), np.array([0.0, 1]), np.ones(2)), "teaches nothing"),
        (lambda: next_shares({"a": 3}, {"a": 2}, 0.1, 0.1, {"a": 1.0}, 7), "won more often"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()

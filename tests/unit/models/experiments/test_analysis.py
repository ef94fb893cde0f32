"""Experiments: sample sizes and power agree, effects are found, splits that lost users are doubted."""

import numpy as np
import pytest

from models.experiments.analysis import compare, power_of, sample_ratio, sample_size, snips

HALF = {"control": 0.5, "treatment": 0.5}


def test_size_and_power_agree_with_each_other_and_the_rule_of_thumb():
    size = sample_size(0.1, 0.02)
    assert power_of(0.1, 0.02, size) == pytest.approx(0.8, abs=0.001)
    assert size == pytest.approx(16 * 0.1 * 0.9 / 0.02**2, rel=0.1)
    assert sample_size(0.1, 0.02, rho=0.5) == pytest.approx(0.75 * size, rel=0.001)


def test_cuped_reduces_the_variance():
    rng = np.random.default_rng(0)
    habit = rng.normal(10, 3, 4000)
    outcome = habit + rng.normal(0, 1, 4000) + np.repeat([0.0, 0.2], 2000)
    halves = (outcome[:2000], outcome[2000:])
    plain, cuped = compare(*halves), compare(*halves, (habit[:2000], habit[2000:]))
    assert cuped.low < 0.2 < cuped.high
    assert cuped.high - cuped.low < 0.4 * (plain.high - plain.low)
    assert cuped.variance_kept == pytest.approx(0.1, abs=0.02)
    assert cuped.p < 1e-6


def test_a_constant_covariate_changes_nothing():
    outcome = np.random.default_rng(1).normal(size=(2, 100))
    flat = (np.ones(100), np.ones(100))
    assert compare(*outcome, flat) == compare(*outcome)


def test_a_split_that_lost_users_is_doubted():
    assert sample_ratio({"control": 5050, "treatment": 4950}, HALF)[1]
    assert not sample_ratio({"control": 5300, "treatment": 4700}, HALF)[1]


def test_another_policy_is_judged_from_the_logged_draws():
    rng = np.random.default_rng(2)
    arm = rng.random(50_000) < 0.2  # the better arm was shown rarely
    reward = (rng.random(50_000) < np.where(arm, 0.3, 0.1)).astype(float)
    always = snips(reward, np.where(arm, 0.2, 0.8), arm.astype(float))
    assert always[0] == pytest.approx(0.3, abs=3 * always[1])
    as_it_was = snips(reward, np.where(arm, 0.2, 0.8), np.where(arm, 0.2, 0.8))
    assert as_it_was[0] == pytest.approx(reward.mean())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sample_size(0.1, 0.0), "the lift not be 0"),
        (lambda: compare(np.ones(1), np.ones(5)), "an arm of 1 users"),
        (lambda: compare(np.array([1, np.nan]), np.ones(5)), "NaN"),
        (lambda: compare(np.ones(5), np.ones(5), (np.ones(4), np.ones(5))), "before has"),
        (lambda: sample_ratio({"a": 5}, HALF), "the same arms"),
        (lambda: snips(np.ones(2), np.array([0.0, 1]), np.ones(2)), "teaches nothing"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()

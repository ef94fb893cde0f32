"""A new model replaces the running model unless it is significantly worse."""

import numpy as np
import pytest

from models.core.promotion import decide


def users(mean, n=400, seed=1):
    return (np.random.default_rng(seed).random(n) < mean).astype(float)


def test_a_better_model_is_promoted():
    decision = decide(users(0.6), users(0.3, seed=2))
    assert decision.promoted
    assert decision.low > 0
    assert decision.users == 400


def test_a_surely_worse_model_is_not():
    assert not decide(users(0.3), users(0.6, seed=2)).promoted


def test_the_same_model_is_promoted():
    decision = decide(users(0.5), users(0.5))
    assert (decision.low, decision.high) == (0, 0)
    assert decision.promoted


def test_a_little_worse_within_the_interval_is_promoted():
    running = users(0.5)
    new = running.copy()
    new[np.flatnonzero(running)[:1]] = 0
    assert decide(new, running).promoted


@pytest.mark.parametrize(("new", "running"), [(np.zeros(3), np.zeros(4)), (np.zeros(0), np.zeros(0))])
def test_other_users_are_refused(new, running):
    with pytest.raises(ValueError, match="judged by the same users"):
        decide(new, running)


def test_a_user_without_a_figure_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        decide(np.array([np.nan, 1.0]), np.zeros(2))

"""Thompson sampling moves shares to the better arm, within bounds."""

import pytest

from models.experiments.thompson import next_shares


def test_the_better_arm_gets_more_users_within_bounds():
    now = {"a": 0.5, "b": 0.5}
    shares = next_shares({"a": 100, "b": 150}, {"a": 1000, "b": 1000}, 0.1, 0.2, now, 7)
    assert shares == {"a": pytest.approx(0.3), "b": pytest.approx(0.7)}
    for _ in range(5):
        shares = next_shares({"a": 100, "b": 150}, {"a": 1000, "b": 1000}, 0.1, 0.2, shares, 7)
    assert shares == {"a": pytest.approx(0.1), "b": pytest.approx(0.9)}
    even = next_shares({"a": 100, "b": 100}, {"a": 1000, "b": 1000}, 0.1, 0.2, now, 7)
    assert even["a"] == pytest.approx(0.5, abs=0.03)


def test_more_wins_than_trials_are_refused():
    with pytest.raises(ValueError, match="won more often"):
        next_shares({"a": 3}, {"a": 2}, 0.1, 0.1, {"a": 1.0}, 7)

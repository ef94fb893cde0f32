"""Arms whose shares move: every user has an arm, few users change it, and users who never changed are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.experiments.assignment import assign, places
from models.experiments.traffic_split import PLACES, Allotment

USERS = [f"u{number}" for number in range(5_000)]


def shares_of(weights: list[int]) -> dict[str, float]:
    return {f"arm{number}": weight / sum(weights) for number, weight in enumerate(weights)}


def test_before_anything_moves_arms_are_those_of_assign() -> None:
    shares = {"control": 0.2, "a": 0.5, "b": 0.3}
    allotted = Allotment.first(shares)
    arms = [allotted.arms[code] for code in allotted.arm_of(places(USERS, "banner", "salt"))]
    assert arms == assign(USERS, "banner", "salt", shares)
    assert allotted.shares == shares


@settings(deadline=None, derandomize=True)
@given(st.lists(st.lists(st.integers(1, 60), min_size=4, max_size=4), min_size=2, max_size=6))
def test_only_as_many_users_as_necessary_change_their_arm(path: list[list[int]]) -> None:
    allotted = Allotment.first(shares_of(path[0]))
    least = dict(allotted.shares)
    start = allotted
    for weights in path[1:]:
        wanted, before = shares_of(weights), allotted
        allotted = before.moved(wanted)
        assert all(abs(allotted.shares[arm] - wanted[arm]) <= 1 / PLACES for arm in wanted)
        given_away = sum(max(before.shares[arm] - allotted.shares[arm], 0) for arm in wanted)
        assert (allotted.holds != before.holds).mean() == pytest.approx(given_away)
        least = {arm: min(share, allotted.shares[arm]) for arm, share in least.items()}
    assert allotted.core_shares == pytest.approx(least)  # as large as can be
    stayed = allotted.core >= 0
    assert (allotted.core[stayed] == allotted.holds[stayed]).all()
    assert (allotted.core[stayed] == start.holds[stayed]).all()


def test_a_place_that_came_back_is_not_of_the_core() -> None:
    moved = Allotment.first({"a": 0.5, "b": 0.5}).moved({"a": 0.4, "b": 0.6})
    back = moved.moved({"a": 0.5, "b": 0.5})
    assert back.shares == {"a": 0.5, "b": 0.5}
    assert back.core_shares == {"a": 0.4, "b": 0.5}


def test_ranges_tell_everything() -> None:
    allotted = Allotment.first({"a": 0.5, "b": 0.3, "c": 0.2})
    for shares in ({"a": 0.4, "b": 0.31, "c": 0.29}, {"a": 0.6, "b": 0.2, "c": 0.2}):
        allotted = allotted.moved(shares)
    read = Allotment.of_ranges(dict(zip(allotted.arms, allotted.ranges(), strict=True)))
    assert np.array_equal(read.holds, allotted.holds)
    assert np.array_equal(read.core, allotted.core)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        Allotment.first({"a": 0.5, "b": 0.6})
    with pytest.raises(ValueError, match="are not of"):
        Allotment.first({"a": 0.5, "b": 0.5}).moved({"a": 1.0})
    with pytest.raises(ValueError, match="9000 of 10000 places belong to none"):
        Allotment.of_ranges({"a": ("0-999", "")})

"""What nights move: the bounds hold for any counts, and the better option gets more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.experiments.posteriors import chance_above, next_weight, returns
from models.experiments.thompson import shares_of

ARM = st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)).map(lambda pair: (max(pair), min(pair)))


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@settings(max_examples=60, deadline=None)
@given(
    arms=st.lists(st.tuples(ARM, ARM, st.floats(-50, 500), st.floats(0.01, 100)), min_size=2, max_size=5),
    least=st.floats(0.01, 0.2), change=st.floats(0, 0.3), start=st.integers(0, 99), whole=st.sampled_from([1.0, 0.7]),
)  # fmt: skip
def test_shares_stay_within_their_bounds_whatever_was_counted(arms, least, change, start, whole) -> None:
    least = least * whole
    extra = np.random.default_rng(start).dirichlet(np.ones(len(arms)))
    now = least + extra * (whole - least * len(arms))
    chance = rng()
    draws = np.column_stack([returns(with_it, without, m, d, 100.0, chance) for with_it, without, m, d in arms])
    assert np.isfinite(draws).all()
    new = shares_of(draws, now, least, change)
    assert new.sum() == pytest.approx(whole)
    assert (new >= least - 1e-9).all()
    assert (np.abs(new - now) <= change + 1e-9).all()


@settings(max_examples=200, deadline=None)
@given(counts=ARM, low=st.floats(0.001, 0.4), factor=st.floats(1, 2.4), place=st.floats(0, 1), change=st.floats(0, 0.9))
def test_weights_stay_within_their_bounds_whatever_was_counted(counts, low, factor, place, change) -> None:
    trials, wins = counts
    high = low * factor
    now = float(np.clip(low + place * (high - low), low, high))
    new, least, most = next_weight(wins, trials, now, (low, high), change, rng())
    assert low <= least <= new <= most <= high
    assert abs(new - now) <= change * now + 1e-12


def test_money_goes_where_it_gains_most() -> None:
    """Same uplift with half the discount; larger uplift with the same discount; purchases that would happen anyway."""
    dear = returns((2000, 600), (500, 100), 60.0, 20.0, 100.0, rng())
    cheap = returns((2000, 600), (500, 100), 60.0, 10.0, 100.0, rng())
    useless = returns((2000, 400), (500, 100), 60.0, 10.0, 100.0, rng())
    assert cheap.mean() > dear.mean() > useless.mean()
    assert useless.mean() < 0
    # (60 - 10) of 30 % minus 60 of 20 %, per 10 of 30 %: the estimate without a prior
    assert returns((10**6, 3 * 10**5), (10**6, 2 * 10**5), 60.0, 10.0, 0.0, rng()).mean() == pytest.approx(1, abs=0.05)


def test_a_weight_reaches_the_chance_that_a_purchase_follows() -> None:
    weight = 0.1
    for night in range(12):
        weight, _, _ = next_weight(7_000, 100_000, weight, (0.05, 0.2), 0.1, np.random.default_rng(night))
    assert weight == pytest.approx(0.07, abs=0.004)
    assert next_weight(0, 0, 0.1, (0.05, 0.2), 0.0, rng())[0] == 0.1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: returns((4, 5), (4, 1), 1.0, 1.0, 1.0, rng()), "5 buyers of 4 users"),
        (lambda: returns((4, 1), (4, 1), 1.0, 0.0, 1.0, rng()), "a discount above 0, not 1.0 and 0.0"),
        (lambda: next_weight(3, 2, 0.1, (0.05, 0.2), 0.1, rng()), "3 purchases after 2 events"),
        (lambda: next_weight(1, 2, 0.3, (0.05, 0.2), 0.1, rng()), "weight 0.3 must lie in"),
        (lambda: shares_of(np.zeros((5, 2)), np.array([0.05, 0.95]), 0.6, 0.1), "cannot reach at least 0.6 each"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def counts(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_the_chance_of_a_higher_rate_is_that_of_many_draws() -> None:
    own, others = (counts(300, 50, 4_000), counts(30, 9, 190)), (counts(2_000, 900, 4_000), counts(120, 60, 200))
    chances = chance_above(own, others, 100.0)
    for row in range(3):
        middle = (own[1][row] + others[1][row]) / (own[0][row] + others[0][row])
        a, b = (rng().beta(wins[row] + 100 * middle + 0.5, trials[row] - wins[row] + 100 * (1 - middle) + 0.5, 200_000)
                for trials, wins in (own, others))  # fmt: skip
        b = np.random.default_rng(8).permutation(b)
        assert chances[row] == pytest.approx((a > b).mean(), abs=0.01)


def test_the_chance_of_a_higher_rate_is_half_where_nothing_was_seen_and_refuses_what_cannot_be() -> None:
    assert chance_above((counts(0), counts(0)), (counts(0), counts(0)), 100.0)[0] == pytest.approx(0.5)
    assert chance_above((counts(), counts()), (counts(), counts()), 100.0).shape == (0,)
    with pytest.raises(ValueError, match="more than were tried"):
        chance_above((counts(3), counts(4)), (counts(3), counts(1)), 100.0)

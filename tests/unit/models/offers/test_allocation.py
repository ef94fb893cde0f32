"""Offers: no guard is ever broken, the greedy choice is close to the optimum, and estimates say what they know."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from models.offers.allocation import (
    CHOSEN,
    GUARDS,
    Candidates,
    Choice,
    Rules,
    State,
    choose,
    expected_margin,
    mean_interval,
    persons,
    two_rates,
    violations,
    wilson,
)


def instance(seed: int, users: int, campaigns: int, lines: int, budget: float, cap: int = 2, odd: bool = True):
    """Any shop: unknown values and costs, losses, standing offers, empty lines, shares; without `odd` none of these."""
    rng = np.random.default_rng(seed)
    pairs = [(u, c) for u in range(users) for c in range(campaigns) if rng.random() < 0.7]
    user, campaign = np.array(pairs, np.int64).reshape(-1, 2).T
    n = len(user)
    worst = np.where(rng.random(n) < 0.2, 0.0, rng.uniform(1, 20, n))
    value = rng.normal(5, 6, n) if odd else rng.uniform(0.1, 10, n)
    kept = rng.normal(0.3, 0.2, n) if odd else np.full(n, 0.5)
    candidates = Candidates(
        user, campaign,
        np.where(odd & (rng.random(n) < 0.2), np.nan, value),
        worst * rng.random(n), worst,
        np.where(odd & (rng.random(n) < 0.2), np.nan, kept),
        odd & (rng.random(n) < 0.1), odd & (rng.random(n) < 0.5),
    )  # fmt: skip
    excludes = np.triu(rng.random((campaigns, campaigns)) < 0.15, 1)
    rules = Rules(
        kind=rng.integers(0, max(1, campaigns - 1), campaigns),
        line=rng.integers(0, lines, campaigns),
        floor=np.full(campaigns, 0.1),
        blind=rng.random(campaigns) < 0.5,
        excludes=excludes | excludes.T,
        expected_left=rng.uniform(0, budget, lines) * (rng.random(lines) < 0.9),
        worst_left=rng.uniform(0, 2 * budget, lines),
        contacts=cap,
    )
    if odd:
        capped = np.where(rng.random(campaigns) < 0.6, budget / 2, np.inf)
        rules = dataclasses.replace(rules, expected_share=capped * rng.random(campaigns), worst_share=capped)
    standing = rng.integers(0, users, 3) if odd else np.zeros(0, np.int64)
    kinds = rng.integers(0, campaigns, len(standing))
    state = State(
        contacts=rng.integers(0, 2, users) if odd else np.zeros(users, np.int64),
        held_out=rng.random(users) < (0.2 if odd else 0.0),
        standing_user=standing, standing_kind=kinds, standing_campaign=rng.integers(-1, campaigns, len(standing)),
    )  # fmt: skip
    return candidates, rules, state


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    users=st.integers(1, 30),
    campaigns=st.integers(1, 7),
    lines=st.integers(1, 3),
    budget=st.floats(0, 500),
    cap=st.integers(0, 3),
)
def test_no_guard_is_ever_broken(seed, users, campaigns, lines, budget, cap):
    candidates, rules, state = instance(seed, users, campaigns, lines, budget, cap)
    choice = choose(candidates, rules, state, seed=1)
    assert violations(candidates, rules, state, choice) == dict.fromkeys(("held_out", *GUARDS), 0)
    assert ((choice.refused == CHOSEN) == (choice.offered | choice.withheld)).all()
    assert not state.held_out[candidates.user[choice.offered]].any()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_whoever_is_refused_would_have_broken_the_guard_that_is_named(seed):
    candidates, rules, state = instance(seed, 12, 5, 2, 60)
    choice = choose(candidates, rules, state, seed=1)
    for at in np.flatnonzero(choice.refused != CHOSEN):
        forced = np.zeros(len(candidates), bool)
        forced[at] = True
        held = state.held_out[candidates.user]
        offered = choice.offered | (forced & ~held)
        withheld = choice.withheld | (forced & held)
        broken = violations(candidates, rules, state, Choice(offered, withheld, choice.refused))
        assert broken[GUARDS[choice.refused[at]]] > 0


@pytest.mark.parametrize("guard", ["held_out", *GUARDS])
def test_the_audit_finds_what_breaks_each_guard(guard):
    found = 0
    for seed in range(40):
        candidates, rules, state = instance(seed, 12, 5, 2, 60)
        all_of_them = np.ones(len(candidates), bool)
        choice = Choice(all_of_them, ~all_of_them, all_of_them.astype(np.int8))
        found += violations(candidates, rules, state, choice)[guard]
    assert found > 0


def exact(candidates: Candidates, rules: Rules, state: State) -> float:
    """The optimum, by branch and bound."""
    n, rows, limits = len(candidates), [], []
    for line in range(len(rules.worst_left)):
        here = rules.line[candidates.campaign] == line
        rows += [np.where(here, candidates.expected, 0), np.where(here, candidates.worst, 0)]
        limits += [rules.expected_left[line], rules.worst_left[line]]
    kind = rules.kind[candidates.campaign]
    for user in np.unique(candidates.user):
        mine = candidates.user == user
        rows.append(mine.astype(float))
        limits.append(rules.contacts)
        for each in np.unique(kind[mine]):
            rows.append((mine & (kind == each)).astype(float))
            limits.append(1)
        for a, b in np.argwhere(np.triu(rules.excludes)):
            rows.append((mine & np.isin(candidates.campaign, (a, b))).astype(float))
            limits.append(1)
    found = milp(-candidates.value, constraints=LinearConstraint(np.array(rows), ub=np.array(limits)),
                 integrality=np.ones(n), bounds=Bounds(0, 1))  # fmt: skip
    return float(-found.fun)


def test_the_greedy_choice_is_close_to_the_optimum():
    reached = []
    for seed in range(60):
        candidates, rules, state = instance(seed, 10, 5, 2, 60, odd=False)
        choice = choose(candidates, rules, state, seed=1)
        best = exact(candidates, rules, state)
        got = candidates.value[choice.offered].sum()
        assert got <= best + 1e-6
        reached.append(got / best if best else 1.0)
    assert np.mean(reached) > 0.95
    assert min(reached) > 0.8


def test_the_same_candidates_give_the_same_choice_and_unknown_ones_come_last():
    candidates, rules, state = instance(3, 30, 5, 2, 100)
    one, other = (choose(candidates, rules, state, seed=1) for _ in range(2))
    assert (one.refused == other.refused).all()
    some = Candidates(
        user=np.arange(4), campaign=np.zeros(4, np.int64), value=np.array([np.nan, 1.0, np.nan, 2.0]),
        expected=np.ones(4), worst=np.ones(4), kept=np.ones(4), had=np.zeros(4, bool), capped=np.zeros(4, bool),
    )  # fmt: skip
    zero = np.zeros(1, np.int64)
    two = np.array([2.0])
    one_line = Rules(zero, zero, np.zeros(1), np.ones(1, bool), np.zeros((1, 1), bool), two, two, 1)
    nobody = np.zeros(0, np.int64)
    fresh = State(np.zeros(4, np.int64), np.zeros(4, bool), nobody, nobody, nobody)
    assert choose(some, one_line, fresh, seed=1).offered.tolist() == [False, True, False, True]


def test_nothing_to_choose_from_is_no_fault():
    candidates, rules, state = instance(0, 1, 1, 1, 10)
    none = Candidates(*(getattr(candidates, f)[:0] for f in candidates.__dataclass_fields__))
    assert not len(choose(none, rules, state, seed=1).offered)


def test_a_negative_cost_is_refused():
    candidates, rules, state = instance(3, 5, 3, 1, 10)
    worse = Candidates(**{**candidates.__dict__, "worst": candidates.worst - 100})
    with pytest.raises(ValueError, match="worst costs must be finite and 0 or more"):
        choose(worse, rules, state, seed=1)


def test_who_would_have_bought_anyway_costs_money():
    with_offer, without = np.array([0.1, 0.2, 0.2]), np.array([0.1, 0.1, np.nan])
    gained, cost = expected_margin(with_offer, without, np.full(3, 50.0), np.full(3, 10.0))
    assert gained[:2] == pytest.approx([-1.0, 0.2 * 40 - 0.1 * 50])
    assert cost == pytest.approx([1.0, 2.0, 2.0])
    assert np.isnan(gained[2])


def test_two_rates_claim_nothing_of_few_users_and_little_of_some():
    assert two_rates((1000, 100), (50, 4), least=100, prior=50) is None
    same = two_rates((1000, 100), (1000, 100), least=100, prior=50)
    assert same == pytest.approx((0.1, 0.1))
    few, many = (two_rates((n, n // 5), (n, n // 10), least=100, prior=100) for n in (100, 100_000))
    assert few is not None
    assert many is not None
    assert 0 < few[0] - few[1] < many[0] - many[1] <= 0.1
    assert many == pytest.approx((0.2, 0.1), abs=0.001)
    with pytest.raises(ValueError, match="5 buyers of 4 users"):
        two_rates((4, 5), (4, 1), least=1, prior=1)


def test_accounts_that_a_chain_joins_are_one_person():
    found = persons(np.array([4, 2, 5]), np.array([2, 1, 6]), 8)
    assert found.tolist() == [0, 1, 1, 3, 1, 5, 5, 7]
    assert persons(np.zeros(0, np.int64), np.zeros(0, np.int64), 3).tolist() == [0, 1, 2]


def test_intervals_hold_their_level():
    rng = np.random.default_rng(0)
    hits = rng.binomial(60, 0.05, 4000)
    low, high = wilson(hits, np.full(4000, 60.0))
    assert np.mean((low <= 0.05) & (high >= 0.05)) == pytest.approx(0.95, abs=0.03)
    values = rng.gamma(2, 3, (4000, 60))
    mean, low, high = mean_interval(np.full(4000, 60.0), values.sum(1), (values**2).sum(1))
    assert mean == pytest.approx(values.mean(1))
    assert np.mean((low <= 6) & (high >= 6)) == pytest.approx(0.95, abs=0.03)
    assert np.isnan(mean_interval(np.array([1.0]), np.array([3.0]), np.array([9.0]))[1]).all()

"""Choosing offers: no guard is ever broken, the audit sees what breaks one, and greedy is close to the optimum."""

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
    Choice,
    OfferCandidates,
    OfferRules,
    UserState,
    choose,
    violations,
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
    candidates = OfferCandidates(
        user, campaign,
        np.where(odd & (rng.random(n) < 0.2), np.nan, value),
        worst * rng.random(n), worst,
        np.where(odd & (rng.random(n) < 0.2), np.nan, kept),
        odd & (rng.random(n) < 0.1), odd & (rng.random(n) < 0.5), odd & (rng.random(n) < 0.1),
    )  # fmt: skip
    excludes = np.triu(rng.random((campaigns, campaigns)) < 0.15, 1)
    rules = OfferRules(
        kind=rng.integers(0, max(1, campaigns - 1), campaigns),
        line=rng.integers(0, lines, campaigns),
        margin_floor=np.full(campaigns, 0.1),
        without_data=rng.random(campaigns) < 0.5,
        excludes=excludes | excludes.T,
        expected_left=rng.uniform(0, budget, lines) * (rng.random(lines) < 0.9),
        worst_left=rng.uniform(0, 2 * budget, lines),
        contacts=cap,
    )
    if odd:
        share = np.where(rng.random(campaigns) < 0.6, budget / 2, np.inf)
        rules = dataclasses.replace(rules, expected_share_left=share * rng.random(campaigns), worst_share_left=share)
    standing = rng.integers(0, users, 3) if odd else np.zeros(0, np.int64)
    kinds = rng.integers(0, campaigns, len(standing))
    state = UserState(
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


def exact(candidates: OfferCandidates, rules: OfferRules, state: UserState) -> float:
    """The optimum, by branch and bound."""
    n, rows, limits = len(candidates), [], []
    for line in range(len(rules.worst_left)):
        here = rules.line[candidates.campaign] == line
        rows += [np.where(here, candidates.expected_cost, 0), np.where(here, candidates.worst_cost, 0)]
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
    no, one_each = np.zeros(4, bool), np.ones(4)
    some = OfferCandidates(
        user=np.arange(4),
        campaign=np.zeros(4, np.int64),
        value=np.array([np.nan, 1.0, np.nan, 2.0]),
        expected_cost=one_each,
        worst_cost=one_each,
        margin_kept=one_each,
        had_lately=no,
        is_capped=no,
        is_barred=no,
    )
    zero = np.zeros(1, np.int64)
    two = np.array([2.0])
    one_line = OfferRules(zero, zero, np.zeros(1), np.ones(1, bool), np.zeros((1, 1), bool), two, two, 1)
    nobody = np.zeros(0, np.int64)
    fresh = UserState(np.zeros(4, np.int64), np.zeros(4, bool), nobody, nobody, nobody)
    assert choose(some, one_line, fresh, seed=1).offered.tolist() == [False, True, False, True]


def test_nothing_to_choose_from_is_no_fault():
    candidates, rules, state = instance(0, 1, 1, 1, 10)
    none = OfferCandidates(*(getattr(candidates, f)[:0] for f in candidates.__dataclass_fields__))
    assert not len(choose(none, rules, state, seed=1).offered)


def test_a_negative_cost_is_refused():
    candidates, rules, state = instance(3, 5, 3, 1, 10)
    worse = dataclasses.replace(candidates, worst_cost=candidates.worst_cost - 100)
    with pytest.raises(ValueError, match="worst costs must be finite and 0 or more"):
        choose(worse, rules, state, seed=1)

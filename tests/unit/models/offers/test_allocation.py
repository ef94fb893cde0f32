"""Choosing offers: no guard is ever broken, and the greedy choice is close to the optimum."""

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
)
from models.offers.audit import violations
from tests.unit.models.offers.offer_problems import offer_problem


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
    candidates, rules, state = offer_problem(seed, users, campaigns, lines, budget, cap)
    choice = choose(candidates, rules, state, seed=1)
    assert violations(candidates, rules, state, choice) == dict.fromkeys(("held_out", *GUARDS), 0)
    assert ((choice.refused == CHOSEN) == (choice.offered | choice.withheld)).all()
    assert not state.held_out[candidates.user[choice.offered]].any()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_refused_candidate_would_have_broken_the_guard_that_is_named(seed):
    candidates, rules, state = offer_problem(seed, 12, 5, 2, 60)
    choice = choose(candidates, rules, state, seed=1)
    for row in np.flatnonzero(choice.refused != CHOSEN):
        forced = np.zeros(len(candidates), bool)
        forced[row] = True
        held = state.held_out[candidates.user]
        offered = choice.offered | (forced & ~held)
        withheld = choice.withheld | (forced & held)
        broken = violations(candidates, rules, state, Choice(offered, withheld, choice.refused))
        assert broken[GUARDS[choice.refused[row]]] > 0


def exact(candidates: OfferCandidates, rules: OfferRules, state: UserState) -> float:
    """The optimum, by branch and bound."""
    n, rows, limits = len(candidates), [], []
    for line in range(len(rules.worst_left)):
        is_on_line = rules.line[candidates.campaign] == line
        rows += [np.where(is_on_line, candidates.expected_cost, 0), np.where(is_on_line, candidates.worst_cost, 0)]
        limits += [rules.expected_left[line], rules.worst_left[line]]
    kind = rules.kind[candidates.campaign]
    for user in np.unique(candidates.user):
        of_user = candidates.user == user
        rows.append(of_user.astype(float))
        limits.append(rules.contacts)
        for one_kind in np.unique(kind[of_user]):
            rows.append((of_user & (kind == one_kind)).astype(float))
            limits.append(1)
        for a, b in np.argwhere(np.triu(rules.excludes)):
            rows.append((of_user & np.isin(candidates.campaign, (a, b))).astype(float))
            limits.append(1)
    solution = milp(
        -candidates.value,
        constraints=LinearConstraint(np.array(rows), ub=np.array(limits)),
        integrality=np.ones(n),
        bounds=Bounds(0, 1),
    )
    return float(-solution.fun)


def test_the_greedy_choice_is_close_to_the_optimum():
    reached = []
    for seed in range(60):
        candidates, rules, state = offer_problem(seed, 10, 5, 2, 60, odd=False)
        choice = choose(candidates, rules, state, seed=1)
        best = exact(candidates, rules, state)
        got = candidates.value[choice.offered].sum()
        assert got <= best + 1e-6
        reached.append(got / best if best else 1.0)
    assert np.mean(reached) > 0.95
    assert min(reached) > 0.8


def test_the_same_candidates_give_the_same_choice_and_unknown_ones_come_last():
    candidates, rules, state = offer_problem(3, 30, 5, 2, 100)
    first, second = (choose(candidates, rules, state, seed=1) for _ in range(2))
    assert (first.refused == second.refused).all()
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
    candidates, rules, state = offer_problem(0, 1, 1, 1, 10)
    none = OfferCandidates(*(getattr(candidates, f)[:0] for f in candidates.__dataclass_fields__))
    assert not len(choose(none, rules, state, seed=1).offered)


def test_a_negative_cost_is_refused():
    candidates, rules, state = offer_problem(3, 5, 3, 1, 10)
    worse = dataclasses.replace(candidates, worst_cost=candidates.worst_cost - 100)
    with pytest.raises(ValueError, match="worst costs must be finite and 0 or more"):
        choose(worse, rules, state, seed=1)

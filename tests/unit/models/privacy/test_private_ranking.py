"""Cells ranked with differential privacy: two looks, which together cost the wanted budget."""

from __future__ import annotations

import math

import numpy as np
import opendp.prelude as dp
import pytest

from models.privacy.private_ranking import UNIT, WHOLE, best, looks_for, share_in


@pytest.mark.parametrize("epsilon", [0.2, 1.0, 4.0])
def test_opendp_accounts_at_most_the_epsilon_that_was_asked_for_both_looks(epsilon: float) -> None:
    looks = looks_for(epsilon, 1e-6)
    space = dp.vector_domain(dp.atom_domain(T=int)), dp.l2_distance(T=float)
    scales = (looks.first, looks.second / math.sqrt(WHOLE))  # a look at changes of length 1
    both = dp.c.make_composition([dp.m.make_gaussian(*space, scale=scale) for scale in scales])
    spent, _ = dp.c.make_fix_delta(dp.c.make_zCDP_to_approxDP(both), 1e-6).map(1.0)
    assert 0.95 * epsilon < spent <= epsilon


@pytest.mark.parametrize("whole", [1, WHOLE])
def test_a_persons_contribution_is_within_the_bound_of_the_accounting(whole: int) -> None:
    cells = np.arange(1, 20_000)
    shares = share_in(cells, whole)
    assert (cells * shares**2 <= whole * UNIT**2).all()
    assert (shares[:whole] == UNIT).all()


def test_the_cells_that_most_people_are_in_come_first() -> None:
    people = np.arange(500) * UNIT
    places, noised = best(people, 0.2, 40)
    assert places.tolist() == list(range(499, 459, -1))
    assert np.abs(noised / UNIT - people[places] / UNIT).max() < 2


def test_the_noise_is_of_people_not_of_their_parts() -> None:
    _, noised = best(np.full(4_000, 50 * UNIT), 6.0, 4_000)
    assert abs(noised.std() / UNIT / 6.0 - 1) < 0.06  # five standard errors of a standard deviation


def test_a_cell_may_have_a_hundred_million_people() -> None:
    places, noised = best(np.array([3, 100_000_000, 7]) * UNIT, 1.0, 1)
    assert places.tolist() == [1]
    assert abs(noised[0] / UNIT - 1e8) < 9


@pytest.mark.parametrize(("epsilon", "delta"), [(0.0, 1e-6), (1.0, 0.0)])
def test_settings_without_a_privacy_guarantee_are_refused(epsilon: float, delta: float) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        looks_for(epsilon, delta)

"""Counts with differential privacy: the noise is OpenDP's and has the scale that the accounting needs."""

from __future__ import annotations

import math

import numpy as np
import opendp.prelude as dp
import pytest

from models.privacy.private_counts import Noise, noise_for, release


@pytest.mark.parametrize(("epsilon", "each"), [(0.5, 16), (1.0, 1), (1.0, 16), (2.0, 4)])
def test_opendp_accounts_at_most_the_epsilon_and_delta_that_were_asked_for(epsilon: float, each: int) -> None:
    noise = noise_for(epsilon, 1e-6, each)
    measurement = dp.m.make_gaussian_threshold(
        dp.map_domain(dp.atom_domain(T=str), dp.atom_domain(T=int)),
        dp.l02inf_distance(dp.absolute_distance(T=float)),
        scale=noise.scale,
        threshold=noise.threshold,
        MO="Approximate<ZeroConcentratedDivergence>",
    )
    neighbours = (each, math.sqrt(each), 1.0)
    spent, delta = dp.c.make_fix_delta(dp.c.make_zCDP_to_approxDP(measurement), 1e-6).map(neighbours)
    assert 0.9 * epsilon < spent <= epsilon
    assert delta <= 1e-6


def test_noise_has_the_stated_scale_and_is_a_discrete_gaussian() -> None:
    noise = Noise(scale=7.0, threshold=10)
    places, noised = release(np.full(4_000, 1_000), noise)
    errors = noised - 1_000
    assert len(places) == 4_000
    assert abs(errors.std() / noise.scale - 1) < 0.06  # five standard errors of a standard deviation
    assert abs(errors.mean()) < 5 * noise.scale / math.sqrt(4_000)
    within = np.mean(np.abs(errors) <= 7)  # 15 of the whole numbers: the normal's share within 7.5 / 7
    assert abs(within - math.erf(7.5 / 7 / math.sqrt(2))) < 0.04


def test_a_release_is_drawn_anew_each_time() -> None:
    counts, noise = np.full(50, 500), Noise(20.0, 10)
    assert release(counts, noise)[1].tolist() != release(counts, noise)[1].tolist()


def test_a_cell_of_one_person_is_not_released() -> None:
    places, _ = release(np.ones(20_000, np.int64), noise_for(1.0, 1e-6, 16))
    assert not len(places)


def test_no_cell_of_fewer_people_than_the_least_is_released() -> None:
    noise = noise_for(50.0, 1e-6, 1, least_people=40)
    places, noised = release(np.array([10, 30, 60, 90]), noise)
    assert noise.threshold == 40
    assert places.tolist() == [2, 3]
    assert (noised >= 40).all()


@pytest.mark.parametrize(("epsilon", "delta", "each"), [(0.0, 1e-6, 1), (1.0, 0.0, 1), (1.0, 1e-6, 0)])
def test_settings_without_a_privacy_guarantee_are_refused(epsilon: float, delta: float, each: int) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        noise_for(epsilon, delta, each)

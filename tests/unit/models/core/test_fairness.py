"""Exposure, its inequality, popularity lift, and groups compared at equal activity: each checked by its definition."""

import numpy as np
import pytest

from models.core.fairness import (
    activity_bands,
    exposure_of,
    gini,
    matched_means,
    popularity_lift,
    selection_ratios,
    tail_of,
)

RNG = np.random.default_rng(0)


def test_exposure_is_what_ndcg_gives_a_place():
    codes = np.array([[2, 0], [2, -1]])
    np.testing.assert_allclose(exposure_of(codes, 4), [1 / np.log2(3), 0, 2, 0])


def test_gini_is_half_the_mean_difference_over_the_mean():
    values = RNG.random(40)
    pairs = np.abs(values[:, None] - values).mean()
    assert gini(values) == pytest.approx(pairs / 2 / values.mean())
    assert gini(np.ones(5)) == pytest.approx(0)
    assert gini(np.array([0.0, 0, 0, 1])) == pytest.approx(0.75)
    assert gini(np.zeros(3)) == 0
    assert gini(np.zeros(0)) == 0


def test_lift_is_zero_where_lists_show_what_people_buy():
    sales = RNG.integers(0, 9, 30).astype(float)
    assert popularity_lift(sales * 3, sales) == pytest.approx(0)
    top = np.where(sales == sales.max(), 1.0, 0.0)
    assert popularity_lift(top, sales) > 0
    assert popularity_lift(np.zeros(30), sales) is None
    assert popularity_lift(sales, np.zeros(30)) is None


def test_the_tail_is_the_less_popular_part():
    assert tail_of(np.array([5.0, 1, 3, 2, 4])).tolist() == [False, True, False, True, False]
    assert tail_of(np.ones(10), 0.8).sum() == 8
    assert tail_of(np.zeros(0)).tolist() == []


def test_a_gap_that_is_all_activity_vanishes_when_activity_is_held_equal():
    n = 4000
    band = RNG.integers(0, 3, n)
    group = (RNG.random(n) < np.array([0.2, 0.5, 0.8])[band]).astype(int)
    values = band * 0.2 + RNG.random(n) * 0.1
    inactive, active = matched_means(values, group, band, 10)
    assert values[group == 1].mean() - values[group == 0].mean() > 0.1
    assert abs(inactive.mean - active.mean) < 0.01
    assert inactive.low < inactive.mean < inactive.high


def test_a_group_without_a_match_in_a_band_has_no_figure():
    band, group = np.array([0, 0, 1, 1, 0, 0]), np.array([0, 0, 0, 0, 1, 1])
    matched, unmatched = matched_means(np.arange(6.0), group, band, 2)
    assert np.isfinite(matched.mean)
    assert np.isnan(unmatched.mean)
    assert matched_means(np.zeros(0), np.zeros(0, int), np.zeros(0, int), 2) == []


def test_bands_hold_as_many_users_as_ties_allow():
    assert np.bincount(activity_bands(np.arange(9.0), 3)).tolist() == [3, 3, 3]
    assert activity_bands(np.ones(4), 3).tolist() == [0, 0, 0, 0]
    assert activity_bands(np.zeros(0), 3).tolist() == []


def test_a_ratio_compares_with_the_group_chosen_most():
    np.testing.assert_allclose(selection_ratios(np.array([0.2, np.nan, 0.4])), [0.5, np.nan, 1])
    assert np.isnan(selection_ratios(np.array([0.0, 0.0]))).all()
    assert np.isnan(selection_ratios(np.array([np.nan]))).all()

"""Confidence intervals: how often they contain the truth."""

from __future__ import annotations

import numpy as np
import pytest

from models.core.intervals import mean_interval, wilson_interval


def test_intervals_have_their_level():
    rng = np.random.default_rng(0)
    hits = rng.binomial(60, 0.05, 4000)
    low, high = wilson_interval(hits, np.full(4000, 60.0))
    assert np.mean((low <= 0.05) & (high >= 0.05)) == pytest.approx(0.95, abs=0.03)
    values = rng.gamma(2, 3, (4000, 60))
    mean, low, high = mean_interval(np.full(4000, 60.0), values.sum(1), (values**2).sum(1))
    assert mean == pytest.approx(values.mean(1))
    assert np.mean((low <= 6) & (high >= 6)) == pytest.approx(0.95, abs=0.03)
    assert np.isnan(mean_interval(np.array([1.0]), np.array([3.0]), np.array([9.0]))[1]).all()

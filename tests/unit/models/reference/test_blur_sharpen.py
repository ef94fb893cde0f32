"""Blur and sharpen: the battery, its formula compared with dense algebra, and what it refuses."""

import numpy as np
import pytest
from scipy.linalg import svd
from scipy.sparse import csr_matrix

from models.reference.blur_sharpen import Sharpening, SharpeningConfig
from tests.unit.models.recommenders.recommender_battery import ids, shop
from tests.unit.models.reference.graph_battery import GraphBattery


def fit(interest, **settings):
    return Sharpening.fit(SharpeningConfig(**settings), interest, ids("i", interest.shape[1]))


class TestSharpening(GraphBattery):
    model, config = Sharpening, SharpeningConfig(rank=2, time=1.0)


@pytest.mark.parametrize("time", [0.0, 2.5])
def test_scores_are_the_formula(time):
    dense = shop().toarray().astype(np.float64)
    root = [np.sqrt(np.maximum(dense.sum(axis=axis), 1)) for axis in (0, 1)]
    scaled = dense / root[1][:, None] / root[0]
    p, right = scaled.T @ scaled, svd(scaled)[2][:3].T
    y = dense @ p + 0.2 * (dense / root[0]) @ right @ right.T * root[0]

    def slope(x):
        return -x @ p

    one = slope(y)
    two = slope(y + time / 2 * one)
    three = slope(y + time / 2 * two)
    four = slope(y + time * three)
    expected = y + time / 6 * (one + 2 * two + 2 * three + four)
    np.testing.assert_allclose(fit(shop(), rank=3, time=time).score(shop()), expected, rtol=1e-3, atol=1e-4)


def test_a_rank_beyond_the_data_is_all_there_is():
    assert fit(shop(), rank=1000).vectors.shape == (40, 40)


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(ValueError, match="without users"):
        fit(csr_matrix((0, 3), dtype=np.float32))
    with pytest.raises(ValueError, match="rows of 39 items, the graph has 40"):
        fit(shop()).recommend(shop()[:, :39], 3)


@pytest.mark.parametrize("settings", [{"rank": 0}, {"low_pass": -0.1}, {"time": float("nan")}])
def test_settings_that_mean_nothing_are_refused(settings):
    with pytest.raises(ValueError, match="must be"):
        SharpeningConfig(**settings)

"""The graph filter: the battery, its formula against a dense one, and what it refuses."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from models.core.top_k import DoesNotFit
from models.reference.graph_filter import GraphFilter, GraphFilterConfig
from tests.unit.models.recommenders.recommender_battery import (
    LearnsTaste,
    RecommenderBattery,
    ids,
    shop,
)


def fit(interest, **settings):
    return GraphFilter.fit(GraphFilterConfig(**settings), interest, ids("i", interest.shape[1]))


class TestGraphFilter(RecommenderBattery, LearnsTaste):
    def fit(self, interest):
        return fit(interest)

    def lists(self, model, interest, k, seen=None, allowed=None):
        return model.recommend(interest, k, seen, allowed)

    def reloaded(self, model, folder):
        model.save(folder)
        return GraphFilter.load(folder)


def test_similarity_is_the_formula():
    dense = (shop().toarray() > 0).astype(np.float64)
    by_user, by_item = np.maximum(dense.sum(axis=1), 1), np.maximum(dense.sum(axis=0), 1)
    scaled = dense * by_user[:, None] ** -0.3 * by_item**-0.4
    expected = scaled.T @ scaled
    np.fill_diagonal(expected, 0)
    found = fit(csr_matrix(dense), user_power=0.3, item_power=0.4).similarity.toarray()
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_only_the_strongest_links_are_kept():
    whole, short = fit(shop()).similarity.toarray(), fit(shop(), neighbours=5).similarity.toarray()
    assert ((short > 0).sum(axis=1) <= 5).all()
    for row in range(1, len(whole)):
        assert short[row].sum() == pytest.approx(np.sort(whole[row])[-5:].sum())


def test_cosine_is_one_of_its_settings():
    dense = (shop().toarray() > 0).astype(np.float64)[:, 1:]
    length = np.sqrt(dense.sum(axis=0))
    cosine = dense.T @ dense / np.outer(length, length)
    np.fill_diagonal(cosine, 0)
    found = fit(csr_matrix(dense), user_power=0, item_power=0.5).similarity.toarray()
    np.testing.assert_allclose(found, cosine, rtol=1e-5)


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
def test_weights_that_are_not_positive_numbers_are_refused(weight):
    interest = shop()
    interest.data[3] = weight
    with pytest.raises(ValueError, match="not finite and above 0"):
        fit(interest)


def test_ids_and_columns_must_agree():
    with pytest.raises(ValueError, match="the ids are of 39 items"):
        GraphFilter.fit(GraphFilterConfig(), shop(), ids("i", 39))


def test_too_little_memory_is_refused_with_numbers():
    with pytest.raises(DoesNotFit, match="one item's links need 640 bytes"):
        GraphFilter.fit(GraphFilterConfig(), shop(), ids("i", 40), memory_bytes=100)

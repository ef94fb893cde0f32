"""The graph filter: the battery, its formula compared with dense algebra, and what it refuses."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from models.core.memory import DoesNotFit
from models.reference.graph_filter import GraphFilter, GraphFilterConfig
from tests.unit.models.recommenders.recommender_battery import ids, shop
from tests.unit.models.reference.graph_battery import GraphBattery


def fit(interest, **settings):
    return GraphFilter.fit(GraphFilterConfig(**settings), interest, ids("i", interest.shape[1]))


class TestGraphFilter(GraphBattery):
    model, config = GraphFilter, GraphFilterConfig()


def test_similarity_is_the_formula():
    dense = (shop().toarray() > 0).astype(np.float64)
    by_user, by_item = np.maximum(dense.sum(axis=1), 1), np.maximum(dense.sum(axis=0), 1)
    scaled = dense * by_user[:, None] ** -0.3 * by_item**-0.4
    expected = scaled.T @ scaled
    np.fill_diagonal(expected, 0)
    similarity = fit(csr_matrix(dense), user_power=0.3, item_power=0.4).similarity.toarray()
    np.testing.assert_allclose(similarity, expected, rtol=1e-5)


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
    similarity = fit(csr_matrix(dense), user_power=0, item_power=0.5).similarity.toarray()
    np.testing.assert_allclose(similarity, cosine, rtol=1e-5)


def test_too_little_memory_is_refused_with_numbers():
    with pytest.raises(DoesNotFit, match="one item's links need 640 bytes"):
        GraphFilter.fit(GraphFilterConfig(), shop(), ids("i", 40), memory_bytes=100)

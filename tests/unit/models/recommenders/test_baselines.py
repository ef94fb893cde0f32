"""Baselines: the battery, and each compared with a few lines of dense numpy."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from models.core.memory import DoesNotFit
from models.recommenders.baselines import (
    buy_again,
    item_item,
    popular,
    popularity,
)
from models.reference.block_ranking import from_neighbours
from tests.unit.models.recommenders.recommender_battery import (
    LearnsTaste,
    RecommenderBattery,
    shop,
)


class TestPopular(RecommenderBattery):
    def fit(self, interest):
        return interest

    def lists(self, model, interest, k, seen=None, allowed=None):
        return popular(model, interest.shape[0], k, seen, allowed)


class TestItemItem(RecommenderBattery, LearnsTaste):
    def fit(self, interest):
        return item_item(interest, 10)

    def lists(self, model, interest, k, seen=None, allowed=None):
        return from_neighbours(interest, model, k, seen, allowed)


def test_popularity_is_the_sum_of_interest():
    interest = csr_matrix(np.array([[1, 0, 2], [1, 0, 0]], np.float32))
    ranking, weight = popularity(interest)
    assert ranking.tolist() == [0, 2, 1]
    assert weight.tolist() == [2, 0, 2]


def test_popular_scores_are_the_weights():
    codes, scores = popular(shop(), 3, 10)
    weight = np.asarray(shop().sum(axis=0)).ravel()
    np.testing.assert_array_equal(scores, weight[codes])
    np.testing.assert_array_equal(codes[0], np.argsort(-weight, kind="stable")[:10])


def test_item_item_is_the_cosine_over_users():
    dense = shop().toarray()
    length = np.linalg.norm(dense, axis=0)
    cosine = dense.T @ dense / np.maximum(np.outer(length, length), 1e-9)
    np.fill_diagonal(cosine, 0)
    np.testing.assert_allclose(item_item(shop(), 40).toarray(), cosine, atol=1e-6)


def test_item_item_keeps_the_nearest():
    full, few = item_item(shop(), 40).toarray(), item_item(shop(), 4)
    assert np.diff(few.indptr).max() == 4
    for item in range(1, 40):
        np.testing.assert_allclose(np.sort(few[item].data), np.sort(full[item])[-4:], atol=1e-6)


def test_from_neighbours_sums_similarities():
    similarity = item_item(shop(), 10)
    codes, scores = from_neighbours(shop(), similarity, 5)
    dense = shop().toarray() @ similarity.toarray()
    np.testing.assert_allclose(scores, -np.sort(-dense, axis=1)[:, :5], rtol=1e-5)
    np.testing.assert_allclose(scores, np.take_along_axis(dense, codes.astype(int), axis=1), rtol=1e-5)


def test_buy_again_gives_the_user_its_own_items():
    interest = csr_matrix(np.array([[1, 0, 2, 2], [0, 0, 0, 0]], np.float32))
    codes, scores = buy_again(interest, 4)
    assert codes.tolist() == [[2, 3, 0, -1], [-1] * 4]
    assert scores[0].tolist() == [2, 2, 1, -np.inf]
    assert buy_again(interest, 2, np.array([True, True, False, True]))[0].tolist() == [[3, 0], [-1, -1]]


def test_lists_do_not_depend_on_the_block():
    similarity = item_item(shop(), 10)
    at_once = from_neighbours(shop(), similarity, 5, shop())
    by_three = from_neighbours(shop(), similarity, 5, shop(), memory_bytes=40 * 40 * 3)
    assert at_once[1].tobytes() == by_three[1].tobytes()
    assert at_once[0].tobytes() == by_three[0].tobytes()


def test_a_budget_below_one_user_is_refused():
    with pytest.raises(DoesNotFit, match="scores of one user need 1,600 bytes"):
        from_neighbours(shop(), item_item(shop(), 10), 5, memory_bytes=100)

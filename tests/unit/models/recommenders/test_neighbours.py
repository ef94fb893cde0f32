"""Neighbours, co-visitation and trending: the battery if it applies, and each on a few planted events."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from models.recommenders.baselines import item_item
from models.recommenders.buy_again import Rebuy, RebuyConfig
from models.recommenders.neighbours import (
    UserNeighbours,
    best_of_all,
    bm25,
    covisitation,
    related,
    top_sparse,
    trending,
)
from models.reference.block_ranking import from_neighbours
from tests.unit.models.recommenders.recommender_battery import (
    LearnsTaste,
    RecommenderBattery,
    shop,
)

TWO = {"window": 1.0, "half_life": 10.0, "neighbours": 5}


class TestBM25(RecommenderBattery, LearnsTaste):
    def fit(self, interest):
        return item_item(bm25(interest), 10)

    def lists(self, model, interest, k, seen=None, allowed=None):
        return from_neighbours(interest, model, k, seen, allowed)


def events(*rows):
    """(user, item, weight, time) arrays of rows (user, item, time)."""
    user, item, time = (np.array(column) for column in zip(*rows, strict=True))
    return user.astype(np.int32), item.astype(np.int32), np.ones(len(user), np.float32), time.astype(np.float64)


def together(*rows, now=10.0, items=4, **settings):
    return covisitation(*events(*rows), items, now=now, **(TWO | settings)).toarray()


def test_bm25_prefers_the_rarer_of_two_items():
    weighted = bm25(csr_matrix(np.array([[1, 1], [1, 0], [1, 0]], np.float32)))
    assert weighted[0, 1] > weighted[0, 0] > 0


def test_user_user_gives_what_alike_users_have_and_never_counts_oneself():
    interest = csr_matrix(np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 1]], np.float32))
    codes, scores = UserNeighbours.fit(interest).recommend(np.array([0, 2]), 1, 3)
    assert codes.tolist() == [[0, 1, 2], [-1, -1, -1]]
    np.testing.assert_allclose(scores[0], 2 / np.sqrt(6), rtol=1e-6)


def test_user_user_finds_the_taste():
    interest = shop(300, 60)
    codes, _ = UserNeighbours.fit(interest).recommend(np.arange(2, 300), 20, 5)
    assert ((codes + np.arange(2, 300)[:, None]) % 2 == 0).mean() > 0.9


def test_related_lists_what_from_neighbours_lists_without_the_unrelated():
    similarity = item_item(shop(), 10)
    dense, thin = from_neighbours(shop(), similarity, 8), related(shop(), similarity, 8)
    is_listed = dense[1] > 0
    np.testing.assert_array_equal(thin[0][is_listed], dense[0][is_listed])
    np.testing.assert_allclose(thin[1][is_listed], dense[1][is_listed], rtol=1e-6)
    assert (thin[0][~is_listed] == -1).all()


def test_a_visit_relates_what_it_holds_and_another_visit_does_not():
    counts = together((0, 0, 1.0), (0, 1, 1.5), (0, 2, 5.0), (1, 3, 1.0))
    assert counts[0, 1] == counts[1, 0] > 0
    assert np.count_nonzero(counts) == 2


def test_recent_visits_and_near_events_count_more():
    counts = together((0, 0, 1.0), (0, 1, 1.0), (1, 2, 9.0), (1, 3, 9.0), popularity_power=0.0)
    assert counts[2, 3] == pytest.approx(counts[0, 1] * 2**0.8)
    counts = together((0, 0, 1.0), (0, 1, 1.0), (1, 2, 0.0), (1, 3, 1.0), popularity_power=0.0)
    assert counts[0, 1] == pytest.approx(2 * counts[2, 3])


def test_covisitation_does_not_depend_on_the_order_of_users():
    rows = [(0, 0, 1.0), (0, 1, 1.5), (1, 1, 2.0), (1, 2, 2.5)]
    np.testing.assert_allclose(together(*rows), together(*rows[2:], *rows[:2]), rtol=1e-6)


def test_no_events_relate_nothing():
    empty = covisitation(*(np.empty(0, kind) for kind in (np.int32, np.int32, np.float32, float)), 3, now=1.0, **TWO)
    assert empty.shape == (3, 3)
    assert not empty.nnz


def test_what_lies_after_now_is_refused():
    with pytest.raises(ValueError, match=r"an event at day 11.0 lies after now, 10.0: cut the log first"):
        together((0, 0, 11.0))
    with pytest.raises(ValueError, match="lies after now"):
        trending(*(events((0, 0, 11.0))[part] for part in (1, 2, 3)), 2, now=10.0, short=1.0, long=5.0)
    rebuy = Rebuy.fit(RebuyConfig(), *(events((0, 0, 11.0))[part] for part in (0, 1, 3)), (1, 1))
    with pytest.raises(ValueError, match=r"a purchase at day 11.0 lies after now"):
        rebuy.due(10.0)


@pytest.mark.parametrize("bad", [-1.0, 0.0, np.nan, np.inf])
def test_weights_that_are_no_interest_are_refused(bad):
    user, item, weight, time = events((0, 0, 1.0), (0, 1, 1.0))
    weight[1] = bad
    with pytest.raises(ValueError, match="1 of 2 weights are not finite and above 0"):
        covisitation(user, item, weight, time, 2, now=2.0, **TWO)
    interest = csr_matrix((weight, (user, item)), shape=(1, 2))
    for refuse in (bm25, UserNeighbours.fit):
        with pytest.raises(ValueError, match="weights are not finite and above 0"):
            refuse(interest)


def test_duplicates_are_refused():
    doubled = csr_matrix((np.ones(2, np.float32), np.array([1, 1]), np.array([0, 2])), shape=(1, 3))
    with pytest.raises(ValueError, match="duplicate or unsorted"):
        bm25(doubled)


def test_k_outside_the_catalogue_is_refused():
    for k in (0, 3):
        with pytest.raises(ValueError, match=f"k={k} is not in 1..2"):
            best_of_all(np.ones(2, np.float32), 1, k)
        with pytest.raises(ValueError, match=f"k={k} is not in 1..2"):
            UserNeighbours.fit(csr_matrix(np.ones((1, 2), np.float32))).recommend(np.array([0]), 1, k)


def test_ties_go_to_the_lower_code_and_zeros_are_not_listed():
    codes, scores = top_sparse(csr_matrix(np.array([[1, 2, 2, 0]], np.float32)), 4)
    assert codes.tolist() == [[1, 2, 0, -1]]
    assert scores[0].tolist() == [2, 2, 1, -np.inf]
    assert top_sparse(csr_matrix(np.ones((1, 3))), 2, np.array([False, True, False]))[0].tolist() == [[1, -1]]


def test_what_rises_trends_above_what_always_sold_as_much():
    steady = [(0, 0, day) for day in range(0, 100, 2)]
    risen = [(0, 1, day) for day in (*range(90, 100), *range(90, 100))]
    _, item, weight, time = events(*steady, *risen)
    trend = trending(item, weight, time, 3, now=100.0, short=7.0, long=60.0)
    assert trend[1] > trend[0] > trend[2] == 0
    with pytest.raises(ValueError, match="short must be above 0 and below long"):
        trending(item, weight, time, 3, now=100.0, short=60.0, long=60.0)

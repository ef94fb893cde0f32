"""Metric definitions against values computed by hand."""

import math

import numpy as np
import pytest
from scipy.sparse import csr_array

from models.core.list_metrics import bootstrap_interval, refuse_overlap, score_lists


def truth_of(*relevant, items=10):
    rows = np.repeat(np.arange(len(relevant)), [len(r) for r in relevant])
    return csr_array((np.ones(len(rows)), (rows, np.concatenate(relevant))), shape=(len(relevant), items))


def test_metrics_equal_values_computed_by_hand():
    scores = score_lists(np.array([[4, 7, 1, 9]]), truth_of([1, 4, 5]), 4)  # hits at ranks 1 and 3 of 3 relevant
    ideal = 1 + 1 / math.log2(3) + 1 / 2
    wanted = {
        "recall@4": 2 / 3,
        "hr@4": 1,
        "precision@4": 2 / 4,
        "mrr@4": 1,
        "ndcg@4": (1 + 1 / 2) / ideal,
        "map@4": (1 + 2 / 3) / 3,
    }
    assert {name: value[0] for name, value in scores.items()} == pytest.approx(wanted)


def test_only_the_first_k_places_count_and_ideal_stops_at_k():
    scores = score_lists(np.array([[0, 1, 2, 3]]), truth_of([1, 2, 3]), 2)
    assert scores["recall@2"][0] == pytest.approx(1 / 3)
    assert scores["mrr@2"][0] == pytest.approx(1 / 2)
    assert scores["ndcg@2"][0] == pytest.approx((1 / math.log2(3)) / (1 + 1 / math.log2(3)))
    assert scores["map@2"][0] == pytest.approx((1 / 2) / 2)


def test_a_perfect_list_scores_one():
    scores = score_lists(np.array([[3, 1]]), truth_of([1, 3]), 2)
    assert {float(value[0]) for value in scores.values()} == {1.0}


def test_a_user_without_a_list_counts_zero():
    scores = score_lists(np.array([[-1, -1], [2, -1]]), truth_of([9], [2]), 2)
    assert all(value[0] == 0 for value in scores.values())
    assert scores["precision@2"][1] == 0.5


def test_users_are_scored_independently():
    rng = np.random.default_rng(0)
    lists = np.array([rng.permutation(30)[:8] for _ in range(20)])
    truth = truth_of(*[rng.permutation(30)[: 1 + n % 9] for n in range(20)], items=30)
    together = score_lists(lists, truth, 8)
    for user in range(20):
        alone = score_lists(lists[[user]], truth[[user]], 8)
        assert {name: value[user] for name, value in together.items()} == {name: v[0] for name, v in alone.items()}


def test_a_user_without_truth_is_refused():
    with pytest.raises(ValueError, match="1 of 2 users have no truth"):
        score_lists(np.zeros((2, 1), int), truth_of([1], []), 1)


@pytest.mark.parametrize(
    ("lists", "k", "message"),
    [
        ([[1, 2]], 3, "do not fit k=3"),
        ([[1, 10]], 2, "outside -1..9"),
        ([[-2, 1]], 2, "outside -1..9"),
        ([[1, 1]], 2, "1 of 1 lists hold an item twice"),
        ([[1], [2]], 1, "do not fit"),
    ],
)
def test_lists_that_mean_nothing_are_refused(lists, k, message):
    with pytest.raises(ValueError, match=message):
        score_lists(np.array(lists), truth_of([1]), k)


def test_interval_is_that_of_the_mean():
    values = np.random.default_rng(0).random(4000)
    mean, low, high = bootstrap_interval(values, seed=1)
    error = 1.96 * values.std() / math.sqrt(len(values))
    assert mean == pytest.approx(values.mean())
    assert (low, high) == pytest.approx((mean - error, mean + error), abs=error / 5)


def test_the_interval_equals_that_of_drawing_users():
    values = (np.random.default_rng(0).random(500) < 0.1).astype(float)
    drawn = values[np.random.default_rng(1).integers(0, 500, (4000, 500))].mean(axis=1)
    assert bootstrap_interval(values, 2, 4000)[1:] == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.005)


def test_interval_depends_on_the_seed_alone():
    values = np.random.default_rng(0).random(300)
    assert bootstrap_interval(values, 1) == bootstrap_interval(values, 1)
    assert bootstrap_interval(values, 1) != bootstrap_interval(values, 2)


@pytest.mark.parametrize("values", [[], [0.1, np.nan]])
def test_interval_of_nothing_is_refused(values):
    with pytest.raises(ValueError, match="non-empty vector without NaN"):
        bootstrap_interval(np.array(values), 1)


def test_leakage_is_refused_with_numbers():
    refuse_overlap(truth_of([1, 2], [3]), truth_of([3], [1]))
    with pytest.raises(ValueError, match=r"1 of 2 truth pairs, of 1 users.*user code 1, item code 3"):
        refuse_overlap(truth_of([1, 2], [3]), truth_of([4], [3]))

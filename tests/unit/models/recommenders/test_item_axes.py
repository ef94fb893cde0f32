"""First vectors of items: near the items that are close to them in users' sequences."""

import numpy as np

from models.recommenders.item_axes import DENSE_ITEMS, item_axes
from tests.unit.models.recommenders.test_sequence_model import of

GROUP = 10


def grouped(groups, seed=0):
    """Users, each with five items of one group of ten."""
    draw = np.random.default_rng(seed)
    users = range(20 * groups)
    return of(*(draw.choice(GROUP, 5, replace=False) + GROUP * (user % groups) for user in users))


def nearness(groups, dim):
    """(mean product of two items of the same group, mean product of items of different groups)."""
    axes = item_axes(grouped(groups), GROUP * groups, dim)
    products = axes @ axes.T
    same = np.arange(GROUP * groups) // GROUP
    same = same[:, None] == same
    return products[same & ~np.eye(len(same), dtype=bool)].mean(), np.abs(products[~same]).mean()


def test_items_of_one_group_are_near_in_a_small_and_in_a_large_catalogue():
    for groups in (5, DENSE_ITEMS // GROUP + 5):
        within, between = nearness(groups, dim=groups)
        assert within > 10 * between


def test_the_same_sequences_give_the_same_axes():
    groups = DENSE_ITEMS // GROUP + 5
    first, again = (item_axes(grouped(groups), GROUP * groups, 16) for _ in range(2))
    assert np.array_equal(first, again)


def test_rows_are_of_one_size_on_average_and_items_without_pairs_have_none():
    axes = item_axes(of([0, 1, 2], [1, 0], [3]), 5, 8)
    assert axes.shape == (5, 8)
    assert np.isclose((axes**2).mean(), 1)
    assert np.abs(axes[3:]).max() < 1e-6
    assert not item_axes(of([0], [1]), 2, 4).any()


def test_of_a_long_log_every_second_users_pairs_are_counted(monkeypatch):
    monkeypatch.setattr("models.recommenders.item_axes.MOST_EVENTS", 5)
    axes = item_axes(of([0, 1], [2, 3], [1, 0], [3, 2]), 4, 2)
    assert np.abs(axes[:2]).max() > 0.1
    assert np.abs(axes[2:]).max() < 1e-6

"""Buy again: an item's own interval between purchases, shrunk towards the shop's."""

import numpy as np
import pytest

from models.recommenders.buy_again import Rebuy, RebuyConfig
from tests.unit.models.recommenders.test_neighbours import events


def rebuy(*rows, items=4):
    user, item, _, time = events(*rows)
    return Rebuy.fit(RebuyConfig(), user, item, time, (int(user.max()) + 1, items))


def test_an_item_is_most_due_when_its_own_interval_has_passed():
    weekly = [(user, 0, day) for user in range(40) for day in range(0, 71, 7)]
    model = rebuy(*weekly, (40, 0, 0.0))
    assert model.gap[0] == pytest.approx(7, rel=0.01)
    due = [model.due(70 + days)[0, 0] for days in (1, 3, 7, 15, 60)]
    assert np.argmax(due) == 2


def test_items_with_no_repeats_back_off_to_the_shops_interval():
    model = rebuy(*[(user, 0, day) for user in range(20) for day in (0, 14)], (0, 1, 3.0))
    assert model.gap[1] == pytest.approx(14)
    assert model.rate[0] > model.rate[1] > 0


def test_buy_again_lists_the_users_own_purchases_only():
    model = rebuy((0, 0, 1), (0, 2, 1), (1, 1, 1))
    codes, scores = model.recommend(np.array([0, 1]), 5.0, 3)
    assert codes.tolist() == [[0, 2, -1], [1, -1, -1]]
    assert (np.diff(scores[0][:2]) <= 0).all()

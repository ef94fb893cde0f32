"""Features of a customer at one point in time."""

import numpy as np
import pytest

from models.core.shop_log import KINDS, ShopLog
from models.customers.customer_features import chance_of, customers_at, origins, will_buy
from models.customers.lifetime_value import BGNBD, NotEnoughData, Purchases

MODEL = BGNBD(0.9, 30.0, 0.8, 2.5)


def log_of(*events, users=3):
    """Events (user, day, kind), each of item 0 at a price of 2."""
    user, day, kind = zip(*events, strict=True)
    n = len(events)
    kinds = np.array([KINDS.index(name) for name in kind], np.int8)
    return ShopLog(np.array(user, np.int32), np.zeros(n, np.int32), kinds, np.array(day, float),
                   np.full(n, 2, np.float32), users, 1)  # fmt: skip


LOG = log_of((0, 1.5, "purchase"), (1, 2.0, "view"), (0, 11.5, "purchase"), (2, 40.2, "purchase"), (0, 41.0, "view"))


def test_only_earlier_events_are_used():
    now = customers_at(LOG, 40.0, MODEL)
    cut = customers_at(LOG.between(0, 40), 40.0, MODEL)
    assert now.users.tolist() == [0]  # user 1 only looked, user 2 came later
    np.testing.assert_array_equal(now.features, cut.features)
    assert will_buy(LOG, now, 28).tolist() == [False]
    assert will_buy(LOG, customers_at(LOG, 5.0, MODEL), 28).tolist() == [True]


def test_features_say_what_their_names_say():
    known = customers_at(LOG, 45.0, MODEL)
    row = dict(zip(known.names, known.features[0], strict=True))
    assert np.expm1(row["recency"]) == pytest.approx(34)
    assert np.expm1(row["gap"]) == pytest.approx(10)
    assert row["overdue"] == pytest.approx(3.4)
    assert np.expm1(row["visits_56"]) == pytest.approx(2)
    assert row["visits_7"] == 0
    assert np.expm1(row["spent"]) == pytest.approx(4)
    assert np.expm1(row["looks_7"]) == pytest.approx(1)


def test_a_probability_is_that_of_at_least_one_purchase():
    rng = np.random.default_rng(0)
    n = 200_000
    rate, leaves = rng.gamma(MODEL.r, 1 / MODEL.alpha, n), rng.beta(MODEL.a, MODEL.b, n)
    nobody_yet = Purchases(np.zeros(1), np.zeros(1), np.zeros(1), np.array([np.nan]))
    assert chance_of(MODEL, nobody_yet, 28.0)[0] == pytest.approx((rng.exponential(1 / rate) < 28).mean(), abs=0.005)
    assert leaves.mean() < 1


def test_origins_leave_room_to_learn_and_to_look_ahead():
    assert origins(0.0, 140.0, 28.0, 10) == [112.0, 84.0, 56.0]
    with pytest.raises(NotEnoughData, match="139 days of purchases; 140 are needed"):
        origins(0.0, 139.0, 28.0, 10)
    with pytest.raises(NotEnoughData, match="nobody bought"):
        customers_at(LOG, 1.0, None)

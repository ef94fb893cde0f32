"""Training sets at earlier times have the data that a night had at that time: nothing later, nothing further back."""

import numpy as np
import pytest

from models.core.shop_log import KINDS, PURCHASE, ShopLog
from models.customers.category_features import level_of, pairs_at, popularity
from models.customers.customer_features import customers_at
from models.customers.lifetime_value import BGNBD, NotEnoughData
from models.customers.training_moments import (
    Question,
    categories_at,
    moment_at,
    money_at,
    money_judged,
    training_set_at,
    training_sets,
)

BUYS, LAPSES = Question("buys_7d", "buys", 7.0), Question("lapses", "lapses", 28.0)
CATEGORY = Question("category", "category", 28.0)


def shop(users=300, days=200, price=3.0, seed=0):
    """Customers with different rates; each buys in one favourite of four categories, or in any."""
    rng = np.random.default_rng(seed)
    count = rng.poisson(rng.gamma(1.0, 8.0, users) + 1)
    user = np.repeat(np.arange(users), count)
    item = np.where(rng.random(len(user)) < 0.7, user % 4, rng.integers(0, 4, len(user)))
    return ShopLog(user.astype(np.int32), item.astype(np.int32), np.full(len(user), PURCHASE, np.int8),
                   rng.uniform(0, days, len(user)), np.full(len(user), price, np.float32), users, 4)  # fmt: skip


ITEMS = np.arange(4, dtype=np.int32)


def test_features_at_an_earlier_time_equal_those_of_that_night():
    log, then = shop(), 150.0
    teaching = moment_at(log, then, 100.0, 10_000)
    that_night = moment_at(log.between(then - 100, then), then, 100.0, 10_000)
    np.testing.assert_array_equal(teaching.customers.users, that_night.customers.users)
    np.testing.assert_array_equal(teaching.customers.features, that_night.customers.features)
    assert teaching.model == that_night.model
    known = categories_at(CATEGORY, log, teaching, ITEMS, 100.0)
    then_known = categories_at(CATEGORY, log.between(then - 100, then), that_night, ITEMS, 100.0)
    np.testing.assert_array_equal(known.training_set.features, then_known.training_set.features)
    assert known.training_set.truth.any()
    assert not then_known.training_set.truth.any()


def test_lapsing_is_not_buying():
    log = shop()
    moment = moment_at(log, 150.0, 365.0, 10_000)
    buys, lapses = (training_set_at(Question("", asks, 28.0), log, moment) for asks in ("buys", "lapses"))
    np.testing.assert_array_equal(buys.truth, ~lapses.truth)
    np.testing.assert_allclose(buys.simple["bg_nbd"], 1 - lapses.simple["bg_nbd"])
    assert buys.baseline == lapses.baseline == "recency"


def test_windows_of_moments_never_reach_into_one_another():
    sets = training_sets(BUYS, shop(), 200.0, 365.0, 4, 2, 10_000)
    assert len(sets) == 4
    assert [len(training_sets(LAPSES, shop(), 200.0, 365.0, 9, 2, 10_000))] == [5]


def test_with_too_little_data_the_error_says_how_much_is_needed():
    with pytest.raises(NotEnoughData, match="20 days of purchases; 28 are needed to look 7 days ahead"):
        training_sets(BUYS, shop(days=20).between(0, 20), 20.0, 365.0, 8, 2, 10_000)
    with pytest.raises(NotEnoughData, match="customers bought again"):
        training_sets(BUYS, shop(users=20), 200.0, 365.0, 8, 2, 10_000)
    with pytest.raises(NotEnoughData, match="nobody bought"):
        training_sets(BUYS, shop().between(-1, -1), 200.0, 365.0, 8, 2, 10_000)
    with pytest.raises(NotEnoughData, match="no attribute"):
        training_sets(CATEGORY, shop(), 200.0, 365.0, 8, 2, 10_000, None)


def test_money_is_expected_days_times_their_worth_and_unknown_without_prices():
    log = shop()
    moment = moment_at(log, 200.0, 365.0, 10_000)
    bought, spent = money_at(moment, 28.0, 10_000)
    came_again = moment.customers.seen.x > 0
    worth = (spent / bought)[came_again]
    assert (np.abs(worth - 3) < 1.5).all()
    assert np.isnan(money_at(moment, 28.0, 10_000, known=False)[1]).all()
    silent = moment_at(shop(price=np.nan), 200.0, 365.0, 10_000)
    assert np.isnan(money_at(silent, 28.0, 10_000)[1]).all()
    assert np.isfinite(silent.customers.features).all()
    judged = money_judged(log, 200.0, 28.0, 365.0, 10_000)
    assert judged["purchases"]["expected"] == pytest.approx(judged["purchases"]["came"], rel=0.25)
    assert "not_enough_data" in money_judged(log, 40.0, 28.0, 365.0, 10_000)


def few(*events):
    """(user, item, day, kind)."""
    user, item, day, kind = zip(*events, strict=True)
    kinds = np.array([KINDS.index(name) for name in kind], np.int8)
    return ShopLog(np.array(user, np.int32), np.array(item, np.int32), kinds, np.array(day, float),
                   np.full(len(user), 2, np.float32), 3, 4)  # fmt: skip


LOG = few(
    (0, 0, 1.5, "purchase"),
    (0, 0, 11.5, "purchase"),
    (0, 1, 11.5, "purchase"),
    (1, 2, 20.0, "purchase"),
    (0, 3, 39.0, "view"),
    (2, 3, 41.0, "purchase"),
    (0, 1, 45.0, "purchase"),
    (1, 3, 50.0, "purchase"),
)


def test_a_pair_says_what_the_customer_did_in_the_category():
    customers = customers_at(LOG, 40.0, BGNBD(0.9, 30.0, 0.8, 2.5))
    popular = popularity(LOG, ITEMS, 40.0)
    np.testing.assert_allclose(popular, [0, 0, 1, 0])  # within 28 days user 1 alone bought
    pairs = pairs_at(LOG, ITEMS, popular, customers, 28.0, common=1)
    named = [(int(customers.users[row]), int(code)) for row, code in zip(pairs.customer, pairs.category, strict=True)]
    assert named == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 2)]  # bought, bought, popular, looked at; bought
    assert pairs.training_set.truth.tolist() == [False, True, False, False, False]
    assert pairs.training_set.coverage == 0.5  # nobody asked whether user 1 would buy of 3
    row = dict(zip(pairs.training_set.names, pairs.training_set.features[0], strict=True))
    assert np.expm1(row["own"]) == pytest.approx(2)
    assert row["own_share"] == pytest.approx(2 / 3)
    assert np.expm1(row["since"]) == pytest.approx(29)
    assert row["overdue"] == pytest.approx(2.9)
    assert row["own_28"] == 0
    assert np.expm1(pairs.training_set.features[3][pairs.training_set.names.index("looks_28")]) == pytest.approx(1)


def test_the_level_that_tells_most_apart_within_the_limit():
    fine, coarse, one = (np.arange(50, dtype=np.int32) % n for n in (40, 5, 1))
    assert level_of({"fine": fine, "coarse": coarse, "one": one}, 100) == "fine"
    assert level_of({"fine": fine, "coarse": coarse, "one": one}, 39) == "coarse"
    assert level_of({"one": one}, 39) is None
    assert level_of({}, 39) is None

"""Sources that take in the events since the night: users are updated as in a new fit, items stay unchanged."""

import numpy as np
import pytest

from models.core.shop_log import ShopLog
from models.ranking.candidate_sources import Sources, SourcesConfig
from models.ranking.intraday import refreshed
from models.recommenders.als import ALS, ALSConfig

USERS, ITEMS, HALF_LIFE = 40, 30, 60.0
CONFIG = SourcesConfig(candidates=10, neighbours=5, als=ALSConfig(factors=4, threads=1))


@pytest.fixture(scope="module")
def log():
    rng = np.random.default_rng(0)
    n = 600
    return ShopLog(
        user=rng.integers(0, USERS, n).astype(np.int32),
        item=rng.integers(0, ITEMS, n).astype(np.int32),
        kind=rng.choice([0, 3, 4], n, p=[0.6, 0.35, 0.05]).astype(np.int8),
        time=np.sort(rng.uniform(0, 30, n)),
        price=np.ones(n, np.float32),
        n_users=USERS,
        n_items=ITEMS,
    )


@pytest.fixture(scope="module")
def night(log):
    return Sources.fit(CONFIG, log.between(0, 29).without_returned(), 29.0, 7.0)


def no_lstm(_):
    return None


def test_the_users_side_is_that_of_a_new_fit(log, night):
    now, _ = refreshed(night, log.between(29, 99), HALF_LIFE, no_lstm)
    new = Sources.fit(CONFIG, now.log, now.now, 7.0, (now.user_factors, now.item_factors))
    for name in ("long", "short", "due"):
        np.testing.assert_array_equal(getattr(now, name).toarray(), getattr(new, name).toarray())
    for name in ("start", "by_user"):
        np.testing.assert_array_equal(getattr(now, name), getattr(new, name))
    assert now.cosine is night.cosine
    assert now.item_factors is night.item_factors


def test_only_active_users_have_new_factors(log, night):
    now, users = refreshed(night, log.between(29, 99), HALF_LIFE, no_lstm)
    moved = np.flatnonzero((now.user_factors != night.user_factors).any(axis=1))
    assert 0 < len(users) < USERS
    np.testing.assert_array_equal(moved, users)


def test_folding_in_equals_the_last_step_of_a_fit(log):
    interest = log.without_returned().interest(CONFIG.weights, HALF_LIFE, 30.0)
    names = [np.array([f"{kind}{code:03d}" for code in range(n)]) for kind, n in (("u", USERS), ("i", ITEMS))]
    model = ALS.fit(CONFIG.als, interest, *names)
    folded = ALS.fold_in(CONFIG.als, interest[5:9], model.item_factors)
    assert folded.tobytes() == model.user_factors[5:9].tobytes()


def test_events_before_the_nights_end_are_refused(log, night):
    with pytest.raises(ValueError, match="none before 29"):
        refreshed(night, log.between(28, 99), HALF_LIFE, no_lstm)
    with pytest.raises(ValueError, match="0 events"):
        refreshed(night, log.between(99, 100), HALF_LIFE, no_lstm)

"""The shop log: returns, interest, which events are the truth, and what it refuses."""

import numpy as np
import pytest

from models.core.shop_log import KINDS, EventWeights, ShopLog, truth_kind, truth_span


def log(*rows, users=3, items=4):
    """A log of rows (user, item, kind, time)."""
    user, item, kind, time = zip(*rows, strict=True)
    codes = [np.array(part, np.int32) for part in (user, item)]
    kinds = np.array([KINDS.index(name) for name in kind], np.int8)
    return ShopLog(*codes, kinds, np.array(time, float), np.full(len(user), np.nan, np.float32), users, items)


def test_a_return_takes_back_the_latest_purchase_before_it():
    without_returns = log(
        (0, 0, "purchase", 1), (0, 0, "purchase", 2), (0, 0, "return", 3), (0, 0, "purchase", 4), (1, 0, "return", 4)
    ).without_returned()
    assert without_returns.time.tolist() == [1, 4]


def test_a_purchase_outweighs_views_and_both_fade():
    interest = log((0, 0, "view", 10), (0, 1, "purchase", 10), (0, 2, "purchase", 0)).interest(EventWeights(), 10, 10)
    np.testing.assert_allclose(interest[0].toarray(), [[0.1, 1, 0.5, 0]], rtol=1e-6)
    with pytest.raises(ValueError, match="lies after now"):
        log((0, 0, "view", 10)).interest(EventWeights(), 10, 9)


def test_the_last_week_is_truth_or_the_last_seventh():
    assert truth_span(log((0, 0, "view", 0.5), (0, 0, "view", 100.5))) == pytest.approx((93.5, 7))
    assert truth_span(log((0, 0, "view", 0), (0, 0, "view", 6))) == (6, 1)
    with pytest.raises(ValueError, match="cannot be cut in two"):
        truth_span(log((0, 0, "view", 0)))


def test_truth_is_the_purchases_where_there_are_any():
    assert KINDS[truth_kind(log((0, 0, "view", 0), (0, 0, "purchase", 1)))] == "purchase"
    assert KINDS[truth_kind(log((0, 0, "view", 0), (0, 0, "cart", 1), (0, 0, "return", 2)))] == "cart"


def test_a_log_that_does_not_fit_together_is_refused():
    with pytest.raises(ValueError, match=r"item codes span 0..4, allowed are 0..3"):
        log((0, 0, "view", 0), (0, 4, "view", 0))
    with pytest.raises(ValueError, match="1 of 2 events have no time"):
        log((0, 0, "view", 0), (0, 1, "view", np.nan))
    with pytest.raises(ValueError, match="event weights must be above 0 and finite"):
        EventWeights(view=-1.0)

"""The value of an offer: expected margin and cost, and purchase rates measured in both arms."""

from __future__ import annotations

import numpy as np
import pytest

from models.offers.offer_value import buy_rates, expected_gain


def test_offers_to_people_who_would_buy_anyway_cost_money():
    with_offer, without = np.array([0.1, 0.2, 0.2]), np.array([0.1, 0.1, np.nan])
    gained, cost = expected_gain(with_offer, without, np.full(3, 50.0), np.full(3, 10.0))
    assert gained[:2] == pytest.approx([-1.0, 0.2 * 40 - 0.1 * 50])
    assert cost == pytest.approx([1.0, 2.0, 2.0])
    assert np.isnan(gained[2])


def test_two_rates_show_no_uplift_for_few_users_and_little_for_some():
    assert buy_rates((1000, 100), (50, 4), least=100, prior=50) is None
    same = buy_rates((1000, 100), (1000, 100), least=100, prior=50)
    assert same == pytest.approx((0.1, 0.1))
    few, many = (buy_rates((n, n // 5), (n, n // 10), least=100, prior=100) for n in (100, 100_000))
    assert few is not None
    assert many is not None
    assert 0 < few[0] - few[1] < many[0] - many[1] <= 0.1
    assert many == pytest.approx((0.2, 0.1), abs=0.001)
    with pytest.raises(ValueError, match="5 buyers of 4 users"):
        buy_rates((4, 5), (4, 1), least=1, prior=1)

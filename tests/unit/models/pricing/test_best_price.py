"""Best prices: what holds for every suggestion, Lerner's rule if no bound applies, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.pricing.best_price import (
    NO_ROOM,
    NOT_WORTH_IT,
    SUGGEST,
    ElasticityInterval,
    PricingConfig,
    gain_of,
    is_inelastic,
    price_endings,
    round_to,
    suggest,
)

WIDE = PricingConfig(max_cut=0.6, overstock_cut=0.6, max_rise=0.9, margin_floor=0.0, least_change=0.0)
CONFIGS = st.builds(
    PricingConfig,
    max_cut=st.floats(0, 0.25),
    max_rise=st.floats(0, 0.3),
    margin_floor=st.floats(0, 0.5),
    least_change=st.floats(0, 0.05),
    least_gain=st.floats(0, 0.02),
)
# (price, cost as a share of it, units a week, elasticity's mean, half its interval, weeks of cover, competitor's share)
ITEM = st.tuples(
    st.floats(0.5, 500),
    st.floats(0, 1.5),
    st.floats(0, 200),
    st.floats(-6, 1),
    st.floats(0, 2),
    st.one_of(st.just(np.nan), st.floats(0, 80)),
    st.one_of(st.just(np.nan), st.floats(0.5, 1.5)),
)
ENDINGS = st.sampled_from([None, np.array([0.0]), np.array([0.5, 0.9]), np.array([0.9, 0.95, 0.99])])


def decision(price=10.0, cost=5.0, units=20.0, mean=-2.0, half=0.0, config=WIDE, cover=np.nan, competitor=np.nan):
    """The suggestion for a single item: its verdict and its price."""
    elasticity = ElasticityInterval(*(np.array([mean + side * half]) for side in (0, -1, 1)))
    suggestion = suggest(
        config, *(np.array([v]) for v in (price, cost, units)), elasticity, np.array([cover]), np.array([competitor])
    )
    return int(suggestion.verdict[0]), float(suggestion.price[0])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(config=CONFIGS, items=st.lists(ITEM, min_size=1, max_size=8), endings=ENDINGS)
def test_every_suggestion_is_within_its_bounds_and_gains_in_the_worst_case(config, items, endings):
    price, cost_share, units, mean, half, cover, competitor_share = np.array(items).T
    price = np.round(price, 2)
    cost, competitor = cost_share * price, competitor_share * price
    elasticity = ElasticityInterval(mean, mean - half, mean + half)
    suggestions = suggest(config, price, cost, units, elasticity, cover, competitor, endings)
    for row in np.flatnonzero(suggestions.verdict == SUGGEST):
        new_price, old_price = suggestions.price[row], price[row]
        cut = config.overstock_cut if cover[row] > config.overstock_weeks else config.max_cut
        assert old_price * (1 - cut) - 1e-6 <= new_price <= old_price * (1 + config.max_rise) + 1e-6
        assert new_price >= cost[row] / (1 - config.margin_floor) - 1e-6
        assert abs(new_price / old_price - 1) >= config.least_change
        assert suggestions.gain_low[row] > config.least_gain * old_price * units[row]
        assert suggestions.gain_low[row] <= suggestions.gain[row] + 1e-9
        assert suggestions.gain[row] <= suggestions.gain_high[row] + 1e-9
        assert not (cover[row] < config.scarce_weeks and new_price < old_price)
        assert not (new_price > old_price and new_price > competitor[row] * (1 + config.over_competitor) + 1e-6)
        if endings is not None:
            assert np.isclose(new_price % 1, [*endings, 1.0], atol=1e-6).any()
        # No elasticity within the interval makes it a loss.
        within = np.linspace(mean[row] - half[row], mean[row] + half[row], 9)
        many = [np.full(9, v[row]) for v in (price, cost, units)]
        assert (gain_of(*many, within, np.full((9, 1), new_price)) > 0).all()
    assert (np.isnan(suggestions.price) == (suggestions.verdict != SUGGEST)).all()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(mean=st.floats(-5, -1.8), share=st.floats(0.35, 0.6), units=st.floats(1, 100))
def test_without_a_binding_bound_it_is_lerners_price(mean, share, units):
    best = 10 * share * mean / (1 + mean)
    _, new = decision(cost=10 * share, mean=mean, units=units)
    if 4.5 < best < 18.5 and abs(best - 10) > 0.2:
        assert new == pytest.approx(best, abs=0.011)


def test_an_uncertain_estimate_moves_nothing():
    assert decision(mean=-2.4, half=0.05) == (SUGGEST, pytest.approx(8.57, abs=0.01))
    assert decision(mean=-2.4, half=1.2)[0] == NOT_WORTH_IT


def test_a_smaller_move_is_suggested_where_the_best_one_is_not_safe():
    sure, doubtful = decision(mean=-2.8, half=0.0)[1], decision(mean=-2.8, half=0.6)[1]
    assert sure < doubtful < 10


def test_an_inelastic_item_stops_at_the_bound_and_is_flagged():
    assert decision(mean=-0.5, half=0.2, config=PricingConfig()) == (SUGGEST, pytest.approx(11.0))
    assert is_inelastic(np.array([-0.5, -1.5])).tolist() == [True, False]


def test_scarce_stock_is_not_made_cheaper_and_overstock_may_be_cut_deeper():
    elastic = {"cost": 3.0, "mean": -4.0, "config": PricingConfig()}
    assert decision(**elastic)[1] == pytest.approx(8.5)
    assert decision(**elastic, cover=1.0)[0] == NOT_WORTH_IT
    assert decision(**elastic, cover=60.0)[1] == pytest.approx(7.0)


def test_a_cheaper_competitor_stops_a_rise_and_forces_no_cut():
    rising = {"mean": -1.1, "config": PricingConfig()}
    assert decision(**rising)[1] == pytest.approx(11.0)
    assert decision(**rising, competitor=10.5)[1] == pytest.approx(10.5)
    assert decision(**rising, competitor=4.0)[0] == NOT_WORTH_IT


def test_below_the_margin_floor_it_rises_or_has_no_room():
    assert decision(cost=9.5, mean=-3.0, config=PricingConfig())[1] >= 9.5 / 0.9
    assert decision(cost=14.0, mean=-3.0, config=PricingConfig())[0] == NO_ROOM


def test_an_item_that_sells_nothing_gets_no_suggestion():
    assert decision(units=0.0)[0] == NOT_WORTH_IT


@pytest.mark.parametrize(
    ("prices", "endings"),
    [
        ([1.99, 5.99, 7.95, 2.95, 19.99], [0.95, 0.99]),
        ([1200, 980, 15000], [0.0]),
        ([0.01 * k for k in range(1, 100)], []),
        ([np.nan], []),
    ],
)
def test_endings_are_those_that_the_shop_has(prices, endings):
    assert price_endings(np.array(prices, float)).tolist() == pytest.approx(endings)


def test_prices_are_rounded_to_the_nearest_ending():
    prices = np.array([[10.0, 10.4, 10.94, 10.97, 0.2]])
    assert round_to(prices, np.array([0.9, 0.99])).tolist() == [[9.99, 9.99, 10.9, 10.99, -0.01]]
    assert round_to(np.array([3.14159]), None).tolist() == [3.14]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"price": 0.0}, "price of 1 items is missing or out of range; the first is item 0 with 0.0"),
        ({"cost": np.nan}, "cost of 1 items is missing"),
        ({"units": -1.0}, "units of 1 items"),
        ({"half": np.nan}, "elasticity of 1 items"),
    ],
)
def test_missing_inputs_are_not_guessed(change, message):
    with pytest.raises(ValueError, match=message):
        decision(**change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_cut": 1.0}, "max_cut must be 0 or more and below 1, not 1.0"),
        ({"overstock_cut": 0.1}, "must be max_cut 0.15 or more"),
        ({"scarce_weeks": 30.0}, "below overstock_weeks"),
        ({"over_competitor": -1.0}, "above -1"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        PricingConfig(**change)

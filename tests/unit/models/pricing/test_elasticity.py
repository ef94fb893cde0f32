"""Elasticities: planted ones are recovered, items with few sales follow their category, bad histories are refused."""

import numpy as np
import pytest

from jobs.sample_shop.prices import PricePlan, make_prices
from models.pricing.elasticity import ElasticityConfig, fit_elasticities

CONFIG = ElasticityConfig()


def history(elasticity, weeks=60, level=40.0, items=1, seed=0):
    rng = np.random.default_rng(seed)
    price = 10 * rng.choice([0.7, 0.85, 1.0], (items, weeks))
    return rng.poisson(level * (price / 10) ** elasticity).astype(float), price, np.zeros(items, np.int64)


def test_intervals_contain_the_planted_truth_as_often_as_they_claim():
    shop = make_prices(PricePlan(items=600, seed=3))
    fit = fit_elasticities(CONFIG, shop.units, shop.price, shop.category)
    inside = (shop.truth >= fit.low) & (shop.truth <= fit.high)
    assert 0.85 <= inside.mean() <= 0.975
    error, naive = np.abs(fit.mean - shop.truth), np.abs(fit.category_mean[shop.category] - shop.truth)
    assert error.mean() < naive.mean()


def test_an_item_with_many_sales_rests_on_its_own_data():
    fit = fit_elasticities(CONFIG, *history(-2.5, level=400.0))
    assert fit.mean[0] == pytest.approx(-2.5, abs=0.1)
    assert fit.sd[0] < 0.15


def test_an_item_whose_price_never_changed_has_its_categorys_elasticity():
    units, price, category = history(-2.0, items=20)
    price[0] = 10.0
    fit = fit_elasticities(CONFIG, units, price, category)
    assert not fit.has_own[0]
    assert fit.mean[0] == pytest.approx(fit.category_mean[0], abs=1e-3)
    assert fit.sd[0] > 2 * fit.sd[1:].max()


def test_a_season_that_all_items_share_is_not_mistaken_for_a_price_effect():
    rng = np.random.default_rng(1)
    weeks, items = 52, 60
    season = np.exp(np.where(np.arange(weeks) < 26, 0.0, 1.0))
    price = np.where(np.arange(weeks) < 26, 10.0, 8.0) * np.ones((items, 1))  # the sale falls into the season
    price[::2] = 10.0
    units = rng.poisson(20 * season * (price / 10) ** -1.0).astype(float)
    fit = fit_elasticities(CONFIG, units, price, np.zeros(items, np.int64))
    assert fit.mean[1::2].mean() == pytest.approx(-1.0, abs=0.5)  # by price alone it would be about -5


def test_weeks_without_stock_say_nothing():
    units, price, category = history(-2.0, level=200.0)
    gone = np.arange(60) % 4 == 0
    open_only = fit_elasticities(CONFIG, units[:, ~gone], price[:, ~gone], category)
    holes = fit_elasticities(CONFIG, np.where(gone, 0, units), np.where(gone, np.nan, price), category)
    assert holes.mean[0] == pytest.approx(open_only.mean[0], abs=0.05)
    assert holes.weeks[0] == 45


def test_nothing_sold_and_nothing_on_sale_are_the_prior():
    fit = fit_elasticities(CONFIG, np.zeros((2, 5)), np.array([[1.0, 2, 1, 2, 1], [np.nan] * 5]), np.array([0, 0]))
    assert np.isfinite(fit.mean).all()
    assert not fit.has_own.any()
    assert (fit.high > fit.low).all()


@pytest.mark.parametrize(
    ("units", "price", "message"),
    [
        ([[1.0, -1.0]], [[1.0, 2.0]], "returns are not negative sales"),
        ([[1.0, 1.0]], [[1.0, 0.0]], "1 prices are not above 0"),
        ([[1.0, 1.0]], [[1.0, np.nan]], "1 weeks have sales but no price"),
        ([[1.0, 1.0]], [[1.0]], "do not fit together"),
    ],
)
def test_bad_histories_are_refused(units, price, message):
    with pytest.raises(ValueError, match=message):
        fit_elasticities(CONFIG, np.array(units), np.array(price), np.array([0]))

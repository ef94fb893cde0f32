"""BG/NBD and Gamma-Gamma: the likelihood is checked by its integral, the fit and the forecast by a simulation."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta, gamma

from models.customers.lifetime_value import (
    BGNBD,
    GammaGamma,
    NotEnoughData,
    Purchases,
    _log_likelihood,
    _worth_log_likelihood,
    purchases_of,
)

TRUE = BGNBD(0.9, 30.0, 0.8, 2.5)  # alpha in days


def simulated(n, days, ahead, seed=0):
    """(purchases of the first `days`, number of purchases in the next `ahead` days) of n customers from day 0."""
    rng = np.random.default_rng(seed)
    rate, leaves = rng.gamma(TRUE.r, 1 / TRUE.alpha, n), rng.beta(TRUE.a, TRUE.b, n)
    x, t_x, later, time, here = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.ones(n, bool)
    while here.any():
        time += rng.exponential(1 / rate)
        here &= time <= days + ahead
        now = here & (time <= days)
        x[now] += 1
        t_x[now] = time[now]
        later[here & ~now] += 1
        here &= rng.random(n) >= leaves
    return Purchases(x, t_x, np.full(n, float(days)), np.full(n, np.nan)), later


@pytest.mark.parametrize(("x", "t_x", "T"), [(0.0, 0.0, 20.0), (1.0, 5.0, 20.0), (4.0, 19.0, 40.0)])
def test_the_likelihood_is_its_integral(x, t_x, T):
    # Midpoints of equal shares of the customers: the priors need no density that way.
    share = (np.arange(1500) + 0.5) / 1500
    rate, leaves = gamma.ppf(share, TRUE.r, scale=1 / TRUE.alpha)[:, None], beta.ppf(share, TRUE.a, TRUE.b)
    customers = (1 - leaves) ** x * rate**x * np.exp(-rate * T)
    if x:
        customers = customers + leaves * (1 - leaves) ** (x - 1) * rate**x * np.exp(-rate * t_x)
    integral = customers.mean()
    row = [np.array([value]) for value in (x, t_x, T)]
    log_likelihood = _log_likelihood(TRUE.r, TRUE.alpha, TRUE.a, TRUE.b, *row)[0]
    assert log_likelihood == pytest.approx(np.log(integral), abs=0.01)


def test_the_fit_finds_the_true_parameters_and_the_forecast_is_unbiased():
    seen, later = simulated(4000, 200, 100)
    model = BGNBD.fit(seen)
    assert model.r == pytest.approx(TRUE.r, rel=0.15)
    assert model.alpha == pytest.approx(TRUE.alpha, rel=0.2)
    expected = model.expected(seen, 100.0)
    assert expected.mean() == pytest.approx(later.mean(), rel=0.05)
    often = expected > np.quantile(expected, 0.9)
    assert expected[often].mean() == pytest.approx(later[often].mean(), rel=0.1)


def test_a_frequent_customer_who_stayed_away_long_has_more_likely_lapsed():
    seen = Purchases(np.array([0.0, 9.0, 9.0]), np.array([0.0, 95.0, 30.0]), np.full(3, 100.0), np.full(3, np.nan))
    alive = TRUE.alive(seen)
    assert alive[0] == 1
    assert alive[1] > 0.8 > 0.1 > alive[2]


def test_the_worths_likelihood_is_its_integral():
    p, q, v, x, m = 6.0, 4.0, 15.0, 3.0, 30.0
    integral, _ = quad(lambda nu: gamma.pdf(m, p * x, scale=1 / (nu * x)) * gamma.pdf(nu, q, scale=1 / v), 0, 5)
    assert _worth_log_likelihood(p, q, v, np.array([x]), np.array([m]))[0] == pytest.approx(np.log(integral), abs=1e-6)


def test_a_customers_value_shrinks_to_the_shops_mean_the_less_is_known():
    model = GammaGamma(6.0, 4.0, 15.0)
    many = np.full(4, 100.0)
    seen = Purchases(np.array([0.0, 1.0, 5.0, 50.0]), np.zeros(4), many, np.array([np.nan, 100.0, 100.0, 100.0]))
    worth = model.expected(seen)
    assert worth[0] == pytest.approx(6 * 15 / 3)
    assert worth[0] < worth[1] < worth[2] < worth[3] < 101


def test_lines_of_one_day_are_one_purchase_and_the_first_is_none():
    customer, day = np.array([0, 0, 0, 1]), np.array([1.2, 5.1, 5.9, 3.0])
    seen = purchases_of(customer, day, np.array([5.0, 10.0, 20.0, 7.0]), 2, 11.0)
    assert seen.x.tolist() == [1, 0]
    assert seen.t_x.tolist() == [4, 0]
    assert seen.T.tolist() == [10, 8]
    np.testing.assert_array_equal(seen.m, [30, np.nan])


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="lies after now"):
        purchases_of(np.array([0]), np.array([5.0]), np.array([1.0]), 1, 4.0)
    with pytest.raises(ValueError, match="1 of 2 customers have no purchase"):
        purchases_of(np.array([0]), np.array([5.0]), np.array([1.0]), 2, 9.0)
    few, _ = simulated(20, 50, 1)
    with pytest.raises(NotEnoughData, match="bought again, BG/NBD takes 50"):
        BGNBD.fit(few)
    with pytest.raises(NotEnoughData, match="of known worth"):
        GammaGamma.fit(few)


def test_a_model_comes_back_from_the_disk(tmp_path):
    TRUE.save(tmp_path)
    back = BGNBD.load(tmp_path)
    assert (back.r, back.alpha, back.a, back.b) == (TRUE.r, TRUE.alpha, TRUE.a, TRUE.b)

"""Weeks of sales as matrices: which price counts, which weeks are left out, and the rate at today's price."""

from __future__ import annotations

import numpy as np
import pytest

from models.pricing.weekly_sales import PriceWeeks, price_weeks, units_a_week


def weeks_of(**columns: list[float]) -> PriceWeeks:
    names = ("units", "revenue", "days_on_sale", "days_sold_out", "days_priced", "list_price_sum")
    count = len(next(iter(columns.values())))
    full = {name: np.array(columns.get(name, [0.0] * count), float) for name in names}
    return price_weeks(np.arange(count), (1, count), full, 4)


def test_the_catalogues_price_counts_if_it_had_one_whenever_the_item_sold():
    weeks = weeks_of(units=[2, 0], revenue=[10, 0], days_on_sale=[7, 7], days_priced=[7, 7], list_price_sum=[42, 49])
    assert weeks.price.tolist() == [[6.0, 7.0]]


def test_otherwise_the_paid_price_counts_in_weeks_with_sales():
    weeks = weeks_of(
        units=[2, 0, 4], revenue=[10, 0, 24], days_on_sale=[0, 7, 7], days_priced=[0, 7, 7], list_price_sum=[0, 49, 49]
    )
    np.testing.assert_array_equal(weeks.price, [[5.0, np.nan, 6.0]])
    assert weeks.is_open.all()


def test_a_week_mostly_sold_out_says_nothing_and_has_no_units():
    weeks = weeks_of(
        units=[9, 3],
        revenue=[45, 15],
        days_on_sale=[7, 3],
        days_sold_out=[0, 4],
        days_priced=[7, 3],
        list_price_sum=[35, 15],
    )
    np.testing.assert_array_equal(weeks.price, [[5.0, np.nan]])
    assert weeks.units.tolist() == [[9.0, 0.0]]
    assert weeks.is_open.tolist() == [[True, False]]


def test_the_rate_is_that_of_the_last_open_weeks_at_todays_price():
    weeks = PriceWeeks(np.array([[99.0, 8, 0, 4]]), np.array([[10.0, 10, np.nan, 20]]), np.array([[1, 1, 0, 1]]) > 0)
    assert units_a_week(weeks, np.array([20.0]), np.array([-1.0]), 3) == pytest.approx([(8 / 2 + 4) / 2])
    closed = PriceWeeks(weeks.units, weeks.price, np.zeros((1, 4), bool))
    assert np.isnan(units_a_week(closed, np.array([20.0]), np.array([-1.0]), 3)[0])


def test_weeks_in_which_the_item_was_withdrawn_do_not_lower_the_rate():
    sold, away = [4.0, 0, 0, 4], [7.0, 0, 0, 7]
    weeks = weeks_of(
        units=sold, revenue=[20, 0, 0, 20], days_on_sale=away, days_priced=away, list_price_sum=[35, 0, 0, 35]
    )
    assert weeks.is_open.tolist() == [[True, False, False, True]]
    assert units_a_week(weeks, np.array([5.0]), np.array([-1.0]), 4) == pytest.approx([4])

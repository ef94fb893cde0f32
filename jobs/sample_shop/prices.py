"""A year of weekly prices and sales with planted elasticities: a shop's history of which the truth is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class PricePlan:
    """How large, how thin and how uneven the history is."""

    items: int = 1000
    categories: int = 12
    weeks: int = 52
    dispersion: float = 1.5  # variance over mean of a week's units
    units_a_week: float = 2.0  # median over items; the best sellers sell some hundred times as much
    seed: int = 7


@dataclass(frozen=True)
class PriceHistory:
    """units, price (I, T), price NaN where not on sale; category (I,); truth (I,): each item's own-price elasticity;
    base (I,): the price before all changes; level (I,): the logarithm of the units that are sold a week."""

    units: F64
    price: F64
    category: NDArray[np.int64]
    truth: F64
    base: F64
    level: F64


def make_prices(plan: PricePlan) -> PriceHistory:
    """Items with long-tailed popularity and their own promotion calendars, in categories that each have a season.

    A third of the items hardly ever change their price, one in ten never does; one in ten starts during the year.
    """
    rng = np.random.default_rng(plan.seed)
    shape = plan.items, plan.weeks
    category = rng.integers(0, plan.categories, plan.items)
    middle, spread = rng.normal(-1.8, 0.6, plan.categories), rng.uniform(0.2, 0.7, plan.categories)
    truth = rng.normal(middle[category], spread[category])
    base = np.exp(rng.normal(np.log(60), 0.8, plan.items))
    often = rng.choice([0.0, 0.03, 0.12, 0.25], plan.items, p=[0.1, 0.25, 0.4, 0.25])
    promoted = rng.random(shape) < often[:, None]
    cut = rng.choice([0.05, 0.1, 0.15, 0.2, 0.3, 0.4], shape)
    drift = np.where(rng.random(plan.items) < 0.4, rng.normal(0, 0.06, plan.items), 0.0)[:, None]
    later = np.arange(plan.weeks) >= rng.integers(8, plan.weeks - 8, plan.items)[:, None]
    price = np.round(base[:, None] * np.exp(drift * later) * np.where(promoted, 1 - cut, 1.0), 2)
    season = 0.3 * np.sin(2 * np.pi * (np.arange(plan.weeks) / 52 + rng.random((plan.categories, 1))))
    season = season + rng.normal(0, 0.08, (plan.categories, plan.weeks))
    level = np.log(plan.units_a_week) + rng.normal(0, 1.3, plan.items)
    rate = np.exp(level[:, None] + season[category] + truth[:, None] * np.log(price / base[:, None]))
    noise = rng.gamma(rate / (plan.dispersion - 1), plan.dispersion - 1) if plan.dispersion > 1 else rate
    units = rng.poisson(noise).astype(np.float64)
    begin = np.where(rng.random(plan.items) < 0.1, rng.integers(10, plan.weeks - 10, plan.items), 0)
    sold_out = rng.random(shape) < 0.03
    absent = (np.arange(plan.weeks) < begin[:, None]) | sold_out
    units, price = np.where(absent, 0.0, units), np.where(absent, np.nan, price)
    return PriceHistory(units, price, category, truth, base, level)

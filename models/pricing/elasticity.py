"""Own-price elasticities with intervals by a hierarchical Poisson regression: items with few sales use their category.

Units of item i in week t are counted as Poisson (overdispersed) around exp(level_i + season_ct + e_i * log price_it),
with elasticities e_i ~ Normal(mean_c, spread_c) within category c. Levels drop out: given an item's total sales, only
their division among weeks counts. The categories' parameters come by expectation-maximisation, each item's
posterior by Laplace's approximation (its mode and curvature).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.core.config import check_bounds

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
Z90 = 1.6448536  # half of a 90 % interval, in standard deviations


@dataclass(frozen=True)
class ElasticityConfig:
    """The priors of a category, and when the iteration stops.

    spread was chosen on eight sample shops (seeds 11 to 18, none of the bench's): 90 % intervals hold .929 of the truth
    with spread .7, .900 with .5, .872 with .4 and spread_items 3.
    """

    # Published meta-analyses find means between about -2.6 and -1.5.
    prior_mean: float = field(default=-1.5, metadata={"doc": "prior mean of a category's mean elasticity"})
    prior_sd: float = field(default=1.5, metadata={"doc": "standard deviation of that prior", "above": 0})
    spread: float = field(
        default=0.5, metadata={"doc": "prior standard deviation of elasticities within a category", "above": 0}
    )
    spread_items: float = field(
        default=5.0, metadata={"doc": "how many items the prior spread weighs as much as", "above": 0}
    )
    rounds: int = field(default=500, metadata={"doc": "most rounds of expectation-maximisation", "above": 0})
    tolerance: float = field(
        default=1e-4, metadata={"doc": "it stops when no elasticity moves by more than this", "above": 0}
    )

    def __post_init__(self) -> None:
        check_bounds(self)


@dataclass(frozen=True)
class Elasticities:
    """A fit. For each item (I,): posterior mean and standard deviation; weeks on sale, prices seen, units sold.

    For each category (C,): mean and spread of its items' elasticities, and the overdispersion of their sales.
    """

    mean: F64
    sd: F64
    weeks: I64
    prices: I64
    units: F64
    category_mean: F64
    category_spread: F64
    dispersion: F64

    @property
    def low(self) -> F64:
        """(I,) the lower end of the 90 % interval."""
        return self.mean - Z90 * self.sd

    @property
    def high(self) -> F64:
        return self.mean + Z90 * self.sd

    @property
    def has_own(self) -> Bool:
        """(I,) whether the item's own prices and sales say anything; if not, its figures are its category's."""
        return (self.prices > 1) & (self.units > 0)


class _Sales(NamedTuple):
    """Items by weeks (I, T): units sold, log price less the item's mean (0 where not on sale), whether on sale."""

    units: F64
    log_price: F64
    on_sale: Bool
    category: NDArray[np.integer]  # (I,)


class _Categories(NamedTuple):
    """The parameters of C categories: mean and spread of elasticities, overdispersion (C,), log season (C, T)."""

    mean: F64
    spread: F64
    dispersion: F64
    season: F64


def fit_elasticities(config: ElasticityConfig, units: F64, price: F64, category: NDArray[np.integer]) -> Elasticities:
    """The elasticities of I items from T weeks.

    units, price (I, T): units sold and mean price of each week, price NaN where the item was not on sale or was sold
    out, since that says nothing about the price. category (I,): codes from 0.

    Raises ValueError for shapes that disagree, negative or infinite units, prices not above 0, units without a price,
    a negative category.
    """
    _check(units, price, category)
    sales = _prepared(units, price, category)
    count = int(category.max(initial=-1)) + 1
    categories = _Categories(
        mean=np.full(count, config.prior_mean),
        spread=np.full(count, config.spread),
        dispersion=np.ones(count),
        season=np.zeros((count, units.shape[1])),
    )
    elasticity, precision = categories.mean[category], 1 / categories.spread[category] ** 2
    for _ in range(config.rounds):
        before = elasticity
        elasticity, precision = _posterior(sales, categories, before)
        categories = _updated(config, sales, categories, elasticity, precision)
        if np.abs(elasticity - before).max(initial=0.0) < config.tolerance:
            break
    prices_seen = [
        len(np.unique(np.round(log_prices[on_sale], 4)))
        for log_prices, on_sale in zip(sales.log_price, sales.on_sale, strict=True)
    ]
    return Elasticities(
        mean=elasticity,
        sd=np.sqrt(_variance(config, categories, category, precision)),
        weeks=sales.on_sale.sum(axis=1).astype(np.int64),
        prices=np.array(prices_seen).astype(np.int64),
        units=sales.units.sum(axis=1),
        category_mean=categories.mean,
        category_spread=categories.spread,
        dispersion=categories.dispersion,
    )


def _prepared(units: F64, price: F64, category: NDArray[np.integer]) -> _Sales:
    on_sale = np.isfinite(price)
    log_price = np.where(on_sale, np.log(np.where(on_sale, price, 1.0)), 0.0)
    mean = log_price.sum(axis=1) / np.maximum(on_sale.sum(axis=1), 1)
    log_price = np.where(on_sale, log_price - mean[:, None], 0.0)
    return _Sales(np.where(on_sale, units, 0.0), log_price, on_sale, category)


def _updated(
    config: ElasticityConfig, sales: _Sales, categories: _Categories, elasticity: F64, precision: F64
) -> _Categories:
    """The maximisation step: the categories' parameters given their items' posteriors (mode and precision)."""
    category, count = sales.category, len(categories.mean)
    expected = _week_shares(sales, categories.season, elasticity) * sales.units.sum(axis=1)[:, None]
    members = np.bincount(category, minlength=count)
    weight = config.prior_sd**-2 + members / categories.spread**2
    prior = config.prior_mean / config.prior_sd**2
    mean = (prior + np.bincount(category, elasticity, count) / categories.spread**2) / weight
    squared_deviations = (elasticity - mean[category]) ** 2 + 1 / precision
    squares = np.bincount(category, squared_deviations, count) + config.spread_items * config.spread**2
    return _Categories(
        mean=mean,
        spread=np.sqrt(squares / (members + config.spread_items)),
        dispersion=_dispersion(sales, expected, count),
        season=_season(sales, expected, categories.season),
    )


def _variance(config: ElasticityConfig, categories: _Categories, category: NDArray[np.integer], precision: F64) -> F64:
    """(I,) posterior variances, with the error of the category's mean as far as an item leans on that mean."""
    leaning = 1 / (categories.spread[category] ** 2 * precision)  # 0..1: the prior's part of the posterior's precision
    evidence = np.bincount(category, (1 - leaning) / categories.spread[category] ** 2, len(categories.mean))
    variance_of_mean = 1 / (config.prior_sd**-2 + evidence)
    return 1 / precision + leaning**2 * variance_of_mean[category]


def _week_shares(sales: _Sales, season: F64, elasticity: F64) -> F64:
    """(I, T) the share of an item's units that is expected in each week; season (C, T), elasticity (I,)."""
    log_demand = np.where(sales.on_sale, season[sales.category] + elasticity[:, None] * sales.log_price, -np.inf)
    log_demand -= np.where(sales.on_sale.any(axis=1), log_demand.max(axis=1, initial=-1e300), 0.0)[:, None]
    demand = np.exp(log_demand)
    return np.asarray(demand / np.maximum(demand.sum(axis=1, keepdims=True), 1e-300))


def _posterior(sales: _Sales, categories: _Categories, start: F64) -> tuple[F64, F64]:
    """(mode (I,), curvature (I,)) of each item's elasticity: damped Newton steps from `start`, all items at once."""
    mean, spread, dispersion = (part[sales.category] for part in categories[:3])
    elasticity, units = start.copy(), sales.units.sum(axis=1)
    observed = (sales.units * sales.log_price).sum(axis=1)
    curvature = spread**-2
    for _ in range(50):
        share = _week_shares(sales, categories.season, elasticity)
        expected_price = (share * sales.log_price).sum(axis=1)
        price_variance = (share * (sales.log_price - expected_price[:, None]) ** 2).sum(axis=1)
        curvature = units * price_variance / dispersion + spread**-2
        slope = (observed - units * expected_price) / dispersion - (elasticity - mean) / spread**2
        step = np.clip(slope / curvature, -0.5, 0.5)
        elasticity = elasticity + step
        if np.abs(step).max(initial=0.0) < 1e-7:
            break
    return elasticity, curvature


def _season(sales: _Sales, expected: F64, season: F64) -> F64:
    """(C, T) logarithms: a category's sales in each week against those that prices explain, shrunk to 0 for few sales.

    A single item's season cannot be told from the effect of its prices, so a season counts only as far as several items
    share it.
    """
    sold, explained = np.zeros_like(season), np.zeros_like(season)
    np.add.at(sold, sales.category, sales.units)
    np.add.at(explained, sales.category, expected)
    units = sales.units.sum(axis=1)
    of_category = np.bincount(sales.category, units, len(season))
    # How many items of equal size the category's sales amount to.
    effective_items = of_category**2 / np.maximum(np.bincount(sales.category, units**2, len(season)), 1e-12)
    shared = np.maximum(1 - 1 / np.maximum(effective_items, 1), 0)
    log_season = shared[:, None] * (season + np.log((sold + 5) / (explained + 5)))
    return np.asarray(log_season - log_season.mean(axis=1, keepdims=True))


def _dispersion(sales: _Sales, expected: F64, categories: int) -> F64:
    """(C,) Pearson's estimate: variance over mean; never below 1."""
    counted = sales.on_sale & (expected > 0.05)
    squares = np.where(counted, (sales.units - expected) ** 2 / np.maximum(expected, 1e-12), 0.0).sum(axis=1)
    # Two degrees of freedom go to an item's level and elasticity.
    freedom = np.where(counted.any(axis=1), counted.sum(axis=1) - 2, 0).clip(min=0)
    of_category = np.bincount(sales.category, freedom, categories)
    return np.maximum(np.bincount(sales.category, squares, categories) / np.maximum(of_category, 1), 1.0)


def _check(units: F64, price: F64, category: NDArray[np.integer]) -> None:
    on_sale = np.isfinite(price)
    if units.shape != price.shape or units.ndim != 2 or category.shape != units.shape[:1]:
        raise ValueError(f"units {units.shape}, price {price.shape} and category {category.shape} do not fit together")
    if not (np.isfinite(units) & (units >= 0)).all():
        raise ValueError(f"units must be finite and 0 or more; returns are not negative sales; least {units.min()}")
    if (price[on_sale] <= 0).any() or np.isinf(price).any():
        raise ValueError(f"{int((price[on_sale] <= 0).sum()):,} prices are not above 0; leave free gifts out")
    if (units[~on_sale] > 0).any():
        raise ValueError(f"{int((units[~on_sale] > 0).sum()):,} weeks have sales but no price")
    if len(category) and category.min() < 0:
        raise ValueError(f"category codes begin at {category.min()}; give items without one a category of their own")

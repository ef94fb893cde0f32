"""Own-price elasticities with intervals, thin items drawn to their category's: a hierarchical Poisson regression.

Units of item i in week t are counted as Poisson (overdispersed) around exp(level_i + season_ct + e_i * log price_it),
with elasticities e_i ~ Normal(mean_c, spread_c) within category c. Levels drop out: given how much an item sold in all,
it is told by when it sold. Category figures come by expectation-maximisation, each item's posterior by Laplace's
approximation (its mode and curvature).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.config import check_bounds
from models.core.manifest import read_manifest, write_manifest

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Z90 = 1.6448536  # half of a 90 % interval, in standard deviations


@dataclass(frozen=True)
class ElasticityConfig:
    """What a category is expected to be like before it is seen, and how long is iterated.

    spread was chosen on eight sample shops (seeds 11 to 18, none of the bench's): 90 % intervals hold .929 of the truth
    with .7, .900 with .5, .872 with .4 and 3 items.
    """

    # The middle of published meta-analyses is about -2.6 to -1.5.
    prior_mean: float = field(default=-1.5, metadata={"doc": "of a category's mean elasticity, before it is seen"})
    prior_sd: float = field(default=1.5, metadata={"doc": "how sure that is", "above": 0})
    spread: float = field(
        default=0.5, metadata={"doc": "of elasticities within a category, before it is seen", "above": 0}
    )
    spread_items: float = field(default=5.0, metadata={"doc": "items that the spread assumed counts for", "above": 0})
    rounds: int = field(default=500, metadata={"doc": "of expectation-maximisation, at most", "above": 0})
    tolerance: float = field(default=1e-4, metadata={"doc": "iterated until no elasticity moves by more", "above": 0})

    def __post_init__(self) -> None:
        check_bounds(self)


@dataclass(frozen=True)
class Elasticities:
    """Per item (I,): posterior mean and standard deviation, the ends of the 90 % interval, weeks on sale, prices seen,
    units sold; per category (C,): mean, spread and overdispersion.

    has_own: whether the item's own prices and sales say anything; where not, its figures are its category's.
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
        return self.mean - Z90 * self.sd

    @property
    def high(self) -> F64:
        return self.mean + Z90 * self.sd

    @property
    def has_own(self) -> NDArray[np.bool_]:
        return (self.prices > 1) & (self.units > 0)


_NAMES = tuple(each.name for each in fields(Elasticities))
_TYPES: dict[str, Any] = {"weeks": np.int64, "prices": np.int64}
_OF_CATEGORIES = ("category_mean", "category_spread", "dispersion")


@dataclass(frozen=True)
class ItemElasticities:
    """Elasticities under the shop's item ids (I,), sorted; what one night fits and the next ones use."""

    config: ElasticityConfig
    item_ids: NDArray[np.str_]
    found: Elasticities

    @classmethod
    def fit(
        cls, config: ElasticityConfig, item_ids: NDArray[np.str_], units: F64, price: F64, category: I64, cells: int
    ) -> ItemElasticities:
        """`fit_elasticities` on whole categories together, up to about `cells` numbers of a matrix at a time.

        Categories tell each other nothing, so this is the same fit; it bounds the memory to that of the largest one.
        """
        size = np.bincount(category) * units.shape[1]
        block = (np.cumsum(size) - size) // cells  # of each category; one that fills a block goes beyond it
        whole = Elasticities(*(np.zeros(len(size if name in _OF_CATEGORIES else item_ids), _TYPES.get(name, float))
                               for name in _NAMES))  # fmt: skip
        for one in np.unique(block):
            codes, rows = np.flatnonzero(block == one), np.flatnonzero(block[category] == one)
            found = fit_elasticities(config, units[rows], price[rows], category[rows] - codes[0])
            for name in _NAMES:
                getattr(whole, name)[codes if name in _OF_CATEGORIES else rows] = getattr(found, name)
        return cls(config, item_ids, whole)

    def save(self, folder: str | Path) -> None:
        """Write elasticities.npz and manifest.json into `folder`, made if need be."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {name: getattr(self.found, name) for name in _NAMES}
        np.savez_compressed(folder / "elasticities.npz", item_ids=self.item_ids, **arrays)
        write_manifest(folder, "elasticity", self.config, items=len(self.item_ids))

    @classmethod
    def load(cls, folder: str | Path) -> ItemElasticities:
        """What `save` wrote. Raises FileNotFoundError if nothing is there; ValueError if the files disagree."""
        folder = Path(folder)
        config, manifest = read_manifest(folder, ElasticityConfig)
        with np.load(folder / "elasticities.npz", allow_pickle=False) as arrays:
            found = Elasticities(*(arrays[name] for name in _NAMES))
            ids = arrays["item_ids"]
        if not len(ids) == len(found.mean) == manifest["items"]:
            raise ValueError(f"{folder}: {len(ids)} ids, {len(found.mean)} items, manifest {manifest['items']} items")
        return cls(config, ids, found)

    def rows_of(self, item_ids: NDArray[np.str_]) -> NDArray[np.int64]:
        """(N,) the row of each id; -1 where the fit did not know it."""
        at = np.minimum(np.searchsorted(self.item_ids, item_ids), max(0, len(self.item_ids) - 1))
        known = self.item_ids[at] == item_ids if len(self.item_ids) else np.zeros(len(item_ids), np.bool_)
        return np.where(known, at, -1)


def fit_elasticities(config: ElasticityConfig, units: F64, price: F64, category: NDArray[np.integer]) -> Elasticities:
    """units, price (I, T): units sold and mean price of each week, price NaN where the item was not on sale (or was
    sold out: that says nothing about the price); category (I,) codes from 0.

    Raises ValueError for shapes that disagree, negative or infinite units, prices not above 0, units without a price,
    a negative category.
    """
    on_sale = np.isfinite(price)
    _check(units, price, category, on_sale)
    categories = int(category.max(initial=-1)) + 1
    told = np.where(on_sale, units, 0.0)
    log_price = np.where(on_sale, np.log(np.where(on_sale, price, 1.0)), 0.0)
    weeks = on_sale.sum(axis=1)
    log_price = np.where(on_sale, log_price - (log_price.sum(axis=1) / np.maximum(weeks, 1))[:, None], 0.0)
    total = told.sum(axis=1)
    mean, spread = np.full(categories, config.prior_mean), np.full(categories, config.spread)
    dispersion, season = np.ones(categories), np.zeros((categories, units.shape[1]))
    elasticity, precision = mean[category], 1 / spread[category] ** 2
    members = np.bincount(category, minlength=categories)
    for _ in range(config.rounds):
        before = elasticity
        elasticity, precision = _posterior(told, log_price, on_sale, season[category], mean[category],
                                           spread[category], dispersion[category], elasticity)  # fmt: skip
        expected = _shares(log_price, on_sale, season[category], elasticity) * total[:, None]
        season = _season(told, expected, season, category)
        dispersion = _dispersion(told, expected, on_sale, category, categories)
        weight = config.prior_sd**-2 + members / spread**2
        pulled = config.prior_mean / config.prior_sd**2 + np.bincount(category, elasticity, categories) / spread**2
        mean = pulled / weight
        around = (elasticity - mean[category]) ** 2 + 1 / precision
        squares = np.bincount(category, around, categories) + config.spread_items * config.spread**2
        spread = np.sqrt(squares / (members + config.spread_items))
        if np.abs(elasticity - before).max(initial=0.0) < config.tolerance:
            break
    # The category's mean is known no better than its own error allows; an item shares in that as far as it leans on it.
    leaning = 1 / (spread[category] ** 2 * precision)
    of_mean = 1 / (config.prior_sd**-2 + np.bincount(category, (1 - leaning) / spread[category] ** 2, categories))
    variance = 1 / precision + leaning**2 * of_mean[category]
    levels = np.array([len(np.unique(np.round(row[there], 4))) for row, there in zip(log_price, on_sale, strict=True)])
    return Elasticities(elasticity, np.sqrt(variance), weeks.astype(np.int64), levels.astype(np.int64), total, mean,
                        spread, dispersion)  # fmt: skip


def _shares(log_price: F64, on_sale: NDArray[np.bool_], season: F64, elasticity: F64) -> F64:
    """(I, T) of an item's units, the share expected in each week."""
    pull = np.where(on_sale, season + elasticity[:, None] * log_price, -np.inf)
    pull -= np.where(on_sale.any(axis=1), pull.max(axis=1, initial=-1e300), 0.0)[:, None]
    weight = np.exp(pull)
    return np.asarray(weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300))


def _posterior(
    units: F64,
    log_price: F64,
    on_sale: NDArray[np.bool_],
    season: F64,
    mean: F64,
    spread: F64,
    dispersion: F64,
    start: F64,
) -> tuple[F64, F64]:
    """(mode (I,), curvature (I,)) of each item's elasticity: damped Newton steps, all items at once."""
    elasticity, total = start.copy(), units.sum(axis=1)
    sold_at = (units * log_price).sum(axis=1)
    curvature = spread**-2
    for _ in range(50):
        share = _shares(log_price, on_sale, season, elasticity)
        at = (share * log_price).sum(axis=1)
        varies = (share * (log_price - at[:, None]) ** 2).sum(axis=1)
        curvature = total * varies / dispersion + spread**-2
        slope = (sold_at - total * at) / dispersion - (elasticity - mean) / spread**2
        step = np.clip(slope / curvature, -0.5, 0.5)
        elasticity = elasticity + step
        if np.abs(step).max(initial=0.0) < 1e-7:
            break
    return elasticity, curvature


def _season(units: F64, expected: F64, season: F64, category: NDArray[np.integer]) -> F64:
    """(C, T) logarithms: each category's week against what its prices explain, drawn to 0 where little was sold.

    What one item alone shows cannot be told from its prices: a season counts as far as several items carry it.
    """
    seen, explained = np.zeros_like(season), np.zeros_like(season)
    np.add.at(seen, category, units)
    np.add.at(explained, category, expected)
    total = units.sum(axis=1)
    of_all = np.bincount(category, total, len(season))
    carriers = of_all**2 / np.maximum(np.bincount(category, total**2, len(season)), 1e-12)
    shared = np.maximum(1 - 1 / np.maximum(carriers, 1), 0)
    moved = shared[:, None] * (season + np.log((seen + 5) / (explained + 5)))
    return np.asarray(moved - moved.mean(axis=1, keepdims=True))


def _dispersion(
    units: F64, expected: F64, on_sale: NDArray[np.bool_], category: NDArray[np.integer], categories: int
) -> F64:
    """(C,) Pearson's: variance over mean; never below 1."""
    there = on_sale & (expected > 0.05)
    square = np.where(there, (units - expected) ** 2 / np.maximum(expected, 1e-12), 0.0).sum(axis=1)
    used = np.where(there.any(axis=1), there.sum(axis=1) - 2, 0).clip(min=0)  # level and elasticity are fitted
    free = np.bincount(category, used, categories)
    return np.maximum(np.bincount(category, square, categories) / np.maximum(free, 1), 1.0)


def _check(units: F64, price: F64, category: NDArray[np.integer], on_sale: NDArray[np.bool_]) -> None:
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

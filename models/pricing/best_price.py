"""The price that should earn most within bounds, and what it earns if the elasticity is at its interval's worst end.

Around today's price, units sold are units * (new / price) ** elasticity, so that a move gains a week

    units * ((new / price) ** elasticity * (new - cost) - (price - cost)).

This is monotone in the elasticity: its worst and its best case lie at the interval's ends. A price is suggested only
where the worst case is worth the trouble. Without bounds the best price is cost * e / (1 + e) for e below -1 (Lerner's
rule); for e of -1 or more dearer is always better, and only the bounds say stop: such items are flagged.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.core.config import check_bounds

F64 = NDArray[np.float64]
SUGGEST, NOT_WORTH_IT, NO_ROOM = range(3)
_STEPS = 25  # prices tried between the bounds, beside Lerner's


@dataclass(frozen=True)
class PricingConfig:
    """How far a price may move, and what a move must be worth."""

    max_cut: float = field(
        default=0.15, metadata={"doc": "largest cut, as a share of today's price", "least": 0, "below": 1}
    )
    max_rise: float = field(
        default=0.10, metadata={"doc": "largest rise, as a share of today's price", "least": 0, "below": 1}
    )
    margin_floor: float = field(
        default=0.10, metadata={"doc": "least (price - cost) / price of a suggestion", "least": 0, "below": 1}
    )
    least_change: float = field(
        default=0.02, metadata={"doc": "smaller moves are not worth a new label", "least": 0, "below": 1}
    )
    least_gain: float = field(
        default=0.0, metadata={"doc": "the worst case must gain more than this share of the item's weekly sales"}
    )
    over_competitor: float = field(
        default=0.0,
        metadata={"doc": "a rise stops at this share above the competitor's price, where one is given", "above": -1},
    )
    scarce_weeks: float = field(default=2.0, metadata={"doc": "stock for fewer weeks of sales: no cut", "least": 0})
    overstock_weeks: float = field(default=26.0, metadata={"doc": "stock for more weeks of sales: a deeper cut may be"})
    overstock_cut: float = field(
        default=0.30, metadata={"doc": "largest cut of what is overstocked", "least": 0, "below": 1}
    )

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.overstock_cut < self.max_cut:
            raise ValueError(f"overstock_cut {self.overstock_cut} must be max_cut {self.max_cut} or more")
        if self.scarce_weeks >= self.overstock_weeks:
            raise ValueError(f"scarce_weeks {self.scarce_weeks} must be below overstock_weeks {self.overstock_weeks}")


@dataclass(frozen=True)
class Suggestions:
    """Per item (I,): verdict (SUGGEST, NOT_WORTH_IT or NO_ROOM); the price and what it gains a week in margin at the
    elasticity's mean, and at the worse and better end of its interval, all NaN without a suggestion; the bounds."""

    verdict: NDArray[np.int64]
    price: F64
    gain: F64
    gain_low: F64
    gain_high: F64
    lowest: F64
    highest: F64


def suggest(
    config: PricingConfig,
    price: F64,
    cost: F64,
    units: F64,
    elasticity: tuple[F64, F64, F64],
    cover: F64 | None = None,
    competitor: F64 | None = None,
    endings: F64 | None = None,
) -> Suggestions:
    """price, cost, units sold a week at that price (I,); elasticity: its mean and the interval's ends, each (I,).

    cover: weeks that the stock lasts; competitor: their price; NaN (or None) where not known. endings: see `round_to`.
    Of the prices within the bounds whose worst case gains more than `least_gain`, the one that gains most at the mean.
    Raises ValueError for a price not above 0, a negative cost, negative units, or an interval without its mean.
    """
    _check(price, cost, units, elasticity)
    unknown = np.full(len(price), np.nan)
    lowest, highest = _bounds(config, price, cost, unknown if cover is None else cover,
                              unknown if competitor is None else competitor)  # fmt: skip
    lerner = np.where(elasticity[0] < -1, cost * elasticity[0] / np.minimum(1 + elasticity[0], -1e-9), np.inf)
    between = lowest[:, None] + (highest - lowest)[:, None] * np.linspace(0, 1, _STEPS)
    tried = np.column_stack([between, np.clip(lerner, lowest, np.maximum(lowest, highest))])
    tried = round_to(tried, endings)
    inside = (tried >= lowest[:, None] * (1 - 1e-9)) & (tried <= highest[:, None] * (1 + 1e-9))
    inside &= np.abs(tried / price[:, None] - 1) >= config.least_change
    tried = np.where(inside, tried, price[:, None])
    at_mean, at_low, at_high = (gain_of(price, cost, units, e, tried) for e in elasticity)
    worst, best = np.minimum(at_low, at_high), np.maximum(at_low, at_high)
    worth = inside & (worst > (config.least_gain * price * units)[:, None])
    chosen = np.where(worth, at_mean, -np.inf).argmax(axis=1)
    found = worth.any(axis=1)
    verdict = np.where(found, SUGGEST, np.where(inside.any(axis=1), NOT_WORTH_IT, NO_ROOM))
    rows = np.arange(len(price))

    def picked(values: F64) -> F64:
        return np.where(found, values[rows, chosen], np.nan)

    return Suggestions(verdict, picked(tried), picked(at_mean), picked(worst), picked(best), lowest, highest)


def gain_of(price: F64, cost: F64, units: F64, elasticity: F64, new: F64) -> F64:
    """(I, K) margin gained a week by the `new` prices (I, K), under each item's elasticity (I,)."""
    pull = (new / price[:, None]) ** elasticity[:, None]
    return np.asarray(units[:, None] * (pull * (new - cost[:, None]) - (price - cost)[:, None]))


def is_inelastic(elasticity: F64) -> NDArray[np.bool_]:
    """Whether dearer would always be better, so that bounds alone set the price."""
    return np.asarray(elasticity > -1)


def _bounds(config: PricingConfig, price: F64, cost: F64, cover: F64, competitor: F64) -> tuple[F64, F64]:
    """(lowest, highest) price of each item; lowest above highest where the margin floor is out of reach."""
    cut = np.where(cover > config.overstock_weeks, config.overstock_cut, config.max_cut)
    cut = np.where(cover < config.scarce_weeks, 0.0, cut)  # what runs out anyway needs no lower price
    lowest = np.maximum(price * (1 - cut), cost / (1 - config.margin_floor))
    # A cheaper competitor is a reason not to raise; by itself it is none to cut.
    beside = np.where(np.isnan(competitor), np.inf, np.maximum(competitor * (1 + config.over_competitor), price))
    return lowest, np.minimum(price * (1 + config.max_rise), beside)


def price_endings(prices: F64, least_share: float = 0.1) -> F64:
    """(E,) the shop's price endings, such as .9 and .99: what follows the point in at least that share of its prices.

    Empty where no ending is that common: then every hundredth will do.
    """
    cents = np.round(prices[np.isfinite(prices)] * 100).astype(np.int64) % 100
    found, count = np.unique(cents, return_counts=True)
    return found[count >= least_share * max(1, len(cents))] / 100


def round_to(prices: F64, endings: F64 | None) -> F64:
    """The nearest prices that end in one of `endings` (E,), ascending from 0 to below 1; without any, in hundredths."""
    if endings is None or not len(endings):
        return np.round(prices, 2)
    steps = np.concatenate([[endings[-1] - 1], endings, [endings[0] + 1]])
    whole = np.floor(prices)
    nearest = np.searchsorted((steps[1:] + steps[:-1]) / 2, prices - whole)
    return np.asarray(np.round(whole + steps[nearest], 2))


def _check(price: F64, cost: F64, units: F64, elasticity: tuple[F64, F64, F64]) -> None:
    mean, low, high = elasticity
    for name, values, wrong in (
        ("price", price, ~(price > 0)),
        ("cost", cost, ~(cost >= 0)),
        ("units", units, ~(units >= 0)),
        ("elasticity", mean, ~((low <= mean) & (mean <= high))),
    ):
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise ValueError(f"{name} of {int(wrong.sum()):,} items is missing or out of range; the first is item {at} "
                             f"with {values[at]}")  # fmt: skip

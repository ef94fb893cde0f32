"""The price that should earn most within bounds, and what it earns if the elasticity is at its interval's worst end.

Units sold a week at a new price are units * (new / price) ** elasticity, so that the margin gained a week is

    units * ((new / price) ** elasticity * (new - cost) - (price - cost)).

This is monotone in the elasticity, so the worst and the best case lie at the interval's ends. A price is suggested only
where the worst case gains enough. Without bounds the best price is cost * e / (1 + e) for an elasticity e below -1
(Lerner's rule). For an e of -1 or more a higher price is always better and only the bounds stop it; such items are
flagged as inelastic.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.core.config import check_bounds

F64 = NDArray[np.float64]
SUGGEST, NOT_WORTH_IT, NO_ROOM = range(3)
_STEPS = 25  # prices tried from the lowest to the highest allowed one, beside Lerner's


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
        default=0.02,
        metadata={
            "doc": "smallest change worth a new price label, as a share of today's price",
            "least": 0,
            "below": 1,
        },
    )
    least_gain: float = field(
        default=0.0, metadata={"doc": "the worst case must gain more than this share of the item's weekly revenue"}
    )
    over_competitor: float = field(
        default=0.0,
        metadata={"doc": "a rise stops at this share above the competitor's price, where that is known", "above": -1},
    )
    scarce_weeks: float = field(
        default=2.0, metadata={"doc": "with stock for fewer weeks of sales, the price is not cut", "least": 0}
    )
    overstock_weeks: float = field(default=26.0, metadata={"doc": "stock for more weeks of sales is overstock"})
    overstock_cut: float = field(
        default=0.30, metadata={"doc": "largest cut of an overstocked item", "least": 0, "below": 1}
    )

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.overstock_cut < self.max_cut:
            raise ValueError(f"overstock_cut {self.overstock_cut} must be max_cut {self.max_cut} or more")
        if self.scarce_weeks >= self.overstock_weeks:
            raise ValueError(f"scarce_weeks {self.scarce_weeks} must be below overstock_weeks {self.overstock_weeks}")


class ElasticityInterval(NamedTuple):
    """The mean of each item's elasticity, and the ends of its interval; (I,) each."""

    mean: F64
    low: F64
    high: F64


@dataclass(frozen=True)
class Suggestions:
    """For each item (I,): a verdict, the suggested price and what it gains, and the bounds of the price.

    verdict: SUGGEST, NOT_WORTH_IT or NO_ROOM. gain, gain_low, gain_high: margin gained a week at the elasticity's mean,
    and at the worse and the better end of its interval. Price and gains are NaN without a suggestion.
    """

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
    elasticity: ElasticityInterval,
    cover: F64 | None = None,
    competitor: F64 | None = None,
    endings: F64 | None = None,
) -> Suggestions:
    """For each item (I,): the price with the best mean gain, among those within bounds whose worst case gains enough.

    price, cost (I,): today's, in money; units (I,): sold a week at that price. cover (I,): weeks that the stock lasts;
    competitor (I,): the competitor's price; both NaN (or None) where not known. endings: see `round_to`. Raises
    ValueError for a price not above 0, a negative cost, negative units, or an interval that does not contain its mean.
    """
    _check(price, cost, units, elasticity)
    unknown = np.full(len(price), np.nan)
    lowest, highest = _bounds(
        config, price, cost, unknown if cover is None else cover, unknown if competitor is None else competitor
    )
    new = round_to(_prices_to_try(price, cost, elasticity.mean, lowest, highest), endings)
    is_within = (new >= lowest[:, None] * (1 - 1e-9)) & (new <= highest[:, None] * (1 + 1e-9))
    is_allowed = is_within & (np.abs(new / price[:, None] - 1) >= config.least_change)
    new = np.where(is_allowed, new, price[:, None])

    gain, gain_at_low, gain_at_high = (gain_of(price, cost, units, estimate, new) for estimate in elasticity)
    worst, best = np.minimum(gain_at_low, gain_at_high), np.maximum(gain_at_low, gain_at_high)
    is_worth_it = is_allowed & (worst > (config.least_gain * price * units)[:, None])
    has_suggestion = is_worth_it.any(axis=1)
    chosen = np.arange(len(price)), np.where(is_worth_it, gain, -np.inf).argmax(axis=1)

    def of_chosen(values: F64) -> F64:
        return np.where(has_suggestion, values[chosen], np.nan)

    return Suggestions(
        verdict=np.where(has_suggestion, SUGGEST, np.where(is_allowed.any(axis=1), NOT_WORTH_IT, NO_ROOM)),
        price=of_chosen(new),
        gain=of_chosen(gain),
        gain_low=of_chosen(worst),
        gain_high=of_chosen(best),
        lowest=lowest,
        highest=highest,
    )


def _prices_to_try(price: F64, cost: F64, elasticity: F64, lowest: F64, highest: F64) -> F64:
    """(I, _STEPS + 1) prices evenly spaced from lowest to highest, and Lerner's price moved into the bounds."""
    between = lowest[:, None] + (highest - lowest)[:, None] * np.linspace(0, 1, _STEPS)
    lerner = np.where(elasticity < -1, cost * elasticity / np.minimum(1 + elasticity, -1e-9), np.inf)
    return np.column_stack([between, np.clip(lerner, lowest, np.maximum(lowest, highest))])


def gain_of(price: F64, cost: F64, units: F64, elasticity: F64, new: F64) -> F64:
    """(I, K) margin gained a week by the `new` prices (I, K), under each item's elasticity (I,)."""
    demand = (new / price[:, None]) ** elasticity[:, None]  # of today's units
    return np.asarray(units[:, None] * (demand * (new - cost[:, None]) - (price - cost)[:, None]))


def is_inelastic(elasticity: F64) -> NDArray[np.bool_]:
    """Whether a higher price is always better, so that only the bounds stop it."""
    return np.asarray(elasticity > -1)


def _bounds(config: PricingConfig, price: F64, cost: F64, cover: F64, competitor: F64) -> tuple[F64, F64]:
    """(lowest, highest) price of each item; lowest above highest where the margin floor is out of reach."""
    cut = np.where(cover > config.overstock_weeks, config.overstock_cut, config.max_cut)
    cut = np.where(cover < config.scarce_weeks, 0.0, cut)  # an item that sells out anyway needs no lower price
    lowest = np.maximum(price * (1 - cut), cost / (1 - config.margin_floor))
    # A cheaper competitor stops a rise; it does not ask for a cut.
    competing = np.where(np.isnan(competitor), np.inf, np.maximum(competitor * (1 + config.over_competitor), price))
    return lowest, np.minimum(price * (1 + config.max_rise), competing)


def price_endings(prices: F64, least_share: float = 0.1) -> F64:
    """(E,) the shop's price endings, such as .9 and .99: the decimals that at least `least_share` of its prices have.

    Empty where no ending is that common; `round_to` then rounds to hundredths.
    """
    cents = np.round(prices[np.isfinite(prices)] * 100).astype(np.int64) % 100
    endings, count = np.unique(cents, return_counts=True)
    return endings[count >= least_share * max(1, len(cents))] / 100


def round_to(prices: F64, endings: F64 | None) -> F64:
    """The nearest prices that end in one of `endings` (E,), ascending, 0 to below 1; hundredths if there are none."""
    if endings is None or not len(endings):
        return np.round(prices, 2)
    steps = np.concatenate([[endings[-1] - 1], endings, [endings[0] + 1]])
    whole_units = np.floor(prices)
    nearest = np.searchsorted((steps[1:] + steps[:-1]) / 2, prices - whole_units)
    return np.asarray(np.round(whole_units + steps[nearest], 2))


def _check(price: F64, cost: F64, units: F64, elasticity: ElasticityInterval) -> None:
    mean, low, high = elasticity
    for name, values, is_wrong in (
        ("price", price, ~(price > 0)),
        ("cost", cost, ~(cost >= 0)),
        ("units", units, ~(units >= 0)),
        ("elasticity", mean, ~((low <= mean) & (mean <= high))),
    ):
        if is_wrong.any():
            first = int(np.flatnonzero(is_wrong)[0])
            raise ValueError(
                f"{name} of {int(is_wrong.sum()):,} items is missing or out of range; the first is item {first} with "
                f"{values[first]}"
            )

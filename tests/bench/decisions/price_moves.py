"""What following the suggestions would earn where the truth is planted, beside leaving prices alone and an oracle."""

from __future__ import annotations

import numpy as np

from jobs.prices.config import SuggestPricesConfig
from jobs.sample_shop.prices import PriceHistory
from models.pricing.best_price import SUGGEST, ElasticityInterval, PricingConfig, gain_of, suggest
from models.pricing.elasticity import Elasticities
from models.pricing.weekly_sales import PriceWeeks, units_a_week

COST = (0.35, 0.75)  # of the price before all changes, as the sample shop's


def followed(made: PriceHistory, found: Elasticities, seed: int) -> dict[str, float]:
    """Margin a week, expected under the truth, of all items on sale in the last week: kept, moved as suggested, and
    moved by an oracle that knows elasticity and rate, within the same bounds."""
    needs, config = SuggestPricesConfig(), PricingConfig()
    cost = made.base * np.random.default_rng(seed).uniform(*COST, len(made.base))
    now = made.price[:, -1]
    on_sale = np.isfinite(now)
    true_rate = np.exp(made.level + made.truth * np.log(now / made.base))
    weeks = PriceWeeks(made.units, made.price, np.isfinite(made.price))
    rate = units_a_week(weeks, now, found.mean, needs.recent_weeks)
    ready = on_sale & found.has_own & (found.weeks >= needs.least_weeks) & (found.units >= needs.least_units)

    def moves(rows: np.ndarray, units: np.ndarray, *elasticity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(rows moved, what each truly gains)."""
        interval = ElasticityInterval(*(part[rows] for part in elasticity))
        suggestions = suggest(config, now[rows], cost[rows], units[rows], interval)
        has_suggestion = suggestions.verdict == SUGGEST
        moved = rows[has_suggestion]
        new = suggestions.price[has_suggestion][:, None]
        return moved, gain_of(now[moved], cost[moved], true_rate[moved], made.truth[moved], new)[:, 0]

    kept = (true_rate * (now - cost))[on_sale].sum()
    moved, gain = moves(np.flatnonzero(ready), rate, found.mean, found.low, found.high)
    _, careless = moves(np.flatnonzero(ready), rate, found.mean, found.mean, found.mean)
    _, oracle = moves(np.flatnonzero(on_sale), true_rate, *(made.truth,) * 3)
    return {
        "suggested": len(moved) / on_sale.sum(),
        "margin_gain": gain.sum() / kept,
        "losing": float((gain < 0).mean()),
        "without_interval": careless.sum() / kept,
        "losing_without_interval": float((careless < 0).mean()),
        "oracle": oracle.sum() / kept,
    }

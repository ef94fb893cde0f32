"""What following the suggestions would earn if the truth is planted, compared with unmoved prices and an oracle."""

from __future__ import annotations

import numpy as np

from jobs.prices.config import SuggestPricesConfig
from jobs.sample_shop.prices import PriceHistory
from models.pricing.best_price import SUGGEST, ElasticityInterval, PricingConfig, gain_of, suggest
from models.pricing.elasticity import Elasticities
from models.pricing.weekly_sales import PriceWeeks, units_a_week

COST = (0.35, 0.75)  # share of the price before all changes, as in the sample shop


def followed(shop: PriceHistory, estimates: Elasticities, seed: int) -> dict[str, float]:
    """Expected margin a week, by the truth, of all items on sale in the last week: with unmoved prices, with moves as
    suggested, and with moves of an oracle that knows elasticity and rate, within the same bounds."""
    needs, config = SuggestPricesConfig(), PricingConfig()
    cost = shop.base * np.random.default_rng(seed).uniform(*COST, len(shop.base))
    now = shop.price[:, -1]
    on_sale = np.isfinite(now)
    true_rate = np.exp(shop.level + shop.truth * np.log(now / shop.base))
    weeks = PriceWeeks(shop.units, shop.price, np.isfinite(shop.price))
    rate = units_a_week(weeks, now, estimates.mean, needs.recent_weeks)
    ready = (
        on_sale & estimates.has_own & (estimates.weeks >= needs.least_weeks) & (estimates.units >= needs.least_units)
    )

    def moves(rows: np.ndarray, units: np.ndarray, *elasticity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(moved rows, the true gain of each)."""
        interval = ElasticityInterval(*(part[rows] for part in elasticity))
        suggestions = suggest(config, now[rows], cost[rows], units[rows], interval)
        has_suggestion = suggestions.verdict == SUGGEST
        moved = rows[has_suggestion]
        new_prices = suggestions.price[has_suggestion][:, None]
        return moved, gain_of(now[moved], cost[moved], true_rate[moved], shop.truth[moved], new_prices)[:, 0]

    margin_unmoved = (true_rate * (now - cost))[on_sale].sum()
    moved, gain = moves(np.flatnonzero(ready), rate, estimates.mean, estimates.low, estimates.high)
    _, careless = moves(np.flatnonzero(ready), rate, estimates.mean, estimates.mean, estimates.mean)
    _, oracle = moves(np.flatnonzero(on_sale), true_rate, *(shop.truth,) * 3)
    return {
        "suggested": len(moved) / on_sale.sum(),
        "margin_gain": gain.sum() / margin_unmoved,
        "losing": float((gain < 0).mean()),
        "without_interval": careless.sum() / margin_unmoved,
        "losing_without_interval": float((careless < 0).mean()),
        "oracle": oracle.sum() / margin_unmoved,
    }

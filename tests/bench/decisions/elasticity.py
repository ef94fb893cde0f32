"""Elasticities: are the intervals right, are the right items found, and what do price moves that follow them earn?

    python -m tests.bench.decisions.elasticity [--data ../shared/data/online_retail] [--items 1000]

Five shops are made, each with its own seed and planted elasticities. Then a real log, which has no known truth, may be
read. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from jobs.runtime.progress import each, progress
from jobs.sample_shop.prices import PricePlan, make_prices
from models.core.shop_log import PURCHASE, ShopLog
from models.pricing.elasticity import Elasticities, ElasticityConfig, fit_elasticities
from tests.bench.decisions.price_moves import followed
from tests.bench.logs import read_log

SHOPS = 5
NARROW = 2.0  # width of a 90 % interval that a person can still use


def usable(estimates: Elasticities) -> np.ndarray:
    """(I,) whether an estimate can be used: from the item's own prices, certainly below 0, with a narrow interval."""
    return estimates.has_own & (estimates.high < 0) & (estimates.high - estimates.low <= NARROW)


def weekly(log: ShopLog) -> tuple[np.ndarray, np.ndarray]:
    """(units, price) (I, T) from a log of purchase lines: the lines of each week and their median price."""
    bought = log.where((log.kind == PURCHASE) & (log.price > 0))
    week = ((bought.time - np.floor(bought.time[0])) // 7).astype(np.int64)
    cell = bought.item.astype(np.int64) * (week.max() + 1) + week
    order = np.lexsort((bought.price, cell))
    cells, first, count = np.unique(cell[order], return_index=True, return_counts=True)
    middle = bought.price[order][first + (count - 1) // 2]
    shape = log.n_items, int(week.max()) + 1
    units, price = np.zeros(shape), np.full(shape, np.nan)
    units.ravel()[cells], price.ravel()[cells] = count, middle
    return units, price


def table(rows: list[dict[str, float]]) -> dict[str, float]:
    """Print a line for each shop and their mean, which is returned."""
    print(f"\n{'shop':>6}" + "".join(f"{name:>24}" for name in rows[0]))
    for number, row in enumerate(rows, 1):
        print(f"{number:>6}" + "".join(f"{value:>24.4f}" for value in row.values()))
    means = {name: round(float(np.mean([row[name] for row in rows])), 4) for name in rows[0]}
    print(f"{'mean':>6}" + "".join(f"{value:>24.4f}" for value in means.values()))
    return means


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--items", type=int, default=1000)
    args = parser.parse_args()
    rows, moves, seconds = [], [], 0.0
    for seed in each("planted elasticities", range(1, SHOPS + 1), "shops"):
        shop = make_prices(PricePlan(items=args.items, seed=seed))
        started = time.perf_counter()
        estimates = fit_elasticities(ElasticityConfig(), shop.units, shop.price, shop.category)
        seconds += time.perf_counter() - started
        inside = (shop.truth >= estimates.low) & (shop.truth <= estimates.high)
        has_own, thin = estimates.has_own, estimates.units < np.median(estimates.units)
        alone = np.abs(estimates.category_mean[shop.category] - shop.truth)
        rows.append({
            "coverage_90": inside.mean(),
            "coverage_90_thin": inside[thin].mean(),
            "coverage_90_own_prices": inside[has_own].mean(),
            "rank_correlation": spearmanr(estimates.mean, shop.truth).statistic,
            "mae": np.abs(estimates.mean - shop.truth).mean(),
            "mae_category_alone": alone.mean(),
            "usable": usable(estimates).mean(),
        })  # fmt: skip
        moves.append(followed(shop, estimates, seed))
    means = table(rows)
    print(f"goal: coverage_90 in .85 to .95; {SHOPS * args.items:,} items in {seconds:.1f} s")
    print("\nmargin a week under the truth, as a share of what keeping all prices earns (so 'keep all' is 0):")
    earned = table(moves)
    share = earned["margin_gain"] / earned["oracle"]
    print(f"suggestions earn {share:.0%} of what an oracle gains within the same bounds")
    result: dict[str, object] = {"planted": means | {"seconds": round(seconds, 2)}, "coverage_90": means["coverage_90"],
                               "followed": earned}  # fmt: skip
    if args.data:
        log = read_log(args.data)
        units, price = weekly(log)
        is_sold = units.sum(axis=1) > 0
        with progress(args.data.name) as timing:
            estimates = fit_elasticities(
                ElasticityConfig(), units[is_sold], price[is_sold], np.zeros(is_sold.sum(), np.int64)
            )
        print(f"\n{args.data.name}: {is_sold.sum():,} items, {units.shape[1]} weeks; the shop's mean elasticity "
              f"{estimates.category_mean[0]:.2f}, spread {estimates.category_spread[0]:.2f}; "
              f"{estimates.has_own.mean():.1%} have prices of their own to learn from, {usable(estimates).mean():.1%} "
              f"a usable estimate (90 % interval below 0 and at most {NARROW:g} wide); "
              f"{timing.seconds:.1f} s")  # fmt: skip
        result[args.data.name] = {"items": int(is_sold.sum()), "own_prices": round(float(estimates.has_own.mean()), 4),
                                  "usable": round(float(usable(estimates).mean()), 4),
                                  "mean": round(float(estimates.category_mean[0]), 3)}  # fmt: skip
    print(json.dumps(result))


if __name__ == "__main__":
    main()

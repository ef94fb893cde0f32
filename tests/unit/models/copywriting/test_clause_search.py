"""The beam search finds the best order of clauses."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
from scipy import sparse

from models.copywriting.clause_search import Pool, best_orders
from models.copywriting.composer_config import ComposerConfig


def a_pool(seed: int, clauses: int, searches: int) -> Pool:
    rng = np.random.default_rng(seed)
    worth = rng.uniform(0, 3, 12)
    cost = rng.uniform(0, 1, (searches, clauses))
    cost[rng.random(cost.shape) < 0.2] = np.inf
    return Pool(
        says=sparse.csr_matrix((rng.random((clauses, 12)) < 0.3).astype(float)),
        worth=worth,
        repeat_worth=-0.5 * worth,
        names=(rng.random((clauses, 2)) < 0.4).astype(float),
        value_repeat_costs=np.array([1.0, 0.0]),
        sizes=rng.integers(4, 9, clauses),
        factors=rng.uniform(0.8, 1.2, (searches, clauses)),
        costs=cost,
        mean_places=rng.random(clauses),
        opening_gains=rng.normal(size=clauses),
        ending_gains=rng.normal(size=clauses),
        joint_gains=rng.normal(size=(clauses, clauses)),
    )


def scored(pool: Pool, search: int, order: tuple[int, ...], usual: int, config: ComposerConfig) -> float:
    """The score of a text, clause by clause, by the settings."""
    said_grams: set[int] = set()
    named = np.zeros(2, np.int64)
    total, length = pool.ending_gains[order[-1]], 0
    for index, clause in enumerate(order):
        grams = set(pool.says[clause].indices.tolist())
        fresh = sum(pool.worth[g] for g in grams - said_grams) + sum(pool.repeat_worth[g] for g in grams & said_grams)
        total += fresh * pool.factors[search, clause] - pool.costs[search, clause]
        values_of_clause = pool.names[clause] > 0
        total += sum(
            config.value_gain if not named[v] else -pool.value_repeat_costs[v] * named[v]
            for v in np.flatnonzero(values_of_clause)
        )
        total -= config.place_cost_per_unit * abs(pool.mean_places[clause] - length / usual) * pool.sizes[clause]
        total += pool.joint_gains[order[index - 1], clause] if index else pool.opening_gains[clause]
        said_grams, named, length = said_grams | grams, named + values_of_clause, length + int(pool.sizes[clause])
    return float(total / (max(length, usual * config.least_length_share) + 10))


def test_a_wide_search_finds_the_best_of_all_orders() -> None:
    config, usual, shortest = replace(ComposerConfig(), beam_states=200), 20, 4
    for seed in range(5):
        pool = a_pool(seed, clauses=6, searches=2)
        for search, order_found in enumerate(best_orders(pool, usual, shortest, config)):
            could = [order for some in range(1, 5) for chosen in combinations(range(6), some)
                     for order in permutations(chosen)]  # fmt: skip
            could = [order for order in could if np.isfinite(pool.costs[search, list(order)]).all()
                     and pool.sizes[list(order[:-1])].sum() < usual - shortest
                     and pool.sizes[list(order)].sum() <= usual + 8]  # fmt: skip
            best = max(scored(pool, search, order, usual, config) for order in could)
            # Among orders of the same clauses only the best is continued, so the search may nearly miss the best text.
            assert scored(pool, search, tuple(order_found), usual, config) >= best - 0.12


def test_a_search_in_which_no_clause_fits_finds_none() -> None:
    pool = a_pool(1, clauses=5, searches=2)
    pool.costs[1] = np.inf
    first, second = best_orders(pool, 20, 4, ComposerConfig())
    assert first
    assert second == []

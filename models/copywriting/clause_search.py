"""The best texts that a pool of clauses makes: beam searches over their orders, all states of all searches at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.copywriting.composer_config import ComposerConfig

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
LONGER = 8  # units by which a text may be longer than usual
SCORE_OFFSET = 10  # units added to a text's length before its points are divided by it: short texts gain less


@dataclass(frozen=True)
class Pool:
    """What searches know of n clauses, which have g n-grams and name v values of the item. Gains are in points."""

    says: sparse.csr_matrix  # (n, g) 1 where a clause has an n-gram
    worth: F64  # (g,) for an n-gram that the text does not have yet
    repeat_worth: F64  # (g,) for one that the text already has
    names: F64  # (n, v) 1 where a clause names a value
    value_repeat_costs: F64  # (v,) for naming a value a second time; twice that for the third time, and so on
    sizes: I64  # (n,) units
    factors: F64  # (searches, n) by which the worth of a clause's n-grams is multiplied in a search
    costs: F64  # (searches, n) of using a clause; inf where a search may not use it
    mean_places: F64  # (n,) where a clause stands in texts, 0..1
    opening_gains: F64  # (n,) for beginning a text with a clause
    ending_gains: F64  # (n,) for ending a text with it
    joint_gains: F64  # (n, n) for the second clause right after the first


class _States(NamedTuple):
    """Beginnings of texts (s,), each of k clauses, and what their next clause would gain."""

    searches: I64  # (s,) the search of each state
    points: F64  # (s,)
    lengths: I64  # (s,) units
    gram_worth: F64  # (g, s) of each n-gram in the next clause
    value_worth: F64  # (s, v) of each value in the next clause
    chosen: I64  # (s, k) clauses in their order


def best_orders(pool: Pool, usual: int, shortest: int, config: ComposerConfig) -> list[list[int]]:
    """For each search the clauses of its best text, in order, as positions in the pool.

    A text is about `usual` units long. shortest: units of the shortest clause. A list is empty where no clause fits.
    """
    states = _empty_texts(pool, config)
    best: list[tuple[float, list[int]]] = [(-np.inf, [])] * len(pool.factors)
    while len(states.searches):
        gains = _gains(pool, states, usual, config)
        parents, clauses = _steepest(gains / (pool.sizes + config.cut_cost_units), config.beam_states)
        searches = states.searches[parents]
        points = states.points[parents] + gains[parents, clauses]
        lengths = states.lengths[parents] + pool.sizes[clauses]
        chosen = np.concatenate([states.chosen[parents], clauses[:, None]], 1)
        # Rounded, so that scores that differ only in the order of their sums are equal on every machine.
        order = np.lexsort((-np.round(points / (lengths + SCORE_OFFSET), 9), searches))
        scored_lengths = np.maximum(lengths, usual * config.least_length_share) + SCORE_OFFSET
        _keep_best(best, order, searches, np.round((points + pool.ending_gains[clauses]) / scored_lengths, 9), chosen)
        survivors = _distinct(order, searches, chosen, lengths < usual - shortest, config.beam_states)
        gram_worth, value_worth = _worth_after(pool, states, parents[survivors], clauses[survivors])
        states = _States(
            searches[survivors], points[survivors], lengths[survivors], gram_worth, value_worth, chosen[survivors]
        )
    return [clauses for _, clauses in best]


def _empty_texts(pool: Pool, config: ComposerConfig) -> _States:
    count = len(pool.factors)
    return _States(
        searches=np.arange(count),
        points=np.zeros(count),
        lengths=np.zeros(count, np.int64),
        gram_worth=np.repeat(pool.worth[:, None], count, 1),
        value_worth=np.full((count, pool.names.shape[1]), config.value_gain),
        chosen=np.zeros((count, 0), np.int64),
    )


def _gains(pool: Pool, states: _States, usual: int, config: ComposerConfig) -> F64:
    """(s, n) points that each clause adds to each state; -inf for a clause that is in the text already, or too long."""
    rows = np.arange(len(states.searches))[:, None]
    gains = (pool.says @ states.gram_worth).T * pool.factors[states.searches] + states.value_worth @ pool.names.T
    distances = np.abs(pool.mean_places - states.lengths[:, None] / usual)
    gains -= config.place_cost_per_unit * distances * pool.sizes
    gains -= pool.costs[states.searches]
    gains += pool.joint_gains[states.chosen[:, -1]] if states.chosen.shape[1] else pool.opening_gains
    gains[rows, states.chosen] = -np.inf
    gains[states.lengths[:, None] + pool.sizes > usual + LONGER] = -np.inf
    return gains  # type: ignore[no-any-return]


def _worth_after(pool: Pool, states: _States, parents: I64, clauses: I64) -> tuple[F64, F64]:
    """(g, s) and (s, v): what n-grams and values are worth after each of `clauses` (s,) was added to its parent."""
    gram_worth = states.gram_worth[:, parents]
    for column, clause in enumerate(clauses):
        grams = pool.says.indices[pool.says.indptr[clause] : pool.says.indptr[clause + 1]]
        gram_worth[grams, column] = pool.repeat_worth[grams]
    value_worth = states.value_worth[parents]
    repeated = np.minimum(value_worth, 0.0) - pool.value_repeat_costs
    return gram_worth, np.where(pool.names[clauses] > 0, repeated, value_worth)


def _steepest(rates: F64, most: int) -> tuple[I64, I64]:
    """Rows and columns of the `most` highest rates of each row, highest first; rates of -inf are left out."""
    columns = np.argpartition(-rates, min(most, rates.shape[1] - 1), axis=1)[:, :most]
    rows = np.arange(len(rates))[:, None]
    columns = columns[rows, np.argsort(-rates[rows, columns], axis=1, kind="stable")]
    rows, columns = np.broadcast_to(rows, columns.shape).reshape(-1), columns.reshape(-1)
    finite = np.isfinite(rates[rows, columns])
    return rows[finite], columns[finite]


def _keep_best(best: list[tuple[float, list[int]]], order: I64, searches: I64, scores: F64, chosen: I64) -> None:
    """Put texts that score higher into `best`, one (score, clauses) for each search; at a tie the earlier stays."""
    search_of, score_of = searches.tolist(), scores.tolist()
    for state in order.tolist():
        if score_of[state] > best[search_of[state]][0]:
            best[search_of[state]] = score_of[state], chosen[state].tolist()


def _distinct(order: I64, searches: I64, chosen: I64, can_grow: NDArray[np.bool_], most: int) -> I64:
    """The first `most` states of each search that can grow, in `order`; one for each set of clauses."""
    distinct_states: list[int] = []
    sets_of_search: list[set[tuple[int, ...]]] = [set() for _ in range(int(searches.max(initial=-1)) + 1)]
    search_of, clause_sets = searches.tolist(), [tuple(row) for row in np.sort(chosen, 1).tolist()]
    for state in order[can_grow[order]].tolist():
        sets = sets_of_search[search_of[state]]
        if len(sets) < most and clause_sets[state] not in sets:
            sets.add(clause_sets[state])
            distinct_states.append(state)
    return np.array(distinct_states, np.int64)

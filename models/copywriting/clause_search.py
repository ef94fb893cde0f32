"""The best texts that clauses of a pool make: beam searches over their orders, all states of all searches at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
OVER = 8  # units that a text may be longer than usual


@dataclass(frozen=True)
class Pool:
    """What searches know of their clauses (n,): what each is worth, and beside which."""

    says: sparse.csr_matrix  # (n, grams)
    worth: F64  # (grams,) of an n-gram that is said the first time
    spent: F64  # (grams,) of one that is said again
    names: F64  # (n, values): 1 where a clause names a value of the item
    again: F64  # (values,) what naming one again costs; for the third time twice that, and so on
    sizes: I64  # units
    shaken: F64  # (searches, n) factor of what a clause's n-grams are worth
    cost: F64  # (searches, n) of a clause; inf: another search may use it, this one not
    places: F64  # where it stands in texts, 0..1
    first: F64  # worth of beginning a text with it
    last: F64  # worth of ending a text with it
    joints: F64  # (n, n) worth of the second right after the first


def best_orders(pool: Pool, usual: int, shortest: int, config: Any) -> list[list[int]]:
    """For each search the places in `pool` of the clauses of its best text, about `usual` units long, in their order.

    A list is empty where not one clause fits.
    """
    each, searches = pool.sizes + config.pause, len(pool.shaken)
    owner = np.arange(searches)  # the search of each state
    gained, lengths = np.zeros(searches), np.zeros(searches, np.int64)
    left = np.repeat(pool.worth[:, None], searches, 1)  # (grams, states)
    values = np.full((searches, pool.names.shape[1]), config.value)
    chosen = np.zeros((searches, 0), np.int64)
    best: list[tuple[float, list[int]]] = [(-np.inf, [])] * searches
    while len(owner):
        gain = (pool.says @ left).T * pool.shaken[owner] + values @ pool.names.T
        gain -= config.place * np.abs(pool.places - lengths[:, None] / usual) * pool.sizes
        gain -= pool.cost[owner]
        gain += pool.joints[chosen[:, -1]] if chosen.shape[1] else pool.first
        gain[np.arange(len(owner))[:, None], chosen] = -np.inf
        gain[lengths[:, None] + pool.sizes > usual + OVER] = -np.inf
        states, clauses = _steepest(gain / each, config.beam)
        total, size = gained[states] + gain[states, clauses], lengths[states] + pool.sizes[clauses]
        # Rounded, so that what is equal but for the order of a sum is equal on every machine.
        order = np.lexsort((-np.round(total / (size + 10), 9), owner[states]))
        ended = np.round((total + pool.last[clauses]) / (np.maximum(size, usual * config.least) + 10), 9)
        grown = np.concatenate([chosen[states], clauses[:, None]], 1)
        _note(best, order, owner[states], ended, grown)
        kept = _distinct(order, owner[states], grown, size < usual - shortest, config.beam)
        states, clauses, chosen = states[kept], clauses[kept], grown[kept]
        owner, gained, lengths, left = owner[states], total[kept], size[kept], left[:, states]
        for row, clause in enumerate(clauses):
            said = pool.says.indices[pool.says.indptr[clause] : pool.says.indptr[clause + 1]]
            left[said, row] = pool.spent[said]
        values = np.where(pool.names[clauses] > 0, np.minimum(values[states], 0.0) - pool.again, values[states])
    return [clauses for _, clauses in best]


def _steepest(rate: F64, most: int) -> tuple[I64, I64]:
    """Rows and columns of the `most` best of each row, best first; what is -inf is left out."""
    columns = np.argpartition(-rate, min(most, rate.shape[1] - 1), axis=1)[:, :most]
    rows = np.arange(len(rate))[:, None]
    columns = columns[rows, np.argsort(-rate[rows, columns], axis=1, kind="stable")]
    rows, columns = np.broadcast_to(rows, columns.shape).reshape(-1), columns.reshape(-1)
    there = np.isfinite(rate[rows, columns])
    return rows[there], columns[there]


def _note(best: list[tuple[float, list[int]]], order: I64, owner: I64, ended: F64, grown: I64) -> None:
    """Put into `best` what is better there, by search; of equals the first in `order` stays."""
    owners, scores = owner.tolist(), ended.tolist()
    for at in order.tolist():
        if scores[at] > best[owners[at]][0]:
            best[owners[at]] = scores[at], grown[at].tolist()


def _distinct(order: I64, owner: I64, grown: I64, short: NDArray[np.bool_], most: int) -> I64:
    """The first `most` states of each search that can still grow; of those with the same clauses only the first."""
    kept: list[int] = []
    met: list[set[tuple[int, ...]]] = [set() for _ in range(int(owner.max(initial=-1)) + 1)]
    owners, sets = owner.tolist(), [tuple(row) for row in np.sort(grown, 1).tolist()]
    for at in order[short[order]].tolist():
        mine = met[owners[at]]
        if len(mine) < most and sets[at] not in mine:
            mine.add(sets[at])
            kept.append(at)
    return np.array(kept, np.int64)

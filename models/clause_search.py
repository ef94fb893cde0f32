"""The best text that clauses of a pool make: a beam search over their orders, all its states at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Pool:
    """What a search knows of its clauses (n,): what each is worth, and beside which."""

    says: sparse.csr_matrix  # (n, grams)
    worth: F64  # (grams,) of an n-gram that is said the first time
    spent: F64  # (grams,) of one that is said again
    names: F64  # (n, values): 1 where a clause names a value of the item
    again: F64  # (values,) what naming one again costs; for the third time twice that, and so on
    sizes: NDArray[np.int64]  # units
    shaken: F64  # factor of what a clause's n-grams are worth
    worn: F64  # cost of a clause
    places: F64  # where it stands in texts, 0..1
    first: F64  # worth of beginning a text with it
    last: F64  # worth of ending a text with it
    joints: F64  # (n, n) worth of the second right after the first


def best_order(pool: Pool, usual: int, shortest: int, config: Any) -> list[int]:
    """Places in `pool` of the clauses of the best text, about `usual` units long, in their order."""
    each = pool.sizes + config.pause
    gained, lengths = np.zeros(1), np.zeros(1, np.int64)
    left = pool.worth[:, None]  # (grams, states)
    values = np.full((1, pool.names.shape[1]), config.value)
    chosen: list[tuple[int, ...]] = [()]
    best: tuple[float, tuple[int, ...]] | None = None
    while chosen:
        gain = (pool.says @ left).T * pool.shaken + values @ pool.names.T
        gain -= config.place * np.abs(pool.places - lengths[:, None] / usual) * pool.sizes
        gain -= pool.worn
        gain += pool.joints[[state[-1] for state in chosen]] if chosen[0] else pool.first
        for row, state in enumerate(chosen):
            gain[row, list(state)] = -np.inf
        gain[lengths[:, None] + pool.sizes > usual + 8] = -np.inf
        states, clauses = _steepest(gain / each, config.beam)
        if not len(states):
            break
        total, size = gained[states] + gain[states, clauses], lengths[states] + pool.sizes[clauses]
        order = np.argsort(-np.round(total / (size + 10), 9), kind="stable")
        ended = np.round((total + pool.last[clauses]) / (np.maximum(size, usual * config.least) + 10), 9)
        top = order[np.argmax(ended[order])]
        if best is None or ended[top] > best[0]:
            best = float(ended[top]), (*chosen[states[top]], int(clauses[top]))
        kept, met = [], set[frozenset[int]]()
        for at in order:
            state = (*chosen[states[at]], int(clauses[at]))
            if len(kept) < config.beam and size[at] < usual - shortest and frozenset(state) not in met:
                met.add(frozenset(state))
                kept.append((at, state))
        chosen = [state for _, state in kept]
        rows = np.array([at for at, _ in kept], np.int64)
        gained, lengths, left, values = total[rows], size[rows], left[:, states[rows]], values[states[rows]]
        for row, state in enumerate(chosen):
            said = pool.says.indices[pool.says.indptr[state[-1]] : pool.says.indptr[state[-1] + 1]]
            left[said, row] = pool.spent[said]
            named = pool.names[state[-1]] > 0
            values[row, named] = np.minimum(values[row, named], 0.0) - pool.again[named]
    return list(best[1]) if best is not None else [int(np.argmax(pool.says @ pool.worth))]


def _steepest(rate: F64, most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the `most` best of each row, best first; what is -inf is left out."""
    columns = np.argpartition(-rate, min(most, rate.shape[1] - 1), axis=1)[:, :most]
    rows = np.arange(len(rate))[:, None]
    columns = columns[rows, np.argsort(-rate[rows, columns], axis=1, kind="stable")]
    rows, columns = np.broadcast_to(rows, columns.shape).reshape(-1), columns.reshape(-1)
    there = np.isfinite(rate[rows, columns])
    return rows[there], columns[there]

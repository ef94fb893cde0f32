"""Logistic regression on sparse rows: one against the rest for each answer, by L-BFGS."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import expit
from threadpoolctl import threadpool_limits

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]


class Logistic(NamedTuple):
    """weights (W, V) and constants (V,) in log-odds."""

    weights: F32
    constants: F32

    def log_odds(self, rows: sparse.csr_matrix) -> F32:
        """(n, V), of each answer for itself: they need not sum to 1."""
        return np.asarray(rows @ self.weights + self.constants, np.float32)


def fit_logistic(
    rows: sparse.csr_matrix,
    codes: I64,
    answers: int,
    ridge: float,
    iterations: int = 60,
    start: Logistic | None = None,
    balance: float = 0.5,
    also: tuple[I64, I64] | None = None,
) -> Logistic:
    """The least of each answer's cross-entropy over rows (n, W) + ridge / 2 * |weights|^2.

    codes (n,): the answer of a row, -1 where none fits: such a row speaks against every answer. `balance` weighs an
    answer's own rows by (n / (2 own rows)) ** balance, so that rare answers are not drowned. `also` (m,), (m,):
    rows, and answers that each of them speaks neither for nor against.
    """
    n, width = rows.shape
    own = np.bincount(codes[codes >= 0], minlength=answers)
    more = ((n / np.maximum(2 * own, 1)) ** balance).astype(np.float32)
    inside = np.flatnonzero(codes >= 0)
    turned = sparse.csr_matrix(rows.T)
    scale = np.float32(1 / n)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        both = flat.astype(np.float32).reshape(width + 1, answers)
        weights, constants = both[:-1], both[-1]
        odds = rows @ weights + constants
        chance = expit(odds)
        slope = chance.copy()
        right = codes[inside]
        slope[inside, right] = (chance[inside, right] - 1) * more[right]
        miss = np.logaddexp(0, odds)
        miss[inside, right] = np.logaddexp(0, -odds[inside, right]) * more[right]
        if also is not None:
            slope[also], miss[also] = 0, 0
        slope *= scale
        down = np.concatenate([turned @ slope + ridge * weights, slope.sum(axis=0)[None]])
        total = float(miss.sum(dtype=np.float64)) * float(scale) + ridge / 2 * float(np.vdot(weights, weights))
        return total, down.reshape(-1).astype(np.float64)

    begin = np.zeros((width + 1, answers))
    begin[-1] = -np.log(max(answers, 2))
    if start is not None:
        begin = np.concatenate([start.weights, start.constants[None]])
    options = {"maxiter": iterations, "maxcor": 6}
    with threadpool_limits(1, user_api="blas"):  # with two threads its many short products took 3.4 s of CPU, not .7
        found = minimize(loss, begin.reshape(-1), jac=True, method="L-BFGS-B", options=options)
    both = found.x.astype(np.float32).reshape(width + 1, answers)
    return Logistic(both[:-1], both[-1])

"""Logistic regression on sparse rows: one against the rest for each answer, by L-BFGS."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit
from threadpoolctl import threadpool_limits

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]


class Logistic(NamedTuple):
    """weights (W, V) and constants (V,) in log-odds."""

    weights: F32
    constants: F32

    def log_odds(self, rows: sparse.csr_matrix) -> F32:
        """(n, V), of each answer by itself: the chances need not sum to 1."""
        return np.asarray(rows @ self.weights + self.constants, np.float32)


def fit_logistic(
    rows: sparse.csr_matrix,
    codes: I64,
    answers: int,
    ridge: float,
    iterations: int = 60,
    start: Logistic | None = None,
    balance: float = 0.5,
    neutral: tuple[I64, I64] | None = None,
) -> Logistic:
    """Minimises each answer's cross-entropy over rows (n, W) + ridge / 2 * |weights|^2.

    codes (n,): the answer of a row, -1 where none fits: such a row is evidence against every answer. `balance` weighs
    an answer's own rows by (n / (2 own rows)) ** balance, so that rare answers are not drowned. `neutral` (m,), (m,):
    rows, and for each an answer for and against which it is no evidence.
    """
    n, width = rows.shape
    row_counts = np.bincount(codes[codes >= 0], minlength=answers)
    answer_weights = ((n / np.maximum(2 * row_counts, 1)) ** balance).astype(np.float32)
    inside = np.flatnonzero(codes >= 0)
    transposed = sparse.csr_matrix(rows.T)
    scale = np.float32(1 / n)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        parameters = flat.astype(np.float32).reshape(width + 1, answers)
        weights, constants = parameters[:-1], parameters[-1]
        odds = rows @ weights + constants
        chance = expit(odds)
        slope = chance.copy()
        right = codes[inside]
        slope[inside, right] = (chance[inside, right] - 1) * answer_weights[right]
        losses = np.logaddexp(0, odds)
        losses[inside, right] = np.logaddexp(0, -odds[inside, right]) * answer_weights[right]
        if neutral is not None:
            slope[neutral], losses[neutral] = 0, 0
        slope *= scale
        gradient = np.concatenate([transposed @ slope + ridge * weights, slope.sum(axis=0)[None]])
        total = float(losses.sum(dtype=np.float64)) * float(scale) + ridge / 2 * float(np.vdot(weights, weights))
        return total, gradient.reshape(-1).astype(np.float64)

    from scipy.optimize import minimize  # half a second, which only a fit has to wait for

    begin = np.zeros((width + 1, answers))
    begin[-1] = -np.log(max(answers, 2))
    if start is not None:
        begin = np.concatenate([start.weights, start.constants[None]])
    options = {"maxiter": iterations, "maxcor": 6}
    with threadpool_limits(1, user_api="blas"):  # with two threads its many short products took 3.4 s of CPU, not .7
        solution = minimize(loss, begin.reshape(-1), jac=True, method="L-BFGS-B", options=options)
    parameters = solution.x.astype(np.float32).reshape(width + 1, answers)
    return Logistic(parameters[:-1], parameters[-1])

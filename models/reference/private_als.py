"""ALS whose item factors are differentially private for each person, after Chien et al. 2021 ("Private ALS").

A person's factors are computed from the item factors and the person's own items alone, and are shown to nobody else. So
only what the item side learns needs noise: the Gramian of all people's factors (D, D), and for each item the sum of the
factors of those who chose it (I, D). People's factors are brought to length 1 and each person enters at most
`contributions` items, so one person changes the Gramian by at most 1 and the sums by the root of `contributions`. Every
pair weighs the same, as in plain least squares: Hu's weights would need a noised (D, D) matrix for each item.

Noise is OpenDP's discrete Gaussian on a fine grid; its accounting is zero-concentrated differential privacy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import opendp.prelude as dp
from numpy.typing import NDArray
from scipy import sparse

from models.core.config import check_bounds

dp.enable_features("contrib")

F64 = NDArray[np.floating]


@dataclass(frozen=True)
class PrivateALSConfig:
    """Settings of one fit; the defaults were chosen on a validation slice of ML-100K, a fifth of its training pairs.

    ndcg@10 there at epsilon 5, 10, 20: 8 factors, 2 iterations .197, .216, .222; 4 factors, 1 iteration .146, .154,
    .156; person_ridge 1.0 .149, .202, .219.
    """

    factors: int = field(default=8, metadata={"least": 1})
    iterations: int = field(default=2, metadata={"least": 1})
    contributions: int = field(default=32, metadata={"doc": "items that one person enters", "least": 1})
    regularization: float = field(
        default=10.0, metadata={"doc": "regularisation of an item's row, in people", "above": 0}
    )
    person_ridge: float = field(default=0.1, metadata={"doc": "regularisation of a person's own row", "above": 0})
    gram_share: float = field(
        default=0.1, metadata={"doc": "the Gramian's share of the noise's budget", "above": 0, "below": 1}
    )
    seed: int = 7

    def __post_init__(self) -> None:
        check_bounds(self)


def rho_for(epsilon: float, delta: float) -> float:
    """The zCDP budget whose releases together are (epsilon, delta)-private, by OpenDP's conversion."""
    low, high = 1e-9, 200.0
    while high > low * 1.0001:
        rho = math.sqrt(low * high)
        mechanism = dp.m.make_gaussian(
            dp.atom_domain(T=float, nan=False), dp.absolute_distance(T=float), scale=_scale(1, rho)
        )
        low, high = (
            (rho, high) if dp.c.make_zCDP_to_approxDP(mechanism).map(1.0).epsilon(delta) <= epsilon else (low, rho)
        )
    return low


def fit(config: PrivateALSConfig, chosen: sparse.csr_matrix, epsilon: float, delta: float) -> F64:
    """Item factors (I, D), (epsilon, delta)-private for each row of `chosen` (U, I), 0/1 CSR."""
    rng = np.random.default_rng(config.seed)
    entered = _bounded(chosen, config.contributions, rng)
    rho = rho_for(epsilon, delta) / config.iterations
    items: F64 = rng.normal(0, 1 / math.sqrt(config.factors), (chosen.shape[1], config.factors))
    gram_rho, sums_rho = rho * config.gram_share, rho * (1 - config.gram_share)
    for _ in range(config.iterations):
        people = own_factors(config, items, entered)
        people /= np.maximum(1e-9, np.linalg.norm(people, axis=1, keepdims=True))
        gram = _noised(people.T @ people, _scale(1, gram_rho))
        gram = _positive((gram + gram.T) / 2)
        sums = _noised(entered.T @ people, _scale(math.sqrt(config.contributions), sums_rho))
        items = np.linalg.solve(gram + config.regularization * np.eye(config.factors), sums.T).T
    return items


def own_factors(config: PrivateALSConfig, items: F64, chosen: sparse.csr_matrix) -> F64:
    """(U, D): each person's factors from the item factors and their own items."""
    gram = items.T @ items
    ridge = config.person_ridge * np.trace(gram) / config.factors
    return np.linalg.solve(gram + ridge * np.eye(config.factors), (chosen @ items).T).T


def _scale(distance: float, rho: float) -> float:
    return distance / math.sqrt(2 * rho)


def _noised(values: F64, scale: float) -> F64:
    vectors = dp.vector_domain(dp.atom_domain(T=float, nan=False), size=values.size)
    mechanism = dp.m.make_gaussian(vectors, dp.l2_distance(T=float), scale=scale)
    return np.array(mechanism(values.ravel().tolist())).reshape(values.shape)


def _positive(matrix: F64) -> F64:
    """The nearest matrix without negative eigenvalues, which noise may have made."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 0)) @ vectors.T


def _bounded(chosen: sparse.csr_matrix, most: int, rng: np.random.Generator) -> sparse.csr_matrix:
    """At most `most` items of each row, drawn at random."""
    rows = [row if len(row) <= most else rng.choice(row, most, replace=False)
            for row in np.split(chosen.indices, chosen.indptr[1:-1])]  # fmt: skip
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    return sparse.csr_matrix((np.ones(indptr[-1]), np.concatenate(rows), indptr), shape=chosen.shape)

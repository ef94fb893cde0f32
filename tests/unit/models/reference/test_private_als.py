"""Private ALS: the budget is OpenDP's, and without much noise popular items rank above items that nobody chose."""

from __future__ import annotations

import math

import numpy as np
from scipy import sparse

from models.reference.private_als import PrivateALSConfig, fit, own_factors, rho_for


def test_the_budget_is_within_the_classic_bound() -> None:
    rho = rho_for(1.0, 1e-6)
    classic = (math.sqrt(math.log(1e6) + 1) - math.sqrt(math.log(1e6))) ** 2  # Bun and Steinke 2016, which is loose
    assert classic <= rho < 1.5 * classic


def test_items_that_many_chose_rank_above_those_that_nobody_chose() -> None:
    chosen = np.zeros((400, 30))
    chosen[:, :10] = np.random.default_rng(0).random((400, 10)) < 0.5
    config = PrivateALSConfig(contributions=8)
    people = sparse.csr_matrix(chosen)
    items = fit(config, people, 50.0, 1e-6)
    mean = (own_factors(config, items, people) @ items.T).mean(axis=0)
    assert mean[:10].min() > mean[10:].max()

"""Which accounts belong to one person."""

from __future__ import annotations

import numpy as np

from models.offers.same_person import first_accounts


def test_accounts_that_a_chain_joins_are_one_person():
    first = first_accounts(np.array([4, 2, 5]), np.array([2, 1, 6]), 8)
    assert first.tolist() == [0, 1, 1, 3, 1, 5, 5, 7]
    assert first_accounts(np.zeros(0, np.int64), np.zeros(0, np.int64), 3).tolist() == [0, 1, 2]

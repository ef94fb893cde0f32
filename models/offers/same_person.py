"""Which accounts belong to one person."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

I64 = NDArray[np.int64]


def first_accounts(left: I64, right: I64, accounts: int) -> I64:
    """(accounts,): for each account, the lowest number among the accounts of its person.

    Accounts left[i] and right[i] (0..accounts - 1) belong to one person, and so do all that a chain of pairs joins.
    """
    pairs = coo_matrix((np.ones(len(left), np.int8), (left, right)), shape=(accounts, accounts))
    _, person = connected_components(pairs, directed=False)
    _, first = np.unique(person, return_index=True)
    return np.asarray(first[person], np.int64)

"""A shop with planted latent tastes: users buy by taste, and attributes show an item's taste, with noise."""

import numpy as np
from scipy.sparse import csr_matrix

TASTES = 8


def planted(users=200, items=160, seed=0):
    """(interest (U, I), columns, taste of items, taste of users); the last quarter of the items is untouched."""
    rng = np.random.default_rng(seed)
    taste_of_item, taste_of_user = np.arange(items) % TASTES, np.arange(users) % TASTES
    same = taste_of_user[:, None] == taste_of_item
    dense = (rng.random((users, items)) < np.where(same, 0.5, 0.02)).astype(np.float32)
    dense[:, items * 3 // 4 :] = 0
    columns = {
        "brand": [f"brand {taste} of {rng.integers(2)}" for taste in taste_of_item],
        "tags": [[int(taste), int(rng.integers(100, 110))] for taste in taste_of_item],
        "price": [float(taste + rng.random()) for taste in taste_of_item],
    }
    return csr_matrix(dense), columns, taste_of_item, taste_of_user


def share_of_own_taste(codes, taste_of_item, taste_of_user):
    """The share of places (U, K) with an item of the user's taste; by chance 1 / TASTES."""
    return float((taste_of_item[codes] == taste_of_user[:, None]).mean())

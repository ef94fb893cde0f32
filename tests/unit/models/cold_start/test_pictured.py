"""Pictures beside attributes, and what is bought together."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from models.cold_start.content import profiles
from models.cold_start.pictured import PicturedConfig, towards_together, with_pictures
from models.core.unit import unit


def test_an_item_without_a_picture_keeps_its_attributes() -> None:
    attributes, pictures = np.float32([[3, 4], [0, 0], [1, 0]]), np.float32([[0, 0, 0], [0, 2, 0], [1, 0, 0]])
    both = with_pictures(attributes, pictures, 0.5)
    assert np.allclose(both[0], [0.6, 0.8, 0, 0, 0])
    assert np.allclose(both[1], [0, 0, 0, 1, 0])
    assert np.allclose(both[2, 2] / both[2, 0], 0.5)
    with pytest.raises(ValueError, match="2 items have attributes, 3 have pictures"):
        with_pictures(attributes[:2], pictures, 0.5)


def shop(users=300, seed=7):
    """Eight kinds of items; who buys kind 2i buys kind 2i + 1 as well. The last 16 items, two a kind, are cold."""
    rng = np.random.default_rng(seed)
    kind = np.append(np.arange(80) % 8, np.arange(16) % 8)
    content = unit((np.eye(8)[kind] + rng.normal(0, 0.1, (96, 8))).astype(np.float32))
    taste = rng.integers(0, 4, users)
    dense = np.zeros((users, 96), np.float32)
    for user in range(users):
        own = np.flatnonzero(np.isin(kind[:80] // 2, taste[user]))
        dense[user, rng.choice(own, 4, replace=False)] = 1
    return content, kind, csr_matrix(dense)


def test_cold_items_come_near_to_what_goes_with_them() -> None:
    content, kind, interest = shop()
    places = towards_together(PicturedConfig(), content, interest)
    wants_0 = profiles(csr_matrix(np.float32(kind == 0)[None]), content)[0]
    partner, stranger = kind[80:] == 1, kind[80:] > 1
    assert (content[80:][partner] @ wants_0).max() < 0.4
    assert (places[80:][partner] @ wants_0).min() > (places[80:][stranger] @ wants_0).max() + 0.2


def test_a_shop_of_single_purchases_teaches_nothing() -> None:
    content, _, _ = shop()
    lonely = csr_matrix(np.eye(96, dtype=np.float32))
    assert np.allclose(towards_together(PicturedConfig(), content, lonely), content, atol=1e-6)

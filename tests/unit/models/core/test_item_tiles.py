"""The bound between coarse and exact scores; lists from bfloat16 candidates compared with ranking all dot products."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from models.core.item_tiles import TILE, ItemTiles, bounds, in_bf16, lengths
from models.core.top_k import _dots, top_k

N_ITEMS = TILE + 700


def normal(rng, *shape):
    return rng.standard_normal(shape, dtype=np.float32)


def factors(kind, rng):
    """(users, items) of a difficult kind."""
    users, items = normal(rng, 40, 24), normal(rng, N_ITEMS, 24)
    if kind == "extreme norms":
        return users * np.exp(3 * normal(rng, 40, 1)), items * np.exp(3 * normal(rng, N_ITEMS, 1))
    if kind == "few distinct items":
        return users, items[rng.integers(0, 30, N_ITEMS)]
    if kind == "nearly equal items":
        return users, items[:1] + 1e-3 * items
    if kind == "zeros":
        users[::3], items[::2] = 0, 0
    if kind == "one sign":
        return np.abs(users), -np.abs(items)
    if kind == "vanishing":
        return users * np.float32(1e-25), items * np.float32(1e-18)
    if kind == "nearly overflowing":
        return users * np.float32(8e17), items * np.float32(8e17)
    if kind == "small integers":
        return rng.integers(-3, 4, users.shape).astype(np.float32), rng.integers(-3, 4, items.shape).astype(np.float32)
    return users, items


KINDS = (
    "normal",
    "extreme norms",
    "few distinct items",
    "nearly equal items",
    "zeros",
    "one sign",
    "vanishing",
    "nearly overflowing",
    "small integers",
)


def by_sorting(users, items, k, seen, allowed):
    scores = _dots(np.broadcast_to(items, (len(users), *items.shape)), users) + np.float32(0)
    codes, best = np.full((len(users), k), -1, np.int32), np.full((len(users), k), -np.inf, np.float32)
    for user, row in enumerate(scores):
        is_open = allowed.copy()
        is_open[seen.indices[seen.indptr[user] : seen.indptr[user + 1]]] = False
        open_ = np.flatnonzero(is_open)
        chosen = open_[np.lexsort((open_, -row[open_]))][:k]
        codes[user, : len(chosen)], best[user, : len(chosen)] = chosen, row[chosen]
    return codes, best


@pytest.mark.parametrize("bf16", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_lists_are_those_of_all_dot_products_to_the_bit(kind, bf16):
    rng = np.random.default_rng(KINDS.index(kind))
    users, items = factors(kind, rng)
    seen = csr_array((rng.random((len(users), len(items))) < 0.02).astype(np.float32))
    allowed = rng.random(len(items)) < 0.9
    for k in (1, 60):
        codes, scores = top_k(users, ItemTiles.of(items, allowed, bf16=bf16), k, seen)
        wanted = by_sorting(users, items, k, seen, allowed)
        np.testing.assert_array_equal(codes, wanted[0])
        np.testing.assert_array_equal(scores.view(np.int32), wanted[1].view(np.int32))


@pytest.mark.parametrize("k", [N_ITEMS - 1, N_ITEMS])
def test_k_near_the_size_of_the_catalogue(k):
    rng = np.random.default_rng(0)
    users, items = factors("small integers", rng)
    none, every = csr_array((len(users), N_ITEMS)), np.ones(N_ITEMS, bool)
    codes, scores = top_k(users, ItemTiles.of(items, bf16=True), k)
    wanted = by_sorting(users, items, k, none, every)
    np.testing.assert_array_equal(codes, wanted[0])
    np.testing.assert_array_equal(scores, wanted[1])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "nearly overflowing"])
def test_no_exact_score_lies_further_from_its_coarse_one_than_the_bound(kind):
    users, items = factors(kind, np.random.default_rng(9))
    tiles, coarse = ItemTiles.of(items, bf16=True), in_bf16(users)
    for tile, start in enumerate(range(0, N_ITEMS, TILE)):
        part = tiles.items[start : start + TILE].astype(np.float64)
        exact = users.astype(np.float64) @ part.T
        scores = (coarse.rows @ tiles.coarse.rows[start : start + TILE].T).float().numpy().astype(np.float64)
        bound = bounds(tiles, tile, lengths(users), coarse.off, bf16=True)
        assert (np.abs(exact - scores) <= bound.absolute[:, None] + bound.relative * np.abs(scores)).all()
        assert (exact <= bound.reach[:, None]).all()


def test_the_longest_items_come_first_and_twins_in_the_order_of_codes():
    items = np.array([[1], [3], [2], [3]], np.float32)
    assert ItemTiles.of(items, bf16=False).codes.tolist() == [1, 3, 2, 0]


def test_items_that_cannot_be_ranked_are_refused():
    with pytest.raises(ValueError, match="hold NaN or infinity"):
        ItemTiles.of(np.full((2, 2), np.nan, np.float32))
    with pytest.raises(ValueError, match="must be"):
        ItemTiles.of(np.ones(3, np.float32))

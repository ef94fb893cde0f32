"""Look-alikes are exact, know several pictures of an item, and keep a product's colours apart."""

import numpy as np
import pytest

from models.images import lookalikes
from models.images.lookalikes import LookAlikes

RNG = np.random.default_rng(7)
VECTORS = RNG.normal(size=(60, 8)).astype(np.float16)
ITEM = RNG.integers(0, 20, 60)
ITEM[:20] = np.arange(20)
GROUP = np.arange(20) // 4


def slowly(query):
    """Each item's best cosine, computed one by one."""
    v = VECTORS.astype(np.float64)
    cosines = v @ query / np.linalg.norm(v, axis=1) / np.linalg.norm(query)
    return np.array([cosines[item == ITEM].max() for item in range(20)])


def test_a_picture_is_as_like_an_item_as_it_is_like_the_items_best_picture() -> None:
    queries, items = RNG.normal(size=(5, 8)).astype(np.float32), np.array([3, 19, 0, -1, 20])
    cosines = LookAlikes(VECTORS, ITEM, 21).to_items(queries, items)
    assert np.allclose(cosines[:3], [slowly(queries[row])[items[row]] for row in range(3)], atol=1e-5)
    assert np.isneginf(cosines[3:]).all()  # no item, or an item without a picture


@pytest.mark.parametrize("block", [1, 64 * 2**20])
def test_an_item_is_compared_by_all_its_pictures(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookalikes, "BLOCK_BYTES", block)
    codes, scores = LookAlikes(VECTORS, ITEM, 20).similar(np.arange(20), 19)
    for item in range(20):
        truth = np.max([slowly(query) for query in VECTORS[item == ITEM].astype(np.float64)], axis=0)
        truth[item] = -np.inf
        assert codes[item].tolist() == np.argsort(-truth)[:19].tolist()
    assert np.isfinite(scores).all()


def test_other_colours_of_the_product_are_listed_separately() -> None:
    alike = LookAlikes(VECTORS, ITEM, 20, GROUP)
    codes, _ = alike.similar(np.arange(20), 20)
    assert all(set(row[row >= 0]) == set(np.flatnonzero(GROUP[item] != GROUP)) for item, row in enumerate(codes))
    codes, scores = alike.similar(np.array([5]), 20, "same_product")
    assert set(codes[0, :3].tolist()) == {4, 6, 7}
    assert (codes[0, 3:] == -1).all()
    assert np.isneginf(scores[0, 3:]).all()


def test_items_without_a_picture_or_not_for_sale_are_never_found() -> None:
    allowed = np.arange(21) % 2 == 0
    alike = LookAlikes(VECTORS, ITEM, 21, allowed=allowed)
    codes, _ = alike.similar(np.array([1, 3]), 21)
    assert set(codes[codes >= 0].tolist()) == set(range(0, 20, 2))
    codes, _ = alike.similar(np.array([20, 1]), 3)
    assert (codes[0] == -1).all()
    assert (codes[1] >= 0).all()


def test_a_shop_without_pictures_finds_nothing() -> None:
    codes, _ = LookAlikes(np.empty((0, 8), np.float16), np.empty(0, np.int64), 3).similar(np.arange(3), 2)
    assert (codes == -1).all()


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"codes must be in 0\.\.18"):
        LookAlikes(VECTORS, ITEM, 19)
    with pytest.raises(ValueError, match="kind must be looks_alike or same_product"):
        LookAlikes(VECTORS, ITEM, 20).similar(np.arange(2), 2, "twins")

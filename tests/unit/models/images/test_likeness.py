"""Likeness: one product in other colours is found by its form, and by looks where colours count."""

import numpy as np
import pytest

from models.images.likeness import Likeness, LikenessConfig
from models.images.lookalikes import LookAlikes

PARTS = {"things": slice(0, 12), "stages": slice(12, 20), "colours": slice(20, 26)}
CONFIG = LikenessConfig(dims=6, min_pairs=20)


def shop(products=60, seed=7):
    """Three pictures of each product: 6 axes tell the product, 14 stronger axes change from picture to picture."""
    rng = np.random.default_rng(seed)
    product = np.repeat(np.arange(products), 3)
    form = np.hstack([rng.normal(size=(products, 6))[product], 3 * rng.normal(size=(3 * products, 14))])
    turned = form @ np.linalg.qr(np.random.default_rng(1).normal(size=(20, 20)))[0]
    return np.hstack([turned, rng.normal(size=(3 * products, 6))]).astype(np.float16), product


def own_first(places, product):
    codes, _ = LookAlikes(places, np.arange(len(product)), len(product)).similar(np.arange(len(product)), 1)
    return (product[codes[:, 0]] == product).mean()


def test_products_that_it_never_saw_are_found_in_other_colours() -> None:
    likeness = Likeness.fit(CONFIG, *shop(), PARTS)
    vectors, product = shop(seed=8)
    assert own_first(likeness.apply(vectors), product) > own_first(vectors[:, :20], product) + 0.3


def test_colours_count_only_if_they_are_wanted() -> None:
    vectors, product = shop()
    likeness = Likeness.fit(CONFIG, vectors, product, PARTS)
    other = vectors.copy()
    other[:, 20:] = np.roll(vectors[:, 20:], 1, axis=0)
    assert np.array_equal(likeness.apply(other), likeness.apply(vectors))
    assert not np.allclose(likeness.apply(other, colour=0.5), likeness.apply(vectors, colour=0.5))
    assert np.allclose(np.linalg.norm(likeness.apply(vectors, colour=0.5), axis=1), 1, atol=1e-3)


def test_with_one_picture_a_product_vectors_stay_as_they_are() -> None:
    vectors, product = shop()
    likeness = Likeness.fit(CONFIG, vectors, np.arange(len(product)), PARTS)
    assert not likeness.learned
    assert likeness.apply(vectors).shape == (len(product), 20)


def test_what_is_saved_comes_back(tmp_path) -> None:
    vectors, product = shop()
    likeness = Likeness.fit(CONFIG, vectors, product, PARTS)
    likeness.save(tmp_path)
    assert np.array_equal(Likeness.load(tmp_path, CONFIG).apply(vectors, 0.3), likeness.apply(vectors, 0.3))
    with pytest.raises(ValueError, match=r"dims 6 \(asked 128\)"):
        Likeness.load(tmp_path, LikenessConfig(min_pairs=20))

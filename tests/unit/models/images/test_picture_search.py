"""Photos find their items in the catalogue, although all photos differ from its pictures in the same way."""

import numpy as np
import pytest

from models.images.picture_search import SearchConfig, search_photos

PARTS = {"things": slice(0, 16), "stages": slice(16, 24), "colours": slice(24, 28)}


def shop(photos_each=12, items=30, noise=1.1, seed=7):
    """(photos, the item on each, pictures): photos are shifted, have less contrast, and have some noise."""
    rng = np.random.default_rng(seed)
    pictures = rng.normal(size=(items, 28))
    item = np.repeat(np.arange(items), photos_each)
    seen = pictures + rng.normal(0, 0.6, pictures.shape)  # each item as phones see it
    photos = 0.5 * (seen[item] + rng.normal(0, noise, (len(item), 28))) + 2
    return photos.astype(np.float16), item, pictures.astype(np.float16)


def right(config, **kind):
    photos, item, pictures = shop(**kind)
    codes, _ = search_photos(photos, pictures, np.arange(len(pictures)), len(pictures), PARTS, 1, config)
    return (codes[:, 0] == item).mean()


def test_photos_are_found_in_spite_of_another_light() -> None:
    assert right(SearchConfig(rounds=0)) > right(SearchConfig(rounds=0, min_photos=10_000)) + 0.2


def test_photos_of_one_thing_help_each_other() -> None:
    assert right(SearchConfig()) > right(SearchConfig(rounds=0)) + 0.05


def test_one_photo_alone_finds_the_picture_it_shows() -> None:
    _, _, pictures = shop()
    codes, scores = search_photos(pictures[5:6], pictures, np.arange(30), 30, PARTS, 3)
    assert codes[0, 0] == 5
    assert scores[0, 0] > scores[0, 1]


def test_items_without_a_picture_are_never_found() -> None:
    photos, _, pictures = shop()
    codes, scores = search_photos(photos, pictures, np.arange(30), 33, PARTS, 33)
    assert codes.max() == 29
    assert (codes[:, 30:] == -1).all()
    assert np.isneginf(scores[:, 30:]).all()


def test_no_photo_and_no_picture_give_no_result() -> None:
    photos, _, pictures = shop()
    assert search_photos(photos[:0], pictures, np.arange(30), 30, PARTS, 2)[0].shape == (0, 2)
    codes, _ = search_photos(photos, pictures[:0], np.empty(0, np.int64), 30, PARTS, 2)
    assert (codes == -1).all()
    with pytest.raises(ValueError, match="k=31"):
        search_photos(photos, pictures, np.arange(30), 30, PARTS, 31)


def test_an_item_that_may_not_be_sold_is_not_found() -> None:
    _, _, pictures = shop()
    allowed = np.arange(30) != 5
    codes, _ = search_photos(pictures[5:6], pictures, np.arange(30), 30, PARTS, 30, allowed=allowed)
    assert 5 not in codes
    assert (codes >= 0).sum() == 29

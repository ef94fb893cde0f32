"""New items as a list source: only items on sale with a description and without events; placed like similar items."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from models.cold_start.cold_items import ColdConfig
from models.ranking.backtest import sources_at
from models.ranking.new_items import with_new_items
from tests.unit.models.ranking.test_ranker import SOURCES, shop_log

SHOWN = np.ones(44, bool)


def shop():
    """Items 40..43 are new; content tells even items from odd items, and item 43 has no content."""
    log = replace(shop_log(), n_items=44, attributes={})
    content = np.eye(2, dtype=np.float32)[np.arange(44) % 2]
    content[43] = 0
    return sources_at(SOURCES, log, 49.0, 7.0), content


def nothing(users):
    return csr_matrix((users, 44), dtype=np.float32)


def test_users_get_new_items_of_their_own_taste():
    sources = with_new_items(*reordered(shop()))
    assert sources.new_items.tolist() == [40, 41, 42]
    codes, scores = sources.new_for(np.arange(60), 1, nothing(60))
    assert (codes[1::2, 0] == 41).mean() > 0.9
    assert np.isin(codes[::2, 0], [40, 42]).mean() > 0.9
    assert (scores[codes >= 0] > 0).all()


def reordered(parts, config=ColdConfig(), shown=SHOWN):  # noqa: B008 - frozen, and never written to
    sources, content = parts
    return sources, config, content, shown


def test_items_that_are_refused_or_not_on_sale_are_not_listed():
    shown = np.arange(44) != 41
    sources = with_new_items(*reordered(shop(), shown=shown))
    assert sources.new_items.tolist() == [40, 42]
    refused = csr_matrix((np.ones(60, np.float32), (np.arange(60), np.full(60, 40))), shape=(60, 44))
    assert set(sources.new_for(np.arange(60), 2, refused)[0].ravel().tolist()) <= {42, -1}


def test_without_new_items_nothing_changes():
    sources, content = shop()
    same = with_new_items(sources, ColdConfig(), content, np.zeros(44, bool))
    assert same is sources
    assert (same.new_for(np.arange(3), 2, nothing(3))[0] == -1).all()


def test_content_alone_makes_no_embedding():
    with pytest.raises(ValueError, match="set it to regressor or gan"):
        with_new_items(*reordered(shop(), ColdConfig(model="content")))


def test_the_folder_keeps_new_items(tmp_path):
    sources = with_new_items(*reordered(shop()))
    sources.save(tmp_path)
    again = type(sources).load(tmp_path).new_for(np.arange(60), 2, nothing(60))
    np.testing.assert_array_equal(again[0], sources.new_for(np.arange(60), 2, nothing(60))[0])

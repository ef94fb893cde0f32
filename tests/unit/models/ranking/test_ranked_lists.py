"""Ranked lists: no refused item is listed, the ranker decides the order, each place names its source."""

from functools import lru_cache

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from models.ranking.backtest import sources_at
from models.ranking.diversity_config import DiversityConfig
from models.ranking.ranked_lists import ListRules, rank_users
from models.ranking.source_names import SOURCE_NAMES
from tests.unit.models.ranking.test_ranker import SOURCES, fitted, shop_log

EVERYBODY = np.arange(60)


@lru_cache
def sources():
    return sources_at(SOURCES, shop_log(), 49.0, 7.0)


def nothing_refused():
    return csr_matrix((60, 40), dtype=np.float32)


def test_the_order_is_that_of_the_scores_and_the_parts_sum_to_them():
    ranked = rank_users(sources(), fitted(), EVERYBODY, 5)
    assert (ranked.codes >= 0).all()
    assert (np.diff(ranked.scores, axis=1) <= 0).all()
    np.testing.assert_allclose(ranked.parts.sum(axis=2), ranked.scores, atol=1e-5)
    assert {*ranked.sources, "lstm"} == set(SOURCE_NAMES)  # no LSTM has read this shop
    assert (ranked.source >= 0).all()


def test_items_that_may_not_be_shown_are_not_listed():
    allowed = np.arange(40) % 4 != 1
    before = rank_users(sources(), fitted(), EVERYBODY, 5).codes
    refused = csr_matrix((np.ones(60, np.float32), (EVERYBODY, before[:, 0])), shape=(60, 40))
    codes = rank_users(sources(), fitted(), EVERYBODY, 5, allowed, refused).codes
    assert allowed[codes[codes >= 0]].all()
    assert not (codes == before[:, :1]).any()


def test_a_block_of_users_gets_the_lists_that_all_get():
    all_lists = rank_users(sources(), fitted(), EVERYBODY, 5, None, nothing_refused())
    block_lists = rank_users(sources(), fitted(), EVERYBODY[10:20], 5)
    np.testing.assert_array_equal(block_lists.codes, all_lists.codes[10:20])
    np.testing.assert_array_equal(block_lists.scores, all_lists.scores[10:20])


def test_without_a_ranker_the_order_is_that_of_als():
    ranked = rank_users(sources(), None, EVERYBODY, 3)
    expected = sources().lists(EVERYBODY)["als"][0]
    np.testing.assert_array_equal(ranked.codes, expected[0][:, :3])
    assert ranked.groups == ("als",)
    np.testing.assert_array_equal(ranked.parts[:, :, 0], ranked.scores)


def test_a_place_names_the_source_that_lists_the_item_highest():
    ranked = rank_users(sources(), fitted(), EVERYBODY, 5)
    lists = {name: best[0] for name, (best, _) in sources().lists(EVERYBODY).items()}
    for user in range(0, 60, 7):
        for item, source in zip(ranked.codes[user], ranked.source[user], strict=True):
            place = {name: list(codes[user]).index(item) for name, codes in lists.items() if item in codes[user]}
            assert place[ranked.sources[source]] == min(place.values())


def test_a_cap_on_a_category_holds():
    category = (np.arange(40) % 2).astype(np.int32)
    rules = ListRules(DiversityConfig(most_per_category=2), category, np.full(40, -1, np.int32))
    codes = rank_users(sources(), fitted(), EVERYBODY, 4, rules=rules).codes
    for row in codes:
        assert np.bincount(category[row[row >= 0]], minlength=2).max() <= 2


def test_a_bonus_shows_the_tail_more_and_parts_still_sum_to_the_score():
    tail, none = np.arange(40) >= 20, np.full(40, -1, np.int32)
    rules = ListRules(DiversityConfig(tail_bonus=0.5), none, none, tail=tail)
    plainly = rank_users(sources(), fitted(), EVERYBODY, 5)
    lifted = rank_users(sources(), fitted(), EVERYBODY, 5, rules=rules)
    assert tail[lifted.codes].sum() > tail[plainly.codes].sum()
    np.testing.assert_allclose(lifted.parts.sum(axis=2), lifted.scores, atol=1e-5)


def test_everything_refused_leaves_empty_places():
    refused = csr_matrix(np.ones((60, 40), np.float32))
    for ranker in (fitted(), None):
        ranked = rank_users(sources(), ranker, EVERYBODY, 3, None, refused)
        assert (ranked.codes == -1).all()
        assert np.isneginf(ranked.scores).all()


@pytest.mark.parametrize("k", [0, 41])
def test_k_outside_the_catalogue_is_refused(k):
    with pytest.raises(ValueError, match=rf"k={k} is not in 1..40"):
        rank_users(sources(), fitted(), EVERYBODY, k)

"""Content: the battery, what counts as a word and its weight, and items with few attributes or none."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from models.cold_start.attribute_words import Words, is_amount
from models.cold_start.content import Content, ContentConfig, profiles, with_pictures
from models.core.unit import unit
from tests.unit.models.cold_start.cold_shop import planted, share_of_own_taste
from tests.unit.models.recommenders.recommender_battery import LearnsTaste, RecommenderBattery, ids

SMALL = ContentConfig(dims=8)


def fit(columns, config=SMALL):
    items = len(next(iter(columns.values())))
    return Content.fit(config, columns, ids("i", items))


class TestContent(RecommenderBattery, LearnsTaste):
    def fit(self, interest):
        items = interest.shape[1]
        return fit({"taste": [f"taste {n % 2}" for n in range(items)], "code": [n // 4 for n in range(items)]})

    def lists(self, model, interest, k, seen=None, allowed=None):
        return model.recommend(interest, k, seen, allowed)

    def reloaded(self, model, folder):
        model.save(folder)
        return Content.load(folder, SMALL)


def test_items_without_events_are_found_by_their_attributes():
    interest, columns, taste_of_item, taste_of_user = planted()
    untouched = np.asarray(interest.sum(axis=0)).reshape(-1) == 0
    codes, _ = fit(columns, ContentConfig(dims=32)).recommend(interest, 4, None, untouched)
    assert share_of_own_taste(codes, taste_of_item, taste_of_user) > 0.9


def test_rare_words_weigh_more_and_words_of_all_or_one_nothing():
    words = Words.of(["red", "red", "red", "blue", "blue", "green"], 2, 10)
    assert words.words.tolist() == ["=blue", "=red", "blue", "red"]
    np.testing.assert_allclose(words.weights, np.log(7 / np.array([3, 4, 3, 4])), rtol=1e-6)
    assert not len(Words.of(["same"] * 4, 1, 10).words)


def test_only_the_most_frequent_words_are_kept():
    assert Words.of([[1], [1], [1], [2], [2], [3]], 1, 2).words.tolist() == ["=1", "=2"]


def test_a_text_is_its_words_and_chinese_its_characters():
    words = Words.of(["Soft cotton, soft!", "棉 cotton", None], 1, 20)
    assert words.words.tolist() == ["=soft cotton, soft!", "=棉 cotton", "cotton", "soft", "棉"]


def test_integers_are_codes_and_floats_amounts():
    assert is_amount("price", [1.5, None, float("nan")])
    assert not is_amount("department", [3, 4, None])
    assert not is_amount("unknown", [None, float("nan")])
    with pytest.raises(ValueError, match="'price' mixes amounts"):
        is_amount("price", [1.5, "cheap"])


def test_amounts_are_standardised_and_outliers_cut():
    values = [1.0, 2.0, 3.0, None, float("nan"), float("inf")] + [2.0] * 100 + [1e9]
    vectors = fit({"price": values}).vectors[:, -1]
    assert np.isfinite(vectors).all()
    assert vectors[3] == vectors[4] == vectors[5] == 0
    assert vectors.max() == vectors[-1] == 1  # FAR deviations, and the only column


def test_an_item_without_attributes_has_zeros_and_does_not_change_others():
    with_nothing = {"brand": ["a", "b", "a", "b", None, float("nan"), ""], "tags": [[1], [2], [1], [2], None, [], []]}
    vectors = fit(with_nothing).vectors
    assert not vectors[4:].any()
    assert np.allclose(np.linalg.norm(vectors[:4], axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("columns", [{"brand": ["only"]}, {"price": [2.0]}, {"tags": [None]}])
def test_a_shop_of_one_item(columns):
    model = fit(columns)
    codes, scores = model.recommend(csr_matrix(np.ones((1, 1), np.float32)), 1)
    assert codes.tolist() == [[0]]
    assert np.isfinite(scores).all()


def test_no_columns_at_all():
    model = Content.fit(SMALL, {}, ids("i", 3))
    assert model.vectors.shape == (3, 1)
    assert not model.vectors.any()


def test_new_items_are_encoded_as_known_ones_are():
    _, columns, _, _ = planted()
    model = fit(columns)
    np.testing.assert_allclose(model.encode(columns, 160), model.vectors)
    strange = model.encode({"brand": ["never seen", None], "colour": ["red", "red"]}, 2)
    assert not strange.any()


def test_more_dims_than_words_is_as_many_as_there_are():
    assert fit({"tags": [[1], [1], [2], [2]]}, ContentConfig(dims=50)).vectors.shape == (4, 2)


def test_profiles_are_means_weighted_by_interest():
    vectors = np.eye(2, dtype=np.float32) * 5
    interest = csr_matrix(np.array([[3, 4], [0, 0]], np.float32))
    np.testing.assert_allclose(profiles(interest, vectors), [[0.6, 0.8], [0, 0]])
    assert not unit(np.zeros((1, 2), np.float32)).any()


def test_columns_of_another_length_are_refused():
    with pytest.raises(ValueError, match="column 'brand' has 2 values for 3 items"):
        Content.fit(SMALL, {"brand": ["a", "b"]}, ids("i", 3))


def test_loading_under_another_config_is_refused_by_name(tmp_path):
    fit({"brand": ["a", "b", "a", "b"]}).save(tmp_path)
    with pytest.raises(ValueError, match=r"fitted with dims 8 \(asked 9\)"):
        Content.load(tmp_path, replace(SMALL, dims=9))


def test_an_item_without_a_picture_keeps_its_attributes():
    attributes, pictures = np.float32([[3, 4], [0, 0], [1, 0]]), np.float32([[0, 0, 0], [0, 2, 0], [1, 0, 0]])
    both = with_pictures(attributes, pictures, 0.5)
    np.testing.assert_allclose(both[0], [0.6, 0.8, 0, 0, 0])
    np.testing.assert_allclose(both[1], [0, 0, 0, 1, 0])
    assert both[2, 2] / both[2, 0] == pytest.approx(0.5)
    with pytest.raises(ValueError, match="2 items have attributes, 3 have pictures"):
        with_pictures(attributes[:2], pictures, 0.5)

"""Trees as bit masks compared with LightGBM's predict: the same bits for any row."""

import lightgbm
import numpy as np
import pytest

from models.ranking.trees import MOST_LEAVES, ROWS, Trees


def hostile(rng, rows, features):
    """Rows with NaN, zeros of both signs, values that LightGBM takes for 0, and the ends of float32."""
    table = rng.standard_normal((rows, features)).astype(np.float32)
    for value in (np.nan, 0.0, -0.0, 1e-36, -1e-36, 1e-35, 3e38, -3e38):
        table[rng.random(table.shape) < 0.04] = value
    table[:, 0] = rng.integers(0, 3, rows)  # many equal values
    return table


def boosted(table, rng, **settings):
    target = np.nan_to_num(table, nan=1.0, posinf=0, neginf=0).clip(-9, 9).sum(axis=1) + rng.standard_normal(len(table))
    params = {"verbosity": -1, "num_threads": 1, "min_data_in_leaf": 3, "deterministic": True, **settings}
    return lightgbm.train(params, lightgbm.Dataset(table, target), 20)


@pytest.mark.parametrize("leaves", [2, 31, MOST_LEAVES])
@pytest.mark.parametrize("rows", [1, ROWS - 1, ROWS, 3 * ROWS + 5])
def test_scores_are_lightgbms_to_the_bit(leaves, rows):
    rng = np.random.default_rng(leaves)
    booster = boosted(hostile(rng, 2_000, 6), rng, num_leaves=leaves)
    features = hostile(np.random.default_rng(rows), rows, 6)
    trees = Trees.parsed(booster.model_to_string())
    assert trees.scores(features).tobytes() == booster.predict(features, num_threads=1).tobytes()


def test_unknown_values_go_where_lightgbm_sends_them_though_none_was_seen_in_training():
    rng = np.random.default_rng(1)
    training = rng.standard_normal((500, 4)).astype(np.float32)
    booster = boosted(training, rng)
    features = np.full((3, 4), np.nan, np.float32)
    assert Trees.parsed(booster.model_to_string()).scores(features).tobytes() == booster.predict(features).tobytes()


def test_values_on_either_side_of_a_threshold_go_to_their_sides():
    rng = np.random.default_rng(2)
    booster = boosted(rng.standard_normal((800, 3)).astype(np.float32), rng)
    trees = Trees.parsed(booster.model_to_string())
    edges = trees.threshold
    features = np.repeat(np.concatenate([edges, np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf)]), 3)
    features = features.reshape(-1, 3).astype(np.float32)
    assert trees.scores(features).tobytes() == booster.predict(features).tobytes()


def test_a_tree_that_never_splits_adds_its_only_value():
    rng = np.random.default_rng(3)
    booster = boosted(np.ones((50, 2), np.float32), rng)
    trees = Trees.parsed(booster.model_to_string())
    features = np.zeros((2, 2), np.float32)
    assert trees.scores(features).tobytes() == booster.predict(features).tobytes()
    assert trees.sums(features, trees.path).shape == (2, 3)


def test_the_path_to_each_leaf_sums_to_its_value():
    rng = np.random.default_rng(4)
    trees = Trees.parsed(boosted(hostile(rng, 1_000, 5), rng).model_to_string())
    np.testing.assert_allclose(trees.path.sum(axis=1), trees.value, atol=1e-9)
    features = hostile(rng, 100, 5)
    np.testing.assert_allclose(trees.sums(features, trees.path).sum(axis=1), trees.scores(features), atol=1e-9)


def test_the_gain_of_each_feature_is_lightgbms():
    rng = np.random.default_rng(5)
    booster = boosted(hostile(rng, 1_000, 5), rng)
    trees = Trees.parsed(booster.model_to_string())
    np.testing.assert_allclose(trees.gain, booster.feature_importance("gain"), rtol=1e-4)


def test_trees_that_the_ranker_never_fits_are_refused():
    rng = np.random.default_rng(6)
    table = hostile(rng, 3_000, 4)
    wide = boosted(table, rng, num_leaves=MOST_LEAVES + 40)
    with pytest.raises(ValueError, match=rf"leaves, {MOST_LEAVES} are the most; set ranker.leaves"):
        Trees.parsed(wide.model_to_string())
    zero = boosted(table, rng, zero_as_missing=True)
    with pytest.raises(ValueError, match="takes 0 for unknown"):
        Trees.parsed(zero.model_to_string())
    with pytest.raises(ValueError, match="no LightGBM model: its text begins with 'what'"):
        Trees.parsed("what")

"""Blending of scores: the effect of a weight, and the search for weights."""

import numpy as np
import pytest

from models.reference.score_blend import blend, choose_weights, standardise


def test_scores_of_any_scale_weigh_the_same():
    scores = np.random.default_rng(0).normal(size=(4, 50)).astype(np.float32)
    np.testing.assert_allclose(standardise(scores * 1000 + 7), standardise(scores), atol=1e-3)


def test_a_user_without_scores_gets_zeros():
    assert not standardise(np.full((2, 5), 3, np.float32)).any()


def test_one_weight_for_each_model():
    with pytest.raises(ValueError, match="1 models, 2 weights"):
        blend([np.zeros((1, 2), np.float32)], [1, 1])


def test_the_search_finds_a_model_that_adds_something():
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(20, 300)).astype(np.float32)
    noisy = [truth + rng.normal(size=truth.shape).astype(np.float32) for _ in range(2)]
    useless = rng.normal(size=truth.shape).astype(np.float32)

    def judge(weights):
        mixed = blend([useless, *noisy], list(weights))
        return float(np.corrcoef(mixed.ravel(), truth.ravel())[0, 1]) if weights.any() else 0.0

    weights, figure = choose_weights(3, judge)
    assert weights[0] == 0
    assert weights[1:].all()
    assert figure > judge(np.array([0.0, 1.0, 0.0]))

"""ALS: the battery, warm starts, saving, and what it refuses."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from models.core.config import build
from models.recommenders.als import ALS, ALSConfig
from tests.unit.models.recommenders.recommender_battery import (
    LearnsTaste,
    RecommenderBattery,
    ids,
    shop,
)

SMALL = ALSConfig(factors=8, regularization=1.0, alpha=10.0, iterations=5)


def fit(interest, config=SMALL, previous=None):
    return ALS.fit(config, interest, ids("u", interest.shape[0]), ids("i", interest.shape[1]), previous)


class TestALS(RecommenderBattery, LearnsTaste):
    def fit(self, interest):
        return fit(interest)

    def lists(self, model, interest, k, seen=None, allowed=None):
        return model.recommend(np.arange(interest.shape[0]), k, seen, allowed)

    def reloaded(self, model, folder):
        model.save(folder)
        return ALS.load(folder, SMALL)


def test_two_fits_are_equal_to_the_bit_with_one_thread_or_two():
    models = [fit(shop(), replace(SMALL, threads=threads)) for threads in (1, 2, 2)]
    for other in models[1:]:
        assert other.user_factors.tobytes() == models[0].user_factors.tobytes()
        assert other.item_factors.tobytes() == models[0].item_factors.tobytes()


def test_another_seed_is_another_model():
    assert fit(shop(), replace(SMALL, seed=8)).item_factors.tobytes() != fit(shop()).item_factors.tobytes()


def test_empty_rows_have_zero_factors():
    model = fit(shop())
    assert not model.user_factors[0].any()
    assert not model.item_factors[0].any()


def test_twin_items_have_the_same_factors():
    interest = shop().tolil()
    interest[:, 7] = interest[:, 5]
    model = fit(csr_matrix(interest, dtype=np.float32))
    assert model.item_factors[7].tobytes() == model.item_factors[5].tobytes()


def test_a_warm_night_starts_where_the_last_one_ended():
    cold = fit(shop(300, 80), replace(SMALL, iterations=20))
    warm = fit(shop(300, 80), replace(SMALL, warm_iterations=1), cold)
    begun = fit(shop(300, 80), replace(SMALL, iterations=1))

    def distance(model):
        return np.linalg.norm(model.user_factors @ model.item_factors.T - cold.user_factors @ cold.item_factors.T)

    assert distance(warm) < distance(begun) / 5


def test_a_warm_night_takes_new_ids_and_drops_old_ones():
    cold = ALS.fit(SMALL, shop(40, 30), ids("u", 60)[20:], ids("i", 50)[20:])
    warm = fit(shop(), previous=cold)
    assert (warm.user_factors.shape, warm.item_factors.shape) == ((60, 8), (40, 8))
    assert np.isfinite(warm.user_factors).all()
    assert warm.user_factors.tobytes() == fit(shop(), previous=cold).user_factors.tobytes()


def test_similar_items_are_of_one_taste_and_never_itself():
    model = fit(shop(300, 60))
    items = np.arange(1, 60)
    codes, cosines = model.similar_items(items, 5)
    assert (codes != items[:, None]).all()
    assert ((codes + items[:, None]) % 2 == 0).mean() > 0.9
    assert np.abs(cosines).max() <= 1 + 1e-6


def test_similar_items_keep_to_allowed():
    allowed = np.arange(40) > 20
    codes, _ = fit(shop()).similar_items(np.array([3, 30]), 25, allowed)
    assert set(codes[0]) == {-1, *range(21, 40)}
    assert 30 not in codes[1]


def test_loading_under_another_config_is_refused_by_name(tmp_path):
    fit(shop()).save(tmp_path)
    with pytest.raises(ValueError, match=r"fitted with alpha 10.0 \(asked 11.0\); load it without a config"):
        ALS.load(tmp_path, replace(SMALL, alpha=11.0))
    assert ALS.load(tmp_path).config == SMALL


def test_the_manifest_tells_what_is_saved(tmp_path):
    fit(shop()).save(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert (manifest["users"], manifest["items"], manifest["config"]["seed"]) == (60, 40, 7)


def test_a_file_that_disagrees_with_its_manifest_is_refused(tmp_path):
    fit(shop()).save(tmp_path)
    fit(shop(61)).save(tmp_path / "other")
    (tmp_path / "other" / "factors.npz").rename(tmp_path / "factors.npz")
    with pytest.raises(ValueError, match="61 ids"):
        ALS.load(tmp_path)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0, 0.0])
def test_weights_that_are_no_interest_are_refused(bad):
    interest = shop()
    interest.data[3] = bad
    with pytest.raises(ValueError, match="weights are not finite and above 0"):
        fit(interest)


def test_duplicate_weights_are_refused():
    doubled = csr_matrix((np.ones(2, np.float32), np.array([1, 1]), np.array([0, 2])), shape=(1, 3))
    with pytest.raises(ValueError, match="duplicate or unsorted"):
        fit(doubled)


def test_an_empty_matrix_is_refused():
    with pytest.raises(ValueError, match="nothing to learn from"):
        fit(csr_matrix((3, 4), dtype=np.float32))


@pytest.mark.parametrize(
    ("user_ids", "message"),
    [
        (ids("u", 60)[::-1], "sorted and unique: 'u00059' comes before 'u00058'"),
        (np.array(["same"] * 60), "sorted and unique"),
        (ids("u", 59), r"interest is \(60, 40\), the ids are 59 users"),
        (np.arange(60), "must be an array of str"),
    ],
)
def test_ids_that_do_not_name_the_rows_are_refused(user_ids, message):
    with pytest.raises(ValueError, match=message):
        ALS.fit(SMALL, shop(), user_ids, ids("i", 40))


def test_previous_of_another_size_is_refused():
    with pytest.raises(ValueError, match="previous has 8 factors, the config 9"):
        fit(shop(), replace(SMALL, factors=9), fit(shop()))


def test_codes_outside_the_model_are_refused():
    with pytest.raises(ValueError, match=r"user codes span 0..60, the model has 0..59"):
        fit(shop()).recommend(np.array([0, 60]), 3)
    with pytest.raises(ValueError, match=r"k=40 is not in 1..39"):
        fit(shop()).similar_items(np.array([0]), 40)


def test_settings_are_built_by_name():
    assert build(ALSConfig, {"factors": 32, "alpha": 5}) == ALSConfig(factors=32, alpha=5.0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"factor": 3}, r"models.recommenders.als has no 'factor'; it has alpha, factors"),
        ({"factors": "64"}, r"models.recommenders.als.factors must be int, not '64'"),
        ({"factors": True}, r"models.recommenders.als.factors must be int, not True"),
        ({"alpha": -1.0}, r"models.recommenders.als: alpha must be above 0 and finite, not -1.0"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        build(ALSConfig, settings, "models.recommenders.als")


def test_rows_regularised_by_their_frequency_solve_their_own_equation():
    """(Y'Y + Y' (C - 1) Y + reg_u) x = Y' C 1, with reg_u by the formula, to the precision of one step."""
    config = replace(SMALL, regularization=4.0, frequency_power=1.0, iterations=10)
    interest = shop()
    model = fit(interest, config)
    reach = np.diff(interest.indptr) + interest.shape[1] / config.alpha
    wanted = config.regularization * reach / reach.mean()
    y = model.item_factors.astype(np.float64)
    for user in (1, 2, 17):
        c = config.alpha * interest[user].toarray().ravel()
        weight = np.where(c > 0, c, 1)
        low, high = (
            np.linalg.solve(y.T @ (y * weight[:, None]) + wanted[user] * step * np.eye(8), y.T @ c)
            for step in (1 / 1.03, 1.03)
        )
        span = np.abs(low - high) + 1e-4
        assert (model.user_factors[user] >= np.minimum(low, high) - span).all()
        assert (model.user_factors[user] <= np.maximum(low, high) + span).all()


@pytest.mark.parametrize("power", [-0.1, 2.5, float("nan")])
def test_a_frequency_power_out_of_range_is_refused(power):
    with pytest.raises(ValueError, match=r"frequency_power must be in 0\.\.2"):
        replace(SMALL, frequency_power=power)


def test_settings_of_ials_carry_over():
    """iALS: alpha0 on every pair, 1 more on a positive, reg * (n + alpha0 * m) on a row; solved here to its end."""
    interest = shop(60, 40).astype(bool).astype(np.float32)
    alpha0, reg, dense = 0.1, 0.05, interest.toarray().astype(np.float64)
    rng = np.random.default_rng(0)
    x, y = (rng.normal(scale=0.1, size=(n, 8)) for n in dense.shape)
    for _ in range(30):
        for rows, other, data in ((x, y, dense), (y, x, dense.T)):
            for index, row in enumerate(data):
                penalty = reg * (row.sum() + alpha0 * len(row)) * np.eye(8)
                rows[index] = np.linalg.solve(
                    alpha0 * other.T @ other + other.T @ (other * row[:, None]) + penalty, other.T @ row
                )
    config = replace(ALSConfig.from_ials(alpha0, reg, 1.0, interest.shape, interest.nnz), factors=8, iterations=40)
    als = fit(interest, config)
    solved_scores, our_scores = x @ y.T, als.user_factors @ als.item_factors.T
    assert np.corrcoef(solved_scores.ravel(), our_scores.ravel())[0, 1] > 0.99

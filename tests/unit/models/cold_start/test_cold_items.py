"""Cold items: the battery for each way to place them, their quality, users known by features, and the split."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from models.cold_start.cold_items import ColdConfig, ColdItems, Regressor
from models.cold_start.content import Content, ContentConfig
from models.cold_start.gan import GAN, GANConfig
from models.core.list_metrics import refuse_overlap
from models.recommenders.als import ALS, ALSConfig
from tests.bench.recommend.cold_split import read_log, split_log
from tests.unit.models.cold_start.cold_shop import TASTES, planted, share_of_own_taste
from tests.unit.models.recommenders.recommender_battery import LearnsTaste, RecommenderBattery, ids

FACTORS = ALSConfig(factors=8, regularization=1.0, alpha=10.0)
QUICK = GANConfig(noise=4, hidden=32, steps=100, batch=32, rate=1e-2)
ALL = pytest.mark.parametrize("name", ["content", "regressor", "gan"])


def als(interest):
    return ALS.fit(FACTORS, interest, ids("u", interest.shape[0]), ids("i", interest.shape[1]))


def place(interest, columns, name):
    """(ALS, ColdItems) of a shop."""
    factors = als(interest)
    content = Content.fit(ContentConfig(dims=32), columns, factors.item_ids)
    return factors, ColdItems.fit(ColdConfig(model=name), factors.item_factors, content.vectors, QUICK)


class Battery(RecommenderBattery, LearnsTaste):
    """Item 0 of the battery's shop has no event: it is the cold item."""

    name = ""

    def fit(self, interest):
        return place(interest, {"taste": [f"taste {n % 2}" for n in range(interest.shape[1])]}, self.name)

    def lists(self, model, interest, k, seen=None, allowed=None):
        return model[1].recommend(model[0].user_factors, interest, k, seen, allowed)

    def reloaded(self, model, folder):
        model[1].save(folder)
        return model[0], ColdItems.load(folder, ColdConfig(model=self.name))


class TestContentPlaces(Battery):
    name = "content"


class TestRegressor(Battery):
    name = "regressor"


class TestGAN(Battery):
    name = "gan"


@ALL
def test_users_find_cold_items_of_their_taste(name):
    interest, columns, taste_of_item, taste_of_user = planted()
    cold = np.asarray(interest.sum(axis=0)).reshape(-1) == 0
    factors, items = place(interest, columns, name)
    codes, _ = items.recommend(factors.user_factors, interest, 4, None, cold)
    assert share_of_own_taste(codes, taste_of_item, taste_of_user) > 4 / TASTES


@ALL
def test_warm_items_stay_where_they_were(name):
    interest, columns, _, _ = planted()
    factors, items = place(interest, columns, name)
    warm = np.asarray(interest.sum(axis=0)).reshape(-1) > 0
    expected = factors.recommend(np.arange(200), 10, interest, warm)
    listed = items.recommend(factors.user_factors, interest, 10, interest, warm)
    np.testing.assert_array_equal(listed[0], expected[0])


@pytest.mark.parametrize("name", ["regressor", "gan"])
def test_made_embeddings_have_the_length_asked_for(name):
    interest, columns, _, _ = planted()
    factors = als(interest)
    content = Content.fit(ContentConfig(dims=32), columns, factors.item_ids).vectors
    items = ColdItems.fit(ColdConfig(model=name, own_length=0.0), factors.item_factors, content, QUICK)
    length = np.linalg.norm(items.places, axis=1)
    np.testing.assert_allclose(length[-40:], np.median(np.linalg.norm(factors.item_factors[:120], axis=1)), rtol=1e-4)


def test_users_known_only_by_features_get_factors_by_the_same_code():
    interest, _, taste_of_item, taste_of_user = planted()
    features = np.eye(TASTES, dtype=np.float32)[taste_of_user]
    factors = als(interest)
    for maker in (GAN.fit(QUICK, features, factors.user_factors), Regressor.fit(1.0, features, factors.user_factors)):
        with_new_users = replace_users(factors, maker.generate(np.eye(TASTES, dtype=np.float32)))
        codes, _ = with_new_users.recommend(np.arange(TASTES), 5)
        assert share_of_own_taste(codes, taste_of_item, np.arange(TASTES)) > 0.8


def replace_users(factors, users):
    return ALS(factors.config, users, factors.item_factors, ids("new", len(users)), factors.item_ids)


@ALL
@pytest.mark.parametrize("warm", [0, 1, 3])
def test_none_or_one_or_all_warm(name, warm):
    item_factors = np.zeros((3, 4), np.float32)
    item_factors[:warm] = 1
    items = ColdItems.fit(ColdConfig(model=name), item_factors, np.eye(3, dtype=np.float32), QUICK)
    codes, scores = items.recommend(np.ones((2, 4), np.float32), csr_matrix((2, 3), dtype=np.float32), 3)
    assert np.sort(codes, axis=1).tolist() == [[0, 1, 2]] * 2
    assert np.isfinite(scores).all()


@ALL
def test_a_cold_item_without_attributes_has_a_place_too(name):
    interest, columns, _, _ = planted()
    for values in columns.values():
        values[-1] = None
    factors, items = place(interest, columns, name)
    assert np.isfinite(items.places).all()
    assert (items.recommend(factors.user_factors, interest, 160)[0] == 159).any(axis=1).all()


@ALL
def test_the_same_seed_gives_the_same_bits(name):
    interest, columns, _, _ = planted()
    first, second = (place(interest, columns, name)[1].places for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_the_maker_places_items_that_come_later(tmp_path):
    interest, columns, _, _ = planted()
    for name in ("regressor", "gan"):
        _, items = place(interest, columns, name)
        items.save(tmp_path / name)
        later = ColdItems.load(tmp_path / name).embed(items.content[items.cold])
        assert later.tobytes() == items.places[items.cold].tobytes()
    with pytest.raises(ValueError, match="content learnt no embedding"):
        place(interest, columns, "content")[1].embed(items.content)


def test_a_sibling_of_a_warm_item_is_put_beside_it():
    rng = np.random.default_rng(3)
    factors = rng.standard_normal((41, 8)).astype(np.float32)
    content = np.eye(41, 40, dtype=np.float32)  # nothing in common but with itself
    content[40] = content[7]
    factors[40] = 0
    cosine = {}
    for neighbours in (0, 1):
        place = ColdItems.fit(ColdConfig(neighbours=neighbours), factors, content).places[40]
        cosine[neighbours] = place @ factors[7] / np.linalg.norm(place) / np.linalg.norm(factors[7])
    assert cosine[1] > max(0.99, cosine[0])


def test_what_cannot_be_is_refused(tmp_path):
    with pytest.raises(ValueError, match="model must be one of content, regressor, gan, not 'magic'"):
        ColdConfig(model="magic")
    with pytest.raises(ValueError, match="length must be above 0"):
        ColdConfig(length=0.0)
    with pytest.raises(ValueError, match=r"own_length must be in 0\.\.1, not 2"):
        ColdConfig(own_length=2.0)
    with pytest.raises(ValueError, match="neighbours must be 0 or more"):
        ColdConfig(neighbours=-1)
    with pytest.raises(ValueError, match=r"conditions \(3, 2\) and embeddings \(2, 4\)"):
        ColdItems.fit(ColdConfig(), np.ones((2, 4), np.float32), np.ones((3, 2), np.float32))
    place(*planted()[:2], "regressor")[1].save(tmp_path)
    with pytest.raises(ValueError, match=r"fitted with ridge 3.0 \(asked 4.0\)"):
        ColdItems.load(tmp_path, replace(ColdConfig(model="regressor"), ridge=4.0))


def test_the_split_holds_out_whole_items(tmp_path):
    interest, _, _, _ = planted()
    lines = [" ".join([f"u{row}", *(f"i{item}" for item in interest[row].indices)]) for row in range(200)]
    (tmp_path / "sequences.txt").write_text("\n".join(lines) + "\n")
    (tmp_path / "item_attributes.json").write_text(json.dumps({"i1": [1, 2], "i2": [2]}))
    log = read_log(tmp_path, 7)
    split = split_log(log, 7)
    cold = split.cold["valid"] | split.cold["test"]
    assert not split.train[:, cold].nnz
    assert not split.truth["test"][:, split.cold["valid"]].nnz
    refuse_overlap(split.train, split.truth["test"])
    refuse_overlap(split.truth["valid"], split.truth["test"])
    assert split.train.nnz + split.truth["valid"].nnz + split.truth["test"].nnz == interest.nnz
    assert log.columns["tags"][log.item_ids.tolist().index("i1")] == [1, 2]


def test_a_folder_of_neither_format_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"neither sequences\.txt nor articles\.parquet"):
        read_log(tmp_path, 7)

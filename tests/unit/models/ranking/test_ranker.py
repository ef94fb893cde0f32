"""The ranker and the weeks it is trained on, on a small shop with two tastes and weekly repeat purchases."""

import json
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from models.core.list_metrics import score_lists
from models.core.shop_log import KINDS, PURCHASE, ShopLog
from models.ranking.backtest import RollingConfig, cut_at, earlier_cuts, sources_at, split_cuts
from models.ranking.candidate_sources import Sources, SourcesConfig
from models.ranking.candidates import ItemCandidates, candidates_at
from models.ranking.ranker import NothingToLearn, Ranker, RankerConfig, graded
from models.recommenders.als import ALSConfig

SMALL = RankerConfig(rounds=30, patience=10, leaves=7, least_rows=5, threads=1)
SOURCES = SourcesConfig(candidates=10, neighbours=10, als=ALSConfig(factors=4, iterations=2, threads=1))
ROLLING = RollingConfig(judge_users=10)


@lru_cache
def shop_log(users=60, items=40, weeks=8, kinds=("view", "purchase")):
    """Users view items of their own taste (even or odd), and in most weeks buy the one item that they always buy."""
    rng = np.random.default_rng(0)
    rows = []
    for user in range(users):
        for week in range(weeks):
            for _ in range(3):
                rows.append((user, 2 * rng.integers(items // 2) + user % 2, "view", 7 * week + 6 * rng.random()))
            if rng.random() < 0.8:
                rows.append((user, (user * 6 + user % 2) % items, kinds[-1], 7 * week + 3 + rng.random()))
    user, item, kind, time = zip(*rows, strict=True)
    return ShopLog(
        np.array(user, np.int32),
        np.array(item, np.int32),
        np.array([KINDS.index(name) for name in kind], np.int8),
        np.array(time),
        np.where(np.array(item) % 3 == 0, np.nan, 1.0 + np.array(item)).astype(np.float32),
        users,
        items,
        {"category": (np.arange(items) % 2).astype(np.int32), "brand": np.full(items, -1, np.int32)},
    )


@lru_cache
def cut(week=7, users=60):
    return cut_at(ROLLING, SMALL, shop_log(users), sources_at(SOURCES, shop_log(users), 7.0 * week, 7.0))


@lru_cache
def fitted():
    return Ranker.fit(
        SMALL,
        [(teaching.candidates, teaching.grades) for teaching in (cut(4), cut(5))],
        [(cut(6).candidates, cut(6).grades)],
    )


def test_the_ranker_beats_every_source():
    data = cut()

    def ndcg(codes):
        return score_lists(codes, data.truth, 5)["ndcg@5"].mean()

    score = ndcg(fitted().recommend(data.candidates, 5, 40)[0])
    assert score > 0.9
    assert score >= max(ndcg(codes) for codes, _ in data.lists.values())


def test_lists_come_best_first_without_doubles():
    codes, scores = fitted().recommend(cut().candidates, 40, 40)
    for row, values in zip(codes, scores, strict=True):
        is_filled = row >= 0
        assert len(set(row[is_filled])) == is_filled.sum()
        assert (np.diff(values[is_filled]) <= 0).all()
        assert np.isneginf(values[~is_filled]).all()
        assert not is_filled[is_filled.sum() :].any()


def test_the_same_input_gives_the_same_bits_and_survives_the_disk(tmp_path):
    again = Ranker.fit(
        SMALL,
        [(teaching.candidates, teaching.grades) for teaching in (cut(4), cut(5))],
        [(cut(6).candidates, cut(6).grades)],
    )
    assert again.predict(cut().candidates).tobytes() == fitted().predict(cut().candidates).tobytes()
    fitted().save(tmp_path)
    loaded = Ranker.load(tmp_path, SMALL)
    assert loaded.rounds == fitted().rounds
    np.testing.assert_array_equal(
        loaded.recommend(cut().candidates, 9, 40)[0], fitted().recommend(cut().candidates, 9, 40)[0]
    )
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["config"]["seed"] == 7
    assert sum(manifest["importances"].values()) == pytest.approx(1)


def test_another_config_is_refused_by_name(tmp_path):
    fitted().save(tmp_path)
    with pytest.raises(ValueError, match=r"fitted with leaves 7 \(asked 8\)"):
        Ranker.load(tmp_path, replace(SMALL, leaves=8))


def test_the_parts_of_a_score_sum_to_it():
    groups, parts = fitted().contributions(cut().candidates)
    np.testing.assert_allclose(parts.sum(axis=1), fitted().predict(cut().candidates), atol=1e-6)
    assert {"als", "own", "user", "item", "price", "affinity", "base"} <= set(groups)
    assert sum(fitted().importances().values()) == pytest.approx(1)


def test_nan_features_are_ranked_too():
    candidates = cut().candidates
    blank = replace(candidates, features=np.full_like(candidates.features, np.nan))
    codes, scores = fitted().recommend(blank, 3, 40)
    assert codes.min() >= 0
    assert np.isfinite(scores).all()


def test_one_user_only():
    candidates = cut(7).candidates
    alone = candidates.of_users(np.arange(candidates.n_users) == 3)
    codes, _ = fitted().recommend(alone, 3, 40)
    np.testing.assert_array_equal(codes, fitted().recommend(candidates, 3, 40)[0][3:4])
    assert Ranker.fit(SMALL, [(alone, np.arange(len(alone)) == 0)]).recommend(alone, 2, 40)[0].shape == (1, 2)


def test_users_all_cold_get_what_is_popular():
    history = shop_log().between(-np.inf, 49)
    cold = replace(history, n_users=70)
    sources = Sources.fit(SOURCES, cold, 49.0, 7.0)
    lists = {name: codes for name, (codes, _) in sources.lists(np.arange(60, 70)).items()}
    assert (lists["popularity"][0] >= 0).all()
    assert (lists["own"][0] == -1).all()
    assert (lists["als"][0] == -1).all()


def test_sources_from_the_disk_and_in_blocks_say_the_same(tmp_path):
    sources = sources_at(SOURCES, shop_log(), 49.0, 7.0)
    sources.save(tmp_path)
    loaded = Sources.load(tmp_path)
    everybody = np.arange(60)

    def table(of, users):
        return candidates_at(of, users, {name: codes for name, (codes, _) in of.lists(users).items()})

    assert loaded.features == table(sources, everybody[:1]).names
    at_once, blocks = table(sources, everybody), [table(loaded, part) for part in np.array_split(everybody, 7)]
    assert np.concatenate([part.features for part in blocks]).tobytes() == at_once.features.tobytes()
    assert np.concatenate([part.item for part in blocks]).tobytes() == at_once.item.tobytes()
    with pytest.raises(ValueError, match="ascending codes, each once"):
        loaded.events_of(np.array([3, 2]))


def test_a_user_without_candidates_gets_an_empty_list():
    candidates = cut().candidates
    wider = replace(candidates, n_users=candidates.n_users + 1)
    assert (fitted().recommend(wider, 4, 40)[0][-1] == -1).all()


@pytest.mark.parametrize("k", [0, 41])
def test_k_outside_the_catalogue_is_refused(k):
    with pytest.raises(ValueError, match=rf"k={k} is not in 1..40"):
        fitted().recommend(cut().candidates, k, 40)


def test_a_feature_that_is_missing_is_refused_by_name():
    candidates = cut().candidates
    renamed = replace(candidates, names=("als.luck", *candidates.names[1:]))
    with pytest.raises(ValueError, match=r"lack the features \['popularity.score'\], which this ranker was fitted on"):
        fitted().predict(renamed)


def test_a_feature_that_is_newer_than_the_model_changes_nothing():
    candidates = cut().candidates
    more = np.column_stack([np.full(len(candidates), 7, np.float32), candidates.features])
    widened = replace(candidates, features=more, names=("lstm.score", *candidates.names))
    assert fitted().predict(widened).tobytes() == fitted().predict(candidates).tobytes()
    assert fitted().contributions(widened)[1].tobytes() == fitted().contributions(candidates)[1].tobytes()


def test_nobody_to_learn_from_is_refused():
    candidates = cut().candidates
    with pytest.raises(NothingToLearn, match="none of the users did anything with a candidate"):
        Ranker.fit(SMALL, [(candidates, np.zeros(len(candidates), np.int8))])


def test_candidates_that_do_not_fit_together_are_refused():
    candidates = cut().candidates
    with pytest.raises(ValueError, match=r"row \d+ is not"):
        replace(candidates, user=candidates.user[::-1].copy())
    with pytest.raises(ValueError, match=r"feature 'popularity.score' is infinite somewhere"):
        replace(
            candidates,
            features=np.where(np.arange(len(candidates.names)) == 0, np.inf, candidates.features).astype(np.float32),
        )


def test_grades_go_by_the_strongest_event():
    pairs = ItemCandidates(
        np.zeros(3, np.int32), np.arange(3, dtype=np.int32), np.zeros((3, 1), np.float32), ("a.b",), 1
    )
    after = shop_log().where(slice(0, 3))
    after = replace(
        after, user=np.zeros(3, np.int32), item=np.array([1, 1, 2], np.int32), kind=np.array([PURCHASE, 0, 0], np.int8)
    )
    assert graded(SMALL, pairs, np.array([0]), after).tolist() == [0, 3, 1]
    views = replace(after, kind=np.zeros(3, np.int8))
    assert graded(SMALL, pairs, np.array([0]), views).tolist() == [0, 3, 3]


def test_a_cut_uses_no_later_event():
    log = shop_log()
    changed = replace(log, item=np.where(log.time >= 49, (log.item + 7) % 40, log.item).astype(np.int32))
    cuts = [
        cut_at(ROLLING, SMALL, shop_events, sources_at(SOURCES, shop_events, 49.0, 7.0))
        for shop_events in (log, changed)
    ]
    features = [week.candidates.features for week in cuts]
    assert features[0].tobytes() == features[1].tobytes()


def test_cuts_go_back_week_by_week_and_the_latest_judge():
    cuts = list(earlier_cuts(ROLLING, shop_log(), 49.0, 7.0, lambda now: cut(round(now / 7))))
    assert [week.now for week in cuts] == [42, 35, 28, 21, 14]
    teaching, judging = split_cuts(ROLLING, cuts)
    assert [week.now for week in judging] == [42]
    assert len(teaching) == 4
    with pytest.raises(ValueError, match="one cut to train, one to validate"):
        list(earlier_cuts(ROLLING, shop_log(), 21.0, 7.0, cut))


def test_a_span_of_newcomers_is_refused():
    log = shop_log()
    strangers = replace(log, user=np.where(log.time >= 49, 60, log.user).astype(np.int32), n_users=61)
    with pytest.raises(ValueError, match="nobody to rank for"):
        cut_at(ROLLING, SMALL, strangers, sources_at(SOURCES, strangers, 49.0, 7.0))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"view": 4}, "none above purchase's"),
        ({"view": -1}, r"grades must be in 0..10"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0 and at most 1"),
        ({"rounds": 0}, "rounds must be 1 or more"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        RankerConfig(**settings)

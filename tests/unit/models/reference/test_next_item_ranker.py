"""Sequences, co-visitation and the ranker over next-item models: the battery, and each against a few lines of numpy."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from models.core.sequences import Sequences
from models.reference.next_item_ranker import RANKER, learn, order, propose
from models.reference.ordered_covisitation import CoVisitation, CoVisitationConfig
from tests.unit.models.recommenders.recommender_battery import LearnsTaste, RecommenderBattery
from tests.unit.models.recommenders.test_sequence_model import of, sequences


class TestCoVisitation(RecommenderBattery, LearnsTaste):
    takes_weights = False

    def fit(self, interest):
        return CoVisitation.fit(CoVisitationConfig(), sequences(interest), interest.shape[1])

    def lists(self, model, interest, k, seen=None, allowed=None):
        return model.recommend(sequences(interest), k, seen, allowed)

    def reloaded(self, model, folder):
        model.save(folder)
        return CoVisitation.load(folder)


def test_close_pairs_count_more_and_backward_ones_less():
    config = CoVisitationConfig(step_decay=0.5, backward=0.25, damping=0, source_damping=0, popularity=0)
    model = CoVisitation.fit(config, of([0, 1, 2], [0, 1]), 4)
    wanted = [[0, 2, 0.5, 0], [0.5, 0, 1, 0], [0.125, 0.25, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(model.similarity.toarray(), wanted)


def test_recent_events_count_more():
    model = CoVisitation.fit(CoVisitationConfig(recency=0.5), of([0, 1], [2, 3]), 4)
    assert model.history(of([2, 0])).toarray().tolist() == [[1, 0, 0.5, 0]]
    assert model.recommend(of([2, 0]), 1)[0].tolist() == [[1]]


def test_only_the_nearest_neighbours_are_kept():
    data = of(*([n, n + 1, n + 3, (n * 7) % 20] for n in range(17)))
    full = CoVisitation.fit(CoVisitationConfig(), data, 20).similarity.toarray()
    few = CoVisitation.fit(CoVisitationConfig(neighbours=2), data, 20).similarity.toarray()
    np.testing.assert_array_equal(np.sort(few, axis=1)[:, -2:], np.sort(full, axis=1)[:, -2:])
    assert ((few > 0).sum(axis=1) <= 2).all()


def test_no_event_is_nothing_to_learn_from():
    with pytest.raises(ValueError, match="hold no event"):
        CoVisitation.fit(CoVisitationConfig(), of([], []), 3)


def test_the_latest_events_stand_first_and_padding_behind():
    codes, events = of([1, 2, 3], [4], []).latest(2)
    assert codes.tolist() == [[2, 3], [4, 0], [0, 0]]
    assert events.tolist() == [2, 1, 0]


def test_without_last_drops_no_more_than_there_is():
    left = of([1, 2, 3], [4], []).without_last(2)
    assert left.indptr.tolist() == [0, 1, 1, 1]
    assert left.codes.tolist() == [1]


def shop_with_two_sources(users, items=60, seed=0):
    """The truth is high if both sources are high; each source alone is noisy."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, items, users)
    scores = rng.standard_normal((2, users, items)).astype(np.float32)
    scores[:, np.arange(users), truth] += 1.5
    sources = {name: (lambda rows, own=own: own[rows]) for name, own in zip(("a", "b"), scores, strict=True)}
    return sources, truth, csr_matrix((users, items), dtype=np.float32)


def first_hits(codes, truth):
    return (codes[:, :5] == truth[:, None]).any(axis=1).mean()


@pytest.mark.parametrize("users", [60, 1500])
def test_the_ranker_beats_its_sources(users):
    sources, truth, seen = shop_with_two_sources(users)
    ranker = learn(replace(RANKER, rounds=30, threads=1), propose(sources, seen, 20, np.ones(60, bool)), truth)
    assert (ranker is None) == (users == 60)
    others, wanted, _ = shop_with_two_sources(users, seed=1)
    codes, _ = order(ranker, propose(others, seen, 20, np.ones(60, bool)), 10, 60)
    alone = max(first_hits(np.argsort(-source(slice(0, users)), axis=1), wanted) for source in others.values())
    assert first_hits(codes, wanted) > alone


def test_a_source_may_have_any_name():
    sources, truth, seen = shop_with_two_sources(1500)
    named = dict(zip(("lstm, attributes", '{"b": [1]}'), sources.values(), strict=True))
    config, allowed = replace(RANKER, rounds=2, threads=1), np.ones(60, bool)
    lists = [order(learn(config, propose(own, seen, 20, allowed), truth), propose(own, seen, 20, allowed), 5, 60)[0]
             for own in (sources, named)]  # fmt: skip
    np.testing.assert_array_equal(*lists)


def test_seen_and_refused_items_are_not_proposed():
    sources, _, _ = shop_with_two_sources(30)
    seen = csr_matrix(np.eye(30, 60, dtype=np.float32))
    allowed = np.arange(60) % 2 == 0
    proposed = propose(sources, seen, 60, allowed)
    left = [set(proposed.item[proposed.user == user]) for user in range(30)]
    assert left == [set(range(0, 60, 2)) - {user} for user in range(30)]


def test_a_user_who_has_seen_everything_gets_an_empty_list():
    sources, truth, _ = shop_with_two_sources(3)
    proposed = propose(sources, csr_matrix(np.ones((3, 60), np.float32)), 20, np.ones(60, bool))
    assert learn(RANKER, proposed, truth) is None
    assert (order(None, proposed, 5, 60)[0] == -1).all()


@pytest.mark.parametrize("k", [0, 61])
def test_k_outside_the_catalogue_is_refused(k):
    sources, _, seen = shop_with_two_sources(3)
    with pytest.raises(ValueError, match=rf"k={k} is not in 1..60"):
        order(None, propose(sources, seen, 20, np.ones(60, bool)), k, 60)


def test_sequences_survive_a_cut():
    data = Sequences(np.array([0, 2, 3]), np.array([5, 6, 7], np.int32))
    assert data.of(slice(1, 2)).codes.tolist() == [7]

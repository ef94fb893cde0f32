"""The matcher of two texts: what it learns, and that the order of the texts and other pairs change nothing."""

from __future__ import annotations

import numpy as np
import pytest

from models.service.networks import NetworkConfig
from models.service.ngrams import NGrams
from models.service.pair_features import differences, likeness
from models.service.pair_matcher import RIVALS, MatcherConfig, PairMatcher, Pairs, among_rivals, folds_of
from models.service.pair_training import PairNetwork

THINGS = ("loan", "card", "coupon", "refund", "parcel", "invoice", "额度", "密码")
WAYS = ("how do i get the {}", "where is my {}", "i want my {} now", "{}在哪里")


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    """Two questions mean the same if they ask for the same thing."""
    questions = [(thing, way.format(thing)) for thing in THINGS for way in WAYS]
    rows = [(a, b, x == y) for row, (x, a) in enumerate(questions) for column, (y, b) in enumerate(questions)
            if x == y or (5 * row + 3 * column) % 4 == 0]  # fmt: skip
    first, second, same = zip(*rows, strict=True)
    return Pairs(list(first), list(second), np.array(same), np.arange(len(rows)) // 4)


def test_folds_teach_the_last_regression_where_no_pairs_are_held_out(pairs: Pairs) -> None:
    matcher = PairMatcher.fit(MatcherConfig(iterations=20), pairs)
    same, other = matcher.chances(
        ["where is my loan", "where is my loan"], ["how do i get the loan", "where is my card"]
    )
    assert same > 0.5 > other
    assert matcher.report["accuracy"] > 0.9
    assert matcher.scorers.network is None, "a network needs more pairs"


def test_the_order_of_two_questions_changes_nothing(pairs: Pairs) -> None:
    network = NetworkConfig(dim=16, hidden=16, epochs=1, batch=64)
    config = MatcherConfig(least_pairs=10, network=network, iterations=10)
    rows = np.arange(len(pairs.same))
    matcher = PairMatcher.fit(config, pairs.take(rows[::2]), pairs.take(rows[1::2]))
    assert {"accuracy", "accuracy_ngrams", "accuracy_dual"} == matcher.report.keys()
    first, second = ["i want my parcel now", "密码在哪里"], ["where is my parcel", "where is my card, please tell me"]
    assert np.allclose(matcher.chances(first, second), matcher.chances(second, first), atol=5e-3)


def test_a_pairs_scores_do_not_depend_on_the_pairs_beside_it(pairs: Pairs) -> None:
    config = NetworkConfig(dim=16, hidden=16, epochs=1, batch=64)
    network = PairNetwork.fit(config, pairs.first, pairs.second, pairs.same)
    short, long = ("loan?", "my loan"), ("where is " * 12 + "my card", "how do i get the card " * 6)
    together = network.scores([short[0], long[0]], [short[1], long[1]])
    assert np.allclose(together[0], network.scores([short[0]], [short[1]])[0], atol=2e-2)


def test_differences_of_a_symmetric_pair_have_no_order() -> None:
    first, second = ["is 5 gb enough"], ["are 10 gb enough"]
    assert (differences(first, second, symmetric=True) != differences(second, first, symmetric=True)).nnz == 0
    assert (differences(first, second, symmetric=False) != differences(second, first, symmetric=False)).nnz > 0


def test_an_attributes_name_is_paired_with_the_words_of_the_question() -> None:
    """An attribute's name has columns with each gram of the question; a colon late in a sentence names nothing."""
    questions = ["how wide"] * 3
    with_name, without, late = differences(questions, ["width: 5", "width 5", f"{'a ' * 30}: 5"], symmetric=False)
    assert with_name.nnz - without.nnz == 1 + 3 + 4, "the name, the name by gram, and the colon's own columns"
    assert late.nnz < with_name.nnz


def test_likeness_of_equal_texts_and_of_other_figures(pairs: Pairs) -> None:
    grams = NGrams.of(pairs.first)
    equal, other = likeness(grams, ["where is my loan", "5 days"], ["where is my loan", "7 days"])
    assert equal == pytest.approx([1, 1, 1, 1, 1, 1, 0, 1], abs=1e-5)
    assert other[-1] == 0


def test_a_group_is_in_one_fold() -> None:
    groups = np.repeat(np.arange(40), 3)
    assert all(len(set(folds_of(groups, 7)[groups == group])) == 1 for group in range(40))


def test_pairs_of_a_list_are_judged_beside_each_other() -> None:
    evidence = np.array([[3.0] * 5, [1.0] * 5, [2.0] * 5, [7.0] * 5])
    more = among_rivals(evidence, np.array(["a", "a", "a", "b"]))[:, 5:]
    assert more[:, 0].tolist() == [1, -2, -1, 0], "the distance to the greatest other; none where there is no other"
    assert more[:, RIVALS].tolist() == [1, 3, 2, 1]
    assert more[:, -1].tolist() == [3, 3, 3, 1]


def test_a_list_has_the_same_scores_alone_and_among_others() -> None:
    """Each question has two answers, and only one names what the question asks for."""
    questions = [f"what is the {name}" for name in THINGS for _ in range(2)]
    answers = [text for name in THINGS for text in (f"{name}: 5", f"{THINGS[0] if name != THINGS[0] else 'size'}: 5")]
    same, lists = np.array([True, False] * len(THINGS)), np.repeat(np.arange(len(THINGS)), 2)
    matcher = PairMatcher.fit(
        MatcherConfig(symmetric=False, iterations=20), Pairs(questions, answers, same, lists, lists)
    )
    together = matcher.chances(questions, answers, lists)
    np.testing.assert_allclose(matcher.chances(questions[:2], answers[:2]), together[:2])
    assert (together[::2] > together[1::2]).all()

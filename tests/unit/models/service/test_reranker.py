"""The matcher that reranks: its training pairs, what it may change, and that it is kept only if it helps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import logsumexp

from models.service.answerer import Answerer
from models.service.answerer_config import AnswererConfig
from models.service.evidence import Index
from models.service.ngrams import NGrams
from models.service.reranker import CLOSE, WORDINGS, Compared, Reranker, WordingPairs
from tests.unit.models.service.test_answerer import BEFORE, BEHIND, CONFIG, OUTSIDE, SMALL, TOPICS

TEXTS = [f"{a} {text} {b}".strip() for text in TOPICS.values() for a in BEFORE for b in BEHIND]
CODES = np.repeat(np.arange(len(TOPICS)), len(BEFORE) * len(BEHIND))


@pytest.fixture(scope="module")
def grams() -> NGrams:
    return NGrams.of(TEXTS)


@pytest.fixture(scope="module")
def pairs(grams: NGrams) -> WordingPairs:
    texts, codes = [*TEXTS, *OUTSIDE], np.append(CODES, [-1] * len(OUTSIDE))
    return WordingPairs.of(texts, codes, grams.weigh(texts), 2_000, 7)


@pytest.fixture(scope="module")
def reranker(pairs: WordingPairs) -> Reranker:
    return Reranker.fit(replace(SMALL, epochs=12), 3, pairs, TEXTS)


@pytest.fixture(scope="module")
def index(grams: NGrams, reranker: Reranker) -> Index:
    return Index(grams, grams.weigh(TEXTS), CODES, len(TOPICS), reranker=reranker)


def test_wordings_of_one_answer_match_and_the_nearest_of_others_do_not(pairs: WordingPairs) -> None:
    code = dict(zip(TEXTS, CODES.tolist(), strict=True))
    assert len(pairs.same) <= 2_000
    for first, second, same in zip(*pairs, strict=True):
        assert first != second
        assert second in code, "what no answer fits is only asked"
        assert same == (code.get(first, -1) == code[second])
    assert {True, False} == set(pairs.same.tolist())
    assert any(first in OUTSIDE for first in pairs.first)


def test_the_matcher_learns_from_them(pairs: WordingPairs, reranker: Reranker) -> None:
    odds = reranker.network.scores(pairs.first, pairs.second)[:, 1]
    assert odds[pairs.same].mean() > odds[~pairs.same].mean() + 1


def test_only_likely_answers_are_reranked_and_their_summed_probability_stays(reranker: Reranker) -> None:
    blend = np.log(np.array([[0.5, 0.3, 0.19, 0.005, 0.005]], np.float32))
    codes = reranker.likeliest(blend)
    assert codes.tolist() == [[0, 1, 2]]
    assert reranker.likeliest(blend - np.array([0, 0, 2 * CLOSE, 0, 0], np.float32)).tolist() == [[0, 1, -1]]
    anew, match = reranker.of_weight(0.5).rerank(blend, Compared(codes, np.array([[-4, 3, 1]], np.float32)))
    assert anew[0].argmax() == 1
    assert match.tolist() == [3]
    assert logsumexp(anew[0, :3]) == pytest.approx(logsumexp(blend[0, :3]), abs=1e-5)
    assert anew[0, 3:].tolist() == blend[0, 3:].tolist()


def test_a_question_is_compared_with_the_nearest_wordings_of_each_answer(index: Index, reranker: Reranker) -> None:
    questions = ["please send it back within thirty days", "运费是多少", "zebra"]
    rows = index.grams.weigh(questions)
    _, nearest = index._nearest(rows, np.array([[0, 2, -1]] * 3))
    assert nearest.shape == (3, 3, WORDINGS)
    assert (CODES[nearest[:, 0]] == 0).all()
    assert (CODES[nearest[:, 1]] == 2).all()
    assert (nearest[:, 2] == -1).all()
    cosines = (rows[0] @ index.grams.weigh(TEXTS).T).toarray()[0]
    assert cosines[nearest[0, 0]].tolist() == sorted(cosines[CODES == 0], reverse=True)[:WORDINGS]


def test_a_pair_scores_alike_alone_and_among_others(reranker: Reranker) -> None:
    encoded = reranker.network.vocabulary.encode(TEXTS, 48)
    question, picked = np.array([0, 1, 1]), np.array([3, 40, 3])
    together = reranker.network.compare(["send it back", "how long"], question, encoded, picked)
    for pair in range(3):
        alone = reranker.network.scores([["send it back", "how long"][question[pair]]], [TEXTS[picked[pair]]])[0, 1]
        assert together[pair] == pytest.approx(alone, abs=3e-2)


def test_an_answerer_keeps_a_matcher_only_where_held_out_wordings_are_answered_no_worse(tmp_path: Path) -> None:
    answers = np.repeat(list(TOPICS), 25).tolist()
    config = replace(CONFIG, encoders=0, matcher_epochs=8, few=0, held_out=0.3)
    answerer = Answerer.fit(TEXTS, answers, config, OUTSIDE)
    report = answerer.report
    assert report["accuracy"] >= report["accuracy_without_matcher"] >= report["accuracy_ngrams"]
    assert report["log_chance"] >= report["log_chance_without_matcher"]
    assert (report["matcher_weight"] > 0) == (answerer.index.reranker is not None)
    without = Answerer.fit(TEXTS, answers, replace(config, compared=0), OUTSIDE)
    assert without.index.reranker is None
    assert without.report["matcher_weight"] == 0


def test_a_matcher_is_stored_and_the_next_begins_from_it(index: Index, pairs: WordingPairs, tmp_path: Path) -> None:
    config = AnswererConfig(network=SMALL)
    answerer = Answerer.fit(
        TEXTS, np.repeat(list(TOPICS), 25).tolist(), replace(CONFIG, encoders=0, compared=0, held_out=0.3), OUTSIDE
    )
    answerer = replace(answerer, config=config, index=replace(answerer.index, reranker=index.reranker))
    scores = answerer.index.scores(["how long is the delivery", "x" * 20_000, "🙂", "which size, please"])
    assert scores.match is not None
    assert np.isfinite(scores.match).all()
    answerer.save(tmp_path)
    again = Answerer.load(tmp_path, config)
    np.testing.assert_allclose(again.index.scores(TEXTS[::9]).blend, answerer.index.scores(TEXTS[::9]).blend, atol=1e-5)
    assert again.index.reranker is not None
    later = Reranker.fit(replace(SMALL, epochs=1, learning_rate=1e-9), 3, pairs, TEXTS, start=again.index.reranker)
    same = later.network.scores(pairs.first[:50], pairs.second[:50])
    np.testing.assert_allclose(same, again.index.reranker.network.scores(pairs.first[:50], pairs.second[:50]), atol=0.2)

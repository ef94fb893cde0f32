"""The answerer on wordings of a small shop: cold, with history, stored, warm-started."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.service.answerer import Answerer
from models.service.answerer_config import AnswererConfig
from models.service.calibration import PRIOR_THRESHOLD, Chance
from models.service.evidence import Index
from models.service.held_out import Wordings
from models.service.logistic import Logistic
from models.service.networks import NetworkConfig
from models.service.ngrams import NGrams
from models.service.reader_training import SHARPNESS, AnswerNetwork
from models.service.stored_index import load_index, save_index

SMALL = NetworkConfig(dim=16, hidden=16, epochs=2, batch=32)
CONFIG = AnswererConfig(few=0, least_held_out=30, precision=0.8, network=SMALL, iterations=20)
TOPICS = {
    "returns": "send it back within thirty days", "delivery": "how long does delivery take", "运费": "运费是多少",
    "size": "which size should i take", "invoice": "i need an invoice for my order", "换货": "可以换货吗",
    "washing": "can i wash it in the machine", "coupon": "my coupon does not work",
}  # fmt: skip
BEFORE, BEHIND = (
    ("hello", "please", "hi there", "你好", "quick question"),
    ("today", "thanks", "for this one", "谢谢", ""),
)
OUTSIDE = [f"who won the match number {n} of the league" for n in range(40)]


@pytest.fixture(scope="module")
def history() -> tuple[list[str], list[str]]:
    rows = [(f"{a} {text} {b} {n}", topic) for topic, text in TOPICS.items()
            for a in BEFORE for b in BEHIND for n in range(2)]  # fmt: skip
    texts, answers = zip(*rows, strict=True)
    return list(texts), list(answers)


@pytest.fixture(scope="module")
def learned(history: tuple[list[str], list[str]]) -> Answerer:
    return Answerer.fit(*history, CONFIG, OUTSIDE)


def test_a_cold_shop_answers_from_one_wording_of_each_answer() -> None:
    answerer = Answerer.fit(list(TOPICS.values()), list(TOPICS), CONFIG)
    (best, second), (strange, _), (empty, _) = answerer.suggest(
        ["how long does the delivery take?", "zebra", "🙂"], k=2
    )
    assert best.answer == "delivery"
    assert best.chance > second.chance
    assert (answerer.threshold, answerer.report["wordings"]) == (PRIOR_THRESHOLD, 0)
    assert strange.chance < answerer.threshold
    assert empty.chance == 0, "nothing in the question is known"


def test_a_cold_answerer_that_an_older_version_stored_still_answers(tmp_path: Path) -> None:
    """In the older version only the nearest wording decided, and the prior used its cosine and its lead."""
    grams, topics = NGrams.of(list(TOPICS.values())), len(TOPICS)
    index = Index(grams, grams.weigh(list(TOPICS.values())), np.arange(topics), topics)
    prior = Chance(np.array([0.425, 0.160]), np.array([0.147, 0.147]), np.array([1.07, 0.93]), 0.5)
    names = np.array(list(TOPICS))
    Answerer(CONFIG, names, index, prior, 0.93, {"wordings": 0.0}).save(tmp_path)
    (best, second), (empty, _) = Answerer.load(tmp_path).suggest(["how long does the delivery take?", "🙂"], k=2)
    nearest = np.sort(index.scores(["how long does the delivery take?"]).nearest[0])[::-1]
    assert best.answer == "delivery"
    assert best.chance == pytest.approx(prior.of(np.array([[nearest[0], nearest[0] - nearest[1]]]))[0])
    assert best.chance > second.chance
    assert empty.chance == 0


def test_history_gives_a_calibrated_chance(learned: Answerer) -> None:
    suggestions = learned.suggest(["hi can i wash this in the machine", "你好，请问可以换货吗", "who won the league"])
    assert [row[0].answer for row in suggestions[:2]] == ["washing", "换货"]
    assert min(suggestions[0][0].chance, suggestions[1][0].chance) >= learned.threshold > suggestions[2][0].chance
    assert learned.report["accuracy"] >= learned.report["accuracy_ngrams"]


def test_chances_fall_and_sum_to_one_at_most(learned: Answerer) -> None:
    for row in learned.suggest(["delivery", "which size, and an invoice please", ""], k=20):
        chances = [suggestion.chance for suggestion in row]
        assert (len(row), max(chances)) == (len(TOPICS), chances[0])
        assert chances[1:] == sorted(chances[1:], reverse=True)


def test_a_stored_answerer_gives_the_same_answers(learned: Answerer, tmp_path: Path) -> None:
    learned.save(tmp_path)
    loaded = Answerer.load(tmp_path, CONFIG)
    questions = ["my coupon is broken", "运费多少", "🙂", "x" * 20_000]
    for row, loaded_row in zip(learned.suggest(questions), loaded.suggest(questions), strict=True):
        assert [suggestion.answer for suggestion in row] == [suggestion.answer for suggestion in loaded_row]
        assert np.allclose(
            [suggestion.chance for suggestion in row], [suggestion.chance for suggestion in loaded_row], atol=1e-6
        )
    with pytest.raises(ValueError, match="precision"):
        Answerer.load(tmp_path, AnswererConfig())


def test_an_answerer_saved_when_it_had_one_encoder_or_none_is_read(learned: Answerer, tmp_path: Path) -> None:
    learned.save(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["config"]["encoder"] = bool(manifest["config"].pop("encoders"))
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert Answerer.load(tmp_path).config.encoders == 1


def test_encoders_are_stored_one_by_one_and_read_as_their_mean(tmp_path: Path) -> None:
    texts, codes = list(TOPICS.values()), np.arange(len(TOPICS))
    network = AnswerNetwork.fit(SMALL, 2, texts, codes, len(texts))
    grams = NGrams.of(texts)
    save_index(Index(grams, grams.weigh(texts), codes, len(texts), None, network, 0.5), tmp_path)
    both = load_index(tmp_path, SMALL).network
    (tmp_path / "network_1.safetensors").unlink()
    first = load_index(tmp_path, SMALL).network
    assert both is not None
    assert first is not None
    second = AnswerNetwork(SMALL, both.vocabulary, both.nets[1:])
    cosines_of_nets = [
        np.einsum("qnd,and->qa", encoder.vectors(texts), encoder.answers()) for encoder in (first, second)
    ]
    index = load_index(tmp_path, SMALL)
    blended = replace(index, network=both, share=1.0, logistic=Logistic(np.zeros((len(grams.grams), 8)), np.zeros(8)))
    cosines = blended.scores(texts).odds / SHARPNESS + 0.5
    np.testing.assert_allclose(cosines, (cosines_of_nets[0] + cosines_of_nets[1]) / 2, atol=1e-5)
    assert np.abs(cosines_of_nets[0] - cosines_of_nets[1]).max() > 0.01
    np.testing.assert_array_equal(both.vectors(texts), network.vectors(texts))


def test_a_questions_chance_does_not_depend_on_what_is_asked_beside_it(learned: Answerer) -> None:
    questions = ["my coupon", "how long does delivery take to the islands in the north sea, and what does it cost"]
    together, alone = learned.suggest(questions), [learned.suggest([question])[0] for question in questions]
    for row, row_alone in zip(together, alone, strict=True):
        assert row[0].chance == pytest.approx(row_alone[0].chance, abs=5e-3)


def test_learning_begins_from_an_earlier_answerer(learned: Answerer, history: tuple[list[str], list[str]]) -> None:
    new = [f"is there a gift card {n}" for n in range(20)]
    later = Answerer.fit([*history[0], *new], [*history[1], *["gift"] * 20], CONFIG, OUTSIDE, start=learned)
    assert later.suggest(["gift card?"])[0][0].answer == "gift"


def test_held_out_wordings_may_be_given(history: tuple[list[str], list[str]]) -> None:
    held = Wordings([f"{text} now" for text in TOPICS.values()] * 4, list(TOPICS) * 4, OUTSIDE[:20])
    config = AnswererConfig(least_held_out=30, encoders=0, precision=0.8)
    assert Answerer.fit(*history, config, OUTSIDE[20:], held_out=held).report["wordings"] == 32


def test_wordings_need_an_answer_each() -> None:
    with pytest.raises(ValueError, match="2 wordings and 1 answers"):
        Answerer.fit(["a", "b"], ["x"], CONFIG)
    with pytest.raises(ValueError, match="at least one"):
        Answerer.fit(["a"], ["x"], CONFIG).suggest(["a"], k=0)

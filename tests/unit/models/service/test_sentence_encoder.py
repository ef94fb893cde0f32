"""A sentence encoder from a folder: what it reads, what is refused, and an answerer that uses it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.service.answerer import Answerer
from models.service.answerer_config import AnswererConfig
from models.service.sentence_encoder import SentenceEncoder
from models.service.sentence_network import SentenceNetwork
from tests.tiny_encoder import make_encoder
from tests.unit.models.service.test_answerer import OUTSIDE, SMALL, TOPICS

ENGLISH = [text for text in TOPICS.values() if text.isascii()]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("encoder"), [*TOPICS.values(), *OUTSIDE])


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("english"), ENGLISH)


def test_a_text_is_the_mean_of_its_tokens_states(place: Path) -> None:
    encoder = SentenceEncoder(str(place))
    texts = ["send it back", "how long does delivery take, and what does it cost to send it back", "", "运费是多少"]
    together = encoder.vectors(texts)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for text, vector in zip(texts, together, strict=True):
        np.testing.assert_allclose(encoder.vectors([text])[0], vector, atol=1e-5)
    assert encoder.vectors([]).shape == (0, 32)
    assert encoder.vectors(["send " * 20_000]).shape == (1, 32)


def test_an_answerer_reads_with_it_and_is_stored(place: Path, tmp_path: Path) -> None:
    texts = [f"{a} {text}" for text in TOPICS.values() for a in ("hello", "please", "hi", "now", "so") for _ in "ab"]
    answers = [topic for topic in TOPICS for _ in range(10)]
    config = AnswererConfig(
        least_held_out=20, held_out=0.4, few=0, network=SMALL, sentence_encoder=str(place), compared=0
    )
    answerer = Answerer.fit(texts, answers, config, OUTSIDE)
    assert answerer.report["accuracy"] >= answerer.report["accuracy_ngrams"]
    network = SentenceNetwork.fit(SMALL, SentenceEncoder(str(place)), texts, np.arange(len(texts)) // 10, len(TOPICS))
    saved = replace(answerer, index=replace(answerer.index, network=network, share=0.5))
    saved.save(tmp_path)
    again = Answerer.load(tmp_path, config)
    np.testing.assert_allclose(again.index.scores(ENGLISH).blend, saved.index.scores(ENGLISH).blend, atol=1e-5)
    words = json.loads((tmp_path / "vocabulary.json").read_text())
    words["sentence_encoder"]["digest"] = "0" * 16
    (tmp_path / "vocabulary.json").write_text(json.dumps(words))
    with pytest.raises(ValueError, match=r"other weights .* train the answerer again"):
        Answerer.load(tmp_path, config)


def test_an_encoder_of_another_language_is_refused(english: Path) -> None:
    encoder = SentenceEncoder(str(english))
    encoder.refuse_strange(ENGLISH)
    with pytest.raises(
        ValueError, match=r"does not know the words of 2 of 8 wordings, such as '运费是多少'.*languages"
    ):
        encoder.refuse_strange(list(TOPICS.values()))
    config = AnswererConfig(least_held_out=20, held_out=0.4, few=0, network=SMALL, sentence_encoder=str(english))
    with pytest.raises(ValueError, match=r"does not know the words of .*answerer\.sentence_encoder"):
        Answerer.fit(
            [f"{text} {n}" for text in TOPICS.values() for n in range(12)], np.repeat(list(TOPICS), 12).tolist(), config
        )


def test_a_folder_that_is_none_or_lacks_files_is_refused(english: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"answerer\.sentence_encoder is '.*gone'.*no such folder"):
        SentenceEncoder(str(tmp_path / "gone"))
    with pytest.raises(
        FileNotFoundError, match=r"has no config\.json, \*\.safetensors, tokenizer\.json; it has nothing"
    ):
        SentenceEncoder(str(tmp_path))
    for path in english.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 40)
    with pytest.raises(ValueError, match="its network cannot be read"):
        SentenceEncoder(str(tmp_path))
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "code.Net"}}))
    with pytest.raises(ValueError, match=r"needs code of its own .*which is never run"):
        SentenceEncoder(str(tmp_path))
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match=r"config\.json is not JSON"):
        SentenceEncoder(str(tmp_path))

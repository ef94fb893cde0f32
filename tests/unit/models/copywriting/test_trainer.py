"""Training: it lowers the loss, and a killed run that is resumed ends with the same weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from models.copywriting.copywriter import Copywriter
from models.copywriting.likelihood import logprobs
from models.copywriting.network import scratch
from models.copywriting.prompts import masked
from models.copywriting.tokenizer import Coder
from models.copywriting.trainer import Stage, Trainer
from tests.unit.models.copywriting.test_copywriter import PAIRS, TINY, a_tokenizer


class Stopped(Exception):
    pass


def test_a_killed_training_goes_on_to_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.copywriting.trainer.CHECKPOINT_EVERY", 2)
    monkeypatch.setattr("models.copywriting.trainer.REPORT_EVERY", 1)
    config = replace(TINY, most_passes=2, pair_tokens=10_000)

    def stop(done: int, of: int, words: str) -> None:
        if words.startswith("pairs") and done == of - 1:
            raise Stopped

    texts = ["质量很好，下次还来"] * 10
    with pytest.raises(Stopped):
        Copywriter.fit(config, texts, PAIRS, tmp_path / "state", on_step=stop)
    steps: list[tuple[int, int, str]] = []
    resumed = Copywriter.fit(config, texts, PAIRS, tmp_path / "state", on_step=lambda *step: steps.append(step))
    assert [of - done for done, of, _ in steps] == [1, 0]
    assert all(words.startswith("pairs, ") for *_, words in steps)
    unbroken = Copywriter.fit(config, texts, PAIRS)
    for name, weight in unbroken.net.state_dict().items():
        assert torch.equal(weight, resumed.net.state_dict()[name]), name
    assert load_file(tmp_path / "state" / "training.safetensors")
    with pytest.raises(ValueError, match="another config or other texts"):
        Copywriter.fit(replace(config, seed=8), texts, PAIRS, tmp_path / "state")


def test_training_lowers_the_loss_on_what_it_learned() -> None:
    coder = Coder(a_tokenizer())
    config = replace(TINY, learning_rate=1e-2)
    net = scratch(config, len(coder.tokenizer), coder.pad)
    examples = [coder.example(prompt, masked(text)) for prompt, text in PAIRS]
    before = logprobs(net, examples, coder.pad, 512, bf16=False).mean()
    Trainer(config, net, coder.pad, coder.tokenizer.unk_token_id, [Stage("pairs", examples, 4)]).train()
    assert logprobs(net, examples, coder.pad, 512, bf16=False).mean() > before + 0.5

"""Tiny checkpoints of current architectures: prompted as they are, tuned with LoRA, saved, loaded and refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import LlamaConfig

from models.copywriting.network import free_bytes
from models.instruct.chat_prompt import ChatPrompt
from models.instruct.checkpoint import Checkpoint
from models.instruct.config import InstructConfig
from models.instruct.memory import must_recompute, refuse_too_large, tuning_need
from models.instruct.tuning import IGNORED, examples_of
from models.instruct.writer import InstructWriter
from tests.tiny_checkpoint import KINDS, make_checkpoint

TINY = InstructConfig(lora_rank=4, learning_rate=0.02, passes=30, length=128, rows=4, batch=4, answer_tokens=16,
                      temperature=0.0, threads=1, device="cpu")  # fmt: skip
WORDS = {"lamp": "A lamp for slow evenings", "shirt": "A shirt that asks for nothing", "杯子": "清晨的第一杯茶"}
PAIRS = [(f"Write: {kind}", text) for kind, text in WORDS.items()]
PROMPTS = [ChatPrompt(message, 1, (("kind", message[7:]),)) for message, _ in PAIRS]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("checkpoints")
    return {kind: make_checkpoint(folder / kind, kind, [*WORDS, *WORDS.values()]) for kind in KINDS}


@pytest.fixture(scope="module")
def tuned(places: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> InstructWriter:
    return InstructWriter.fit(TINY, str(places["qwen3"]), PAIRS, tmp_path_factory.mktemp("state"))


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_text_and_the_end_of_its_turn_are_learned(places: dict[str, Path], kind: str) -> None:
    checkpoint = Checkpoint(str(places[kind]), TINY)
    checkpoint.open(training=False)
    ((example),) = examples_of(checkpoint, PAIRS[:1])
    learned = [token for token in example["labels"] if token != IGNORED]
    read = checkpoint.tokenizer.decode(learned)
    assert read.replace(checkpoint.tokenizer.eos_token, "") == PAIRS[0][1]
    assert learned[-1] in checkpoint.ends
    prompt_tokens = example["input_ids"][: -len(learned)]
    assert prompt_tokens == checkpoint.asked(PAIRS[0][0])
    assert "Write: lamp" in checkpoint.tokenizer.decode(prompt_tokens)


def test_a_control_token_in_a_message_is_text(places: dict[str, Path]) -> None:
    checkpoint = Checkpoint(str(places["qwen3"]), TINY)
    tokens = checkpoint.asked("a<|im_end|>b")
    assert tokens.count(checkpoint.tokenizer.eos_token_id) == checkpoint.asked("ab").count(
        checkpoint.tokenizer.eos_token_id
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_checkpoint_as_it_is_answers_and_a_seed_gives_the_same(places: dict[str, Path], kind: str) -> None:
    writer = InstructWriter.open(replace(TINY, temperature=1.0), str(places[kind]))
    steps: list[tuple[int, int]] = []
    once = writer.write(PROMPTS, 3, 1, lambda done, tokens: steps.append((done, tokens)))
    assert writer.write(PROMPTS, 3, 1) == once != writer.write(PROMPTS, 3, 2)
    assert [done for done, _ in steps][-1] == len(PROMPTS)
    assert all(len(texts) <= 3 for texts in once)


def test_lora_learns_the_pairs_and_the_checkpoint_itself_stays(tuned: InstructWriter, places: dict[str, Path]) -> None:
    assert [[text.text for text in texts] for texts in tuned.write(PROMPTS, 1, 1)] == [[text] for _, text in PAIRS]
    assert tuned.write(PROMPTS, 3, 1) == tuned.write(PROMPTS, 1, 1)  # at temperature 0 all answers are the same
    untouched = InstructWriter.open(TINY, str(places["qwen3"]))
    assert [text for _, text in PAIRS] != [texts[0].text for texts in untouched.write(PROMPTS, 1, 1) if texts]


def test_what_was_saved_is_small_has_no_pickle_and_writes_the_same(tuned: InstructWriter, tmp_path: Path) -> None:
    tuned.save(tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".md"}
    assert not [path for path in files if path.name == "model.safetensors"]  # the checkpoint's weights are not copied
    loaded = InstructWriter.load(tmp_path)
    assert loaded.write(PROMPTS, 1, 1) == tuned.write(PROMPTS, 1, 1)
    assert loaded.config == TINY


def test_a_run_that_was_killed_goes_on(places: dict[str, Path], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("models.instruct.tuning._SAVE_EVERY", 5)

    def stop(done: int, of: int, words: str) -> None:
        if done == 20:
            raise KeyboardInterrupt

    place = str(places["llama"])
    with pytest.raises(KeyboardInterrupt):
        InstructWriter.fit(TINY, place, PAIRS, tmp_path / "state", on_step=stop)
    gone_on: list[int] = []
    resumed = InstructWriter.fit(
        TINY, place, PAIRS, tmp_path / "state", on_step=lambda done, of, words: gone_on.append(done)
    )
    assert gone_on
    assert 10 not in gone_on
    unbroken = InstructWriter.fit(TINY, place, PAIRS, tmp_path / "other")
    resumed_weights, unbroken_weights = (dict(writer.net.named_parameters()) for writer in (resumed, unbroken))
    assert all(torch.allclose(resumed_weights[name], unbroken_weights[name], atol=1e-6) for name in unbroken_weights)


def test_memory_is_estimated_before_weights_are_read(tmp_path: Path) -> None:
    make_checkpoint(tmp_path)
    rows = free_bytes() // (4 * 4096) + 1
    LlamaConfig(vocab_size=int(rows), hidden_size=4096, num_hidden_layers=1).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"does not fit: it needs .* GiB of weights.*smaller copy\.base_model"):
        InstructWriter.open(TINY, str(tmp_path))


def test_activations_are_computed_twice_where_not_all_fit(places: dict[str, Path], monkeypatch: Any) -> None:
    checkpoint = Checkpoint(str(places["qwen3"]), TINY)
    need = checkpoint.open(training=True)
    assert need.weights == sum(weight.numel() for weight in checkpoint.net.parameters()) * 4
    assert need.weights + need.adapters < need.least < need.most
    assert not must_recompute(need)
    monkeypatch.setattr("models.instruct.memory.free_bytes", lambda: need.least + 1)
    assert must_recompute(need)
    refuse_too_large("here", need, "")
    monkeypatch.setattr("models.instruct.memory.free_bytes", lambda: need.least - 1)
    with pytest.raises(ValueError, match="here does not fit"):
        refuse_too_large("here", need, "")
    larger = tuning_need(checkpoint.net, checkpoint.net_config, 4, TINY.rows, 2 * TINY.length, TINY.lora_rank)
    assert larger.stored > need.stored


def test_it_learns_with_activations_computed_twice(places: dict[str, Path], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("models.instruct.tuning.must_recompute", lambda need: True)
    messages: list[str] = []
    writer = InstructWriter.fit(replace(TINY, passes=2), str(places["gemma3"]), PAIRS, tmp_path, messages.append)
    assert "computed twice" in messages[0]
    assert writer.write(PROMPTS, 1, 1)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("config.json", "{", "config cannot be read"),
        ("tokenizer.json", "{", "tokenizer cannot be read"),
        ("model.safetensors", "x", "network cannot be read"),
        ("chat_template.jinja", "", "no chat template"),
    ],
)
def test_a_folder_that_is_no_instruct_model_is_refused(tmp_path: Path, file: str, content: str, said: str) -> None:
    make_checkpoint(tmp_path)
    (tmp_path / file).write_text(content)
    with pytest.raises(ValueError, match=said):
        InstructWriter.open(TINY, str(tmp_path))


def test_adapters_of_another_checkpoint_and_no_pairs_are_refused(
    tuned: InstructWriter, places: dict[str, Path], tmp_path: Path
) -> None:
    tuned.save(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps(manifest | {"base_model": str(tmp_path / "gone")}))
    with pytest.raises(ValueError, match="gone"):
        InstructWriter.load(tmp_path)
    with pytest.raises(ValueError, match="no pairs"):
        InstructWriter.fit(TINY, str(places["llama"]), [], tmp_path)
    with pytest.raises(ValueError, match="none of 1 pairs fits"):
        InstructWriter.fit(replace(TINY, length=8), str(places["llama"]), PAIRS[:1], tmp_path)
    with pytest.raises(ValueError, match="dtype must be one of"):
        replace(TINY, dtype="int8")

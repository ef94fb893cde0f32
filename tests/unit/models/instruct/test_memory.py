"""The table of memory in jobs/copywriting/CHECKPOINTS.md equals the estimate for checkpoints of Qwen3's sizes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, Qwen3Config

from models.instruct.config import InstructConfig
from models.instruct.memory import GIB, tuning_need, without_weights, writing_need

PAGE = Path(__file__).parents[4] / "jobs" / "copywriting" / "CHECKPOINTS.md"
# width, width within, layers, heads, heads of keys, whether embeddings are shared with the output
SIZES = {
    "0.6 billion": (1024, 3072, 28, 16, 8, True),
    "4 billion": (2560, 9728, 36, 32, 8, True),
    "8 billion": (4096, 12288, 36, 32, 8, False),
}


def estimated(size: str) -> list[int]:
    """GiB, rounded up: to write in bfloat16 and in float32, to tune in bfloat16 with activations computed twice."""
    width, within, layers, heads, keys, shared = SIZES[size]
    config = Qwen3Config(
        vocab_size=151_936,
        hidden_size=width,
        intermediate_size=within,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=keys,
        head_dim=128,
        tie_word_embeddings=shared,
    )
    how, net = InstructConfig(), without_weights(AutoModelForCausalLM, config)
    tokens = how.length + how.answer_tokens
    needs = [writing_need(net, config, each, how.rows, tokens) for each in (2, 4)]
    needs.append(tuning_need(net, config, 2, how.rows, how.length, how.lora_rank))
    return [-(-need.least // GIB) for need in needs]


@pytest.mark.parametrize("size", SIZES)
def test_the_page_says_what_the_estimate_says(size: str) -> None:
    row = re.search(rf"^\| {size} \|(.*)\|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert row
    assert [int(figure) for figure in re.findall(r"(\d+) GiB", row[1])] == estimated(size)

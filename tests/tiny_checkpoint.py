"""Checkpoints of current architectures with two small layers, random weights, a tokenizer and a chat template."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    PreTrainedTokenizerFast,
    Qwen3Config,
)

from models.instruct.checkpoint import Checkpoint
from models.instruct.config import InstructConfig
from models.instruct.tuning import examples_of, padded

KINDS = ("qwen3", "llama", "gemma3")
_SIZES = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 4096,
    "initializer_range": 0.3,  # adapters do not change the embeddings; with these weights they can make a word likely
}
_CONFIGS: dict[str, Any] = {"qwen3": Qwen3Config, "llama": LlamaConfig, "gemma3": Gemma3TextConfig}
_START, _END, _PAD = "<|im_start|>", "<|im_end|>", "<|pad|>"
# As each family does it: Qwen3 writes an empty reasoning if none is wanted; Gemma refuses a message of the system.
_TEMPLATES = {
    "qwen3": "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.role == 'assistant' and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
    "{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if not enable_thinking %}<think>\n\n</think>\n\n{% endif %}{% endif %}",
    "llama": "{% for m in messages %}<|im_start|>{{ m.role }}\n\n{{ m.content | trim }}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n\n{% endif %}",
    "gemma3": "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "<|im_start|>{{ 'model' if m.role == 'assistant' else m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>model\n{% endif %}",
}


def make_checkpoint(folder: Path, kind: str = "qwen3", texts: list[str] | None = None) -> Path:
    """Writes a checkpoint, whose tokenizer knows the words of `texts`, into the folder, and returns the folder."""
    tokenizer = _tokenizer(texts or ["a lamp of oak", "红色的棉质衬衫"], _TEMPLATES[kind])
    ends = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None}
    torch.manual_seed(7)
    net = AutoModelForCausalLM.from_config(_CONFIGS[kind](vocab_size=len(tokenizer), **_SIZES, **ends))
    net.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def teach(folder: Path, pairs: Sequence[tuple[str, str]], steps: int = 80) -> None:
    """Trains all weights of the checkpoint in the folder to answer each message of `pairs` with its text."""
    checkpoint = Checkpoint(str(folder), InstructConfig(length=4096, threads=1, device="cpu"))
    checkpoint.open(training=False)
    torch.set_num_threads(1)
    batch = padded(examples_of(checkpoint, pairs), checkpoint.tokenizer.pad_token_id)
    net = checkpoint.net.train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=5e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        net(**batch).loss.backward()
        optimizer.step()
    net.save_pretrained(folder)


def _tokenizer(texts: list[str], template: str) -> PreTrainedTokenizerFast:
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1000,
        special_tokens=[_PAD, _START, _END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, pad_token=_PAD, eos_token=_END)
    tokenizer.add_special_tokens({"additional_special_tokens": [_START]})
    tokenizer.chat_template = template
    return tokenizer

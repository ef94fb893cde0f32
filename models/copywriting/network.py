"""The network behind the copywriter: a small decoder, trained from scratch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, LlamaConfig
from transformers.utils.logging import disable_progress_bar

from models.copywriting.copywriter_config import CopywriterConfig
from models.core.memory import available_bytes

disable_progress_bar()  # reading and writing a network takes seconds; its bar would break the lines of the night's log

# With short texts on a CPU, plain attention trains 1.4 times as fast as the fused kernel. A saved network is opened
# with the same kind of attention, since another kind rounds differently.
ATTENTION = "eager"


def scratch(config: CopywriterConfig, vocabulary: int, pad: int) -> Any:
    """A decoder of `config`'s sizes with seeded weights: RoPE, SwiGLU, tied embeddings (Llama's shape)."""
    torch.manual_seed(config.seed)
    shape = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=config.dim,
        intermediate_size=int(config.dim * 8 / 3) // 32 * 32,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        num_key_value_heads=config.heads,
        max_position_embeddings=config.length,
        tie_word_embeddings=True,
        attention_dropout=config.dropout,
        initializer_range=config.first_weights,
        pad_token_id=pad,
        bos_token_id=None,
        eos_token_id=None,
    )
    return AutoModelForCausalLM.from_config(shape, attn_implementation=ATTENTION)


def open_network(folder: Path) -> Any:
    """The network that `save_pretrained` wrote to `folder`, in float32; nothing is downloaded.

    Raises ValueError if it cannot be read.
    """
    try:
        return AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32, attn_implementation=ATTENTION
        )
    except Exception as error:  # each library raises errors of its own
        raise ValueError(
            f"{folder} cannot be read as a model ({type(error).__name__}: {str(error).splitlines()[0][:200]}); "
            "train the copywriter again"
        ) from error


def free_bytes() -> int:
    """Free memory of the GPU that would be used; without one, what this process may still use of the machine's."""
    return int(torch.cuda.mem_get_info()[0]) if torch.cuda.is_available() else available_bytes()

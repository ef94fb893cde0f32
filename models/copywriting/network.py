"""The network behind the copywriter: a small one from scratch, or a checkpoint, with LoRA if it is large."""

from __future__ import annotations

import os
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, LlamaConfig

from models.copywriting.copywriter_config import CopywriterConfig

Ids = list[int]
# Memory that training needs, in copies of the weights: gradients and Adam's two moments; with LoRA hardly any.
TRAIN_COPIES, TUNE_COPIES = 4, 1.3


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
        pad_token_id=pad,
        bos_token_id=None,
        eos_token_id=None,
    )
    # Short texts on a CPU are learned 1.4 times as fast by plain attention as by the fused kernel.
    return AutoModelForCausalLM.from_config(shape, attn_implementation="eager")


def open_checkpoint(place: str, only_here: bool, training: bool, lora_above: float) -> Any:
    """A causal or seq2seq model in float32, by its folder or hub name.

    only_here: do not download. The memory that it needs is computed before its weights are read.
    Raises ValueError if it cannot be read, or does not fit in the free memory.
    """
    try:
        config = AutoConfig.from_pretrained(place, local_files_only=only_here)
        cls = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        with torch.device("meta"):
            parameters = sum(weight.numel() for weight in cls.from_config(config).parameters())
        copies = (TRAIN_COPIES if parameters <= lora_above else TUNE_COPIES) if training else 1.0
        needed, free = int(parameters * 4 * copies), free_bytes()
        if needed > free:
            raise MemoryError(f"{parameters:,} weights need {needed / 2**30:.1f} GiB, {free / 2**30:.1f} GiB are free")
        return cls.from_pretrained(place, local_files_only=only_here, dtype=torch.float32)
    except MemoryError as error:
        raise ValueError(f"{place} does not fit: {error}; name a smaller base_model, or a larger machine") from None
    except Exception as error:
        raise ValueError(
            f"{place} cannot be read as a model ({type(error).__name__}: {str(error).splitlines()[0][:200]}); "
            "base_model is a folder with config.json and safetensors, a hub's name, or empty to train from scratch"
        ) from error


def free_bytes() -> int:
    """Free memory of the GPU that would be used; without one, of the machine."""
    if torch.cuda.is_available():
        return int(torch.cuda.mem_get_info()[0])
    try:
        with open("/proc/meminfo") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def with_lora(net: Any, rank: int, fresh: Ids) -> Any:
    """The network with frozen weights and a trainable low-rank change beside every linear layer (LoRA).

    The embeddings of the tokens `fresh`, which the checkpoint does not know, are trained in full.
    """
    from peft import LoraConfig, TaskType, get_peft_model  # seconds to import, and for large checkpoints only

    task = TaskType.SEQ_2_SEQ_LM if net.config.is_encoder_decoder else TaskType.CAUSAL_LM
    wanted = LoraConfig(
        task_type=task, r=rank, lora_alpha=2 * rank, target_modules="all-linear", trainable_token_indices=fresh
    )
    return get_peft_model(net, wanted)


def merged(net: Any) -> Any:
    """The network with its low-rank changes, if it has any, added to its weights."""
    return net.merge_and_unload() if hasattr(net, "merge_and_unload") else net

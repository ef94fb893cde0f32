"""How much memory a checkpoint needs, computed before its weights are read.

Activations of a Transformer's layer: 34 bytes a token and unit of width in 16 bits, or 2 where they are computed again
in the backward pass (Korthikanti et al. 2022, without attention maps, which fused attention does not keep).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from models.copywriting.network import free_bytes

_KEPT, _AGAIN = 17, 1  # activations of a layer, kept or computed again: numbers per token and unit of width
_LOGITS = 10  # bytes per token and word: in 16 bits, in 32 bits, and the gradient
_ADAM = 16  # bytes per trained weight: the weight, its gradient and two moments, in 32 bits
GIB = 2**30


@dataclass(frozen=True)
class Need:
    """Bytes of the weights, of the adapters with their optimizer, and of the activations: all stored, or recomputed."""

    weights: int
    adapters: int = 0
    stored: int = 0
    recomputed: int = 0

    @property
    def most(self) -> int:
        return self.weights + self.adapters + self.stored

    @property
    def least(self) -> int:
        return self.weights + self.adapters + self.recomputed

    def __str__(self) -> str:
        parts = {"weights": self.weights, "adapters": self.adapters, "activations": self.recomputed}
        sizes = ", ".join(f"{size / GIB:.1f} GiB of {name}" for name, size in parts.items() if size)
        return f"{self.least / GIB:.1f} GiB ({sizes})"


def writing_need(net: nn.Module, config: Any, bytes_each: int, rows: int, tokens: int) -> Need:
    """What it takes to write `rows` answers of up to `tokens` tokens at once; net: without weights (device meta)."""
    text = config.get_text_config()
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    cache = 2 * rows * tokens * text.num_hidden_layers * heads * width * bytes_each
    return Need(_weights(net) * bytes_each, stored=cache, recomputed=cache)


def tuning_need(net: nn.Module, config: Any, bytes_each: int, rows: int, tokens: int, rank: int) -> Need:
    """What it takes to learn from `rows` examples of up to `tokens` tokens at once, with LoRA of this rank."""
    text = config.get_text_config()
    adapter_weights = sum(
        rank * (layer.in_features + layer.out_features) for layer in net.modules() if isinstance(layer, nn.Linear)
    )
    layers, unit = text.num_hidden_layers, rows * tokens * text.hidden_size * bytes_each
    logits = rows * tokens * text.vocab_size * _LOGITS
    stored, recomputed = unit * layers * _KEPT, unit * (layers * _AGAIN + _KEPT)
    return Need(_weights(net) * bytes_each, adapter_weights * _ADAM, stored + logits, recomputed + logits)


def refuse_too_large(place: str, need: Need, remedy: str) -> None:
    """Raises ValueError if even the least need is more than the free memory."""
    if need.least > (free := free_bytes()):
        raise ValueError(f"{place} does not fit: it needs {need}, {free / GIB:.1f} GiB are free; {remedy}")


def must_recompute(need: Need) -> bool:
    """Whether activations do not all fit, so that the backward pass computes them again (gradient checkpointing)."""
    return need.most > free_bytes()


def _weights(net: nn.Module) -> int:
    return sum(weight.numel() for weight in net.parameters())


def without_weights(cls: Any, config: Any) -> nn.Module:
    """The network of a config on the device meta, which holds sizes and no numbers."""
    with torch.device("meta"):
        return cls.from_config(config)  # type: ignore[no-any-return]

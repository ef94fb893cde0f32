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

_KEPT, _AGAIN = 17, 1  # activations of a layer, in numbers a token and unit of width
_LOGITS = 10  # bytes a token and word: in 16 bits, in 32, and the gradient
_ADAM = 16  # bytes a trained weight: itself, its gradient and two moments, in 32 bits
GIB = 2**30


@dataclass(frozen=True)
class Need:
    """Bytes: weights as they are read; adapters with what trains them; activations, all kept or computed again."""

    weights: int
    adapters: int = 0
    kept: int = 0
    again: int = 0

    @property
    def most(self) -> int:
        return self.weights + self.adapters + self.kept

    @property
    def least(self) -> int:
        return self.weights + self.adapters + self.again

    def __str__(self) -> str:
        parts = {"weights": self.weights, "adapters": self.adapters, "activations": self.again}
        said = ", ".join(f"{size / GIB:.1f} GiB of {name}" for name, size in parts.items() if size)
        return f"{self.least / GIB:.1f} GiB ({said})"


def writing_need(net: nn.Module, config: Any, bytes_each: int, rows: int, tokens: int) -> Need:
    """What writing `rows` answers of up to `tokens` tokens at once needs; net: without weights (device meta)."""
    text = config.get_text_config()
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    cache = 2 * rows * tokens * text.num_hidden_layers * heads * width * bytes_each
    return Need(_weights(net) * bytes_each, kept=cache, again=cache)


def tuning_need(net: nn.Module, config: Any, bytes_each: int, rows: int, tokens: int, rank: int) -> Need:
    """What learning from `rows` examples of up to `tokens` tokens at once needs, with LoRA of this rank."""
    text = config.get_text_config()
    added = sum(rank * (each.in_features + each.out_features) for each in net.modules() if isinstance(each, nn.Linear))
    layers, unit = text.num_hidden_layers, rows * tokens * text.hidden_size * bytes_each
    logits = rows * tokens * text.vocab_size * _LOGITS
    kept, again = unit * layers * _KEPT, unit * (layers * _AGAIN + _KEPT)
    return Need(_weights(net) * bytes_each, added * _ADAM, kept + logits, again + logits)


def refuse_too_large(place: str, need: Need, remedy: str) -> None:
    """Raises ValueError where even the least that is needed is more than there is free."""
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

"""Causal self-attention over a user's latest events: the Transformer beside the LSTM, trained by the same loss.

Self-attention over items and the shifted objective (every event is predicted from those before it) are as in SASRec
(Kang & McAuley 2018). A sampled softmax corrected by logQ (Klenitskiy & Vasilev 2023) replaces its one negative. Blocks
are pre-norm with gated feed-forward layers (Shazeer 2020); each head learns a bias for how far back an event lies.

B sequences, T events, D = dim, H heads.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.recommenders.item_softmax import SequenceConfig, SequenceNet
from models.recommenders.sequence_model import SequenceModel


@dataclass(frozen=True, kw_only=True)
class TransformerConfig(SequenceConfig):
    """Settings of one training; the defaults were chosen on the validation items of Amazon Beauty."""

    dim: int = field(default=128, metadata={"doc": "width of an item's embedding and of the blocks", "least": 1})
    blocks: int = field(default=1, metadata={"least": 1})
    heads: int = field(default=2, metadata={"doc": "heads, each dim / heads wide", "least": 1})
    widening: int = field(default=2, metadata={"doc": "width of a feed-forward layer, in dims", "least": 1})
    dropout: float = field(default=0.5, metadata={"doc": "dropout of embedded events", "least": 0, "below": 1})
    state_dropout: float = field(default=0.5, metadata={"least": 0, "below": 1})
    block_dropout: float = field(default=0.2, metadata={"doc": "dropout inside the blocks", "least": 0, "below": 1})
    learning_rate: float = field(default=2e-3, metadata={"above": 0})

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dim % self.heads:
            raise ValueError(f"dim is {self.dim}: it must be a multiple of heads, which is {self.heads}")


class Block(nn.Module):
    """(B, T, D) -> (B, T, D): each event attends to itself and to those before it; then a gated layer works on each."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        dim, wide = config.dim, config.dim * config.widening
        self.heads, self.dropout = config.heads, config.block_dropout
        self.before_attention, self.before_gate = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.query_key_value, self.mix = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.gate_and_up, self.down = nn.Linear(dim, 2 * wide), nn.Linear(wide, dim)
        self.by_distance = nn.Parameter(torch.zeros(config.heads, config.length))  # 0: the event itself

    def forward(self, x: Tensor) -> Tensor:
        n, t, dim = x.shape
        qkv = self.query_key_value(self.before_attention(x)).view(n, t, 3, self.heads, dim // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # each (B, H, T, D / H)
        position = torch.arange(t, device=x.device)
        distance = position[:, None] - position  # (T, T), below 0: later
        bias = self.by_distance[:, distance.clamp(min=0)].masked_fill(distance < 0, -torch.inf)  # (H, T, T)
        dropout = self.dropout if self.training else 0.0
        attended = F.scaled_dot_product_attention(query, key, value, bias.to(query.dtype), dropout)
        x = x + self.dropped(self.mix(attended.transpose(1, 2).reshape(n, t, dim)))
        gate, up = self.gate_and_up(self.before_gate(x)).chunk(2, -1)
        return x + self.dropped(self.down(F.silu(gate) * up))

    def dropped(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training)


class TransformerNet(SequenceNet):
    """Blocks over the embedded events, and a residual: an item's own row reaches the state directly as well."""

    def __init__(self, config: TransformerConfig, n_items: int, n_attributes: int, most_attributes: int) -> None:
        super().__init__(config, n_items, n_attributes, most_attributes)
        self.place = nn.Parameter(torch.randn(config.length, config.dim) * 0.02)
        self.blocks = nn.Sequential(*(Block(config) for _ in range(config.blocks)))
        self.norm, self.out = nn.LayerNorm(config.dim), nn.Linear(config.dim, config.dim)

    def forward(self, codes: Tensor) -> Tensor:
        events = self.dropout(self.events(codes))  # (B, T, D)
        states = self.blocks(events + self.place[: codes.shape[1]])  # (B, T, D)
        out: Tensor = self.out(self.state_dropout(self.norm(states)))  # (B, T, D)
        return out + events

    def reader(self, bf16: bool) -> Callable[[Tensor, Tensor], Tensor]:
        blocks, norm, out = self.blocks, self.norm, self.out
        if bf16:
            blocks, norm = copy.deepcopy(blocks).bfloat16(), copy.deepcopy(norm).bfloat16()
            out = copy.deepcopy(out).bfloat16()

        def after(codes: Tensor, last: Tensor) -> Tensor:
            events, row = self.events(codes), torch.arange(len(codes))
            states = blocks((events + self.place[: codes.shape[1]]).to(out.weight.dtype))[row, last]  # (B, D)
            state: Tensor = out(norm(states)).float() + events[row, last]
            return state

        return after


class Transformer(SequenceModel):
    kind, Config, Net = "transformer", TransformerConfig, TransformerNet
    sizes = ("dim", "blocks", "heads", "widening", "length")

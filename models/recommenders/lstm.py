"""An LSTM over a user's latest events, with a softmax over the catalogue; input and output share item embeddings."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from models.recommenders.item_softmax import SequenceConfig, SequenceNet
from models.recommenders.sequence_model import SequenceModel


@dataclass(frozen=True, kw_only=True)
class LSTMConfig(SequenceConfig):
    """Settings of one training; the defaults were chosen on the validation items of Amazon Beauty.

    hr@10 / ndcg@10 there, ranking all items except the history: dim 128, hidden 256 and dropout .5 have .1044/.0631
    after 15 epochs where items start at random (dim 64, hidden 128 and dropout .4: .1003/.0595), .1164/.0672 after 3
    where they start on their axes and weights are averaged. With items swapped at random with those near them in time,
    anew each epoch, it has .1002/.0578: the order matters.
    """

    dim: int = field(default=128, metadata={"doc": "width of an item's embedding", "least": 1})
    hidden: int = field(default=256, metadata={"least": 1})
    layers: int = field(default=1, metadata={"least": 1})
    dropout: float = field(default=0.5, metadata={"doc": "dropout of embedded events", "least": 0, "below": 1})
    state_dropout: float = field(default=0.5, metadata={"least": 0, "below": 1})


class LSTMNet(SequenceNet):
    """One or more recurrent layers and a residual: the last event itself need not pass through the gates."""

    def __init__(self, config: LSTMConfig, n_items: int, n_attributes: int, most_attributes: int) -> None:
        super().__init__(config, n_items, n_attributes, most_attributes)
        self.lstm = nn.LSTM(config.dim, config.hidden, config.layers, batch_first=True)
        self.out = nn.Linear(config.hidden, config.dim)

    def forward(self, codes: Tensor) -> Tensor:
        events = self.dropout(self.events(codes))  # (B, T, D)
        states, _ = self.lstm(events)  # (B, T, H)
        out: Tensor = self.out(self.state_dropout(states))  # (B, T, D)
        return out + events

    def reader(self, bf16: bool) -> Callable[[Tensor, Tensor], Tensor]:
        lstm, out = self.lstm, self.out
        if bf16:
            lstm, out = copy.deepcopy(lstm).bfloat16(), copy.deepcopy(out).bfloat16()

        def after(codes: Tensor, last: Tensor) -> Tensor:
            events, row = self.events(codes), torch.arange(len(codes))
            states, _ = lstm(events.to(out.weight.dtype))
            state: Tensor = out(states[row, last]).float() + events[row, last]
            return state

        return after


class LSTM(SequenceModel):
    kind, Config, Net, sizes = "lstm", LSTMConfig, LSTMNet, ("dim", "hidden", "layers")

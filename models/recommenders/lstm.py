"""An LSTM over what a user did last, its softmax over the whole catalogue, items embedded once for input and output."""

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
    """Settings of one training; the defaults were chosen on 6,000 users' last but one items of Amazon Beauty.

    hr@10 / ndcg@10 there, all 12,101 items ranked but the history, sampled softmax: learning_rate 2e-3 .0725/.0403
    after 3 epochs, 3e-3 .0840/.0460; 3e-3 .0943/.0549 after 4, .1080/.0637 after 8, no better after 10. After one
    epoch the full softmax is as good (.0487/.0262) as 2,048 negatives (.0473/.0256) and six times the products:
    hence sampling starts where it saves half of them. Where 5 % were held out and patience was 2, training stopped
    at epoch 7 for the 5th, while those 6,000 users still gained up to the 8th: hence 10 % and 4, not yet measured.
    """

    hidden: int = field(default=128, metadata={"least": 1})
    layers: int = field(default=1, metadata={"least": 1})


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
            read: Tensor = out(states[row, last]).float() + events[row, last]
            return read

        return after


class LSTM(SequenceModel):
    kind, Config, Net, sizes = "lstm", LSTMConfig, LSTMNet, ("dim", "hidden", "layers")

"""The recurrent networks: a reader that turns a text into states, and a matcher that compares two texts.

LSTM rather than GRU: on a CPU that multiplies bfloat16, one forward and backward pass of 256 texts of 13 tokens took
22 ms by LSTM and 39 ms by GRU in bfloat16, 52 and 77 ms in float32. The matcher aligns the two texts softly and
compares them place by place (ESIM: Chen et al. 2017). It is symmetric: which text comes first changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.core.config import check_bounds
from models.core.item_tiles import multiplies_bf16
from models.service.tokens import Encoded


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of a network, and how it learns."""

    length: int = field(default=48, metadata={"doc": "tokens read of a text", "least": 1})
    least: int = field(default=2, metadata={"doc": "a token that is seen fewer times is unknown", "least": 1})
    most_pieces: int = field(default=20_000, metadata={"least": 1})
    dim: int = field(default=128, metadata={"doc": "width of a token's embedding", "least": 1})
    hidden: int = field(default=96, metadata={"doc": "width of an LSTM, in each direction", "least": 1})
    dropout: float = field(default=0.25, metadata={"least": 0, "below": 1})
    learning_rate: float = field(default=2e-3, metadata={"above": 0})
    weight_decay: float = field(default=1e-4, metadata={"least": 0})
    batch: int = field(default=256, metadata={"doc": "texts or pairs in a batch", "least": 1})
    epochs: int = field(default=6, metadata={"least": 1})
    seed: int = 7

    def __post_init__(self) -> None:
        check_bounds(self)


class Texts(NamedTuple):
    """A batch: tokens (B, T), pieces (B, T, P), lengths (B,)."""

    tokens: Tensor
    pieces: Tensor
    lengths: Tensor

    @classmethod
    def of(cls, encoded: Encoded) -> Texts:
        return cls(*(torch.from_numpy(part).long() for part in encoded))

    def beside(self, other: Texts) -> Texts:
        """Both batches as one, (2 B, T)."""
        longest = max(self.tokens.shape[1], other.tokens.shape[1])
        both = (self, other)
        tokens = torch.cat([F.pad(texts.tokens, (0, longest - texts.tokens.shape[1])) for texts in both])
        pieces = torch.cat([F.pad(texts.pieces, (0, 0, 0, longest - texts.tokens.shape[1])) for texts in both])
        return Texts(tokens, pieces, torch.cat([self.lengths, other.lengths]))

    @property
    def mask(self) -> Tensor:
        """(B, T), true where there is a token."""
        return torch.arange(self.tokens.shape[1]) < self.lengths[:, None]


class BothWays(nn.Module):
    """An LSTM in each direction. (B, T, D) -> (B, T, 2 H); what comes after a text's end never reaches its states.

    The way back reads each text reversed within its own length, so that a text's states do not depend on its batch.
    """

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.on, self.back = nn.LSTM(dim, hidden, batch_first=True), nn.LSTM(dim, hidden, batch_first=True)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        position = torch.arange(x.shape[1])
        order = torch.where(position < lengths[:, None], lengths[:, None] - 1 - position, position)[:, :, None]
        forwards, _ = self.on(x)
        backwards, _ = self.back(x.gather(1, order.expand_as(x)))
        return torch.cat([forwards, backwards.gather(1, order.expand(-1, -1, backwards.shape[2]))], dim=2)


class SharedDropout(nn.Module):
    """Drops the same features at every place of a text (Gal and Ghahramani 2016): few random numbers are drawn."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        return x * F.dropout(torch.ones_like(x[:, :1]), self.share, self.training)


class Reader(nn.Module):
    """Texts -> states (B, T, 2 H)."""

    def __init__(self, config: NetworkConfig, n_tokens: int, n_pieces: int) -> None:
        super().__init__()
        self.tokens = nn.Embedding(n_tokens, config.dim, padding_idx=0)
        self.pieces = nn.EmbeddingBag(n_pieces, config.dim, mode="sum", padding_idx=0)
        self.lstm, self.dropout = BothWays(config.dim, config.hidden), SharedDropout(config.dropout)
        nn.init.normal_(self.tokens.weight, std=0.1)
        nn.init.normal_(self.pieces.weight, std=0.05)

    def forward(self, texts: Texts) -> Tensor:
        places = self.pieces(texts.pieces.flatten(0, 1)).view(*texts.tokens.shape, -1)
        return self.dropout(self.lstm(self.dropout(self.tokens(texts.tokens) + places), texts.lengths))


class Matcher(nn.Module):
    """Two texts -> log-odds (B,) that they mean the same, by the dual encoder and by the matcher."""

    def __init__(self, config: NetworkConfig, n_tokens: int, n_pieces: int) -> None:
        super().__init__()
        states, h = 2 * config.hidden, config.hidden
        self.reader = Reader(config, n_tokens, n_pieces)
        self.compare = nn.Sequential(nn.Linear(4 * states, h), nn.ReLU(), SharedDropout(config.dropout))
        self.compose = BothWays(h, h)
        self.dual_head, self.head = _head(4 * states, h, config.dropout), _head(8 * states, h, config.dropout)

    def forward(self, first: Texts, second: Texts) -> tuple[Tensor, Tensor]:
        texts = first.beside(second)
        with torch.autocast("cpu", torch.bfloat16, enabled=multiplies_bf16()):
            states = self.reader(texts)
            pooled = _symmetric(pool(states, texts))
            match = self.judge(states, texts, pooled)
            return self.dual_head(pooled).squeeze(1).float(), match.float()

    def match(self, texts: Texts, places: Tensor) -> Tensor:
        """The matcher's log-odds (P,) of pairs of the texts (B,); places (2 P,): the first of each pair, then the
        second."""
        with torch.autocast("cpu", torch.bfloat16, enabled=multiplies_bf16()):
            states = self.reader(texts)[places]
            paired = Texts(texts.tokens[places], texts.pieces[places], texts.lengths[places])
            return self.judge(states, paired, _symmetric(pool(states, paired))).float()

    def judge(self, states: Tensor, texts: Texts, pooled: Tensor) -> Tensor:
        """The matcher's log-odds (B,) from states (2 B, T, S): first the first texts', then the second texts'."""
        (a, b), (in_a, in_b) = states.chunk(2), texts.mask.chunk(2)
        likeness = a @ b.transpose(1, 2) * a.shape[2] ** -0.5  # (B, T, T)
        to_b = likeness.masked_fill(~in_b[:, None, :], -1e4).softmax(2) @ b
        to_a = likeness.transpose(1, 2).masked_fill(~in_a[:, None, :], -1e4).softmax(2) @ a
        other = torch.cat([to_b, to_a]).to(states.dtype)
        compared = self.compare(torch.cat([states, other, states - other, states * other], dim=2))
        sides = _symmetric(pool(self.compose(compared, texts.lengths), texts))
        return self.head(torch.cat([pooled, sides], dim=1)).squeeze(1)


def pool(states: Tensor, texts: Texts) -> Tensor:
    """(B, 2 S): the greatest and the mean of a text's states (B, T, S)."""
    mask = texts.mask[:, :, None]
    greatest = states.masked_fill(~mask, -1e4).amax(1)
    return torch.cat([greatest, (states * mask).sum(1) / texts.lengths[:, None]], dim=1)


def _symmetric(both: Tensor) -> Tensor:
    u, v = both.chunk(2)
    return torch.cat([(u - v).abs(), u * v], dim=1)


def _head(width: int, hidden: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Dropout(dropout), nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, 1)
    )


def pair_loss(dual: Tensor, match: Tensor, same: Tensor) -> Tensor:
    """Mean cross-entropy of both heads against `same` (B,), 0 or 1."""
    return 0.5 * F.binary_cross_entropy_with_logits(dual, same) + F.binary_cross_entropy_with_logits(match, same)

"""Recurrent dual encoders that place questions near the answers that they ask for, trained on wordings.

Several encoders start from different random weights and learn from the same wordings. The mean of their cosines is
wrong less often than any single one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from models.core.item_tiles import multiplies_bf16
from models.core.on_step import OnStep
from models.core.torch_threads import torch_threads
from models.service.networks import NetworkConfig, Reader, Texts, pool
from models.service.pair_training import I64, SCORED, in_rows, train
from models.service.tokens import Vocabulary
from models.service.warm_start import begin_reader

F32 = NDArray[np.float32]
SHARPNESS = 20.0  # log-odds for a difference of 1 in a cosine


class DualEncoder(nn.Module):
    """Texts -> cosines (B, V) with every answer, whose vector (V, D) is learned from all of its wordings."""

    def __init__(self, config: NetworkConfig, n_tokens: int, n_pieces: int, answers: int) -> None:
        super().__init__()
        self.reader = Reader(config, n_tokens, n_pieces)
        self.out = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(4 * config.hidden, 2 * config.hidden))
        self.answers = nn.Parameter(torch.randn(answers, 2 * config.hidden) * 0.1)

    def vectors(self, texts: Texts) -> Tensor:
        """(B, D) of length 1."""
        with torch.autocast("cpu", torch.bfloat16, enabled=multiplies_bf16()):
            pooled = self.out(pool(self.reader(texts), texts))
        return F.normalize(pooled.float(), dim=1)

    def forward(self, texts: Texts) -> Tensor:
        return self.vectors(texts) @ F.normalize(self.answers, dim=1).T


class AnswerNetwork:
    """Dual encoders and their vocabulary."""

    def __init__(self, config: NetworkConfig, vocabulary: Vocabulary, nets: Sequence[DualEncoder]) -> None:
        self.config, self.vocabulary, self.nets = config, vocabulary, [net.eval() for net in nets]

    @classmethod
    def fit(
        cls,
        config: NetworkConfig,
        encoders: int,
        texts: Sequence[str],
        codes: I64,
        answers: int,
        start: AnswerNetwork | None = None,
        on_step: OnStep | None = None,
    ) -> AnswerNetwork:
        """From wordings (n,) and the code of each one's answer (n,), -1 where none fits.

        Where `start` has the same sizes, each reader begins from its layers and from its embeddings of shared words.
        """
        vocabulary = Vocabulary.of(texts, config.length, config.least, config.most_pieces)
        encoded, truth = vocabulary.encode(texts, config.length), torch.from_numpy(codes)
        if start is not None and (start.config.dim, start.config.hidden) != (config.dim, config.hidden):
            start = None
        nets = []
        for n in range(encoders):
            torch.manual_seed(config.seed + n)
            net = DualEncoder(config, len(vocabulary.tokens) + 2, len(vocabulary.pieces) + 2, answers)
            if start is not None:
                begin_reader(net.reader, vocabulary, start.nets[n % len(start.nets)].reader, start.vocabulary)

            def loss(rows: I64, net: DualEncoder = net) -> Tensor:
                return answer_loss(net(Texts.of(encoded.take(rows))), truth[rows])

            def on_epoch(done: int, epochs: int, words: str, n: int = n) -> None:
                if on_step is not None:
                    on_step(n * epochs + done, encoders * epochs, words)

            with torch_threads(1):
                nets.append(train(replace(config, seed=config.seed + n), net, loss, encoded.lengths, on_epoch))
        return cls(config, vocabulary, nets)

    def vectors(self, texts: Sequence[str]) -> F32:
        """(n, N, D) of length 1, by each of the N encoders."""
        encoded = self.vocabulary.encode(texts, self.config.length)
        out = np.empty((len(texts), len(self.nets), 2 * self.config.hidden), np.float32)
        with torch.inference_mode(), torch_threads(1):
            for rows in in_rows(encoded.lengths, SCORED):
                batch = Texts.of(encoded.take(rows))
                out[rows] = torch.stack([net.vectors(batch) for net in self.nets], dim=1).numpy()
        return out

    def answers(self) -> F32:
        """Vectors (V, N, D) of the answers, of length 1."""
        with torch.inference_mode():
            return torch.stack([F.normalize(net.answers, dim=1) for net in self.nets], dim=1).numpy()


def answer_loss(cosines: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy among the answers, and of each answer by itself; -1 is evidence against every answer."""
    inside = truth >= 0
    target = F.one_hot(truth.clamp(min=0), cosines.shape[1]).float() * inside[:, None]
    per_answer = F.binary_cross_entropy_with_logits(SHARPNESS * (cosines - 0.5), target, reduction="sum") / len(truth)
    if not inside.any():
        return per_answer
    return F.cross_entropy(SHARPNESS * cosines[inside], truth[inside], label_smoothing=0.05) + 0.5 * per_answer

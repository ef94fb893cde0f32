"""Places questions near the answers that they ask for in a sentence encoder's space, in place of the recurrent ones.

The encoder stays as it is; a linear map of its space and a vector for each answer are learned on the wordings.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from models.core.on_step import OnStep
from models.core.torch_threads import torch_threads
from models.service.networks import NetworkConfig
from models.service.pair_training import I64, train
from models.service.reader_training import answer_loss
from models.service.sentence_encoder import SentenceEncoder

F32 = NDArray[np.float32]


class Placed(nn.Module):
    """An encoder's vectors (B, D) -> cosines (B, V) with every answer."""

    def __init__(self, width: int, answers: int, dropout: float) -> None:
        super().__init__()
        self.dropout, self.turn = nn.Dropout(dropout), nn.Linear(width, width, bias=False)
        self.answers = nn.Parameter(torch.randn(answers, width) * 0.1)
        nn.init.eye_(self.turn.weight)

    def placed(self, vectors: Tensor) -> Tensor:
        """(B, D) of length 1."""
        return F.normalize(self.turn(self.dropout(vectors)), dim=1)

    def forward(self, vectors: Tensor) -> Tensor:
        return self.placed(vectors) @ F.normalize(self.answers, dim=1).T


class SentenceNetwork:
    """An encoder and what was learned in its space; used like an AnswerNetwork."""

    def __init__(self, encoder: SentenceEncoder, net: Placed) -> None:
        self.encoder, self.net = encoder, net.eval()

    @classmethod
    def fit(
        cls,
        config: NetworkConfig,
        encoder: SentenceEncoder,
        texts: Sequence[str],
        codes: I64,
        answers: int,
        on_step: OnStep | None = None,
    ) -> SentenceNetwork:
        """From wordings (n,) and the code of each one's answer (n,), -1 where none fits.

        Raises ValueError where the encoder does not know the words of the wordings' languages.
        """
        encoder.refuse_strange(texts)
        vectors, truth = torch.from_numpy(encoder.vectors(texts)), torch.from_numpy(codes)
        torch.manual_seed(config.seed)
        net = Placed(vectors.shape[1], answers, config.dropout)

        def loss(rows: I64) -> Tensor:
            return answer_loss(net(vectors[rows]), truth[rows])

        with torch_threads(1):
            return cls(encoder, train(config, net, loss, np.ones(len(texts), np.int64), on_step))

    def vectors(self, texts: Sequence[str]) -> F32:
        """(n, 1, D) of length 1."""
        with torch.inference_mode(), torch_threads(1):
            return self.net.placed(torch.from_numpy(self.encoder.vectors(texts))).numpy()[:, None]

    def answers(self) -> F32:
        """Vectors (V, 1, D) of the answers, of length 1."""
        with torch.inference_mode():
            return F.normalize(self.net.answers, dim=1).numpy()[:, None]

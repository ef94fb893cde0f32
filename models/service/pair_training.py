"""Trains the matcher on pairs of texts, on one thread of a CPU."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.optim.swa_utils import AveragedModel

from models.core.on_step import OnStep
from models.core.torch_threads import torch_threads
from models.service.networks import Matcher, NetworkConfig, Reader, Texts, pair_loss
from models.service.tokens import Encoded, Vocabulary
from models.service.warm_start import begin_reader

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
Net = TypeVar("Net", bound=nn.Module)
SCORED = 512  # pairs scored at a time


class PairNetwork:
    """A matcher and its vocabulary."""

    def __init__(self, config: NetworkConfig, vocabulary: Vocabulary, net: Matcher) -> None:
        self.config, self.vocabulary, self.net = config, vocabulary, net.eval()

    @classmethod
    def fit(
        cls,
        config: NetworkConfig,
        first: Sequence[str],
        second: Sequence[str],
        same: NDArray[np.bool_],
        on_step: OnStep | None = None,
        start: PairNetwork | None = None,
        reader: tuple[Reader, Vocabulary] | None = None,
    ) -> PairNetwork:
        """From pairs (n,) of texts and whether the two mean the same (n,).

        Learning begins from `start` or, without one, from a `reader` of the same sizes and its vocabulary.
        """
        vocabulary = Vocabulary.of(sorted({*first, *second}), config.length, config.least, config.most_pieces)
        torch.manual_seed(config.seed)
        net = Matcher(config, len(vocabulary.tokens) + 2, len(vocabulary.pieces) + 2)
        if start is not None and (start.config.dim, start.config.hidden) == (config.dim, config.hidden):
            for name, part in net.named_children():
                if name != "reader":
                    part.load_state_dict(getattr(start.net, name).state_dict())
            reader = start.net.reader, start.vocabulary
        if reader is not None:
            begin_reader(net.reader, vocabulary, *reader)
        a, b = (vocabulary.encode(texts, config.length) for texts in (first, second))
        truth = torch.from_numpy(np.asarray(same, np.float32))

        def loss(rows: I64) -> torch.Tensor:
            dual, match = net(Texts.of(a.take(rows)), Texts.of(b.take(rows)))
            return pair_loss(dual, match, truth[rows])

        with torch_threads(1):
            return cls(config, vocabulary, train(config, net, loss, np.maximum(a.lengths, b.lengths), on_step))

    def scores(self, first: Sequence[str], second: Sequence[str]) -> F32:
        """Log-odds (n, 2) that the two texts of each pair mean the same: by the dual encoder, by the matcher."""
        a, b = (self.vocabulary.encode(texts, self.config.length) for texts in (first, second))
        out = np.empty((len(first), 2), np.float32)
        with torch.inference_mode(), torch_threads(1):
            for rows in in_rows(np.maximum(a.lengths, b.lengths), SCORED):
                dual, match = self.net(Texts.of(a.take(rows)), Texts.of(b.take(rows)))
                out[rows] = torch.stack([dual, match], dim=1).numpy()
        return out

    def compare(self, questions: Sequence[str], question_rows: I64, texts: Encoded, text_rows: I64) -> F32:
        """Log-odds (p,) by the matcher of questions[question_rows] and texts[text_rows]; a batch reads a text once."""
        encoded_questions = self.vocabulary.encode(questions, self.config.length)
        out = np.empty(len(question_rows), np.float32)
        with torch.inference_mode(), torch_threads(1):
            for start in range(0, len(question_rows), SCORED):
                (a, place_a), (b, place_b) = (
                    np.unique(rows[start : start + SCORED], return_inverse=True) for rows in (question_rows, text_rows)
                )
                both = Texts.of(encoded_questions.take(a)).beside(Texts.of(texts.take(b)))
                places = torch.from_numpy(np.concatenate([place_a, len(a) + place_b]))
                out[start : start + SCORED] = self.net.match(both, places).numpy()
        return out


def train(
    config: NetworkConfig,
    net: Net,
    loss: Callable[[I64], torch.Tensor],
    lengths: NDArray[np.integer],
    on_step: OnStep | None = None,
) -> Net:
    """The moving average of the net's weights over a training of `config.epochs`, whose step size falls as a cosine.

    `loss` gives the mean loss of rows; `lengths` (n,) of the rows, so that a batch holds rows of like length. `on_step`
    is called after every epoch.
    """
    average = AveragedModel(net, multi_avg_fn=_move)
    optimizer = torch.optim.AdamW(
        net.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
    )
    rng = np.random.default_rng(config.seed)
    steps, step = config.epochs * math.ceil(len(lengths) / config.batch), 0
    net.train()
    for epoch in range(config.epochs):
        total = 0.0
        for rows in _batches(lengths, config.batch, rng):
            warm = min(1.0, (step + 1) / max(1, 0.05 * steps))
            optimizer.param_groups[0]["lr"] = (
                config.learning_rate * warm * (0.55 + 0.45 * math.cos(math.pi * step / steps))
            )
            batch_loss = loss(rows)
            optimizer.zero_grad()
            batch_loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            optimizer.step()
            if step % 4 == 0:
                average.update_parameters(net)
            total, step = total + batch_loss.item() * len(rows), step + 1
        if on_step is not None:
            on_step(epoch + 1, config.epochs, f"loss {total / len(lengths):.4f}")
    return cast(Net, average.module.eval())


def _move(average: Sequence[torch.Tensor], weights: Sequence[torch.Tensor], updates: torch.Tensor | int) -> None:
    """Moves the average towards the weights, a young average more: else a short training would end near its start."""
    kept_share = min(0.99, (1 + int(updates)) / (10 + int(updates)))
    torch._foreach_lerp_(list(average), list(weights), 1 - kept_share)


def _batches(lengths: NDArray[np.integer], batch: int, rng: np.random.Generator) -> Iterator[I64]:
    """All rows once, rows of like length together, in an order that differs from epoch to epoch."""
    order = np.argsort(lengths + rng.uniform(0, 1, len(lengths)), kind="stable")
    batches = [order[start : start + batch] for start in range(0, len(order), batch)]
    yield from (batches[number] for number in rng.permutation(len(batches)))


def in_rows(lengths: NDArray[np.integer], batch: int) -> Iterator[I64]:
    order = np.argsort(lengths, kind="stable")
    yield from (order[start : start + batch] for start in range(0, len(order), batch))

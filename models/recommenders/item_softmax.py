"""What the sequence models share: training settings, items embedded with attributes, the softmax, and a step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional as F

from models.core.config import check_bounds
from models.core.interactions import Ids, check_ids
from models.core.process_group import share_gradients

MOST_ATTRIBUTES = 32  # attributes read of one item
STATES_AT_ONCE = 128  # of a sampled softmax on a CPU: their logits of 2,048 drawn items take one MiB


@dataclass(frozen=True, kw_only=True)
class SequenceConfig:
    """Settings of the training of any sequence model."""

    dim: int = field(default=64, metadata={"doc": "width of an item's embedding", "least": 1})
    length: int = field(default=50, metadata={"doc": "latest events that it reads", "least": 1})
    dropout: float = field(default=0.4, metadata={"doc": "dropout of embedded events", "least": 0, "below": 1})
    state_dropout: float = field(default=0.4, metadata={"least": 0, "below": 1})
    learning_rate: float = field(default=3e-3, metadata={"above": 0})
    batch: int = field(default=128, metadata={"doc": "sequences in a batch", "least": 1})
    epochs: int = field(default=40, metadata={"doc": "most epochs", "least": 1})
    warm_epochs: int = field(default=5, metadata={"doc": "most epochs where yesterday's model is given", "least": 1})
    patience: int = field(default=3, metadata={"doc": "epochs without a better one before it stops", "least": 1})
    epoch_steps: int = field(
        default=100,
        metadata={"doc": "least steps of an epoch; it goes over few sequences several times", "least": 1},
    )
    most_events: int = field(
        default=50_000_000,
        metadata={
            "doc": "events of one training, all epochs together; of a log with more, a random part is learned",
            "least": 1,
        },
    )
    full_softmax_items: int = field(default=4096, metadata={"doc": "larger catalogues are sampled"})
    negatives: int = field(default=2048, metadata={"least": 1})
    seed: int = 7
    threads: int = field(default=2, metadata={"doc": "threads that read sequences and score items; one trains"})
    device: str = field(default="auto", metadata={"doc": "cuda where there is one"})
    bf16: bool = field(
        default=True, metadata={"doc": "train on cuda in bfloat16; read sequences so on a CPU that supports it"}
    )
    compile: bool = field(default=True, metadata={"doc": "whether to compile, on cuda only"})

    def __post_init__(self) -> None:
        check_bounds(self)


class Attributes(NamedTuple):
    """Attributes of items: `matrix` (I, A) CSR, nonzero where the item has the attribute; `ids` (A,) sorted str."""

    matrix: Any
    ids: Ids


class Drawn(NamedTuple):
    """Negatives of a sampled softmax: `items` (S,); `log_expected` (I,), log of each item's expected count in them."""

    items: Tensor
    log_expected: Tensor


class SequenceNet(nn.Module):
    """Codes of events (B, T) -> states (B, T, D). An item's logit is its row (D,) times the state, plus its bias."""

    bag: Tensor

    def __init__(self, config: SequenceConfig, n_items: int, n_attributes: int, most_attributes: int) -> None:
        super().__init__()
        self.items = nn.Embedding(n_items, config.dim)
        self.bias = nn.Parameter(torch.zeros(n_items))
        self.attributes = nn.Embedding(n_attributes + 1, config.dim, padding_idx=0)
        self.register_buffer(
            "bag", torch.zeros(n_items, most_attributes, dtype=torch.int64)
        )  # attribute code + 1; 0: none
        self.bf16 = config.bf16
        self.dropout, self.state_dropout = nn.Dropout(config.dropout), nn.Dropout(config.state_dropout)
        nn.init.normal_(self.items.weight, std=config.dim**-0.5)
        nn.init.normal_(self.attributes.weight, std=config.dim**-0.5)

    def rows(self, codes: Tensor) -> Tensor:
        """Embeddings (n, D) of items (n,): each item's own embedding plus the mean of its attributes' embeddings."""
        embeddings: Tensor = self.items(codes)
        if not self.bag.shape[1]:
            return embeddings
        return embeddings + F.embedding_bag(self.bag[codes], self.attributes.weight, mode="mean", padding_idx=0)

    def events(self, codes: Tensor) -> Tensor:
        """Embedded events (B, T, D)."""
        return self.rows(codes.reshape(-1)).view(*codes.shape, -1)

    def reader(self, bf16: bool) -> Callable[[Tensor, Tensor], Tensor]:
        """(codes (B, T), last (B,)) -> the states (B, D) after event `last`; with `bf16`, its layers in bfloat16."""
        raise NotImplementedError


class Optimizer(Protocol):
    """Such as a `models.recommenders.averaged_adam.AveragedAdam`."""

    def zero_grad(self) -> None: ...
    def step(self) -> None: ...


def train_step(
    net: SequenceNet,
    forward: Callable[[Tensor], Tensor],
    optimizer: Optimizer,
    codes: Tensor,
    drawn: Drawn | None,
) -> Tensor:
    """One step of the optimizer on windows `codes` (B, T + 1), -1 after their last event; returns the loss in nats.

    `forward` is the net, compiled or not. Where several processes train together, the step covers all their windows.
    """
    amp = torch.autocast("cuda", torch.bfloat16, enabled=net.bf16 and codes.is_cuda)
    with amp:
        loss = loss_of(net, forward, codes, drawn)
    optimizer.zero_grad()
    loss.backward()
    share_gradients(net, int((codes[:, 1:] >= 0).sum()))
    optimizer.step()
    return loss.detach()


def loss_of(net: SequenceNet, forward: Callable[[Tensor], Tensor], codes: Tensor, drawn: Drawn | None) -> Tensor:
    """Mean cross-entropy of every next event, against all items or against the `drawn` ones."""
    is_event = codes[:, 1:] >= 0
    states = forward(codes[:, :-1].clamp(min=0))[is_event]  # (N, D)
    next_items = codes[:, 1:][is_event]  # (N,)
    if drawn is None:
        all_items = torch.arange(len(net.bias), device=codes.device)
        return F.cross_entropy((states @ net.rows(all_items).T).float() + net.bias, next_items)  # (N, I)
    # Popular items are drawn as negatives more often, which would push them down; the logQ term corrects that.
    target = (
        (states * net.rows(next_items)).sum(1).float() + net.bias[next_items] - drawn.log_expected[next_items]
    )  # (N,)
    corrections = net.bias[drawn.items] - drawn.log_expected[drawn.items]  # (S,)
    loss: Tensor = SampledCrossEntropy.apply(
        states, target, net.rows(drawn.items), corrections, next_items, drawn.items
    )
    return loss


class SampledCrossEntropy(torch.autograd.Function):
    """Mean cross-entropy of `target` (N,), the logits of `next_items` (N,), beside the logits of drawn items (S,).

    The logit of a drawn item is its row (D,) times the state, plus its correction; a drawn item that is the next one
    does not count. Some states at a time, loss and gradients are computed together, so that the (N, S) logits stay in
    the cache: a training step of autograd writes and reads them from memory a dozen times.
    """

    @staticmethod
    def forward(
        ctx: Any, states: Tensor, target: Tensor, rows: Tensor, corrections: Tensor, next_items: Tensor, items: Tensor
    ) -> Tensor:
        step = len(states) if states.is_cuda else STATES_AT_ONCE
        ordered, places = torch.sort(items)
        first, end = (torch.searchsorted(ordered, next_items, right=right) for right in (False, True))
        loss = torch.zeros((), device=states.device)
        of_states, of_target = torch.empty_like(states), torch.empty_like(target)
        of_rows, of_corrections = torch.zeros_like(rows), torch.zeros_like(corrections)
        for low in range(0, len(states), step):
            part = slice(low, low + step)
            logits = (states[part] @ rows.T).float().add_(corrections)
            for row in torch.nonzero(first[part] < end[part]).flatten().tolist():
                logits[row, places[first[low + row] : end[low + row]]] = -torch.inf
            most = torch.maximum(logits.amax(1), target[part])
            shares = logits.sub_(most[:, None]).exp_()  # of each drawn item, still to be divided by their sum
            share = (target[part] - most).exp()
            total = shares.sum(1).add_(share)
            loss += (total.log() + most - target[part]).sum()
            of_target[part] = share / total - 1
            shares.div_(total[:, None])
            of_states[part] = shares.to(rows.dtype) @ rows
            of_rows += shares.to(states.dtype).T @ states[part]
            of_corrections += shares.sum(0)
        ctx.save_for_backward(of_states, of_target, of_rows, of_corrections)
        return loss / len(states)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor | None, ...]:
        scale = gradients[0] / len(ctx.saved_tensors[0])
        return (*(scale * gradient for gradient in ctx.saved_tensors), None, None)


def attribute_table(attributes: Attributes | None, n_items: int) -> tuple[NDArray[np.int64], Ids]:
    """(table (I, M) of attribute code + 1, 0 where an item has fewer than M, ids (A,)); M is at most MOST_ATTRIBUTES.

    Raises ValueError for attributes of another number of items, or values that are not finite.
    """
    if attributes is None:
        return np.zeros((n_items, 0), np.int64), np.zeros(0, "U1")
    ids, matrix = check_ids(attributes.ids, "attribute_ids"), sparse.csr_matrix(attributes.matrix, copy=True)
    if matrix.shape != (n_items, len(ids)):
        raise ValueError(f"attributes are {matrix.shape}, the ids are {n_items} items and {len(ids)} attributes")
    if not np.isfinite(matrix.data).all():
        raise ValueError(f"{int((~np.isfinite(matrix.data)).sum()):,} attributes are NaN or infinite")
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    counts = np.minimum(np.diff(matrix.indptr), MOST_ATTRIBUTES)
    column = np.arange(int(counts.max(initial=0)))
    table = np.zeros((n_items, len(column)), np.int64)
    filled = column < counts[:, None]
    table[filled] = matrix.indices[(matrix.indptr[:-1, None] + column)[filled]] + 1
    return table, ids

"""An LSTM whose weights are differentially private for each person: DP-SGD (Abadi et al. 2016) by Opacus.

A person's whole sequence is one sample, of its latest `length` events; nobody is in two. Each step takes every person
with probability 1 / `parts`, brings the gradient of each to at most `clip`, adds them up, and adds Gaussian noise. The
items' first biases follow from one more noised sum, of what each person chose; Opacus' accountant counts both. The
result is an ordinary `LSTM`, whose state of a person is read from that person's own events and shown to nobody else.

What an ordinary training takes from people besides gradients is left out: no axes of items from who chose what
together, no biases from counts, no negatives drawn by popularity (the softmax is over all items), no held-out events
that choose the epoch, no weights of yesterday. `epochs` are fixed beforehand. Averaged weights cost nothing: they
are computed from noised weights.

What the promise rests on: the items are the shop's catalogue, not those that people chose; the number of people is no
secret (it says how large a share of people a step takes); settings were not chosen on the people who are protected.
The draws of people and noise start from the system's randomness, not from `seed`, which anybody may know. They come
from torch's generator, which is not cryptographic, as floating-point numbers: Opacus' secure mode needs torchcsprng,
which does not exist for this torch.
"""

from __future__ import annotations

import dataclasses
import math
import secrets
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from opacus import PrivacyEngine
from opacus.accountants import RDPAccountant
from opacus.layers import DPLSTM
from opacus.utils.batch_memory_manager import BatchMemoryManager
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from models.core.config import check_bounds
from models.core.interactions import Ids, check_ids
from models.core.sequences import Sequences, checked
from models.core.torch_threads import torch_threads
from models.recommenders.lstm import LSTM, LSTMConfig, LSTMNet


@dataclass(frozen=True)
class PrivateLSTMConfig:
    """Settings of one training; the defaults were chosen on a fifth of ML-100K's training pairs, at epsilon 10.

    ndcg@10 there, one training each (popularity has .147, first biases without noise alone .140): 8 dimensions .155
    after 30 epochs, .136 after 60; 4 dimensions .137 after 15; 16 dimensions .145, from rows three times as wide .140.
    """

    dim: int = field(default=8, metadata={"doc": "width of an item's embedding", "least": 1})
    hidden: int = field(default=8, metadata={"least": 1})
    length: int = field(default=50, metadata={"doc": "events of a person, the latest", "least": 1})
    parts: int = field(default=4, metadata={"doc": "a step takes one person in so many, by chance", "least": 1})
    epochs: int = field(default=30, metadata={"doc": "epochs of `parts` steps each", "least": 1})
    clip: float = field(default=0.1, metadata={"doc": "most length of a person's gradient", "above": 0})
    learning_rate: float = field(default=2e-2, metadata={"above": 0})
    averaged: float = field(default=0.8, metadata={"doc": "share of the weights so far in their average", "below": 1})
    spread: float = field(
        default=0.1, metadata={"doc": "spread of items' first rows; if small, it starts from popularity"}
    )
    bias_noise: float = field(default=0.3, metadata={"doc": "noise of first biases, in that of a step", "above": 0})
    batch: int = field(default=256, metadata={"doc": "people in memory at once: each has gradients", "least": 1})
    seed: int = field(default=7, metadata={"doc": "seed of the first weights alone"})
    threads: int = 2

    def __post_init__(self) -> None:
        check_bounds(self)


class _Net(nn.Module):
    """The network of `LSTMNet`, of layers whose gradients Opacus knows by person: (B, T) -> logits (B, T, I)."""

    def __init__(self, config: PrivateLSTMConfig, n_items: int) -> None:
        super().__init__()
        self.items = nn.Embedding(n_items, config.dim)
        self.lstm = DPLSTM(config.dim, config.hidden, batch_first=True)
        self.out = nn.Linear(config.hidden, config.dim)
        self.logits = nn.Linear(config.dim, n_items)
        self.logits.weight = self.items.weight
        nn.init.normal_(self.items.weight, std=config.spread * config.dim**-0.5)

    def forward(self, codes: Tensor) -> Tensor:
        events = self.items(codes)
        states, _ = self.lstm(events)
        logits: Tensor = self.logits(self.out(states) + events)
        return logits


def noise_for(config: PrivateLSTMConfig, epsilon: float, delta: float) -> float:
    """The noise of a step, in `clip`, that makes a whole training (epsilon, delta)-private; .1 % above the least."""
    low, high = 1e-2, 1e5
    while high > low * 1.001:
        noise = math.sqrt(low * high)
        low, high = (low, noise) if spent(config, noise, delta) <= epsilon else (noise, high)
    return high


def spent(config: PrivateLSTMConfig, noise: float, delta: float) -> float:
    """The epsilon of a training whose steps have this noise."""
    accountant = RDPAccountant()
    accountant.history = [
        (noise * config.bias_noise, 1.0, 1),
        (noise, 1 / config.parts, config.epochs * config.parts),
    ]
    return float(accountant.get_epsilon(delta))


def fit(
    config: PrivateLSTMConfig,
    sequences: Sequences,
    item_ids: Ids,
    epsilon: float,
    delta: float,
    report: Callable[[int, float], None] | None = None,
) -> LSTM:
    """An LSTM, (epsilon, delta)-private for each of `sequences` (codes into `item_ids`, sorted).

    epsilon: infinite for a training of the same kind without noise, which protects nobody.
    report: called with (epoch, epsilon spent) after every epoch.
    Raises ValueError for ids or codes that are wrong, fewer people than `parts`, an epsilon or delta out of bounds.
    """
    item_ids, sequences = check_ids(item_ids, "item_ids"), checked(sequences, len(item_ids))
    if not (epsilon > 0 and 0 < delta < 1):
        raise ValueError(f"epsilon {epsilon} must be above 0, delta {delta} between 0 and 1")
    people = len(sequences.lengths)
    if people < config.parts:
        raise ValueError(f"{people} people are fewer than parts {config.parts}: a step would take nobody")
    secret = torch.Generator().manual_seed(secrets.randbits(63))
    loader = DataLoader(_samples(config, sequences), batch_size=-(-people // config.parts), generator=secret)
    config = dataclasses.replace(config, parts=len(loader))  # fewer where the people do not fill all parts
    noise = 0.0 if math.isinf(epsilon) else noise_for(config, epsilon, delta)
    with torch_threads(config.threads), torch.random.fork_rng(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Secure RNG")  # the docstring above says what it means
        warnings.filterwarnings("ignore", "Full backward hook")  # caused by the codes, which have no gradient
        torch.manual_seed(config.seed)
        net = _Net(config, len(item_ids))
        with torch.no_grad():
            net.logits.bias.copy_(_first_bias(sequences, len(item_ids), noise * config.bias_noise, secret))
        weights = _trained(config, net, loader, noise, delta, secret, report)
    return _as_lstm(config, weights, item_ids)


def _samples(config: PrivateLSTMConfig, sequences: Sequences) -> TensorDataset:
    """One row for each person, even if it teaches nothing: codes (people, length + 1), -1 after the last event."""
    codes, events = sequences.latest(config.length + 1)
    wide = np.full((len(codes), max(2, codes.shape[1])), -1, np.int64)
    wide[:, : codes.shape[1]] = np.where(np.arange(codes.shape[1]) < events[:, None], codes, -1)
    return TensorDataset(torch.from_numpy(wide))


def _first_bias(sequences: Sequences, n_items: int, noise: float, secret: torch.Generator) -> Tensor:
    """(I,): the log of how many chose each item, noised; each person's items together have length 1."""
    chosen = sequences.counts(n_items)
    chosen.data[:] = 1
    lengths = np.sqrt(np.maximum(1, np.diff(chosen.indptr)))
    sums = torch.from_numpy(np.asarray(chosen.T @ (1 / lengths), np.float32))
    noised = sums + noise * torch.randn(n_items, generator=secret)
    # What lies below the noise could be nothing: such items share one bias.
    log_counts: Tensor = noised.clamp(min=max(1.0, noise)).log()
    return log_counts - log_counts.mean()


def _trained(
    config: PrivateLSTMConfig,
    net: _Net,
    loader: DataLoader,
    noise: float,
    delta: float,
    secret: torch.Generator,
    report: Callable[[int, float], None] | None,
) -> dict[str, Tensor]:
    """The weights by name, averaged over the last epochs."""
    engine = PrivacyEngine(accountant="rdp")
    if noise:
        engine.accountant.step(noise_multiplier=noise * config.bias_noise, sample_rate=1.0)
    model, optimizer, loader = engine.make_private(
        module=net,
        optimizer=torch.optim.Adam(net.parameters(), config.learning_rate),
        data_loader=loader,
        noise_multiplier=noise,
        max_grad_norm=config.clip,
        loss_reduction="sum",
        noise_generator=secret,
    )
    mean = {name: torch.zeros_like(weight) for name, weight in net.named_parameters()}
    for epoch in range(1, config.epochs + 1):
        manager = BatchMemoryManager(data_loader=loader, max_physical_batch_size=config.batch, optimizer=optimizer)
        with manager as batches:
            for (codes,) in batches:
                optimizer.zero_grad()
                _loss(model, codes).backward()
                optimizer.step()
        with torch.no_grad():
            for name, weight in net.named_parameters():
                mean[name].lerp_(weight, 1 - min(config.averaged, (epoch - 1) / (epoch + 10)))
        if report is not None:
            report(epoch, engine.get_epsilon(delta) if noise else math.inf)
    return mean


def _loss(model: nn.Module, codes: Tensor) -> Tensor:
    """The sum over people of each person's mean cross-entropy: a person's part depends on nobody else."""
    next_codes = codes[:, 1:]
    logits = model(codes[:, :-1].clamp(min=0))  # (B, T, I)
    losses = F.cross_entropy(logits.flatten(0, 1), next_codes.flatten(), ignore_index=-1, reduction="none")
    return (losses.view(next_codes.shape).sum(1) / (next_codes >= 0).sum(1).clamp(min=1)).sum()


def _as_lstm(config: PrivateLSTMConfig, weights: dict[str, Tensor], item_ids: Ids) -> LSTM:
    lstm_config = LSTMConfig(dim=config.dim, hidden=config.hidden, length=config.length, threads=config.threads)
    net = LSTMNet(lstm_config, len(item_ids), 0, 0)
    layers = {name: weight for name, weight in weights.items() if not name.startswith("logits.")}
    # The other weights are never read: items have no attributes here.
    net.load_state_dict(net.state_dict() | layers | {"bias": weights["logits.bias"]})
    return LSTM(lstm_config, net, item_ids, np.zeros(0, "U1"), config.epochs)

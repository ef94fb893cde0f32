"""An LSTM over what a user did last, its softmax over the whole catalogue, items embedded once for input and output.

The loss matters more than the network: cross-entropy against all items (or, in a large catalogue, against a sample
corrected by logQ) at every position, as in Klenitskiy & Vasilev 2023; tied embeddings as in Press & Wolf 2017.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional as F

from models.core.config import build, check_bounds, refuse_another
from models.core.interactions import Ids, check_ids
from models.core.manifest import read_manifest, write_manifest
from models.core.process_group import agreed, is_first, own_part, share_gradients
from models.core.sequences import Sequences, checked
from models.core.top_k import MEMORY_BYTES, top_k

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
MOST_ATTRIBUTES = 32  # of one item; what it has beyond is not read
ENCODED, POOL = 1024, 50  # sequences encoded at once; batches whose windows are sorted by length together
DRAWN_BY = 0.75  # power of popularity that negatives are drawn by
SIZES = ("dim", "hidden", "layers")
HELD_OUT = 0.1, 1000, 5000  # share, least and most sequences whose last event chooses the epoch; never over a half


@dataclass(frozen=True)
class LSTMConfig:
    """Settings of one training; the defaults were chosen on 6,000 users' last but one items of Amazon Beauty.

    hr@10 / ndcg@10 there, all 12,101 items ranked but the history, sampled softmax: learning_rate 2e-3 .0725/.0403
    after 3 epochs, 3e-3 .0840/.0460; 3e-3 .0943/.0549 after 4, .1080/.0637 after 8, no better after 10. After one
    epoch the full softmax is as good (.0487/.0262) as 2,048 negatives (.0473/.0256) and six times the products:
    hence sampling starts where it saves half of them. Where 5 % were held out and patience was 2, training stopped
    at epoch 7 for the 5th, while those 6,000 users still gained up to the 8th: hence 10 % and 4, not yet measured.
    """

    dim: int = field(default=64, metadata={"doc": "of an item's embedding", "least": 1})
    hidden: int = field(default=128, metadata={"least": 1})
    layers: int = field(default=1, metadata={"least": 1})
    length: int = field(default=50, metadata={"doc": "events looked back", "least": 1})
    dropout: float = field(default=0.4, metadata={"doc": "of embedded events", "least": 0, "below": 1})
    state_dropout: float = field(default=0.4, metadata={"least": 0, "below": 1})
    learning_rate: float = field(default=3e-3, metadata={"above": 0})
    batch: int = field(default=128, metadata={"doc": "sequences", "least": 1})
    epochs: int = field(default=40, metadata={"doc": "at most", "least": 1})
    warm_epochs: int = field(default=5, metadata={"doc": "at most, where yesterday's model is given", "least": 1})
    patience: int = field(default=4, metadata={"doc": "epochs without a better one before it stops", "least": 1})
    epoch_steps: int = field(
        default=100,
        metadata={"doc": "at least: where there are few sequences, an epoch goes over them several times", "least": 1},
    )
    full_softmax_items: int = field(default=4096, metadata={"doc": "catalogues above are sampled"})
    negatives: int = field(default=2048, metadata={"least": 1})
    seed: int = 7
    threads: int = 2
    device: str = field(default="auto", metadata={"doc": "cuda where there is one"})
    bf16: bool = field(default=True, metadata={"doc": "on cuda only"})
    compile: bool = field(default=True, metadata={"doc": "on cuda only"})

    def __post_init__(self) -> None:
        check_bounds(self)


class Attributes(NamedTuple):
    """What is known of items: `matrix` (I, A) CSR, an entry says that the item has it; `ids` (A,) sorted str."""

    matrix: Any
    ids: Ids


class Drawn(NamedTuple):
    """Items of a sampled softmax: `items` (S,), and `log_expected` (I,), the log of how often each comes in S draws."""

    items: Tensor
    log_expected: Tensor


class Net(nn.Module):
    """Codes of events (B, T) -> states (B, T, D), to be compared with `rows` (I, D) plus `bias` (I,)."""

    bag: Tensor

    def __init__(self, config: LSTMConfig, n_items: int, n_attributes: int, most_attributes: int) -> None:
        super().__init__()
        self.items = nn.Embedding(n_items, config.dim)
        self.bias = nn.Parameter(torch.zeros(n_items))
        self.attributes = nn.Embedding(n_attributes + 1, config.dim, padding_idx=0)
        self.register_buffer("bag", torch.zeros(n_items, most_attributes, dtype=torch.int64))  # code + 1, 0 is none
        self.lstm = nn.LSTM(config.dim, config.hidden, config.layers, batch_first=True)
        self.out = nn.Linear(config.hidden, config.dim)
        self.bf16 = config.bf16
        self.dropout, self.state_dropout = nn.Dropout(config.dropout), nn.Dropout(config.state_dropout)
        nn.init.normal_(self.items.weight, std=config.dim**-0.5)
        nn.init.normal_(self.attributes.weight, std=config.dim**-0.5)

    def rows(self, codes: Tensor) -> Tensor:
        """Embeddings (n, D) of items (n,): their own, plus the mean of their attributes'."""
        own: Tensor = self.items(codes)
        if not self.bag.shape[1]:
            return own
        return own + F.embedding_bag(self.bag[codes], self.attributes.weight, mode="mean", padding_idx=0)

    def forward(self, codes: Tensor) -> Tensor:
        events = self.dropout(self.rows(codes.reshape(-1)).view(*codes.shape, -1))  # (B, T, D)
        states, _ = self.lstm(events)  # (B, T, H)
        out: Tensor = self.out(self.state_dropout(states))  # (B, T, D)
        return out + events  # what stands beside the last event, the net need not learn through its gates


class LSTM:
    """A trained net and the string ids of its items. `item_ids` (I,) sorted str; `attribute_ids` (A,) likewise."""

    def __init__(self, config: LSTMConfig, net: Net, item_ids: Ids, attribute_ids: Ids, epochs: int = 0) -> None:
        self.config, self.net, self.item_ids, self.attribute_ids = config, net, item_ids, attribute_ids
        self.epochs = epochs  # trained, up to the best one
        self.net.to("cpu", torch.float32).eval()
        with torch.no_grad():
            rows = torch.cat([net.rows(torch.arange(len(item_ids))), net.bias[:, None]], 1)
        self.item_rows: F32 = rows.numpy()  # (I, D + 1), the last column is the bias

    @classmethod
    def fit(
        cls,
        config: LSTMConfig,
        sequences: Sequences,
        item_ids: Ids,
        attributes: Attributes | None = None,
        previous: LSTM | None = None,
        checkpoint: str | Path | None = None,
        report: Callable[[int, float, float], None] | None = None,
    ) -> LSTM:
        """Learn to tell each next event of `sequences` (codes into `item_ids`, sorted) from those before it.

        The last event of some sequences is held out; the epoch that ranks those best is kept, and training stops after
        `patience` epochs without a better one. With `previous`, items and attributes that it knows by id start from
        its rows, whatever else came or went. With `checkpoint`, a folder, the state is written there after every epoch
        and a run that finds one goes on from it; draws are seeded by epoch, so the result is that of one run. On a CPU
        the same inputs and `threads` give the same bits. `report` is told (epoch, loss in nats, held-out gain 0..1).
        Raises ValueError for ids or codes that are wrong, attributes of other items or not finite, no pair of events,
        a `previous` of other sizes, a checkpoint of another config or other data.
        """
        item_ids = check_ids(item_ids, "item_ids")
        sequences = checked(sequences, len(item_ids))
        bag, attribute_ids = _bag(attributes, len(item_ids))
        device = (
            "cuda" if config.device == "auto" and torch.cuda.is_available() else config.device.replace("auto", "cpu")
        )
        with _reproducible(config), torch.device(device):
            net = _started(config, bag, item_ids, attribute_ids, sequences, previous)
            trainer = _Trainer(config, net, sequences, config.epochs if previous is None else config.warm_epochs)
            if checkpoint is not None:
                trainer.resume(Path(checkpoint), item_ids)
            for epoch, loss, gain in trainer.epochs():
                if report is not None:
                    report(epoch, loss, gain)
            net.load_state_dict(trainer.best)
        return cls(config, net, item_ids, attribute_ids, trainer.best_epoch)

    def encode(self, sequences: Sequences) -> F32:
        """States (n, D), unitless, of users with these events: no training, so a changed user is encoded anew at once.

        A user without events has the zero state, and lists by bias alone. Equal sequences of one call get equal bits.
        Raises ValueError if a code is not an item's.
        """
        codes, events = checked(sequences, len(self.item_ids)).latest(self.config.length)
        # A row's bits may depend on its neighbours in a GEMM, so equal rows are encoded once; short ones come together.
        distinct, inverse = np.unique(np.column_stack([events.astype(np.int32), codes]), axis=0, return_inverse=True)
        states = np.zeros((len(distinct), self.config.dim), np.float32)
        with torch.no_grad(), _threads(self.config.threads):
            for low in range(0, len(distinct), ENCODED):
                last, block = distinct[low : low + ENCODED, 0] - 1, distinct[low : low + ENCODED, 1:]
                if last.max(initial=-1) < 0:
                    continue
                out = self.net(torch.from_numpy(block[:, : last.max() + 1].astype(np.int64))).numpy()
                states[low : low + ENCODED] = np.where(last[:, None] < 0, 0, out[np.arange(len(last)), last])
        return states[inverse.reshape(-1)]

    def recommend(
        self,
        sequences: Sequences,
        k: int,
        seen: Any = None,
        allowed: NDArray[np.bool_] | None = None,
        *,
        memory_bytes: int = MEMORY_BYTES,
    ) -> tuple[I32, F32]:
        """The k best next items of each user (n,): codes and logits (n, k) as `top_k` returns them.

        `seen` (n, I) CSR has one row per sequence. Raises ValueError if k is not in 1..I or a code is not an item's.
        """
        return self.best(self.encode(sequences), k, seen, allowed, memory_bytes=memory_bytes)

    def best(
        self,
        states: F32,
        k: int,
        seen: Any = None,
        allowed: NDArray[np.bool_] | None = None,
        *,
        memory_bytes: int = MEMORY_BYTES,
    ) -> tuple[I32, F32]:
        """As `recommend`, from the states (n, D) that `encode` gave."""
        users = np.column_stack([states, np.ones(len(states), np.float32)])
        threads = self.config.threads
        return top_k(users, self.item_rows, k, seen, allowed, memory_bytes=memory_bytes, threads=threads)

    def save(self, folder: str | Path) -> None:
        """Write weights.safetensors, ids.npz (no pickle) and manifest.json (config with its seed, sizes)."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self.net.state_dict(), folder / "weights.safetensors")
        np.savez(folder / "ids.npz", item_ids=self.item_ids, attribute_ids=self.attribute_ids)
        sizes = {"items": len(self.item_ids), "attributes": len(self.attribute_ids), "epochs": self.epochs}
        write_manifest(folder, "lstm", self.config, **sizes)

    @classmethod
    def load(cls, folder: str | Path, config: LSTMConfig | None = None) -> LSTM:
        """The model that `save` wrote. With `config`, refuse one trained under another.

        Raises FileNotFoundError if nothing is there; ValueError naming the settings that differ, or if the files
        disagree with the manifest.
        """
        folder = Path(folder)
        saved, manifest = read_manifest(folder, LSTMConfig, config)
        with np.load(folder / "ids.npz", allow_pickle=False) as arrays:
            item_ids, attribute_ids = arrays["item_ids"], arrays["attribute_ids"]
        weights = load_file(folder / "weights.safetensors")
        sizes = len(item_ids), len(attribute_ids)
        if not len(weights["bias"]) == sizes[0] == manifest["items"] or sizes[1] != manifest["attributes"]:
            raise ValueError(f"{folder}: {sizes} ids of items and attributes, weights of {len(weights['bias'])} items")
        net = Net(saved, *sizes, weights["bag"].shape[1])
        net.load_state_dict(weights)
        return cls(saved, net, item_ids, attribute_ids, manifest["epochs"])


def train_step(
    net: Net, forward: Callable[[Tensor], Tensor], optimizer: torch.optim.Optimizer, codes: Tensor, drawn: Drawn | None
) -> Tensor:
    """One step of the optimizer on windows `codes` (B, T + 1), -1 where they are over; returns the loss, in nats.

    `forward` is the net, maybe compiled. Where several processes train together, the step is that of all their windows.
    """
    amp = torch.autocast("cuda", torch.bfloat16, enabled=net.bf16 and codes.is_cuda)
    with amp:
        loss = loss_of(net, forward, codes, drawn)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    share_gradients(net, int((codes[:, 1:] >= 0).sum()))
    optimizer.step()
    return loss.detach()


def loss_of(net: Net, forward: Callable[[Tensor], Tensor], codes: Tensor, drawn: Drawn | None) -> Tensor:
    """Mean cross-entropy of every next event, against all items or against the `drawn` ones."""
    there = codes[:, 1:] >= 0
    states = forward(codes[:, :-1].clamp(min=0))[there]  # (N, D)
    wanted = codes[:, 1:][there]  # (N,)
    if drawn is None:
        every = torch.arange(len(net.bias), device=codes.device)
        return F.cross_entropy((states @ net.rows(every).T).float() + net.bias, wanted)  # (N, I)
    # An item that is drawn often would be pushed down for being popular; logQ takes that back.
    right = (states * net.rows(wanted)).sum(1).float() + net.bias[wanted] - drawn.log_expected[wanted]  # (N,)
    wrong = (states @ net.rows(drawn.items).T).float() + (net.bias - drawn.log_expected)[drawn.items]  # (N, S)
    wrong = wrong.masked_fill(drawn.items == wanted[:, None], -torch.inf)
    return (torch.logsumexp(torch.cat([right[:, None], wrong], 1), 1) - right).mean()


class _Trainer:
    """Epochs over windows of the sequences, and the best net so far by what was held out."""

    def __init__(self, config: LSTMConfig, net: Net, sequences: Sequences, most_epochs: int) -> None:
        self.config, self.net, self.most_epochs = config, net, most_epochs
        self.cuda = next(net.parameters()).is_cuda
        self.data = hashlib.sha256(sequences.indptr.tobytes() + sequences.codes.tobytes())
        rng = np.random.default_rng(config.seed)
        chosen = _held_out(sequences, rng)
        self.held = sequences.taken(chosen)
        kept = sequences.without_last(np.isin(np.arange(len(sequences.lengths)), chosen).astype(np.int64))
        self.windows, self.events = _windows(kept, config.length + 1)
        if not len(self.events):
            raise ValueError(f"none of {len(sequences.lengths):,} sequences has two events: nothing to learn from")
        often = (np.bincount(kept.codes, minlength=len(net.bias)) + 1.0) ** DRAWN_BY
        self.drawn_by = often / often.sum()
        self.log_expected = torch.tensor(np.log(self.drawn_by * config.negatives), dtype=torch.float32)
        self.optimizer = torch.optim.Adam(net.parameters(), config.learning_rate, fused=self.cuda)
        self.forward = torch.compile(net, dynamic=True) if self.cuda and config.compile else net
        self.epoch, self.best_epoch, self.best_gain = 0, 0, -1.0
        self.best = _copied(net.state_dict())
        self.checkpoint: Path | None = None

    def epochs(self) -> Iterator[tuple[int, float, float]]:
        """Train; yields (epoch from 1, loss, held-out gain) after each. Without any held out, the last is the best."""
        while self.epoch < self.most_epochs and self.epoch - self.best_epoch < self.config.patience:
            self.epoch += 1
            loss, gain = self._train(), self._gain()
            if gain > self.best_gain or not len(self.held.codes):
                self.best_epoch, self.best_gain, self.best = self.epoch, gain, _copied(self.net.state_dict())
            if self.checkpoint is not None and is_first():
                self._write(self.checkpoint)
            yield self.epoch, loss, gain

    def _train(self) -> float:
        """One epoch; its draws depend on seed and epoch alone."""
        rng = np.random.default_rng((self.config.seed, self.epoch))
        torch.manual_seed(int(rng.integers(2**31)))
        self.net.train()
        once = -(-len(self.events) // self.config.batch)
        passes = -(-self.config.epoch_steps // once)
        batches = [batch for _ in range(passes) for batch in _batches(self.events, self.config.batch, rng)]
        total = torch.zeros(())
        for batch in map(own_part, batches):
            width = int(self.events[batch].max())
            codes = np.where(np.arange(width) < self.events[batch, None], self.windows[batch, :width], -1)
            drawn = self._drawn(rng) if len(self.net.bias) > self.config.full_softmax_items else None
            total += train_step(self.net, self.forward, self.optimizer, torch.tensor(codes, dtype=torch.int64), drawn)
        return float(total) / len(batches)

    def _drawn(self, rng: np.random.Generator) -> Drawn:
        places = np.searchsorted(self.drawn_by.cumsum(), rng.random(self.config.negatives))
        return Drawn(torch.tensor(np.minimum(places, len(self.drawn_by) - 1)), self.log_expected)

    def _gain(self) -> float:
        """Mean of 1 / log2(rank + 1) of the held-out events, over the whole catalogue: ndcg without a cut, so that
        every user tells something; 0 where none is held out."""
        if not len(self.held.codes):
            return 0.0
        self.net.eval()
        before, events = self.held.without_last().latest(self.config.length)
        wanted = torch.tensor(self.held.codes[self.held.indptr[1:] - 1], dtype=torch.int64)
        order = np.argsort(events, kind="stable")
        gains = []
        with torch.no_grad():
            rows = self.net.rows(torch.arange(len(self.net.bias)))
            for low in range(0, len(order), self.config.batch):
                batch = order[low : low + self.config.batch]
                codes = torch.tensor(before[batch, : events[batch].max()], dtype=torch.int64)
                states = self.net(codes)[torch.arange(len(batch)), torch.tensor(events[batch] - 1)]
                scores = states @ rows.T + self.net.bias
                own = scores[torch.arange(len(batch)), wanted[batch]]
                gains.append(1 / torch.log2((scores > own[:, None]).sum(1) + 2))
        return agreed(float(torch.cat(gains).mean()))

    def resume(self, folder: Path, item_ids: Ids) -> None:
        """Write checkpoints into `folder` from now on, and go on from the one that is there."""
        self.checkpoint = folder
        self.data.update("\n".join(item_ids.tolist()).encode())
        path = folder / "checkpoint.safetensors"
        if not path.exists():
            return
        with safe_open(path, "pt") as file:
            told = json.loads(file.metadata()["state"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        saved = build(LSTMConfig, told["config"], str(path))
        refuse_another(saved, self.config, path, "ask for that config, or train again elsewhere")
        if told["data"] != self.data.hexdigest():
            raise ValueError(f"{path} was written by a run over other sequences or items; delete it, or name another")
        self.epoch, self.best_epoch, self.best_gain = told["epoch"], told["best_epoch"], told["best_gain"]
        self.net.load_state_dict(_part(tensors, "net."))
        self.best = _copied(self.net.state_dict()) | {
            name: tensor.to(self.net.bias.device) for name, tensor in _part(tensors, "best.").items()
        }
        state = self.optimizer.state_dict()
        moments = {int(number) for number in (name.split(".")[1] for name in tensors if name.startswith("adam."))}
        state["state"] = {number: _part(tensors, f"adam.{number}.") for number in moments}
        self.optimizer.load_state_dict(state)

    def _write(self, folder: Path) -> None:
        """One file, replaced whole: net, best net and the moments of Adam, and in its header what run it is of."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {f"net.{name}": tensor for name, tensor in self.net.state_dict().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best.items()}
        for number, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{number}.{name}": tensor for name, tensor in moments.items()}
        told = {name: getattr(self, name) for name in ("epoch", "best_epoch", "best_gain")}
        told |= {"config": dataclasses.asdict(self.config), "data": self.data.hexdigest()}
        save_file({n: t.contiguous() for n, t in tensors.items()}, folder / "new", {"state": json.dumps(told)})
        os.replace(folder / "new", folder / "checkpoint.safetensors")


def _started(
    config: LSTMConfig,
    bag: NDArray[np.int64],
    item_ids: Ids,
    attribute_ids: Ids,
    sequences: Sequences,
    previous: LSTM | None,
) -> Net:
    """A seeded net whose bias is the log of popularity, then with the rows of `previous` where it knows the id."""
    torch.manual_seed(config.seed)
    net = Net(config, len(item_ids), len(attribute_ids), bag.shape[1])
    log_counts = np.log1p(np.bincount(sequences.codes, minlength=len(item_ids)))
    with torch.no_grad():
        net.bag.copy_(torch.as_tensor(bag))
        net.bias.copy_(torch.tensor(log_counts - log_counts.mean(), dtype=torch.float32))
        if previous is None:
            return net
        ours, theirs = (tuple(getattr(c, name) for name in SIZES) for c in (config, previous.config))
        if ours != theirs:
            raise ValueError(f"previous has {', '.join(SIZES)} {theirs}, the config {ours}; fit cold")
        told = {name: tensor.to(net.bias.device) for name, tensor in previous.net.state_dict().items()}
        for name, now, before, first in (
            ("items.weight", item_ids, previous.item_ids, 0),
            ("bias", item_ids, previous.item_ids, 0),
            ("attributes.weight", attribute_ids, previous.attribute_ids, 1),  # row 0 is of no attribute
        ):
            _, at, was = np.intersect1d(now, before, return_indices=True)
            net.get_parameter(name)[torch.as_tensor(at + first)] = told[name][torch.as_tensor(was + first)]
        for name, parameter in net.named_parameters():
            if name.startswith(("lstm", "out")):
                parameter.copy_(told[name])
    return net


def _held_out(sequences: Sequences, rng: np.random.Generator) -> NDArray[np.int64]:
    """Users whose last event is held out: of three events or more, so that one pair is left to learn from."""
    able = np.flatnonzero(sequences.lengths >= 3)
    share, least, most = HELD_OUT
    return np.sort(rng.permutation(able)[: min(len(able) // 2, max(least, min(most, int(share * len(able)))))])


def _windows(sequences: Sequences, width: int) -> tuple[I32, NDArray[np.int64]]:
    """(codes (W, width), events (W,)): each sequence cut from its end; every event but the first is told once."""
    pieces = [sequences]
    while pieces[-1].lengths.max(initial=0) > width:
        pieces.append(pieces[-1].without_last(np.minimum(width - 1, np.maximum(pieces[-1].lengths - 1, 0))))
    codes, events = zip(*(piece.latest(width) for piece in pieces), strict=True)
    widest = max(block.shape[1] for block in codes)
    told = np.concatenate([np.pad(block, ((0, 0), (0, widest - block.shape[1]))) for block in codes])
    counted = np.concatenate(events)
    return told[counted > 1], counted[counted > 1]


def _batches(events: NDArray[np.int64], size: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Windows in batches of about one length each, drawn out of pools that are drawn anew each epoch."""
    order = rng.permutation(len(events))
    pools = [order[low : low + POOL * size] for low in range(0, len(order), POOL * size)]
    alike = np.concatenate([pool[np.argsort(events[pool], kind="stable")] for pool in pools])
    batches = [alike[low : low + size] for low in range(0, len(alike), size)]
    return [batches[place] for place in rng.permutation(len(batches))]


def _bag(attributes: Attributes | None, n_items: int) -> tuple[NDArray[np.int64], Ids]:
    """(bag (I, M) of attribute code + 1, 0 where an item has fewer, ids (A,))."""
    if attributes is None:
        return np.zeros((n_items, 0), np.int64), np.zeros(0, "U1")
    ids, matrix = check_ids(attributes.ids, "attribute_ids"), sparse.csr_matrix(attributes.matrix, copy=True)
    if matrix.shape != (n_items, len(ids)):
        raise ValueError(f"attributes are {matrix.shape}, the ids are {n_items} items and {len(ids)} attributes")
    if not np.isfinite(matrix.data).all():
        raise ValueError(f"{int((~np.isfinite(matrix.data)).sum()):,} attributes are NaN or infinite")
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    have = np.minimum(np.diff(matrix.indptr), MOST_ATTRIBUTES)
    column = np.arange(int(have.max(initial=0)))
    bag = np.zeros((n_items, len(column)), np.int64)
    there = column < have[:, None]
    bag[there] = matrix.indices[(matrix.indptr[:-1, None] + column)[there]] + 1
    return bag, ids


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _copied(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in state.items()}


@contextmanager
def _threads(threads: int) -> Iterator[None]:
    """`threads` of torch inside, what the caller had after."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _reproducible(config: LSTMConfig) -> Iterator[None]:
    """The config's threads, and draws that leave the caller's generators as they were."""
    with _threads(config.threads), torch.random.fork_rng():
        yield

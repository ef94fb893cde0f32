"""Predicts the next item of a user: trains and saves a net, and gives users' states, which items' rows multiply.

`models/recommenders/lstm.py` and `transformer.py` have the networks. The loss matters more than the network:
cross-entropy against all items (or, in a large catalogue, against a sample corrected by logQ) at every position, as in
Klenitskiy & Vasilev 2023; items are embedded once for input and output, as in Press & Wolf 2017.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from models.core.interactions import Ids, check_ids
from models.core.item_tiles import multiplies_bf16
from models.core.manifest import read_manifest, write_manifest
from models.core.process_group import share_weights
from models.core.sequences import Sequences, checked
from models.core.top_k import MEMORY_BYTES, top_k
from models.core.torch_threads import torch_threads
from models.recommenders.item_axes import item_axes
from models.recommenders.item_softmax import Attributes, SequenceConfig, SequenceNet, attribute_table
from models.recommenders.sequence_training import Trainer, learned_and_held

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
ENCODED = 1024  # sequences encoded at once
DRAWN = 0.3  # weight of random numbers in the items' first rows, beside their axes


class SequenceModel:
    """A trained net with the ids of its items and attributes: `item_ids` (I,), `attribute_ids` (A,), sorted str.

    A subclass names its `kind` in manifests, its settings, its network, and the settings that give its weights' shapes.
    """

    kind: ClassVar[str]
    Config: ClassVar[type[SequenceConfig]]
    Net: ClassVar[type[SequenceNet]]
    sizes: ClassVar[tuple[str, ...]]

    def __init__(self, config: Any, net: SequenceNet, item_ids: Ids, attribute_ids: Ids, epochs: int = 0) -> None:
        self.config, self.net, self.item_ids, self.attribute_ids = config, net, item_ids, attribute_ids
        self.epochs = epochs  # epochs trained until the best one
        self.net.to("cpu", torch.float32).eval()
        with torch.no_grad():
            rows = torch.cat([net.rows(torch.arange(len(item_ids))), net.bias[:, None]], 1)
        self.item_rows: F32 = rows.numpy()  # (I, D + 1), the last column is the bias

    @classmethod
    def fit(
        cls,
        config: Any,
        sequences: Sequences,
        item_ids: Ids,
        attributes: Attributes | None = None,
        previous: Self | None = None,
        checkpoint: str | Path | None = None,
        report: Callable[[int, int, float, float], None] | None = None,
        validation: Sequences | None = None,
    ) -> Self:
        """Learns to predict each event of `sequences` (codes into `item_ids`, sorted) from the events before it.

        The last event of some sequences is held out: the epoch that ranks these best is kept, and training stops after
        `patience` epochs without a better one. On a CPU the same inputs give the same bits.
        previous: a model; items and attributes that it knows by id start from its rows.
        checkpoint: a folder. The state is written there after every epoch, and a run that finds one continues from it.
        Draws are seeded by epoch, so an interrupted run ends like an uninterrupted one.
        report: called with (epoch, of how many at most, loss in nats, held-out gain in 0..1) after every epoch.
        validation: sequences whose last event is held out instead; all of `sequences` is then learned, and the last
        events of `validation` only choose the epoch. At most 5,000 of them are used.
        Raises ValueError for ids or codes that are wrong, attributes of other items or not finite, no pair of events,
        a `previous` of other sizes, a checkpoint of another config or other data.
        """
        item_ids = check_ids(item_ids, "item_ids")
        sequences = checked(sequences, len(item_ids))
        table, attribute_ids = attribute_table(attributes, len(item_ids))
        device = (
            "cuda" if config.device == "auto" and torch.cuda.is_available() else config.device.replace("auto", "cpu")
        )
        with _reproducible(), torch.device(device):
            # Items start where the training sequences alone place them: held-out events would leak into it.
            learned, held_out = learned_and_held(sequences, validation, config.seed)
            net = _initial(cls, config, table, item_ids, attribute_ids, learned, previous)
            share_weights(net)
            trainer = Trainer(config, net, learned, held_out, config.epochs if previous is None else config.warm_epochs)
            if checkpoint is not None:
                trainer.resume(Path(checkpoint), item_ids)
            for epoch, loss, gain in trainer.epochs():
                if report is not None:
                    report(epoch, trainer.most_epochs, loss, gain)
            net.load_state_dict(trainer.best)
        return cls(config, net, item_ids, attribute_ids, trainer.best_epoch)

    def encode(self, sequences: Sequences) -> F32:
        """States (n, D), unitless, of users with these events. Nothing is trained.

        A user without events has the zero state, so the bias alone orders the list. Equal sequences in one call get
        equal bits. Raises ValueError if a code is not an item's.
        """
        codes, events = checked(sequences, len(self.item_ids)).latest(self.config.length)
        # A row's bits may depend on the other rows of a matrix product: equal sequences are encoded once. Sorting puts
        # short ones together.
        distinct, inverse = np.unique(np.column_stack([events.astype(np.int32), codes]), axis=0, return_inverse=True)
        states = np.zeros((len(distinct), self.config.dim), np.float32)
        with torch.no_grad(), torch_threads(self.config.threads):
            for low in range(0, len(distinct), ENCODED):
                last, block = distinct[low : low + ENCODED, 0] - 1, distinct[low : low + ENCODED, 1:]
                if last.max(initial=-1) < 0:
                    continue
                codes_read = torch.from_numpy(block[:, : last.max() + 1].astype(np.int64))
                read = self._read(codes_read, torch.from_numpy(np.maximum(last, 0)))
                states[low : low + ENCODED] = np.where(last[:, None] < 0, 0, read.numpy())
        return states[inverse.reshape(-1)]

    @functools.cached_property
    def _read(self) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
        """How `encode` reads: in bfloat16 where the CPU supports it, twice as fast. Embeddings stay float32.

        `make bench-compress` shows what that costs in hits.
        """
        return self.net.reader(self.config.bf16 and multiplies_bf16())

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
        """Writes weights.safetensors, ids.npz (no pickle) and manifest.json (config with its seed, sizes)."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self.net.state_dict(), folder / "weights.safetensors")
        np.savez(folder / "ids.npz", item_ids=self.item_ids, attribute_ids=self.attribute_ids)
        sizes = {"items": len(self.item_ids), "attributes": len(self.attribute_ids), "epochs": self.epochs}
        write_manifest(folder, self.kind, self.config, **sizes)

    @classmethod
    def load(cls, folder: str | Path, config: Any = None) -> Self:
        """The model that `save` wrote. With `config`, a model trained under another config is refused.

        Raises FileNotFoundError if nothing is there; ValueError naming the settings that differ, or if the files
        disagree with the manifest.
        """
        folder = Path(folder)
        saved, manifest = read_manifest(folder, cls.Config, config)
        with np.load(folder / "ids.npz", allow_pickle=False) as arrays:
            item_ids, attribute_ids = arrays["item_ids"], arrays["attribute_ids"]
        weights = load_file(folder / "weights.safetensors")
        sizes = len(item_ids), len(attribute_ids)
        if not len(weights["bias"]) == sizes[0] == manifest["items"] or sizes[1] != manifest["attributes"]:
            raise ValueError(
                f"{folder} holds ids of {sizes[0]} items and {sizes[1]} attributes, and weights of "
                f"{len(weights['bias'])} items, its manifest says {manifest['items']} items and "
                f"{manifest['attributes']} attributes; train it again"
            )
        net = cls.Net(saved, *sizes, weights["bag"].shape[1])
        net.load_state_dict(weights)
        return cls(saved, net, item_ids, attribute_ids, manifest["epochs"])


def _initial(
    cls: type[SequenceModel],
    config: SequenceConfig,
    table: NDArray[np.int64],
    item_ids: Ids,
    attribute_ids: Ids,
    sequences: Sequences,
    previous: SequenceModel | None,
) -> SequenceNet:
    """A seeded net whose bias is the log of popularity, its items placed by `item_axes` with some noise.

    Items and attributes that `previous` knows get its rows instead; new items get random rows, since its axes differ.
    """
    torch.manual_seed(config.seed)
    net = cls.Net(config, len(item_ids), len(attribute_ids), table.shape[1])
    log_counts = np.log1p(np.bincount(sequences.codes, minlength=len(item_ids)))
    with torch.no_grad():
        net.bag.copy_(torch.as_tensor(table))
        net.bias.copy_(torch.tensor(log_counts - log_counts.mean(), dtype=torch.float32))
        if previous is None:
            axes = torch.as_tensor(item_axes(sequences, len(item_ids), config.dim))
            net.items.weight.mul_(DRAWN).add_(axes.to(net.bias.device), alpha=config.dim**-0.5)
            return net
        sizes, previous_sizes = (tuple(getattr(c, name) for name in cls.sizes) for c in (config, previous.config))
        if sizes != previous_sizes:
            raise ValueError(
                f"previous has {', '.join(cls.sizes)} {previous_sizes}, the config {sizes}; fit without it"
            )
        weights = {name: tensor.to(net.bias.device) for name, tensor in previous.net.state_dict().items()}
        for name, new_ids, old_ids, first in (
            ("items.weight", item_ids, previous.item_ids, 0),
            ("bias", item_ids, previous.item_ids, 0),
            ("attributes.weight", attribute_ids, previous.attribute_ids, 1),  # row 0 stands for no attribute
        ):
            _, new, old = np.intersect1d(new_ids, old_ids, return_indices=True)
            net.get_parameter(name)[torch.as_tensor(new + first)] = weights[name][torch.as_tensor(old + first)]
        for name, parameter in net.named_parameters():
            if not name.startswith(("items", "attributes", "bias")):
                parameter.copy_(weights[name])
    return net


@contextmanager
def _reproducible() -> Iterator[None]:
    """One thread, and random draws that leave the caller's generators unchanged.

    The operations of a step are so short that a second thread mostly waits: at widths of 32 to 128 no step is faster.
    """
    with torch_threads(1), torch.random.fork_rng():
        yield

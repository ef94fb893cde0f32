"""Training of a sequence model: epochs over windows of sequences, early stopping by held-out events, checkpoints."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from models.core.config import OtherTraining, build, refuse_another
from models.core.interactions import Ids
from models.core.process_group import agreed, is_first, own_part, world
from models.core.sequences import Sequences
from models.recommenders.averaged_adam import AveragedAdam
from models.recommenders.item_softmax import Drawn, SequenceConfig, SequenceNet, train_step

I32 = NDArray[np.int32]
BY_ROWS = 20_000  # items; of a smaller table, Adam writes all rows in about the time that it takes to find some
POOL = 50  # batches whose windows are sorted together by length
DRAWN_BY = 0.75  # negatives are drawn in proportion to this power of popularity
# Sequences whose last event is held out to choose the epoch: a share of them, within bounds, never more than a half.
HELD_OUT_SHARE, HELD_OUT_BETWEEN = 0.1, (1000, 5000)
COUNTED = ("epoch", "best_epoch", "best_gain")  # a checkpoint has these, and the number of steps, beside its tensors


class Trainer:
    """Trains a net epoch by epoch on windows of the sequences; the averaged weights are the result.

    The weights of the epoch that ranks the last events of `held_out` best are kept; `learned` has none of these events.
    """

    def __init__(
        self,
        config: SequenceConfig,
        net: SequenceNet,
        learned: Sequences,
        held_out: Sequences,
        most_epochs: int,
    ) -> None:
        self.config, self.net = config, net
        self.cuda = next(net.parameters()).is_cuda
        self.data = hashlib.sha256(b"".join(part.tobytes() for part in (*learned, *held_out)))
        self.held_out = held_out
        self.windows, self.events = _windows(learned, config.length + 1)
        if not len(self.events):
            raise ValueError(f"none of {len(learned.lengths):,} sequences has two events: nothing to learn from")
        self.passes = -(-config.epoch_steps // -(-len(self.events) // config.batch))
        events_of_epoch = self.passes * int(self.events.sum() - len(self.events))
        self.most_epochs = min(most_epochs, max(1, config.most_events // events_of_epoch))
        popularity = (np.bincount(learned.codes, minlength=len(net.bias)) + 1.0) ** DRAWN_BY
        drawn_by = popularity / popularity.sum()
        self.drawn_by = drawn_by.cumsum()  # an item's end in [0, 1): a random number in its part draws the item
        self.log_expected = torch.tensor(np.log(drawn_by * config.negatives), dtype=torch.float32)
        # A GPU writes the whole table faster than it finds rows, and processes share the gradient of whole tables.
        by_rows = len(net.bias) > max(BY_ROWS, config.full_softmax_items) and not self.cuda and world() == 1
        self.optimizer = AveragedAdam(net, config.learning_rate, by_rows)
        self.forward = torch.compile(net, dynamic=True) if self.cuda and config.compile else net
        self.epoch, self.best_epoch, self.best_gain = 0, 0, -1.0
        self.best = _copied(net.state_dict())
        self.checkpoint: Path | None = None

    def epochs(self) -> Iterator[tuple[int, float, float]]:
        """Trains; yields (epoch from 1, loss in nats, held-out gain in 0..1) after each epoch.

        Where no event is held out, the last epoch counts as the best.
        """
        while self.epoch < self.most_epochs and self.epoch - self.best_epoch < self.config.patience:
            self.epoch += 1
            loss, gain = self._train(), self._gain()
            if gain > self.best_gain or not len(self.held_out.codes):
                self.best_epoch, self.best_gain = self.epoch, gain
                self.best = _copied(self.optimizer.averaged.state_dict())
            if self.checkpoint is not None and is_first():
                self._write(self.checkpoint)
            yield self.epoch, loss, gain

    def _train(self) -> float:
        """One epoch; returns its mean loss. Its draws depend on the seed and the epoch alone."""
        rng = np.random.default_rng((self.config.seed, self.epoch))
        torch.manual_seed(int(rng.integers(2**31)))
        self.net.train()
        batches = [batch for _ in range(self.passes) for batch in _batches(self.events, self.config.batch, rng)]
        learned = np.cumsum([int(self.events[batch].sum()) - len(batch) for batch in batches])
        batches = batches[: max(1, int(np.searchsorted(learned, self.config.most_events, side="right")))]
        total = torch.zeros(())
        for batch in map(own_part, batches):
            width = int(self.events[batch].max())
            codes = np.where(np.arange(width) < self.events[batch, None], self.windows[batch, :width], -1)
            drawn = self._drawn(rng) if len(self.net.bias) > self.config.full_softmax_items else None
            total += train_step(self.net, self.forward, self.optimizer, torch.tensor(codes, dtype=torch.int64), drawn)
        self.optimizer.settle()
        return float(total) / len(batches)

    def _drawn(self, rng: np.random.Generator) -> Drawn:
        drawn = np.searchsorted(self.drawn_by, rng.random(self.config.negatives))
        return Drawn(torch.tensor(np.minimum(drawn, len(self.drawn_by) - 1)), self.log_expected)

    def _gain(self) -> float:
        """Mean of 1 / log2(rank + 1) of the held-out events among all items; 0 where none is held out.

        This is ndcg without a cut, so that users whose event ranks low count as well.
        """
        if not len(self.held_out.codes):
            return 0.0
        net = self.optimizer.averaged
        before, events = self.held_out.without_last().latest(self.config.length)
        next_items = torch.tensor(self.held_out.codes[self.held_out.indptr[1:] - 1], dtype=torch.int64)
        order = np.argsort(events, kind="stable")
        gains = []
        with torch.no_grad():
            rows = net.rows(torch.arange(len(net.bias)))
            for low in range(0, len(order), self.config.batch):
                batch = order[low : low + self.config.batch]
                codes = torch.tensor(before[batch, : events[batch].max()], dtype=torch.int64)
                states = net(codes)[torch.arange(len(batch)), torch.tensor(events[batch] - 1)]
                scores = states @ rows.T + net.bias
                target = scores[torch.arange(len(batch)), next_items[batch]]
                gains.append(1 / torch.log2((scores > target[:, None]).sum(1) + 2))
        return agreed(float(torch.cat(gains).mean()))

    def resume(self, folder: Path, item_ids: Ids) -> None:
        """Writes checkpoints into `folder` from now on; continues from one if it is there.

        Raises ValueError for a checkpoint of another config, OtherTraining for one of other data.
        """
        self.checkpoint = folder
        self.data.update("\n".join(item_ids.tolist()).encode())
        path = folder / "checkpoint.safetensors"
        if not path.exists():
            return
        with safe_open(path, "pt") as file:
            state = json.loads(file.metadata()["state"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        saved = build(type(self.config), state["config"], str(path))
        refuse_another(saved, self.config, path, "ask for that config, or train again elsewhere")
        if state["data"] != self.data.hexdigest():
            raise OtherTraining(
                f"{path} was written by a run over other sequences or items; delete it, or name another"
            )
        for name in COUNTED:
            setattr(self, name, state[name])
        self.optimizer.steps = state["steps"]
        self.optimizer.averaged.load_state_dict(_part(tensors, "averaged."))
        self.net.load_state_dict(_part(tensors, "net."))
        self.best = _copied(self.net.state_dict()) | {
            name: tensor.to(self.net.bias.device) for name, tensor in _part(tensors, "best.").items()
        }
        self.optimizer.restore(tensors)

    def _write(self, folder: Path) -> None:
        """Replaces the checkpoint: three nets, Adam's moments; config, data hash and counters in its header."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {f"net.{name}": tensor for name, tensor in self.net.state_dict().items()}
        tensors |= {f"averaged.{name}": tensor for name, tensor in self.optimizer.averaged.state_dict().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best.items()}
        tensors |= self.optimizer.moments()
        state = {name: getattr(self, name) for name in COUNTED} | {"steps": self.optimizer.steps}
        state |= {"config": dataclasses.asdict(self.config), "data": self.data.hexdigest()}
        save_file({n: t.contiguous() for n, t in tensors.items()}, folder / "new", {"state": json.dumps(state)})
        os.replace(folder / "new", folder / "checkpoint.safetensors")


def learned_and_held(sequences: Sequences, validation: Sequences | None, seed: int) -> tuple[Sequences, Sequences]:
    """(sequences to learn from, sequences whose last event is predicted to choose the epoch).

    Without a `validation` the last events of some of the sequences are held out.
    """
    rng = np.random.default_rng(seed)
    held_from = sequences if validation is None else validation
    candidates = np.flatnonzero(
        held_from.lengths >= (3 if validation is None else 2)
    )  # 3: then a pair remains to learn from
    if validation is not None:
        return sequences, validation.taken(rng.permutation(candidates)[: HELD_OUT_BETWEEN[1]])
    count = int(np.clip(HELD_OUT_SHARE * len(candidates), *HELD_OUT_BETWEEN))
    chosen = np.sort(rng.permutation(candidates)[: min(count, len(candidates) // 2)])
    learned = sequences.without_last(np.isin(np.arange(len(sequences.lengths)), chosen).astype(np.int64))
    return learned, sequences.taken(chosen)


def _windows(sequences: Sequences, width: int) -> tuple[I32, NDArray[np.int64]]:
    """(codes (W, width), events (W,)): sequences cut into windows, from their ends.

    Every event but a sequence's first is a target in one window.
    """
    pieces = [sequences]
    while pieces[-1].lengths.max(initial=0) > width:
        pieces.append(pieces[-1].without_last(np.minimum(width - 1, np.maximum(pieces[-1].lengths - 1, 0))))
    codes, events = zip(*(piece.latest(width) for piece in pieces), strict=True)
    widest = max(block.shape[1] for block in codes)
    windows = np.concatenate([np.pad(block, ((0, 0), (0, widest - block.shape[1]))) for block in codes])
    lengths = np.concatenate(events)
    return windows[lengths > 1], lengths[lengths > 1]


def _batches(events: NDArray[np.int64], size: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Batches of `size` windows of similar length, in random order; random pools are sorted by length for this."""
    order = rng.permutation(len(events))
    pools = [order[low : low + POOL * size] for low in range(0, len(order), POOL * size)]
    by_length = np.concatenate([pool[np.argsort(events[pool], kind="stable")] for pool in pools])
    batches = [by_length[low : low + size] for low in range(0, len(by_length), size)]
    return [batches[number] for number in rng.permutation(len(batches))]


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _copied(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in state.items()}

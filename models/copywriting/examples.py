"""Examples that the network learns from or judges: token ids, put into batches and tensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

Ids = list[int]
IGNORED = -100  # torch's mark of a label that does not count
POOL = 32  # batches sorted by length together


class Example(NamedTuple):
    """Token ids that the network reads, and those that it should write after them; plain text has only the latter."""

    read: Ids
    write: Ids

    @property
    def size(self) -> int:
        return len(self.read) + len(self.write)


def plain_examples(texts: list[Ids], length: int) -> list[Example]:
    """The texts one after the other, cut into blocks of `length` tokens: no padding; the last, short block is kept."""
    stream = [token for text in texts for token in text]
    return [Example([], stream[low : low + length]) for low in range(0, len(stream), length)]


def shuffled_batches(examples: list[Example], tokens: int, rng: np.random.Generator) -> list[list[int]]:
    """Places of every example once, in batches of about `tokens` tokens and of similar length, in seeded order."""
    sizes = np.array([example.size for example in examples])
    order = rng.permutation(len(examples))
    pool = max(int(POOL * tokens / max(sizes.mean(), 1)), 1)
    all_batches: list[list[int]] = []
    for low in range(0, len(order), pool):
        by_size = sorted(order[low : low + pool].tolist(), key=lambda place: sizes[place])
        all_batches.extend(batches(by_size, examples, tokens))
    return [all_batches[number] for number in rng.permutation(len(all_batches))]


def batches(order: list[int], examples: list[Example], tokens: int) -> Iterator[list[int]]:
    """The places in `order`, cut into batches that hold at most `tokens` tokens when padded, or one example."""
    batch: list[int] = []
    for place in order:
        if batch and (len(batch) + 1) * examples[place].size > tokens:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def tensors_of(chosen: list[Example], net: Any, pad: int) -> dict[str, Tensor]:
    """A batch as the network takes it, on its device: read + write in one row."""
    rows = _padded([read + write for read, write in chosen], pad)
    labels = _padded([[IGNORED] * len(read) + write for read, write in chosen], IGNORED)
    lengths = torch.tensor([example.size for example in chosen])
    mask = (torch.arange(rows.shape[1]) < lengths[:, None]).long()
    return _on(net, {"input_ids": rows, "attention_mask": mask, "labels": labels})


def _padded(rows: list[Ids], fill: int) -> Tensor:
    full = torch.full((len(rows), max(map(len, rows))), fill, dtype=torch.int64)
    for row, ids in zip(full, rows, strict=True):
        row[: len(ids)] = torch.tensor(ids, dtype=torch.int64)
    return full


def _on(net: Any, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    device = next(net.parameters()).device
    return {name: tensor.to(device) for name, tensor in tensors.items()}

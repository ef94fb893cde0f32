"""Data-parallel training by several processes: each takes a part of every batch, all apply the full gradient.

Their launcher (torchrun, Spark's TorchDistributor) sets the environment variables that number them. In a process
without these, the functions here change nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed, nn


def world() -> int:
    """The number of processes; 1 without a launcher."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def is_first() -> bool:
    """Whether this process is the one that writes files."""
    return world() == 1 or distributed.get_rank() == 0


@contextmanager
def together() -> Iterator[None]:
    """Joins the processes of one launch inside the block: by NCCL where there are GPUs, one each, else by Gloo."""
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def own_part(batch: NDArray[np.int64]) -> NDArray[np.int64]:
    """This process's rows of a batch (B,); all rows if the batch has fewer rows than there are processes."""
    return batch if len(batch) < world() else batch[distributed.get_rank() :: world()] if world() > 1 else batch


def share_weights(net: nn.Module) -> None:
    """All processes take the first one's weights: if each computed its own, they might differ in sign or bits."""
    if world() > 1:
        for parameter in net.parameters():
            distributed.broadcast(parameter.data, 0)


def share_gradients(net: nn.Module, targets: int) -> None:
    """After backward: turns the gradient of the mean over this process's `targets` into that over all targets."""
    if world() == 1:
        return
    device = next(net.parameters()).device
    all_targets = torch.tensor(float(targets), device=device)
    distributed.all_reduce(all_targets)
    for parameter in net.parameters():
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        parameter.grad.mul_(targets / all_targets)
        distributed.all_reduce(parameter.grad)


def agreed(value: float) -> float:
    """The first process's `value`, so that all stop at the same epoch even if their sums differ in the last bit."""
    if world() == 1:
        return value
    shared: Tensor = torch.tensor(value, dtype=torch.float64, device="cuda" if torch.cuda.is_available() else "cpu")
    distributed.broadcast(shared, 0)
    return float(shared)

"""Several processes that train one net: each takes its part of every batch, and all step by the gradient of the whole.

Who starts them (torchrun, Spark's TorchDistributor) says by environment variables who is who; a process that nobody
started so is alone, and everything here leaves it as it is.
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
    """How many train together; 1 alone."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def is_first() -> bool:
    """Whether this process is the one that writes."""
    return world() == 1 or distributed.get_rank() == 0


@contextmanager
def together() -> Iterator[None]:
    """Join the processes that were started with this one: by NCCL on GPUs, one each, or else by Gloo."""
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def own_part(batch: NDArray[np.int64]) -> NDArray[np.int64]:
    """This process's rows of a batch (B,); all of them where there are too few for everybody."""
    return batch if len(batch) < world() else batch[distributed.get_rank() :: world()] if world() > 1 else batch


def share_gradients(net: nn.Module, targets: int) -> None:
    """After backward: gradients become those of the mean over all processes' targets, not over one's own `targets`."""
    if world() == 1:
        return
    device = next(net.parameters()).device
    everybody = torch.tensor(float(targets), device=device)
    distributed.all_reduce(everybody)
    for parameter in net.parameters():
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        parameter.grad.mul_(targets / everybody)
        distributed.all_reduce(parameter.grad)


def agreed(value: float) -> float:
    """The first process's `value`, so that all stop at the same epoch even where their sums differ in the last bit."""
    if world() == 1:
        return value
    told: Tensor = torch.tensor(value, dtype=torch.float64, device="cuda" if torch.cuda.is_available() else "cpu")
    distributed.broadcast(told, 0)
    return float(told)

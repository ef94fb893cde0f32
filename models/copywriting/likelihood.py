"""How likely the network finds a text: the loss that training lowers, and the log-probability that ranks candidates."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.copywriting.examples import IGNORED, Example, batches, tensors_of


def autocast(net: Any, bf16: bool) -> Any:
    """A context in which the network computes in bfloat16, if `bf16` is set and the device has units for it.

    A CPU without AMX would emulate it, and take longer than in float32.
    """
    device = next(net.parameters()).device.type
    has_units = device == "cuda" or bool(torch.cpu.get_capabilities().get("amx_bf16"))
    return torch.autocast(device, torch.bfloat16, enabled=bf16 and has_units)


def losses(net: Any, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Cross-entropy (N,) in nats of every token to be written, and its row (N,) in the batch.

    The softmax is computed only where a token is to be written: over all of a prompt it would cost most.
    """
    labels = batch["labels"][:, 1:]
    written = labels != IGNORED
    inputs = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
    states = net.get_decoder()(**inputs, use_cache=False).last_hidden_state
    logits = net.get_output_embeddings()(states[:, :-1][written])
    nats = torch.nn.functional.cross_entropy(logits.float(), labels[written], reduction="none")
    return nats, torch.nonzero(written)[:, 0]


@torch.no_grad()
def logprobs(net: Any, examples: list[Example], pad: int, tokens: int, bf16: bool) -> np.ndarray:
    """Mean log-probability per written token of each example (n,), nats. Batches have about `tokens` tokens."""
    net.eval()
    means = np.zeros(len(examples), np.float32)
    by_size = sorted(range(len(examples)), key=lambda place: (examples[place].size, place))
    for chosen in batches(by_size, examples, tokens):
        with autocast(net, bf16):
            nats, rows = losses(net, tensors_of([examples[place] for place in chosen], net, pad))
        sums = torch.zeros(len(chosen), device=nats.device).index_add_(0, rows, nats)
        counts = torch.bincount(rows, minlength=len(chosen)).clamp(min=1)
        means[chosen] = (-sums / counts).cpu().numpy()
    return means

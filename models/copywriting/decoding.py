"""Samples many texts at once: prompts are sorted by length and read once for all their candidates.

Rows whose text has ended leave the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from models.copywriting.copywriter_config import CopywriterConfig
from models.copywriting.likelihood import autocast
from models.copywriting.tokenizer import Coder

Ids = list[int]
BIAS = -1e9  # added to the logit of a token that may not be written


@torch.inference_mode()
def write_texts(
    net: Any,
    coder: Coder,
    prompts: list[Ids],
    allowed: list[set[int]],
    texts_each: int,
    config: CopywriterConfig,
    seed: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[list[Ids]]:
    """`texts_each` sampled texts (token ids with the end token) for every prompt. The same seed and batch give the same
    texts.

    prompts: token ids. allowed[i]: the slots of prompt i, which only texts for prompts that have them may use.
    `on_progress` is called with (prompts done, tokens written) after each batch.
    """
    net.eval()
    texts_of_prompts: list[list[Ids]] = [[] for _ in prompts]
    order = sorted(range(len(prompts)), key=lambda place: (len(prompts[place]), place))
    width = max(config.rows // texts_each, 1)
    done = tokens = 0
    for low in range(0, len(order), width):
        chosen = order[low : low + width]
        generator = torch.Generator(device=_device(net)).manual_seed(seed * 1_000_003 + low)
        slots = [allowed[place] for place in chosen]
        texts = _batch(net, coder, [prompts[place] for place in chosen], slots, texts_each, config, generator)
        for row, place in enumerate(chosen):
            texts_of_prompts[place] = texts[row * texts_each : (row + 1) * texts_each]
            tokens += sum(map(len, texts_of_prompts[place]))
        done += len(chosen)
        if on_progress is not None:
            on_progress(done, tokens)
    return texts_of_prompts


def _device(net: Any) -> torch.device:
    return next(net.parameters()).device  # type: ignore[no-any-return]


def _batch(
    net: Any,
    coder: Coder,
    prompts: list[Ids],
    allowed: list[set[int]],
    texts_each: int,
    config: CopywriterConfig,
    generator: torch.Generator,
) -> list[Ids]:
    """`texts_each` texts for every prompt of one batch, the texts of a prompt one after the other."""
    device, rows = _device(net), len(prompts) * texts_each
    bias = bias_of(net, coder, allowed).repeat_interleave(texts_each, 0)  # (rows, vocabulary)
    state = DecoderState(net, coder, prompts)
    with autocast(net, config.bf16):
        logits = state.read().repeat_interleave(texts_each, 0)
        state.repeat(texts_each)
    texts: list[Ids] = [[] for _ in range(rows)]
    alive = list(range(rows))
    for _ in range(config.longest):
        tokens = _drawn(logits.float() + bias, config, generator)  # (alive,)
        ended = tokens == coder.end
        for row, token in zip(alive, tokens.tolist(), strict=True):
            texts[row].append(token)
        if bool(ended.any()):
            alive_rows = torch.nonzero(~ended).reshape(-1)
            if not len(alive_rows):
                break
            alive = [alive[row] for row in alive_rows.tolist()]
            state.keep(alive_rows)
            bias, tokens = bias[alive_rows], tokens[alive_rows]
        with autocast(net, config.bf16):
            logits = state.next(tokens.to(device))
    return texts


def bias_of(net: Any, coder: Coder, allowed: list[set[int]]) -> Tensor:
    """(prompts, vocabulary) what is added to the logits: 0, or BIAS for tokens that may not be written."""
    size = net.get_output_embeddings().weight.shape[0]
    bias = torch.zeros(len(allowed), size, device=_device(net))
    bias[:, coder.never_written] = BIAS
    for row, tokens in enumerate(allowed):
        bias[row, sorted(tokens)] = 0.0
    return bias


def _drawn(logits: Tensor, config: CopywriterConfig, generator: torch.Generator) -> Tensor:
    """One token of each row (n,) from the `top_k` likeliest, at the config's temperature; 0 takes the likeliest."""
    if config.temperature <= 0:
        return logits.argmax(1)
    best, codes = logits.topk(min(config.top_k, logits.shape[1]), 1)
    odds = (best / config.temperature).softmax(1)
    return codes.gather(1, torch.multinomial(odds, 1, generator=generator))[:, 0]


class DecoderState:
    """A decoder's state. Prompts are right-aligned, so that all rows continue at the same column."""

    def __init__(self, net: Any, coder: Coder, prompts: list[Ids]) -> None:
        self.net, device = net, _device(net)
        width = max(map(len, prompts))
        self.ids = torch.tensor([[coder.pad] * (width - len(prompt)) + prompt for prompt in prompts], device=device)
        self.mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=device)
        self.places = self.mask.sum(1)  # (n,) of the next token

    def read(self) -> Tensor:
        places = (self.mask.cumsum(1) - 1).clamp(min=0)
        out = self.net(
            input_ids=self.ids, attention_mask=self.mask, position_ids=places, use_cache=True, logits_to_keep=1
        )
        self.cache = out.cache
        return out.logits[:, -1]  # type: ignore[no-any-return]

    def repeat(self, times: int) -> None:
        if times > 1:
            self.cache.batch_repeat_interleave(times)
            self.mask, self.places = self.mask.repeat_interleave(times, 0), self.places.repeat_interleave(times, 0)

    def keep(self, rows: Tensor) -> None:
        self.cache.batch_select_indices(rows)
        self.mask, self.places = self.mask[rows], self.places[rows]

    def next(self, tokens: Tensor) -> Tensor:
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(tokens), 1)], 1)
        out = self.net(
            input_ids=tokens[:, None],
            attention_mask=self.mask,
            position_ids=self.places[:, None],
            cache=self.cache,
            use_cache=True,
        )
        self.places = self.places + 1
        return out.logits[:, -1]  # type: ignore[no-any-return]

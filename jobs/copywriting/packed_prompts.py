"""Packs prompts to send them to a worker. Each prompt bans thousands of words, nearly the same for every item.

So a shard holds each banned word once, and for each prompt only those of these words that it allows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from models.copywriting.prompts import Prompt


class PackedPrompts:
    """Iterates over the prompts, which are equal to those that were packed."""

    def __init__(self, prompts: Sequence[Prompt]) -> None:
        self._banned = frozenset[str]().union(*(prompt.banned for prompt in prompts))
        self._plain = [dataclasses.replace(prompt, banned=frozenset()) for prompt in prompts]
        self._allowed = [self._banned - prompt.banned for prompt in prompts]

    def __iter__(self) -> Iterator[Prompt]:
        for prompt, allowed in zip(self._plain, self._allowed, strict=True):
            yield dataclasses.replace(prompt, banned=self._banned - allowed)

"""What the copywriter learns from: plain text and (prompt, text) pairs, within a budget; pairs are stored as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.copywriting.prompts import PLACEHOLDER, Prompt, masked

Pair = tuple[Prompt, str]


def plain_text(texts: Sequence[str], characters: int, seed: int) -> list[str]:
    """Texts in seeded order, figures masked, until they have `characters`; those with a crawl's placeholders are left
    out."""
    chosen: list[str] = []
    characters_left = characters
    for place in np.random.default_rng(seed).permutation(len(texts)):
        if characters_left <= 0:
            break
        text = masked(texts[place]).strip()
        if text and not PLACEHOLDER.search(text):
            chosen.append(text)
            characters_left -= len(text)
    return chosen


def in_budget(sizes: Sequence[int], tokens: int, most_passes: int, seed: int) -> tuple[list[int], int]:
    """Which examples to learn, ascending, and how often, so that it costs about `tokens` tokens.

    sizes (n,): tokens of each example. All examples, up to `most_passes` times; where even one pass costs more than
    `tokens`, a seeded part of them once.
    """
    total = sum(sizes)
    passes = min(tokens // max(total, 1), most_passes)
    if passes >= 1:
        return list(range(len(sizes))), passes
    order = np.random.default_rng(seed).permutation(len(sizes))
    count = int(np.searchsorted(np.cumsum(np.array(sizes)[order]), tokens, side="right"))
    return sorted(order[: max(count, 1)].tolist()), 1


def write_pairs(path: Path, pairs: Sequence[Pair]) -> None:
    with path.open("w", encoding="utf-8") as lines:
        for prompt, text in pairs:
            fields = {name: value for name, value in dataclasses.asdict(prompt).items() if name != "banned"}
            lines.write(json.dumps({"prompt": fields, "text": text}, ensure_ascii=False) + "\n")


def read_pairs(path: Path) -> list[Pair]:
    """The pairs that `write_pairs` wrote. Raises ValueError naming the first line that is no pair."""
    pairs: list[Pair] = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                prompt = row["prompt"]
                prompt["attributes"] = tuple((name, value) for name, value in prompt["attributes"])
                pairs.append((Prompt(**prompt), row["text"]))
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path}, line {number}: {error}; train the copywriter again") from None
    return pairs

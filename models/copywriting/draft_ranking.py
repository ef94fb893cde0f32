"""Ranks drafts: first those that are likely, about the item, in the wanted style, and unlike the drafts before them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Weights of four shares, each in 0..1. Coverage counts double: a small model mostly writes fluent texts about nothing.
LIKELIHOOD, COVERAGE, STYLE, DISTINCTNESS = 1.0, 2.0, 0.5, 1.0


def coverage(text: str, words: Sequence[str]) -> float:
    """Share, 0..1, of an item's words that the text has; 1 if `words` is empty."""
    folded = text.lower()
    return sum(word.lower() in folded for word in words) / len(words) if words else 1.0


def triples(text: str) -> frozenset[str]:
    """All runs of three characters; the whole text if it is shorter."""
    return frozenset(text[start : start + 3] for start in range(max(1, len(text) - 2)))


def overlap(a: frozenset[str], b: frozenset[str]) -> float:
    """Jaccard similarity 0..1."""
    return len(a & b) / len(a | b) if a or b else 1.0


def rank(
    texts: Sequence[str], likelihood: Sequence[float], covered: Sequence[float], style: Sequence[float]
) -> NDArray[np.int64]:
    """Positions of the candidates (n,), best first. Each is chosen in view of those before it; ties go to the earlier.

    likelihood (n,): log-probability per token; only its rank among the candidates counts, so any scale will do.
    covered, style (n,): 0..1. Raises ValueError if the four have different lengths.
    """
    count = len(texts)
    if not len(likelihood) == len(covered) == len(style) == count:
        raise ValueError(f"{count} texts, {len(likelihood)} likelihoods, {len(covered)} and {len(style)} shares")
    ranks = np.argsort(np.argsort(np.asarray(likelihood, np.float64), kind="stable"), kind="stable")
    score = LIKELIHOOD * ranks / max(1, count - 1) + COVERAGE * np.asarray(covered) + STYLE * np.asarray(style)
    sets = [triples(text) for text in texts]
    chosen: list[int] = []
    nearest = np.zeros(count)
    for _ in range(count):
        gains = score - DISTINCTNESS * nearest
        gains[chosen] = -np.inf
        best = int(gains.argmax())
        chosen.append(best)
        nearest = np.maximum(nearest, [overlap(text_triples, sets[best]) for text_triples in sets])
    return np.array(chosen, np.int64)

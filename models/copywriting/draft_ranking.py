"""Which of a writer's candidates is taken first: likely, about the item, in its voice, unlike those before it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# All four lie in 0..1. Coverage counts double: a fluent text about nothing is what a small model writes most.
LIKELIHOOD, COVERAGE, STYLE, DISTINCTNESS = 1.0, 2.0, 0.5, 1.0


def coverage(text: str, words: Sequence[str]) -> float:
    """Share 0..1 of an item's words that the text has; 1 where there are none to have."""
    folded = text.lower()
    return sum(word.lower() in folded for word in words) / len(words) if words else 1.0


def triples(text: str) -> frozenset[str]:
    """Runs of three characters; the whole text where it is shorter."""
    return frozenset(text[at : at + 3] for at in range(max(1, len(text) - 2)))


def overlap(a: frozenset[str], b: frozenset[str]) -> float:
    """Jaccard similarity 0..1."""
    return len(a & b) / len(a | b) if a or b else 1.0


def rank(
    texts: Sequence[str], likelihood: Sequence[float], covered: Sequence[float], style: Sequence[float]
) -> NDArray[np.int64]:
    """Places of the candidates (n,), best first, each in view of the ones before it; ties go to the earlier.

    likelihood: log-probability per token, any scale: it counts by its rank among the candidates. covered, style: 0..1.
    Raises ValueError if the four are not of one length.
    """
    count = len(texts)
    if not len(likelihood) == len(covered) == len(style) == count:
        raise ValueError(f"{count} texts, {len(likelihood)} likelihoods, {len(covered)} and {len(style)} shares")
    place = np.argsort(np.argsort(np.asarray(likelihood, np.float64), kind="stable"), kind="stable")
    score = LIKELIHOOD * place / max(1, count - 1) + COVERAGE * np.asarray(covered) + STYLE * np.asarray(style)
    sets = [triples(text) for text in texts]
    chosen: list[int] = []
    nearest = np.zeros(count)
    for _ in range(count):
        left = score - DISTINCTNESS * nearest
        left[chosen] = -np.inf
        best = int(left.argmax())
        chosen.append(best)
        nearest = np.maximum(nearest, [overlap(one, sets[best]) for one in sets])
    return np.array(chosen, np.int64)

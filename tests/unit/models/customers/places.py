"""Points of shoppers in clear groups."""

from __future__ import annotations

import numpy as np


def blobs(centres: list[tuple[float, float]], each: int = 60, seed: int = 1) -> np.ndarray:
    """(centres x each, 2): `each` points close to every centre."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(centre, 0.1, (each, 2)) for centre in centres])

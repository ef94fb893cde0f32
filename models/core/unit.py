"""Scales rows to length 1."""

from __future__ import annotations

import numpy as np

from models.core.item_tiles import F32


def unit(rows: F32) -> F32:
    """Rows (n, D) scaled to length 1; a zero row stays zero."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(length > 0, length, 1)).astype(np.float32)

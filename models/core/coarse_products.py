"""Inner products of a block of users with a tile of items; the scores are returned as their bits, as integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.item_tiles import TILE, ItemTiles

Product = Callable[[Any, int], NDArray[np.signedinteger]]  # (coarse users (B, D), start) -> bits (B, n)


def products(tiles: ItemTiles, rows: int) -> Product:
    """Products in float32, for at most `rows` users; a result is valid until the next call."""
    room = np.empty(rows * TILE, np.float32)

    def product(users: Any, start: int) -> NDArray[np.signedinteger]:
        items = tiles.items[start : start + TILE]
        scores = room[: len(users) * len(items)].reshape(len(users), len(items))
        np.matmul(users, items.T, out=scores)
        return scores.view(np.int32)

    return product


def bf16_products(tiles: ItemTiles, rows: int) -> Product:
    """Products in bfloat16, each sum computed in float32 and rounded once; otherwise like `products`."""
    import torch

    room = torch.empty(rows * TILE, dtype=torch.bfloat16)

    def product(users: Any, start: int) -> NDArray[np.signedinteger]:
        items = tiles.coarse.rows[start : start + TILE]
        scores = room[: len(users) * len(items)].view(len(users), len(items))
        torch.mm(users, items.T, out=scores)
        return scores.view(torch.int16).numpy()

    return product

"""Cold items by attributes and pictures: content vectors of both, turned to what is bought together.

An item lies where its content is, and towards the items that its buyers also buy: a ridge regression learns from warm
items which content goes into one basket (a dress and its cardigan look nothing alike), and foretells it for cold ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.core.config import check_bounds
from models.core.interactions import check_interest
from models.core.top_k import F32
from models.core.unit import unit

MOST_BUYERS = 50.0  # an item with more counts no more than one with so many


@dataclass(frozen=True)
class PicturedConfig:
    """Settings of one fit; chosen on H&M's `val` items (`make bench-cold-images`)."""

    together: float = field(
        default=1.0, metadata={"doc": "weight of what is bought together, content counting 1", "least": 0}
    )
    ridge: float = field(default=1.0, metadata={"doc": "L2 penalty of the regression; its unit is buyers", "above": 0})

    def __post_init__(self) -> None:
        check_bounds(self)


def with_pictures(attributes: F32, pictures: F32, weight: float) -> F32:
    """Content (I, C + P) of length 1 of items, from both; a zero row on either side leaves the other alone.

    Raises ValueError if the numbers of items differ.
    """
    if len(attributes) != len(pictures):
        raise ValueError(
            f"{len(attributes)} items have attributes, {len(pictures)} have pictures; give one row for each"
        )
    return unit(np.concatenate([unit(attributes), np.float32(weight) * unit(pictures)], axis=1))


def towards_together(config: PicturedConfig, content: F32, interest: Any) -> F32:
    """Places (I, C) of items: content (I, C), unit rows, plus the mean content that its buyers also buy, foretold.

    interest (U, I) CSR of warm items, weights not used; a user's `profiles` times a place is the item's score. Items
    that nobody bought beside another teach nothing; where none is left, places are the content.
    """
    content = unit(content)
    bought = check_interest(interest).astype(bool).astype(np.float32)
    size = np.diff(bought.indptr)
    baskets = np.asarray(bought @ content) / np.maximum(size, 1)[:, None]
    by_item = bought.T.tocsr()
    own = np.asarray(by_item @ (1 / np.maximum(size, 1)).astype(np.float32))
    buyers = np.minimum(np.asarray(by_item @ (size > 1).astype(np.float32)), MOST_BUYERS)
    taught = np.flatnonzero(buyers > 0)
    if not len(taught) or not config.together:
        return content
    also = unit(np.asarray(by_item @ baskets)[taught] - own[taught, None] * content[taught])
    also -= np.average(also, axis=0, weights=buyers[taught])
    rows = content[taught].astype(np.float64)
    weighted = (rows * buyers[taught, None]).T
    map_ = np.linalg.solve(weighted @ rows + config.ridge * np.eye(rows.shape[1]), weighted @ also)
    return content + np.float32(config.together) * unit(np.asarray(content @ map_, np.float32))

"""Picture search: the items that a drop of shoppers' photos may show, without a label on any photo.

Phone photos differ from a shop's own pictures in light, ground and sharpness, all in the same way: so both sides
are brought to the same mean and deviation first (Sun et al. 2016, by axis). Then photos of one thing find each other:
each item moves towards the photos that probably show it (soft k-means from the shop's pictures), for a few rounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.core.config import check_bounds
from models.core.top_k import F32, I32, rank_scores, top_k
from models.core.unit import unit


@dataclass(frozen=True)
class SearchConfig:
    """Settings of a search; chosen on the photos of groceries' `train`."""

    stages_weight: float = field(default=0.5, metadata={"doc": "of the part, things counting 1", "least": 0})
    colours_weight: float = field(default=0.5, metadata={"doc": "of the part, things counting 1", "least": 0})
    rounds: int = field(default=3, metadata={"doc": "in which items move; 0: none", "least": 0})
    sharpness: float = field(default=30.0, metadata={"doc": "of cosines, as chances", "above": 0})
    pull: float = field(default=2.0, metadata={"doc": "of its photos on an item, in its own pictures", "least": 0})
    doubt: float = field(default=5.0, metadata={"doc": "photos with which an item moves half of that", "least": 0})
    candidates: int = field(default=50, metadata={"doc": "items between which a photo is shared", "least": 1})
    min_photos: int = field(
        default=20, metadata={"doc": "on a side; with fewer, both sides keep their mean and deviation", "least": 2}
    )

    def __post_init__(self) -> None:
        check_bounds(self)


def search_photos(
    photos: NDArray[np.floating],
    pictures: NDArray[np.floating],
    item: NDArray[np.integer],
    n_items: int,
    parts: Mapping[str, slice],
    k: int,
    config: SearchConfig | None = None,
    allowed: NDArray[np.bool_] | None = None,
) -> tuple[I32, F32]:
    """The k likeliest items (n, k) of each photo, best first, and their cosines.

    photos (n, D) and pictures (P, D) are whitened vectors, item (P,) the code 0..I-1 of the item on each picture, parts
    those of `Whitening`. allowed (I,): False is never found, but may still be what a photo shows. Code -1 and -inf
    where fewer items have a picture and are allowed. Raises ValueError if k is not in 1..I.
    """
    config = config or SearchConfig()
    asked, shown = _one_domain(np.asarray(photos, np.float32), np.asarray(pictures, np.float32), config)
    weight = np.concatenate([np.full(p.stop - p.start, _weight(config, name)) for name, p in parts.items()])
    asked, shown = unit(asked * weight), unit(shown * weight)
    own = np.zeros((n_items, shown.shape[1]), np.float32)
    np.add.at(own, np.asarray(item, np.int64), shown)
    own = unit(own)
    there: NDArray[np.bool_] = np.asarray(own.any(axis=1), np.bool_)
    if not there.any() or not len(asked):
        return rank_scores(np.full((len(asked), n_items), -np.inf, np.float32), k)
    places = own
    for _ in range(config.rounds):
        places = _moved(asked, own, places, there, config)
    return top_k(asked, places, k, allowed=there if allowed is None else there & allowed)


def _weight(config: SearchConfig, part: str) -> np.float32:
    return np.float32({"stages": config.stages_weight, "colours": config.colours_weight}.get(part, 1.0))


def _one_domain(photos: F32, pictures: F32, config: SearchConfig) -> tuple[F32, F32]:
    """Photos less their mean; pictures less theirs, with the photos' deviation on each axis."""
    if min(len(photos), len(pictures)) < config.min_photos:
        return photos, pictures
    ratio = photos.std(axis=0) / (pictures.std(axis=0) + 1e-4)
    return photos - photos.mean(axis=0), (pictures - pictures.mean(axis=0)) * ratio


def _moved(photos: F32, own: F32, places: F32, there: NDArray[np.bool_], config: SearchConfig) -> F32:
    """Places (I, D) of items after one round: their own pictures, and the photos that probably show them."""
    codes, cosines = top_k(photos, places, min(config.candidates, len(own)), allowed=there)
    chances = np.where(codes >= 0, np.exp(config.sharpness * (cosines - cosines[:, :1])), 0)
    chances /= chances.sum(axis=1, keepdims=True)
    photo, rank = np.nonzero(codes >= 0)
    sums = np.zeros_like(own)
    np.add.at(sums, codes[photo, rank], chances[photo, rank, None].astype(np.float32) * photos[photo])
    counts = np.bincount(codes[photo, rank], chances[photo, rank], minlength=len(own))
    share = (config.pull * counts / (counts + config.doubt)).astype(np.float32)
    return np.where(there[:, None], unit(own + share[:, None] * unit(sums)), 0).astype(np.float32)

"""Picture search: the items that a drop of shoppers' photos may show, without a label on any photo.

Phone photos differ from a shop's own pictures in light, background and sharpness, all in the same way. So both sides
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

    stages_weight: float = field(default=0.5, metadata={"doc": "weight of this part; things weigh 1", "least": 0})
    colours_weight: float = field(default=0.5, metadata={"doc": "weight of this part; things weigh 1", "least": 0})
    rounds: int = field(default=3, metadata={"doc": "rounds in which items move; 0: none", "least": 0})
    sharpness: float = field(default=30.0, metadata={"doc": "factor that turns cosines into log-chances", "above": 0})
    pull: float = field(
        default=2.0, metadata={"doc": "most weight of an item's photos; its own pictures weigh 1", "least": 0}
    )
    doubt: float = field(default=5.0, metadata={"doc": "photos with which their weight is half of `pull`", "least": 0})
    candidates: int = field(default=50, metadata={"doc": "items between which a photo is shared", "least": 1})
    min_photos: int = field(
        default=20, metadata={"doc": "on each side; with fewer, both keep their mean and deviation", "least": 2}
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
    those of `Whitening`. allowed (I,): an item with False is never returned, but a photo may still show it. Code -1 and
    -inf where fewer items have a picture and are allowed. Raises ValueError if k is not in 1..I.
    """
    config = config or SearchConfig()
    queries, references = _one_domain(np.asarray(photos, np.float32), np.asarray(pictures, np.float32), config)
    weight = np.concatenate([np.full(p.stop - p.start, _weight(config, name)) for name, p in parts.items()])
    queries, references = unit(queries * weight), unit(references * weight)
    own_places = np.zeros((n_items, references.shape[1]), np.float32)
    np.add.at(own_places, np.asarray(item, np.int64), references)
    own_places = unit(own_places)
    has_picture: NDArray[np.bool_] = np.asarray(own_places.any(axis=1), np.bool_)
    if not has_picture.any() or not len(queries):
        return rank_scores(np.full((len(queries), n_items), -np.inf, np.float32), k)
    places = own_places
    for _ in range(config.rounds):
        places = _moved(queries, own_places, places, has_picture, config)
    return top_k(queries, places, k, allowed=has_picture if allowed is None else has_picture & allowed)


def _weight(config: SearchConfig, part: str) -> np.float32:
    return np.float32({"stages": config.stages_weight, "colours": config.colours_weight}.get(part, 1.0))


def _one_domain(photos: F32, pictures: F32, config: SearchConfig) -> tuple[F32, F32]:
    """Photos minus their mean; pictures minus theirs, scaled to the photos' deviation on each axis."""
    if min(len(photos), len(pictures)) < config.min_photos:
        return photos, pictures
    ratio = photos.std(axis=0) / (pictures.std(axis=0) + 1e-4)
    return photos - photos.mean(axis=0), (pictures - pictures.mean(axis=0)) * ratio


def _moved(photos: F32, own_places: F32, places: F32, has_picture: NDArray[np.bool_], config: SearchConfig) -> F32:
    """Places (I, D) of items after one round: their own pictures, and the photos that probably show them."""
    codes, cosines = top_k(photos, places, min(config.candidates, len(own_places)), allowed=has_picture)
    chances = np.where(codes >= 0, np.exp(config.sharpness * (cosines - cosines[:, :1])), 0)
    chances /= chances.sum(axis=1, keepdims=True)
    photo, rank = np.nonzero(codes >= 0)
    sums = np.zeros_like(own_places)
    np.add.at(sums, codes[photo, rank], chances[photo, rank, None].astype(np.float32) * photos[photo])
    counts = np.bincount(codes[photo, rank], chances[photo, rank], minlength=len(own_places))
    share = (config.pull * counts / (counts + config.doubt)).astype(np.float32)
    return np.where(has_picture[:, None], unit(own_places + share[:, None] * unit(sums)), 0).astype(np.float32)

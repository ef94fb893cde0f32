"""Items that nobody has touched yet, among the sources: a place in the space of ALS, made of what the catalogue says.

The ranker never sees them: at an earlier cut, what is a new item and what the catalogue did not hold yet look alike, so
it would learn from items that it could not have known. They get places of their own in a list.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from models.cold_start.cold_items import ColdConfig, ColdItems
from models.core.top_k import F32
from models.ranking.candidate_sources import Sources


def with_new_items(sources: Sources, config: ColdConfig, content: F32, shown: NDArray[np.bool_]) -> Sources:
    """The sources with factors for `shown` (I,) items without any, of `content` (I, C); zeros there: left out.

    Raises ValueError if the settings make no embeddings, or content holds NaN or infinity.
    """
    if config.model == "content":
        raise ValueError("cold.model 'content' makes no embedding of an item: choose regressor or gan")
    untouched = ~np.asarray(sources.item_factors.any(axis=1)) & (sources.popular == 0)
    new = np.flatnonzero(untouched & shown & content.any(axis=1)).astype(np.int32)
    warm = np.flatnonzero(sources.item_factors.any(axis=1))
    if not len(new) or not len(warm):
        return sources
    known = np.concatenate([warm, new])
    places = ColdItems.fit(config, sources.item_factors[known], content[known]).places
    return dataclasses.replace(sources, new_items=new, new_factors=places[len(known) - len(new) :])

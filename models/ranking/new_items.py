"""Gives new items, which nobody has touched yet, factors in the space of ALS, made from the catalogue's content.

The ranker never sees them: at an earlier cut a new item cannot be told from one that the catalogue did not hold yet, so
the ranker would learn from items that it could not have known. They get places of their own in a list.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from models.cold_start.cold_items import ColdConfig, ColdItems
from models.core.top_k import F32
from models.ranking.candidate_sources import Sources


def with_new_items(sources: Sources, config: ColdConfig, content: F32, shown: NDArray[np.bool_]) -> Sources:
    """The sources with factors for those of the `shown` (I,) items that have none and that nobody has touched.

    content (I, C): vectors of the items; an item with zeros gets no factors.

    Raises ValueError if the settings make no embeddings, or content holds NaN or infinity.
    """
    if config.model == "content":
        raise ValueError("cold.model = 'content' makes no embedding of an item; set it to regressor or gan")
    untouched = ~np.asarray(sources.item_factors.any(axis=1)) & (sources.popular == 0)
    new = np.flatnonzero(untouched & shown & content.any(axis=1)).astype(np.int32)
    warm = np.flatnonzero(sources.item_factors.any(axis=1))
    if not len(new) or not len(warm):
        return sources
    warm_and_new = np.concatenate([warm, new])
    factors = ColdItems.fit(config, sources.item_factors[warm_and_new], content[warm_and_new]).places
    return dataclasses.replace(sources, new_items=new, new_factors=factors[len(warm_and_new) - len(new) :])

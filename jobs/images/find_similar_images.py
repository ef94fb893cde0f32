"""Compares the pictures of all items -> similar_images: which items look alike.

Items of the same product in another colour are listed separately.

The similarity of two items is that of their two most similar pictures. Only items on sale are neighbours; an item that
is sold out still has neighbours, which its page can offer instead.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from jobs.images.item_facts import item_facts
from jobs.images.vector_store import item_pictures
from jobs.runtime.night import Night
from jobs.runtime.threads import usable_cores
from schemas.arrow import arrow_schema
from schemas.tables import SIMILAR_IMAGES
from schemas.tables.images import LOOKS_ALIKE, OTHER_COLOUR

_AT_ONCE = 4_096  # items whose neighbours are held
_KINDS = {LOOKS_ALIKE: "looks_alike", OTHER_COLOUR: "same_product"}  # kind in the table -> its name in the model


def main(night: Night) -> None:
    parts = list(_parts(night))
    night.write_arrow(SIMILAR_IMAGES, pa.concat_tables([arrow_schema(SIMILAR_IMAGES).empty_table(), *parts]))


def _parts(night: Night) -> Iterator[pa.Table]:
    shown = item_pictures(night)
    if len(shown.item_ids) < 2:
        return
    from models.images.lookalikes import LookAlikes  # it needs only numpy, but a shop without pictures does not need it

    config = night.settings.section("images")
    facts = item_facts(night, shown.item_ids, config.colours)
    alike = LookAlikes(shown.vectors, shown.item, len(shown.item_ids), facts.product, facts.on_sale)
    ids = pa.array(shown.item_ids, pa.string())
    until = night.valid_until("images")
    k = min(config.neighbours, len(shown.item_ids))
    for kind, name in _KINDS.items():
        for first in range(0, len(ids), _AT_ONCE):
            targets = np.arange(first, min(first + _AT_ONCE, len(ids)))
            codes, scores = alike.similar(targets, k, name, usable_cores())
            row, rank = np.nonzero(codes >= 0)
            yield (
                pa.table(
                    {
                        "target_item_id": ids.take(pa.array(targets[row])),
                        "item_id": ids.take(pa.array(codes[row, rank])),
                        "kind": pa.array([kind] * len(row), pa.string()),
                        "rank": pa.array(rank + 1, pa.int32()),
                        "score": pa.array(scores[row, rank], pa.float32()),
                        "valid_until": pa.array([until] * len(row), pa.timestamp("us", tz="UTC")),
                    }
                )
                .select(SIMILAR_IMAGES.names)
                .cast(arrow_schema(SIMILAR_IMAGES))
            )

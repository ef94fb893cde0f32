"""The catalogue as it stood on each of many nights."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.runtime.history import NIGHT


class CatalogueByNight:
    """Facts of items, sorted by item and night. A fact holds from its `night` on (days since 1970).

    Each item has a code, by its id. The catalogue of a night is the rows (I,) of `facts` that hold on that night: one
    for each item that is known by then.
    """

    def __init__(self, facts: pa.Table) -> None:
        self.facts = facts.combine_chunks()
        encoded = (
            self.facts["item_id"].combine_chunks().dictionary_encode() if len(facts) else pa.array([], pa.string())
        )
        self.item_ids = encoded.dictionary if len(facts) else encoded
        item = encoded.indices.to_numpy().astype(np.int64) if len(facts) else np.zeros(0, np.int64)
        # A lake's own rows have night -1. Nights lie far below 2^20 days.
        self._when = (item << 20) + self.facts[NIGHT].to_numpy().astype(np.int64) + 1
        self._item = item

    def codes(self, item_ids: pa.ChunkedArray) -> np.ndarray:
        """(n,) the code of each id, -1 for items that the catalogue never had."""
        return pc.index_in(item_ids, self.item_ids).fill_null(-1).to_numpy().astype(np.int64)

    def rows_at(self, items: np.ndarray, nights: np.ndarray | int) -> np.ndarray:
        """(n,) for each item code, the row of `facts` that holds on its night; -1 where the item is not known yet."""
        place = np.searchsorted(self._when, (items << 20) + nights + 1, side="right") - 1
        is_known = (items >= 0) & (place >= 0)
        is_known[is_known] &= self._item[place[is_known]] == items[is_known]
        return np.where(is_known, place, -1)

    def on(self, night: int) -> np.ndarray:
        """The rows of the catalogue of that night."""
        rows = self.rows_at(np.arange(len(self.item_ids)), night)
        return rows[rows >= 0]

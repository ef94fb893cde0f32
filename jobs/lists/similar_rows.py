"""Finds similar items inside Spark's Python workers: batches of item codes in, rows of SIMILAR_ITEMS out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import sparse

from jobs.lists.catalogue import Catalogue
from jobs.lists.list_rows import Batches
from models.core.item_tiles import ItemTiles
from models.core.top_k import top_k
from schemas.arrow import arrow_schema
from schemas.tables import SIMILAR_ITEMS


def neighbour_writer(shared: Any, config: Any, valid_until: dt.datetime) -> Batches:
    """mapInArrow function: item codes (column `id`) -> SIMILAR_ITEMS, for items that the ALS model knows.

    shared: broadcast of the Catalogue. config: RecommendConfig.
    """

    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        catalogue: Catalogue = shared.value
        length = np.linalg.norm(catalogue.factors, axis=1, keepdims=True)
        unit = (catalogue.factors / np.where(length > 0, length, 1)).astype(np.float32)
        tiles = ItemTiles.of(unit, catalogue.shown & (length[:, 0] > 0))
        for batch in batches:
            targets = batch["id"].to_numpy()
            targets = targets[length[targets, 0] > 0]
            if not len(targets) or not len(tiles.codes):
                continue
            itself = sparse.csr_matrix(
                (np.ones(len(targets), np.float32), (np.arange(len(targets)), targets)), shape=(len(targets), len(unit))
            )
            k = min(config.similar, len(unit))
            codes, scores = top_k(unit[targets], tiles, k, itself, threads=1)
            row, column = np.nonzero(codes >= 0)
            columns = {
                "target_item_id": catalogue.item_ids.take(pa.array(targets[row])),
                "item_id": catalogue.item_ids.take(pa.array(codes[row, column])),
                "rank": column + 1,
                "score": scores[row, column],
                "valid_until": pa.array([valid_until] * len(row), pa.timestamp("us", tz="UTC")),
            }
            yield from pa.table(columns).cast(arrow_schema(SIMILAR_ITEMS)).combine_chunks().to_batches()

    return write

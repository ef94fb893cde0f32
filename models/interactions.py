"""Pairs with string ids -> a sparse matrix and the ids of its rows and columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse

Ids = NDArray[np.str_]


def interest_matrix(pairs: pa.Table, purchase_weight: float) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    """(U, I) CSR of positive interest in units of one fresh purchase, and the sorted ids of its rows and columns."""
    pairs = pairs.filter(pc.greater(pairs["interest"], 0.0))
    ids, codes = [], []
    for name in ("user_id", "item_id"):
        encoded = pairs[name].combine_chunks().dictionary_encode()
        words = np.asarray(encoded.dictionary.to_pylist(), dtype=np.str_)
        order = np.argsort(words)
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        ids.append(words[order])
        codes.append(rank[encoded.indices.to_numpy()])
    weights = (pairs["interest"].to_numpy() / purchase_weight).astype(np.float32)
    matrix = sparse.csr_matrix((weights, (codes[0], codes[1])), shape=(len(ids[0]), len(ids[1])))
    matrix.sort_indices()
    # A weight so faded that float32 has no room for it says nothing any more.
    matrix.data = np.maximum(matrix.data, np.finfo(np.float32).tiny)
    return matrix, ids[0], ids[1]

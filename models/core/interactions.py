"""Interest pairs with string ids as a sparse matrix; and the checks of ids and weights that all models share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse

Ids = NDArray[np.str_]
F32 = NDArray[np.float32]


def interest_matrix(pairs: pa.Table, purchase_weight: float) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    """(interest (U, I) CSR, user ids (U,), item ids (I,)): interest above 0, in fresh purchases; ids sorted.

    pairs: (user_id, item_id, interest).
    """
    pairs = pairs.filter(pc.greater(pairs["interest"], 0.0))
    ids, codes = [], []
    for name in ("user_id", "item_id"):
        encoded = pairs[name].combine_chunks().dictionary_encode()
        distinct_ids = np.asarray(encoded.dictionary.to_pylist(), dtype=np.str_)
        order = np.argsort(distinct_ids)
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        ids.append(distinct_ids[order])
        codes.append(rank[encoded.indices.to_numpy()])
    weights = (pairs["interest"].to_numpy() / purchase_weight).astype(np.float32)
    matrix = sparse.csr_matrix((weights, (codes[0], codes[1])), shape=(len(ids[0]), len(ids[1])))
    matrix.sort_indices()
    # A weight that has decayed below float32's range is kept at the smallest one, so that the pair stays.
    matrix.data = np.maximum(matrix.data, np.finfo(np.float32).tiny)
    return matrix, ids[0], ids[1]


def check_ids(ids: Ids, name: str) -> Ids:
    """`ids` as an array. Raises ValueError, with `name`, unless they are str, sorted and unique."""
    ids = np.asarray(ids)
    if ids.dtype.kind != "U":
        raise ValueError(f"{name} must be an array of str, not {ids.dtype}")
    out_of_order = np.flatnonzero(ids[1:] <= ids[:-1])
    if len(out_of_order):
        first = out_of_order[0]
        raise ValueError(f"{name} must be sorted and unique: {str(ids[first])!r} comes before {str(ids[first + 1])!r}")
    return ids


def check_interest(interest: Any) -> sparse.csr_matrix:
    """`interest` as float32 CSR. Raises ValueError for duplicates, or a weight that is not finite and above 0."""
    interest = sparse.csr_matrix(interest, dtype=np.float32)
    if not interest.has_canonical_format:
        raise ValueError("interest has duplicate or unsorted entries; call sum_duplicates() first")
    refuse_weights(interest.data)
    return interest


def refuse_weights(weight: F32) -> None:
    """Raises ValueError, with their number and the first, if any weight (N,) is not finite and above 0."""
    bad = ~(np.isfinite(weight) & (weight > 0))
    if bad.any():
        raise ValueError(
            f"{int(bad.sum()):,} of {len(weight):,} weights are not finite and above 0, first {weight[bad][0]}"
        )

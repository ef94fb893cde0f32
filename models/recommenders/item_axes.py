"""The places of items before a sequence model is trained: items that users touched close in time are close together.

The first eigenvectors of damped pair counts are a factorisation of co-visitation, as in Levy & Goldberg 2014 for words.
A net that starts there knows at once what neighbours know; training adds which item follows which.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import ArpackNoConvergence, eigsh

from models.core.sequences import Sequences

F32 = NDArray[np.float32]
REACH = 10  # steps between two events of a pair, at most
STEP_DECAY = 0.8
# A pair is divided by this power of both items' events, else bestsellers span the axes. On the validation items of
# Amazon Beauty an LSTM has hr@10 / ndcg@10 .1164/.0672 from these axes, .1133/.0660 with 0.5.
DAMPING = 0.3
# With more events, only the pairs of every second user are counted, of every third, and so on: 128 axes of 100,000
# items then take 61 s of one core and .4 GiB, whatever the log.
MOST_EVENTS = 2_000_000
DENSE_ITEMS = 500  # up to so many items, the whole decomposition is computed
TOLERANCE = 1e-2  # relative, of eigenvalues: the last axes are noise anyway


def pairs_in_order(sequences: Sequences, n_items: int, reach: int, step_decay: float) -> sparse.csr_matrix:
    """(I, I) CSR float32: how often the column's item follows the row's within `reach` steps.

    A distance of d steps counts `step_decay` ** (d - 1).
    """
    user = np.repeat(np.arange(len(sequences.lengths)), sequences.lengths)
    codes = sequences.codes
    counts = sparse.csr_matrix((n_items, n_items), dtype=np.float32)
    for step in range(1, min(reach + 1, len(user))):
        same = user[step:] == user[: len(user) - step]
        earlier, later = codes[: len(codes) - step][same], codes[step:][same]
        weights = np.full(len(earlier), step_decay ** (step - 1), np.float32)
        counts = counts + sparse.coo_matrix((weights, (earlier, later)), shape=counts.shape).tocsr()
    return counts.tocsr()


def item_axes(sequences: Sequences, n_items: int, dim: int) -> F32:
    """(I, dim), unitless, mean square 1: the product of two rows is larger the closer two items are in time.

    Zeros for items without pairs, and in columns for which the pairs give no axis.
    """
    stride = max(1, -(-len(sequences.codes) // MOST_EVENTS))
    counts = pairs_in_order(sequences.taken(np.arange(0, len(sequences.lengths), stride)), n_items, REACH, STEP_DECAY)
    counts = (counts + counts.T).tocsr()
    counts.setdiag(0)
    counts.eliminate_zeros()
    axes = np.zeros((n_items, dim), np.float32)
    if not counts.nnz:
        return axes
    damping = np.maximum(np.bincount(sequences.codes, minlength=n_items), 1).astype(np.float32) ** -DAMPING
    damped = sparse.csr_matrix(sparse.diags_array(damping) @ counts @ sparse.diags_array(damping), dtype=np.float32)
    strengths, vectors = _largest(damped, min(dim, n_items))
    axes[:, : len(strengths)] = vectors * np.sqrt(np.maximum(strengths, 0))
    size = np.sqrt(np.mean(axes**2))
    return axes / size if size > 0 else axes


def _largest(matrix: sparse.csr_matrix, most: int) -> tuple[F32, F32]:
    """(eigenvalues (M,), eigenvectors (I, M)): the `most` largest, fewer if the search does not converge."""
    if matrix.shape[0] <= DENSE_ITEMS:
        strengths, vectors = np.linalg.eigh(matrix.toarray())
        return strengths[-most:], vectors[:, -most:]
    # The search starts from a fixed vector, since a random one would differ from call to call.
    start = np.random.default_rng(0).standard_normal(matrix.shape[0]).astype(np.float32)
    try:
        strengths, vectors = eigsh(matrix, most, which="LA", tol=TOLERANCE, v0=start)
    except ArpackNoConvergence as error:
        return error.eigenvalues, error.eigenvectors
    return strengths, vectors

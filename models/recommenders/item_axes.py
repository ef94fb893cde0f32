"""Where items stand before a sequence model is trained: near those that other users had close to them in time.

The first eigenvectors of damped pair counts are a factorisation of co-visitation, as in Levy & Goldberg 2014 for words.
A net that starts there has at once what neighbours know, and learns from then on what follows what.
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
# Of more events the pairs of every second user are counted, or of every third: 128 axes of 100,000 items then take 61 s
# of one core and .4 GiB, whatever the log.
MOST_EVENTS = 2_000_000
DENSE_ITEMS = 500  # so few are decomposed whole
TOLERANCE = 1e-2  # of eigenvalues, relative: the last axes are noise anyway


def pairs_in_order(sequences: Sequences, n_items: int, reach: int, step_decay: float) -> sparse.csr_matrix:
    """(I, I) CSR float32: how often the column's item follows the row's, up to `reach` steps on.

    d steps on counts `step_decay` ** (d - 1).
    """
    user = np.repeat(np.arange(len(sequences.lengths)), sequences.lengths)
    codes = sequences.codes
    near = sparse.csr_matrix((n_items, n_items), dtype=np.float32)
    for step in range(1, min(reach + 1, len(user))):
        same = user[step:] == user[: len(user) - step]
        first, then = codes[: len(codes) - step][same], codes[step:][same]
        weights = np.full(len(first), step_decay ** (step - 1), np.float32)
        near = near + sparse.coo_matrix((weights, (first, then)), shape=near.shape).tocsr()
    return near.tocsr()


def item_axes(sequences: Sequences, n_items: int, dim: int) -> F32:
    """(I, dim), unitless, a mean square of 1: the product of two rows follows how near each other the items stand.

    Zeros for items without pairs, and in columns beyond the axes that the pairs have.
    """
    every = max(1, -(-len(sequences.codes) // MOST_EVENTS))
    near = pairs_in_order(sequences.taken(np.arange(0, len(sequences.lengths), every)), n_items, REACH, STEP_DECAY)
    near = (near + near.T).tocsr()
    near.setdiag(0)
    near.eliminate_zeros()
    axes = np.zeros((n_items, dim), np.float32)
    if not near.nnz:
        return axes
    fewer = np.maximum(np.bincount(sequences.codes, minlength=n_items), 1).astype(np.float32) ** -DAMPING
    damped = sparse.csr_matrix(sparse.diags_array(fewer) @ near @ sparse.diags_array(fewer), dtype=np.float32)
    strengths, vectors = _largest(damped, min(dim, n_items))
    axes[:, : len(strengths)] = vectors * np.sqrt(np.maximum(strengths, 0))
    size = np.sqrt(np.mean(axes**2))
    return axes / size if size > 0 else axes


def _largest(matrix: sparse.csr_matrix, most: int) -> tuple[F32, F32]:
    """(eigenvalues (M,), eigenvectors (I, M)): the `most` largest, fewer where the search for them does not end."""
    if matrix.shape[0] <= DENSE_ITEMS:
        strengths, vectors = np.linalg.eigh(matrix.toarray())
        return strengths[-most:], vectors[:, -most:]
    # The start of the search is given, since a drawn one would differ from call to call.
    start = np.random.default_rng(0).standard_normal(matrix.shape[0]).astype(np.float32)
    try:
        strengths, vectors = eigsh(matrix, most, which="LA", tol=TOLERANCE, v0=start)
    except ArpackNoConvergence as found:
        return found.eigenvalues, found.eigenvectors
    return strengths, vectors

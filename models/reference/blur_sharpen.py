"""Blur, then sharpen: a recommender from the graph of users and items alone, nothing trained (Choi et al., SIGIR 2023,
"Blurring-Sharpening Process Models for Collaborative Filtering").

With R (U, I) the interactions, degrees d_u and d_i, N = d_u^-1/2 R d_i^-1/2, P = N^T N, and V the first right singular
vectors of N, a user's row x becomes

    y = x P + low_pass * x d_i^-1/2 V V^T d_i^1/2        what neighbours have, and its coarse outline
    z = y (I - tP + (tP)^2 / 2 - (tP)^3 / 6 + (tP)^4 / 24)    one Runge-Kutta step of dy/dt = -y P over the time t

The second line subtracts from y what the neighbours of neighbours have as well. Without it, and with rank 256,
this is GF-CF. A user costs 10 * nnz(R) + 2 * I * rank multiplications, most of them sparse. On two cores adding the
rows of a block is the bottleneck, so users come in blocks whose rows stay in the cache.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from models.core.config import check_bounds
from models.core.interactions import Ids, check_interest
from models.core.manifest import read_manifest, write_manifest
from models.core.top_k import F32, I32, MEMORY_BYTES
from models.recommenders.sparse_lists import Allowed
from models.reference.block_ranking import rank_by_block

BLOCK = 256  # users at once
OVERSAMPLED, ITERATIONS = 32, 8  # vectors beyond the rank, and rounds, of the subspace iteration


@dataclass(frozen=True)
class SharpeningConfig:
    """Settings of one graph; the defaults are the paper's for Gowalla."""

    rank: int = field(
        default=448,
        metadata={"doc": "singular vectors of the low-pass filter; fewer where the matrix has fewer", "least": 1},
    )
    low_pass: float = field(default=0.2, metadata={"doc": "weight of the low-pass filter", "least": 0})
    time: float = field(default=2.5, metadata={"doc": "time of sharpening; 0: none", "least": 0})
    seed: int = field(default=7, metadata={"doc": "seed of the first vectors of the singular decomposition"})

    def __post_init__(self) -> None:
        check_bounds(self)


class Sharpening:
    """scaled: N (U, I) CSR; root (I,): roots of the item degrees; vectors: V (I, rank); item_ids (I,), sorted."""

    def __init__(
        self, config: SharpeningConfig, scaled: sparse.csr_matrix, root: F32, vectors: F32, item_ids: Ids
    ) -> None:
        self.config, self.scaled, self.root, self.vectors, self.item_ids = config, scaled, root, vectors, item_ids
        self._to_items, self._to_users = _torch(sparse.csr_matrix(scaled.T)), _torch(scaled)

    @classmethod
    def fit(cls, config: SharpeningConfig, interest: Any, item_ids: Ids) -> Sharpening:
        """The graph of `interest` (U, I) CSR, weights above 0; degrees are their sums.

        Raises ValueError if ids and columns differ in number, `check_interest` refuses a weight, or there are no
        users or items.
        """
        interest = check_interest(interest)
        if interest.shape[1] != len(item_ids):
            raise ValueError(f"interest is {interest.shape}, the ids are of {len(item_ids)} items")
        if min(interest.shape) < 1:
            raise ValueError(f"interest is {interest.shape}: a graph without users or without items")
        of_user, of_item = _roots(interest, 1), _roots(interest, 0)
        scaled = sparse.csr_matrix(sparse.diags_array(1 / of_user) @ interest @ sparse.diags_array(1 / of_item))
        rank = min(config.rank, *interest.shape)
        scaled = scaled.astype(np.float32)
        return cls(config, scaled, of_item, _right_vectors(scaled, rank, config.seed), item_ids)

    def score(self, interest: Any) -> F32:
        """(n, I) scores of every item for each row (n, I) of `interest`; unitless."""
        rows = sparse.csr_matrix(interest, dtype=np.float32)
        outline = (rows @ (self.vectors / self.root[:, None])) @ (self.vectors * self.root[:, None]).T
        y = self._blurred(torch.from_numpy(rows.toarray().T.copy()))
        y += torch.from_numpy(np.ascontiguousarray(outline.T * np.float32(self.config.low_pass)))
        if not self.config.time:
            return np.ascontiguousarray(y.numpy().T)
        term, total = y, y.clone()
        for order in range(1, 5):
            term = self._blurred(term) * (-self.config.time / order)
            total += term
        return np.ascontiguousarray(total.numpy().T)

    def _blurred(self, columns: torch.Tensor) -> torch.Tensor:
        """P times `columns` (I, n). Users are columns, so that each step of the product adds whole rows."""
        return self._to_items @ (self._to_users @ columns)

    def recommend(
        self, interest: Any, k: int, seen: Any = None, allowed: Allowed = None, *, memory_bytes: int = MEMORY_BYTES
    ) -> tuple[I32, F32]:
        """The k best items of each row of `interest` (n, I): codes and scores (n, k) as `top_k` returns them.

        Raises ValueError if k is not in 1..I or the rows have other columns than the graph, DoesNotFit if one user's
        scores exceed `memory_bytes`.
        """
        interest = sparse.csr_matrix(interest, dtype=np.float32)
        if interest.shape[1] != len(self.item_ids):
            raise ValueError(f"rows of {interest.shape[1]} items, the graph has {len(self.item_ids)}")

        def scores(block: slice) -> F32:
            parts = [
                self.score(interest[low : min(low + BLOCK, block.stop)])
                for low in range(block.start, block.stop, BLOCK)
            ]
            return np.concatenate(parts)

        return rank_by_block(interest.shape, scores, k, seen, allowed, memory_bytes)

    def save(self, folder: str | Path) -> None:
        """Write graph.npz (no pickle) and manifest.json (config, sizes) into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        n = self.scaled
        np.savez(
            folder / "graph.npz",
            data=n.data,
            indices=n.indices,
            indptr=n.indptr,
            root=self.root,
            vectors=self.vectors,
            item_ids=self.item_ids,
        )
        write_manifest(folder, "sharpening", self.config, users=n.shape[0], items=n.shape[1])

    @classmethod
    def load(cls, folder: str | Path) -> Sharpening:
        """The model that `save` wrote; FileNotFoundError if nothing is there, ValueError for an unknown config."""
        folder = Path(folder)
        config, manifest = read_manifest(folder, SharpeningConfig)
        with np.load(folder / "graph.npz", allow_pickle=False) as arrays:
            parts = (arrays["data"], arrays["indices"], arrays["indptr"])
            scaled = sparse.csr_matrix(parts, shape=(manifest["users"], manifest["items"]))
            return cls(config, scaled, arrays["root"], arrays["vectors"], arrays["item_ids"])


def _roots(interest: sparse.csr_matrix, axis: int) -> F32:
    """Square roots of the sums along `axis`; 1 where the sum is 0, so that it can divide."""
    total: NDArray[np.float64] = np.asarray(interest.sum(axis=axis, dtype=np.float64)).reshape(-1)
    return np.sqrt(np.where(total > 0, total, 1.0)).astype(np.float32)


def _right_vectors(matrix: sparse.csr_matrix, rank: int, seed: int) -> F32:
    """(I, rank) orthonormal: the first right singular vectors, by subspace iteration (Halko et al. 2011).

    A Lanczos solver takes four times as long for Gowalla's 448. ndcg@20 of 1,000 users of a validation slice was .1389
    with it, .1383 with this, and .1377 with twice the iterations: the last vectors are noise.
    """
    forth, back = _torch(matrix), _torch(sparse.csr_matrix(matrix.T))
    wide = min(rank + OVERSAMPLED, *matrix.shape)
    start = np.random.default_rng(seed).standard_normal((matrix.shape[1], wide)).astype(np.float32)
    space = torch.from_numpy(start)
    for _ in range(ITERATIONS):
        space = torch.linalg.qr(back @ (forth @ space)).Q
    rotation = torch.linalg.svd(forth @ space, full_matrices=False).Vh.T
    return np.ascontiguousarray((space @ rotation)[:, :rank].numpy())


def _torch(matrix: sparse.csr_matrix) -> torch.Tensor:
    """The matrix as a torch tensor: its product with a block uses all cores, scipy's uses one."""
    indptr, indices, data = (torch.from_numpy(part) for part in (matrix.indptr, matrix.indices, matrix.data))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(indptr, indices, data, matrix.shape, check_invariants=False)

"""Item-item neighbours by a filter on the graph of users and items: one sparse product, no training.

With R (U, I) the interactions and their degrees d, the similarity of items i and j is

    S[i, j] = sum over users u of R[u, i] R[u, j] / (d_u^2a * d_i^b * d_j^b),   S[i, i] = 0

and a user's score of j is the sum of S over the user's items. a = b = .5 is the linear part of GF-CF (Shen et al. 2021,
"How Powerful is Graph Convolution for Recommendation?"); Turbo-CF (Park et al. 2024)
and SGFCF (Peng et al. 2024) found that other exponents can do better. Cosine is a = 0, b = .5.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.core.config import check_bounds
from models.core.interactions import Ids, check_interest
from models.core.manifest import read_manifest, write_manifest
from models.core.memory import DoesNotFit
from models.core.top_k import F32, I32, MEMORY_BYTES
from models.recommenders.neighbours import keep_largest
from models.recommenders.sparse_lists import Allowed
from models.reference.block_ranking import from_neighbours


@dataclass(frozen=True)
class GraphFilterConfig:
    """Settings of one graph; the defaults were chosen on a validation slice, a fifth of Gowalla's training pairs.

    recall@20 / ndcg@20 over 2,000 of its users: a .3, b .4 .1977/.1391; a .2, b .4 .1932/.1355; a .1, b .4 .1835/.1301;
    a .3, b .3 .1897/.1347; a .3, b .45 .1958/.1352; a .5, b .5 .1738/.1196; and GF-CF, low-pass filter and all,
    .1827/.1286. Over 4,000 users: all links .2035/.1451, 300 a row .2015/.1436, 100 .1979/.1411.
    """

    user_power: float = field(
        default=0.3,
        metadata={"doc": "a: power by which busy users count less", "least": 0, "most": 2},
    )
    item_power: float = field(
        default=0.4, metadata={"doc": "b: power by which popular items count less", "least": 0, "most": 2}
    )
    neighbours: int = field(
        default=2000, metadata={"doc": "strongest links kept of each item; bounds the memory", "least": 1}
    )

    def __post_init__(self) -> None:
        check_bounds(self)


class GraphFilter:
    """The similarity (I, I) CSR float32 without a diagonal, unitless, and the sorted ids of its items."""

    def __init__(self, config: GraphFilterConfig, similarity: sparse.csr_matrix, item_ids: Ids) -> None:
        self.config, self.similarity, self.item_ids = config, similarity, item_ids

    @classmethod
    def fit(
        cls, config: GraphFilterConfig, interest: Any, item_ids: Ids, *, memory_bytes: int = MEMORY_BYTES
    ) -> GraphFilter:
        """The graph of `interest` (U, I) CSR, weights above 0; degrees are their sums.

        Raises ValueError if ids and columns differ in number or `check_interest` refuses a weight; DoesNotFit if a row
        of the similarity exceeds `memory_bytes`.
        """
        interest = check_interest(interest)
        if interest.shape[1] != len(item_ids):
            raise ValueError(f"interest is {interest.shape}, the ids are of {len(item_ids)} items")
        by_user, by_item = _degrees(interest, 1) ** -config.user_power, _degrees(interest, 0) ** -config.item_power
        scaled = sparse.diags_array(by_user) @ interest @ sparse.diags_array(by_item)
        scaled = sparse.csr_matrix(scaled, dtype=np.float32)
        by_item_rows = scaled.T.tocsr()
        rows = memory_bytes // (interest.shape[1] * 16)
        if rows < 1:
            raise DoesNotFit(
                f"one item's links need {interest.shape[1] * 16:,} bytes, memory_bytes is {memory_bytes:,}; raise it"
            )
        rows = min(rows, 1024)
        blocks = [
            _links(by_item_rows[low : low + rows] @ scaled, low, config) for low in range(0, interest.shape[1], rows)
        ]
        return cls(config, sparse.csr_matrix(sparse.vstack(blocks, format="csr")), item_ids)

    def recommend(
        self, interest: Any, k: int, seen: Any = None, allowed: Allowed = None, *, memory_bytes: int = MEMORY_BYTES
    ) -> tuple[I32, F32]:
        """The k best items of each row of `interest` (n, I): codes and scores (n, k) as `top_k` returns them.

        Raises ValueError if k is not in 1..I, DoesNotFit if one user's scores exceed `memory_bytes`.
        """
        return from_neighbours(interest, self.similarity, k, seen, allowed, memory_bytes)

    def save(self, folder: str | Path) -> None:
        """Write graph.npz (no pickle) and manifest.json (config, sizes) into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        s = self.similarity
        np.savez(folder / "graph.npz", data=s.data, indices=s.indices, indptr=s.indptr, item_ids=self.item_ids)
        write_manifest(folder, "graph_filter", self.config, items=len(self.item_ids))

    @classmethod
    def load(cls, folder: str | Path) -> GraphFilter:
        """The model that `save` wrote; FileNotFoundError if nothing is there, ValueError for an unknown config."""
        folder = Path(folder)
        config, _ = read_manifest(folder, GraphFilterConfig)
        with np.load(folder / "graph.npz", allow_pickle=False) as arrays:
            ids = arrays["item_ids"]
            parts = (arrays["data"], arrays["indices"], arrays["indptr"])
        similarity = sparse.csr_matrix(parts, shape=(len(ids), len(ids)))
        return cls(config, similarity, ids)


def _degrees(interest: sparse.csr_matrix, axis: int) -> NDArray[np.float64]:
    """Sums along `axis`; 1 where the sum is 0, whose powers are 1."""
    total = np.asarray(interest.sum(axis=axis, dtype=np.float64)).reshape(-1)
    return np.where(total > 0, total, 1.0)


def _links(products: Any, first: int, config: GraphFilterConfig) -> sparse.csr_matrix:
    """Rows of the similarity from item `first` on, without the diagonal, only the strongest links."""
    links = sparse.coo_array(products)
    is_other = links.col != links.row + first
    parts = (links.data[is_other], (links.row[is_other], links.col[is_other]))
    return keep_largest(sparse.csr_matrix(parts, shape=links.shape, dtype=np.float32), config.neighbours)

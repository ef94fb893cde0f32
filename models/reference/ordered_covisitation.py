"""Item-item neighbours that use the order of events: items are neighbours if they are close in users' sequences.

One pair of events d steps apart counts `step_decay` ** (d - 1), and `backward` times that for the item that came
first; a user's event t steps back counts `recency` ** t. After the co-visitation matrices of OTTO's winners (2023).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.core.config import check_bounds
from models.core.manifest import read_manifest, write_manifest
from models.core.sequences import Sequences, checked
from models.core.top_k import F32, I32, MEMORY_BYTES
from models.recommenders.item_axes import pairs_in_order
from models.recommenders.neighbours import keep_largest
from models.reference.block_ranking import rank_by_block


@dataclass(frozen=True)
class CoVisitationConfig:
    """Settings of one fit."""

    reach: int = field(default=10, metadata={"doc": "steps between two events of a pair, at most", "least": 1})
    step_decay: float = field(default=0.8, metadata={"least": 0, "most": 1})
    backward: float = field(
        default=0.7,
        metadata={"doc": "weight of a pair for the item that came first", "least": 0, "most": 1},
    )
    damping: float = field(
        default=0.3,
        metadata={
            "doc": "columns are divided by this power of the item's events; 0 favours popular items",
            "least": 0,
            "most": 1,
        },
    )
    source_damping: float = field(
        default=0.7,
        metadata={"doc": "rows are divided by this power of the history item's events", "least": 0, "most": 1},
    )
    recency: float = field(default=0.8, metadata={"least": 0, "most": 1})
    length: int = field(default=50, metadata={"doc": "latest events that it reads", "least": 1})
    popularity: float = field(
        default=1e-3,
        metadata={
            "doc": "weight of an item's share of all events, which ranks items without neighbours",
            "least": 0,
            "most": 1,
        },
    )
    neighbours: int = field(default=500, metadata={"doc": "neighbours kept of each item", "least": 1})

    def __post_init__(self) -> None:
        check_bounds(self)


class CoVisitation:
    """similarity (I, I) CSR float32, one row per history item, no diagonal; share (I,) of all events."""

    def __init__(self, config: CoVisitationConfig, similarity: Any, share: F32) -> None:
        self.config, self.similarity, self.share = config, similarity, share

    @classmethod
    def fit(cls, config: CoVisitationConfig, sequences: Sequences, n_items: int) -> CoVisitation:
        """Counts the pairs of `sequences`. Raises ValueError if a code is not in 0..n_items-1 or there is no event."""
        sequences = checked(sequences, n_items)
        if not len(sequences.codes):
            raise ValueError(f"the sequences of {len(sequences.lengths):,} users hold no event: nothing to learn from")
        codes = sequences.codes
        counts = pairs_in_order(sequences, n_items, config.reach, config.step_decay)
        counts = (counts + config.backward * counts.T).tocsr()
        counts.setdiag(0)
        counts.eliminate_zeros()
        events = np.bincount(codes, minlength=n_items)
        event_counts = np.maximum(events, 1).astype(np.float32)
        counts = (
            sparse.diags_array(event_counts**-config.source_damping)
            @ counts
            @ sparse.diags_array(event_counts**-config.damping)
        )
        share = (events / len(codes)).astype(np.float32)
        return cls(config, keep_largest(sparse.csr_matrix(counts, dtype=np.float32), config.neighbours), share)

    def history(self, sequences: Sequences) -> sparse.csr_matrix:
        """(n, I) CSR: the items of each sequence, weighted by how recent they are."""
        recent, events = sequences.latest(self.config.length)
        age = events[:, None] - 1 - np.arange(recent.shape[1])
        is_event = age >= 0
        weights = self.config.recency ** age[is_event].astype(np.float32)
        return sparse.csr_matrix(
            (weights, (np.nonzero(is_event)[0], recent[is_event])), shape=(len(events), len(self.share))
        )

    def scores(self, sequences: Sequences) -> F32:
        """Scores (n, I) of all items, unitless, above 0 for items that occurred near those of the history."""
        scores: F32 = (self.history(sequences) @ self.similarity).toarray()
        scores += np.float32(self.config.popularity) * self.share
        return scores

    def recommend(
        self,
        sequences: Sequences,
        k: int,
        seen: Any = None,
        allowed: NDArray[np.bool_] | None = None,
        *,
        memory_bytes: int = MEMORY_BYTES,
    ) -> tuple[I32, F32]:
        """The k best items after each sequence (n,): codes and scores (n, k) as `top_k` returns them.

        `seen` (n, I) CSR and `allowed` (I,) work as in `top_k`. Raises ValueError if k is not in 1..I or a code is not
        an item's; DoesNotFit if one user's scores exceed `memory_bytes`.
        """
        n_items = len(self.share)
        sequences = checked(sequences, n_items)
        lengths = sequences.lengths
        return rank_by_block(
            (len(lengths), n_items), lambda block: self.scores(sequences.of(block)), k, seen, allowed, memory_bytes
        )

    def save(self, folder: str | Path) -> None:
        """Write neighbours.npz (no pickle) and manifest.json into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {name: getattr(self.similarity, name) for name in ("data", "indices", "indptr")}
        np.savez(folder / "neighbours.npz", share=self.share, **arrays)
        write_manifest(folder, "covisitation", self.config, items=len(self.share))

    @classmethod
    def load(cls, folder: str | Path) -> CoVisitation:
        """The model that `save` wrote. Raises FileNotFoundError if nothing is there, ValueError if files disagree."""
        folder = Path(folder)
        config, manifest = read_manifest(folder, CoVisitationConfig)
        with np.load(folder / "neighbours.npz", allow_pickle=False) as arrays:
            share = arrays["share"]
            if len(share) != manifest["items"]:
                raise ValueError(f"{folder}: {len(share)} items, manifest {manifest['items']}")
            parts = arrays["data"], arrays["indices"], arrays["indptr"]
        return cls(config, sparse.csr_matrix(parts, shape=(len(share), len(share))), share)

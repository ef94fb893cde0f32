"""One list out of several next-item models: each proposes its best, then one ranker orders what was proposed.

The ranker is LightGBM's LambdaRank over the scores and ranks that the sources give to a candidate. It learns from users
whose next item is known and from sources that have not seen it; what it learnt then holds for the same sources fitted
on one event more. Where few users can teach it, nothing is learnt: ranks are fused (Cormack et al. 2009).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.manifest import read_manifest, write_manifest
from models.top_k import F32, I32, I64, places, rank_entries

Source = Callable[[slice], F32]  # users -> their scores (b, I), higher is better
ROWS = 512  # users scored at once
FUSED = 60  # of reciprocal rank fusion


@dataclass(frozen=True)
class RankerConfig:
    """Settings of one fit."""

    candidates: int = 50  # of each source
    trees: int = 150
    learning_rate: float = 0.05
    leaves: int = 15
    leaf_candidates: int = 100  # at least
    least_users: int = 200  # who can teach; below, ranks are fused
    seed: int = 7
    threads: int = 2

    def __post_init__(self) -> None:
        for name in ("candidates", "trees", "leaf_candidates", "least_users", "threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, not {getattr(self, name)}")
        if self.leaves < 2 or not 0 < self.learning_rate <= 1:
            raise ValueError(f"leaves {self.leaves} must be 2 or more, learning_rate {self.learning_rate} in 0..1")


class Candidates(NamedTuple):
    """What the sources propose to users 0..n-1, by user, then item: users (C,), items (C,), features (C, F)."""

    users: I64
    items: I32
    features: F32


def propose(sources: Mapping[str, Source], seen: Any, wanted: int, allowed: NDArray[np.bool_]) -> Candidates:
    """The `wanted` best `allowed` (I,) items of every source for each row of `seen` (n, I) CSR, nothing that is in it.

    Features, for each source in its order: how far the score is below the row's best, in deviations of the row, and
    the log of its rank among the candidates; then the log of how many events the user has.
    """
    seen, blocks = sparse.csr_matrix(seen), []
    for low in range(0, seen.shape[0], ROWS):
        block = slice(low, min(low + ROWS, seen.shape[0]))
        hidden = seen[block].nonzero()
        scores = [np.array(source(block), np.float32) for source in sources.values()]
        chosen = np.zeros(scores[0].shape, bool)
        for own in scores:
            own[hidden], own[:, ~allowed] = -np.inf, -np.inf
            best = np.argpartition(-own, min(wanted, own.shape[1]) - 1, axis=1)[:, :wanted]
            np.put_along_axis(chosen, best, True, axis=1)
        chosen[hidden], chosen[:, ~allowed] = False, False
        row, item = np.nonzero(chosen)
        events = np.diff(seen.indptr[low : block.stop + 1])
        columns = [column for own in scores for column in _told(own, row, item)] + [np.log1p(events)[row]]
        blocks.append(Candidates(row + low, item.astype(np.int32), np.column_stack(columns).astype(np.float32)))
    return Candidates(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))


def _told(scores: F32, row: I64, item: I64) -> tuple[F32, F32]:
    """Two features (C,) of candidates (row, item) from one source's scores (b, I)."""
    own, there = scores[row, item], np.isfinite(scores)
    counted = np.maximum(there.sum(axis=1), 1)
    known = np.where(there, scores, 0)
    spread = np.sqrt(np.maximum((known**2).sum(axis=1) / counted - (known.sum(axis=1) / counted) ** 2, 1e-18))
    below = (own - scores.max(axis=1)[row]) / spread[row]
    return below, np.log1p(places(row, item, own))


class Ranker:
    """A booster over the features of `propose`, for the same sources in the same order; None fuses their ranks."""

    def __init__(self, config: RankerConfig, booster: lightgbm.Booster | None, sources: tuple[str, ...]) -> None:
        self.config, self.booster, self.sources = config, booster, sources

    @classmethod
    def fit(
        cls, config: RankerConfig, sources: tuple[str, ...], proposed: Candidates, truth: NDArray[np.integer]
    ) -> Ranker:
        """Learn from users whose next item `truth` (n,) is among what was proposed; -1 for who is left out."""
        right = proposed.items == truth[proposed.users]
        able = np.zeros(len(truth), bool)
        able[proposed.users[right]] = True
        kept = able[proposed.users]
        if able.sum() < config.least_users:
            return cls(config, None, tuple(sources))
        groups = np.unique(proposed.users[kept], return_counts=True)[1]
        settings = {
            "objective": "lambdarank",
            "lambdarank_truncation_level": 20,
            "num_leaves": config.leaves,
            "learning_rate": config.learning_rate,
            "min_data_in_leaf": config.leaf_candidates,
            "num_threads": config.threads,
            "seed": config.seed,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }
        data = lightgbm.Dataset(proposed.features[kept], right[kept].astype(np.int32), group=groups)
        return cls(config, lightgbm.train(settings, data, config.trees), tuple(sources))

    def recommend(self, proposed: Candidates, n_users: int, k: int) -> tuple[I32, F32]:
        """The k best candidates of each user (n_users, k): codes and scores, -1 and -inf where fewer were proposed."""
        if not len(proposed.items):
            scores = np.zeros(0, np.float32)
        elif self.booster is None:
            ranks = np.expm1(proposed.features[:, 1 : 2 * len(self.sources) : 2]).round()
            scores = (1 / (FUSED + 1 + ranks)).sum(axis=1)
        else:
            scores = np.asarray(self.booster.predict(proposed.features, num_threads=self.config.threads), np.float32)
        return rank_entries(proposed.users, proposed.items, scores, n_users, k)

    def save(self, folder: str | Path) -> None:
        """Write trees.txt (LightGBM's own text) and manifest.json into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        if self.booster is not None:
            self.booster.save_model(str(folder / "trees.txt"))
        learnt, sources = self.booster is not None, list(self.sources)
        write_manifest(folder, "next_item", self.config, learnt=learnt, sources=sources)

    @classmethod
    def load(cls, folder: str | Path) -> Ranker:
        """The ranker that `save` wrote. Raises FileNotFoundError if nothing is there."""
        folder = Path(folder)
        config, told = read_manifest(folder, RankerConfig)
        booster = lightgbm.Booster(model_file=str(folder / "trees.txt")) if told["learnt"] else None
        return cls(config, booster, tuple(told["sources"]))

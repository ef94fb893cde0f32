"""Combines several next-item models: each proposes its best items, then a ranker orders them.

The ranker is trained on users whose next item is known, with sources that have not seen it; it is then used with the
same sources, fitted with one more event. Where there are few such users, ranks are fused (Cormack et al. 2009).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.core.top_k import F32, I32, I64, places, rank_entries
from models.ranking.candidates import ItemCandidates
from models.ranking.ranker import Ranker, RankerConfig

Source = Callable[[slice], F32]  # users -> their scores (b, I), higher is better
ROWS = 512  # users scored at once
FUSED = 60  # the constant of reciprocal rank fusion
CANDIDATES = 50  # candidates of each source
LEAST_USERS = 200  # least users to train a ranker on; with fewer, ranks are fused
# Chosen on the validation items of Amazon Beauty: fewer leaves than in a shop, since a list has one right item.
RANKER = RankerConfig(rounds=150, leaves=15, least_rows=100, l2=0.0, feature_share=1.0, row_share=1.0)


def propose(sources: Mapping[str, Source], seen: Any, count: int, allowed: NDArray[np.bool_]) -> ItemCandidates:
    """The `count` best `allowed` (I,) items of every source for each user, without those in `seen` (n, I) CSR.

    Features of each source, in order: `below`, how far the score is below the user's best, in standard deviations of
    the user's scores; `place`, log(1 + place among the candidates, from 0). Then log(1 + the user's events).
    """
    seen, blocks = sparse.csr_matrix(seen), []
    for low in range(0, seen.shape[0], ROWS):
        block = slice(low, min(low + ROWS, seen.shape[0]))
        hidden = seen[block].nonzero()
        scores = [np.array(source(block), np.float32) for source in sources.values()]
        chosen = np.zeros(scores[0].shape, bool)
        for score in scores:
            score[hidden], score[:, ~allowed] = -np.inf, -np.inf
            best = np.argpartition(-score, min(count, score.shape[1]) - 1, axis=1)[:, :count]
            np.put_along_axis(chosen, best, True, axis=1)
        chosen[hidden], chosen[:, ~allowed] = False, False
        row, item = np.nonzero(chosen)
        events = np.diff(seen.indptr[low : block.stop + 1])
        columns = [column for score in scores for column in _source_features(score, row, item)] + [
            np.log1p(events)[row]
        ]
        blocks.append((row + low, item, np.column_stack(columns)))
    user, item, features = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    names = (*(f"{name}.{what}" for name in sources for what in ("below", "place")), "user.events")
    return ItemCandidates(
        user.astype(np.int32), item.astype(np.int32), features.astype(np.float32), names, seen.shape[0]
    )


def _source_features(scores: F32, row: I64, item: I64) -> tuple[F32, F32]:
    """(below, place) of candidates (row, item), each (C,), from one source's scores (b, I)."""
    score, finite = scores[row, item], np.isfinite(scores)
    counts = np.maximum(finite.sum(axis=1), 1)
    finite_scores = np.where(finite, scores, 0)
    spread = np.sqrt(
        np.maximum((finite_scores**2).sum(axis=1) / counts - (finite_scores.sum(axis=1) / counts) ** 2, 1e-18)
    )
    below = (score - scores.max(axis=1)[row]) / spread[row]
    return below, np.log1p(places(row, item, score))


def learn(config: RankerConfig, proposed: ItemCandidates, truth: NDArray[np.integer]) -> Ranker | None:
    """A ranker trained on users whose next item `truth` (n,) was proposed; truth is -1 for users to be left out.

    None where there are fewer than LEAST_USERS such users.
    """
    is_next = proposed.item == truth[proposed.user]
    if len(np.unique(proposed.user[is_next])) < LEAST_USERS:
        return None
    return Ranker.fit(config, [(proposed, is_next.astype(np.int8))], (), config.rounds)


def order(ranker: Ranker | None, proposed: ItemCandidates, k: int, n_items: int) -> tuple[I32, F32]:
    """The k best candidates of each user, codes and scores (n_users, k), by the ranker or, without one, by fused ranks.

    -1 and -inf where fewer were proposed. Raises ValueError if k is not in 1..I.
    """
    if ranker is not None:
        return ranker.recommend(proposed, k, n_items)
    if not 1 <= k <= n_items:
        raise ValueError(f"k={k} is not in 1..{n_items}, the number of items")
    columns = [column for column, name in enumerate(proposed.names) if name.endswith(".place")]
    scores = (1 / (FUSED + 1 + np.expm1(proposed.features[:, columns]).round())).sum(axis=1, dtype=np.float32)
    return rank_entries(proposed.user, proposed.item, scores, proposed.n_users, k)

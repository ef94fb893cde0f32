"""One list out of several next-item models: each proposes its best, then the ranker orders what was proposed.

It learns from users whose next item is known and from sources that have not seen it; what it learnt then holds for the
same sources fitted on one event more. Where few users can teach it, ranks are fused (Cormack et al. 2009).
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
FUSED = 60  # of reciprocal rank fusion
CANDIDATES = 50  # of each source
LEAST_USERS = 200  # who can teach a ranker; below, ranks are fused
# Chosen on the validation items of Amazon Beauty: fewer leaves than in a shop, since a list has one right item.
RANKER = RankerConfig(rounds=150, leaves=15, least_rows=100, l2=0.0, feature_share=1.0, row_share=1.0)


def propose(sources: Mapping[str, Source], seen: Any, wanted: int, allowed: NDArray[np.bool_]) -> ItemCandidates:
    """The `wanted` best `allowed` (I,) items of every source for each row of `seen` (n, I) CSR, nothing that is in it.

    Features, for each source in its order: how far the score is `below` the row's best, in deviations of the row, and
    the log of its `place` among the candidates, from 0; then the log of how many events the user has.
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
        blocks.append((row + low, item, np.column_stack(columns)))
    user, item, features = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    names = (*(f"{name}.{what}" for name in sources for what in ("below", "place")), "user.events")
    return ItemCandidates(
        user.astype(np.int32), item.astype(np.int32), features.astype(np.float32), names, seen.shape[0]
    )


def _told(scores: F32, row: I64, item: I64) -> tuple[F32, F32]:
    """Two features (C,) of candidates (row, item) from one source's scores (b, I)."""
    own, there = scores[row, item], np.isfinite(scores)
    counted = np.maximum(there.sum(axis=1), 1)
    known = np.where(there, scores, 0)
    spread = np.sqrt(np.maximum((known**2).sum(axis=1) / counted - (known.sum(axis=1) / counted) ** 2, 1e-18))
    below = (own - scores.max(axis=1)[row]) / spread[row]
    return below, np.log1p(places(row, item, own))


def learn(config: RankerConfig, proposed: ItemCandidates, truth: NDArray[np.integer]) -> Ranker | None:
    """A ranker from users whose next item `truth` (n,) is among what was proposed; -1 for who is left out.

    None where they are fewer than LEAST_USERS.
    """
    right = proposed.item == truth[proposed.user]
    if len(np.unique(proposed.user[right])) < LEAST_USERS:
        return None
    return Ranker.fit(config, [(proposed, right.astype(np.int8))], (), config.rounds)


def order(ranker: Ranker | None, proposed: ItemCandidates, k: int, n_items: int) -> tuple[I32, F32]:
    """The k best candidates of each user, codes and scores (n_users, k), by the ranker or, without one, by fused ranks.

    -1 and -inf where fewer were proposed. Raises ValueError if k is not in 1..I.
    """
    if ranker is not None:
        return ranker.recommend(proposed, k, n_items)
    if not 1 <= k <= n_items:
        raise ValueError(f"k={k} is not in 1..{n_items}, the number of items")
    place = [at for at, name in enumerate(proposed.names) if name.endswith(".place")]
    scores = (1 / (FUSED + 1 + np.expm1(proposed.features[:, place]).round())).sum(axis=1, dtype=np.float32)
    return rank_entries(proposed.user, proposed.item, scores, proposed.n_users, k)

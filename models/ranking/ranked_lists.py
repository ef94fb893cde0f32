"""Ranked lists for a block of users: collects the sources' candidates, drops what may not be shown, ranks the rest.

Each place says which source proposed the item and what its score is made of. Without a ranker (a shop in its first
days) only ALS's candidates are listed, in ALS's order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.core.top_k import F32, I32, rank_entries
from models.ranking.candidate_sources import Sources
from models.ranking.candidates import ItemCandidates, candidates_at
from models.ranking.diversity import diversify
from models.ranking.diversity_config import DiversityConfig
from models.ranking.ranker import Ranker
from models.ranking.source_names import SOURCE_NAMES
from models.recommenders.sparse_lists import Allowed

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class ListRules:
    """Business rules of the lists, with what they need: codes of each item's category and brand (I,), -1 for none.

    tail (I,): whether an item is among the less popular half; None where no rule needs it.
    depth: how many ranked items the rules choose from.
    """

    diversity: DiversityConfig
    category: I32
    brand: I32
    depth: int = 60
    tail: NDArray[np.bool_] | None = None

    @property
    def on(self) -> bool:
        return self.diversity != DiversityConfig()


@dataclass(frozen=True)
class Ranked:
    """Lists of n users, best first: codes and scores (n, k), -1 and -inf where nothing is left.

    source (n, k): the place in `sources` (names) of the source that lists the item highest, -1 in empty places.
    groups, parts (n, k, G): what each group of features adds to the score (`Ranker.contributions`).
    candidates: all items that the lists were chosen from.
    """

    codes: I32
    scores: F32
    source: I32
    sources: tuple[str, ...]
    groups: tuple[str, ...]
    parts: F32
    candidates: ItemCandidates


def rank_users(
    sources: Sources,
    ranker: Ranker | None,
    users: NDArray[np.integer],
    k: int,
    allowed: Allowed = None,
    refused: sparse.csr_matrix | None = None,
    rules: ListRules | None = None,
    without: tuple[str, ...] = (),
) -> Ranked:
    """The k best candidates of `users` (n,), ascending codes.

    allowed (I,): no other item is listed. refused (n, I): what each user may not be shown. without: names of sources
    that propose nothing. A list is short where its sources propose fewer than k; the caller fills it from the ladder.
    Raises ValueError if k is not in 1..I or the ranker was fitted on other features.
    """
    if not 1 <= k <= sources.log.n_items:
        raise ValueError(f"k={k} is not in 1..{sources.log.n_items}, the number of items")
    candidates = candidates_for(sources, users, allowed, refused, without)
    score = scores_of(ranker, candidates)
    scored = np.flatnonzero(np.isfinite(score))
    depth = min(max(k, rules.depth) if rules and rules.on else k, sources.log.n_items)
    codes, scores = rank_entries(candidates.user[scored], candidates.item[scored], score[scored], len(users), depth)
    if rules and rules.on:
        needs = (rules.category, rules.brand, sources.item_factors, rules.tail)
        codes, scores = diversify(rules.diversity, codes, scores, k, *needs)
    chosen = _rows(candidates, codes, sources.log.n_items)
    groups, parts = _parts(ranker, candidates, chosen, score)
    names, source = _source(candidates, chosen)
    parts = _spread(parts.astype(np.float32), codes, 0)
    return Ranked(codes, scores, _spread(source, codes, -1), names, groups, parts, candidates)


def candidates_for(
    sources: Sources,
    users: NDArray[np.integer],
    allowed: Allowed = None,
    refused: sparse.csr_matrix | None = None,
    without: tuple[str, ...] = (),
) -> ItemCandidates:
    """What the sources propose for `users`, without what each may not be shown; those in `without` propose nothing."""
    lists = {name: codes_and_scores for name, (codes_and_scores, _) in sources.lists(users, allowed).items()}
    for name in set(without) & set(lists):  # its columns stay, empty, since the ranker was fitted on them
        codes, scores = lists[name]
        lists[name] = np.full_like(codes, -1), np.full_like(scores, -np.inf)
    if refused is not None:
        pairs = _pairs(refused)
        lists = {name: (_without(codes, pairs, refused.shape[1]), scores) for name, (codes, scores) in lists.items()}
    return candidates_at(sources, users, lists)


def scores_of(ranker: Ranker | None, candidates: ItemCandidates) -> F32:
    """(R,) scores; without a ranker those of ALS, NaN where ALS does not propose the item."""
    if ranker is None:
        return candidates.features[:, candidates.names.index("als.score")]
    return ranker.predict(candidates).astype(np.float32)


def _pairs(refused: sparse.csr_matrix) -> I64:
    """user * I + item of each entry of `refused` (n, I), ascending."""
    row = np.repeat(np.arange(refused.shape[0], dtype=np.int64), np.diff(refused.indptr))
    return np.sort(row * refused.shape[1] + refused.indices)


def _without(codes: I32, pairs: I64, n_items: int) -> I32:
    """The lists (n, K) with -1 where `pairs` holds the user and item; the other places stay."""
    if not len(pairs):
        return codes
    listed_pairs = np.arange(len(codes))[:, None] * n_items + codes.astype(np.int64)
    nearest = np.minimum(np.searchsorted(pairs, listed_pairs), len(pairs) - 1)
    return np.where((pairs[nearest] == listed_pairs) & (codes >= 0), np.int32(-1), codes)


def _rows(candidates: ItemCandidates, codes: I32, n_items: int) -> I64:
    """The rows of the listed items in `candidates`, list by list."""
    row, place = np.nonzero(codes >= 0)
    keys = candidates.user.astype(np.int64) * n_items + candidates.item
    return np.searchsorted(keys, row * np.int64(n_items) + codes[row, place])


def _parts(
    ranker: Ranker | None, candidates: ItemCandidates, chosen: I64, score: F32
) -> tuple[tuple[str, ...], NDArray[np.floating]]:
    if ranker is None:
        return ("als",), score[chosen, None]
    return ranker.contributions(candidates.of_rows(chosen))


def _source(candidates: ItemCandidates, chosen: I64) -> tuple[tuple[str, ...], I32]:
    """(names, number of the source of each row): the one that lists the item highest.

    Raises ValueError for a source that SOURCE_NAMES lacks.
    """
    proposing = {name.partition(".")[0] for name in candidates.names if name.endswith(".rank")}
    if unnamed := sorted(proposing - set(SOURCE_NAMES)):
        raise ValueError(f"SOURCE_NAMES lacks {', '.join(unnamed)}: give each its place among the others")
    names = tuple(name for name in SOURCE_NAMES if name in proposing)
    ranks = candidates.features[chosen][:, [candidates.names.index(f"{name}.rank") for name in names]]
    return names, np.argmin(np.where(np.isnan(ranks), np.inf, ranks), axis=1).astype(np.int32)


def _spread(values: NDArray[Any], codes: I32, empty: int) -> NDArray[Any]:
    """Values (R, ...) of the listed items, put in their places of the lists (n, k, ...); `empty` in the others."""
    spread = np.full((*codes.shape, *values.shape[1:]), empty, values.dtype)
    spread[codes >= 0] = values
    return spread

"""Business rules after the ranker: caps by brand and category, maximal marginal relevance, exposure for the tail.

They take ranked lists longer than what is shown (codes (U, M), best first, -1 empty) and return the first k. Each rule
costs some ndcg, which the bench prints.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.core.top_k import F32, I32
from models.ranking.diversity_config import DiversityConfig

BLOCK_BYTES = 64 * 2**20  # of gathered vectors at once


def diversify(
    config: DiversityConfig,
    codes: I32,
    scores: F32,
    k: int,
    category: I32 | None = None,
    brand: I32 | None = None,
    vectors: F32 | None = None,
    tail: NDArray[np.bool_] | None = None,
) -> tuple[I32, F32]:
    """Lists (U, k) under the settings: the bonus of the tail, then MMR, then the caps, so that nothing undoes them.

    codes, scores (U, M), M >= k; category and brand (I,) codes, -1 for none; vectors (I, D); tail (I,) whether an item
    is among the less popular half. Where a cap leaves fewer than k items, the empty places are -1 and -inf. Raises
    ValueError if a rule is on and what it needs is missing.
    """
    for on, needed, message in (
        (config.most_per_category, category, "most_per_category needs each item's category"),
        (config.most_per_brand, brand, "most_per_brand needs each item's brand"),
        (config.mmr < 1, vectors, "mmr needs each item's vector"),
        (config.tail_bonus, tail, "tail_bonus needs each item's popularity"),
    ):
        if on and needed is None:
            raise ValueError(message)
    if not 1 <= k <= codes.shape[1]:
        raise ValueError(f"k={k} is not in 1..{codes.shape[1]}, the length of the lists")
    worth = scores
    if config.tail_bonus and tail is not None:
        codes, scores, worth = lift_tail(codes, scores, tail, config.tail_bonus)
    if config.mmr < 1 and vectors is not None:
        chosen = _mmr_order(codes, worth, vectors, config.mmr, codes.shape[1])
        codes, scores = np.take_along_axis(codes, chosen, axis=1), np.take_along_axis(scores, chosen, axis=1)
    for most, group in ((config.most_per_category, category), (config.most_per_brand, brand)):
        if most and group is not None:
            codes, scores = cap(codes, scores, group, most)
    return codes[:, :k], scores[:, :k]


def lift_tail(codes: I32, scores: F32, tail: NDArray[np.bool_], bonus: float) -> tuple[I32, F32, F32]:
    """Codes, scores and worth (U, M) of the lists by worth: the score, scaled to 0..1 in its list, plus `bonus` for an
    item of the tail (I,).

    Ties go to the item that stood higher; an empty place comes after every item. The scores are the old ones, so they
    need not fall (after Abdollahpouri et al. 2019, "Managing Popularity Bias in Recommender Systems with Personalized
    Re-Ranking", with one bonus for all users).
    """
    worth = (_scaled(codes, scores) + bonus * tail[codes]).astype(np.float32)
    worth = np.where(codes >= 0, worth, np.float32(-np.inf))
    order = np.argsort(-worth, axis=1, kind="stable")
    by_worth = (np.take_along_axis(part, order, axis=1) for part in (codes, scores, worth))
    return tuple(by_worth)  # type: ignore[return-value]


def _scaled(codes: I32, scores: F32) -> NDArray[np.floating]:
    """The scores of each list (U, M) as 0..1 between its lowest and its highest; 0 in empty places."""
    is_item = codes >= 0
    low = np.where(is_item, scores, np.inf).min(axis=1, keepdims=True)
    high = np.where(is_item, scores, -np.inf).max(axis=1, keepdims=True)
    spread = np.where(high > low, high - low, 1)
    with np.errstate(invalid="ignore"):
        return np.where(is_item, (scores - low) / spread, 0)


def cap(codes: I32, scores: F32, group: I32, most: int) -> tuple[I32, F32]:
    """The lists (U, M) with at most `most` items of each group (I,), the first ones; group -1 has no cap.

    Later items move up; the emptied places at the end are -1 and -inf.
    """
    groups = np.where(codes < 0, -1, group[codes]).astype(np.int64)
    width = codes.shape[1]
    groups = np.where(groups < 0, -1 - np.arange(width), groups)  # an item without a group is a group of its own
    order = np.argsort(groups, axis=1, kind="stable")
    ordered = np.take_along_axis(groups, order, axis=1)
    place = np.broadcast_to(np.arange(width), ordered.shape)
    starts = np.where(np.diff(ordered, axis=1, prepend=np.iinfo(np.int64).min) != 0, place, 0)
    nth = np.empty_like(order)
    np.put_along_axis(nth, order, place - np.maximum.accumulate(starts, axis=1), axis=1)
    stays = (nth < most) & (codes >= 0)
    stays_first = np.argsort(~stays, axis=1, kind="stable")
    stays = np.take_along_axis(stays, stays_first, axis=1)
    codes, scores = np.take_along_axis(codes, stays_first, axis=1), np.take_along_axis(scores, stays_first, axis=1)
    return np.where(stays, codes, -1).astype(np.int32), np.where(stays, scores, -np.inf).astype(np.float32)


def mmr(codes: I32, scores: F32, vectors: F32, relevance: float, k: int) -> tuple[I32, F32]:
    """Maximal marginal relevance (Carbonell and Goldstein 1998): the next item is the one with the most
    relevance * score - (1 - relevance) * (largest cosine to the items above it); ties go to the item that stood higher.

    Each list's scores are scaled to 0..1 first, since a ranker's scores have no unit. Returns codes and scores (U, k)
    of the new order; the scores are the old ones, so they need not fall. An item with a zero vector has cosine 0 to
    all.
    """
    chosen = _mmr_order(codes, scores, vectors, relevance, k)
    return np.take_along_axis(codes, chosen, axis=1), np.take_along_axis(scores, chosen, axis=1)


def _mmr_order(codes: I32, scores: F32, vectors: F32, relevance: float, k: int) -> NDArray[np.int64]:
    """(U, k): the old places of the items, in the new order."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = (vectors / np.where(length > 0, length, 1)).astype(np.float32)
    rows = max(1, BLOCK_BYTES // (codes.shape[1] * vectors.shape[1] * 4))
    blocks = [
        _mmr_block(codes[low : low + rows], scores[low : low + rows], unit, relevance, k)
        for low in range(0, len(codes), rows)
    ]
    return np.concatenate(blocks) if blocks else np.empty((0, k), np.int64)


def _mmr_block(codes: I32, scores: F32, unit: F32, relevance: float, k: int) -> NDArray[np.int64]:
    """(B, k): the old places of the items, in the new order."""
    worth = _scaled(codes, scores) * relevance
    penalty = np.where(codes >= 0, 0.0, -1e6)  # an empty place comes after every item
    likeness = np.zeros(codes.shape)
    vectors = unit[np.maximum(codes, 0)]  # (B, M, D)
    chosen = np.empty((len(codes), k), np.int64)
    row = np.arange(len(codes))
    for place in range(k):
        best = np.argmax(worth - (1 - relevance) * likeness + penalty, axis=1)
        chosen[:, place] = best
        penalty[row, best] = -np.inf
        nearness = np.einsum("bmd,bd->bm", vectors, vectors[row, best])
        likeness = nearness if place == 0 else np.maximum(likeness, nearness)
    return chosen

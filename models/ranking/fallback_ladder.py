"""Fills short lists from a ladder of fallbacks, and finds the item of a user's history that explains each place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

I32 = NDArray[np.int32]
F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Rung:
    """One fallback: item codes (m,), best first, their scores, and the level that the published row shows."""

    codes: I32
    scores: F32
    level: int


@dataclass(frozen=True)
class FilledLists:
    """Lists of U users: codes, scores and fallback levels, all (U, K), best first; code -1 where nothing was left."""

    codes: I32
    scores: F32
    levels: I32


def fill(codes: I32, scores: F32, refused: sparse.csr_matrix, ladders: list[list[Rung]], last: Rung) -> FilledLists:
    """Fills the empty places (-1) of lists by own history from each user's ladder, top rung first.

    codes, scores (U, K): own history, level 0. refused (U, I): what a user may not be shown. ladders: U lists of rungs
    (the same object for users who share it). Where a ladder runs out, `last` (items in the order of last resort) fills
    the list: first what is not refused, then what is. Only a catalogue smaller than K leaves -1. No item is listed
    twice.
    """
    codes, scores = codes.copy(), scores.copy()
    levels = np.zeros(codes.shape, np.int32)
    shared: dict[int, tuple[I32, F32, I32]] = {}  # what users without listed or refused items get, by ladder
    for user in np.flatnonzero((codes < 0).any(axis=1)):
        ladder = ladders[user]
        already_listed = codes[user][codes[user] >= 0]
        refused_items = refused.indices[refused.indptr[user] : refused.indptr[user + 1]]
        if not len(already_listed) and not len(refused_items):
            if id(ladder) not in shared:
                shared[id(ladder)] = _descend(already_listed, refused_items, ladder, last, codes.shape[1])
            filling = shared[id(ladder)]
        else:
            filling = _descend(already_listed, refused_items, ladder, last, codes.shape[1] - len(already_listed))
        place = slice(len(already_listed), len(already_listed) + len(filling[0]))
        codes[user, place], scores[user, place], levels[user, place] = filling
    return FilledLists(codes, scores, levels)


def _descend(
    already_listed: I32, refused_items: I32, ladder: list[Rung], last: Rung, places: int
) -> tuple[I32, F32, I32]:
    """The first `places` items of the ladder and of `last`, neither listed nor refused; then refused ones of `last`."""
    chosen: list[Rung] = []
    listed, missing = already_listed, places
    for rung, refused in [*((r, refused_items) for r in (*ladder, last)), (last, refused_items[:0])]:
        if not missing:
            break
        free = np.flatnonzero(~np.isin(rung.codes, listed) & ~np.isin(rung.codes, refused))[:missing]
        chosen.append(Rung(rung.codes[free], rung.scores[free], rung.level))
        listed, missing = np.concatenate([listed, rung.codes[free]]), missing - len(free)
    levels = [np.full(len(r.codes), r.level, np.int32) for r in chosen]
    return np.concatenate([r.codes for r in chosen]), np.concatenate([r.scores for r in chosen]), np.concatenate(levels)


def because(history: sparse.csr_matrix, item_factors: F32, codes: I32) -> I32:
    """For each place, the item of the user's history nearest by cosine to the listed item; -1 where there is none.

    codes (U, K), -1 where a place is empty; history (U, I) CSR, few entries a row; item_factors (I, D), any length.
    """
    longest = int(np.diff(history.indptr).max(initial=0))
    if not longest or not codes.size:
        return np.full(codes.shape, -1, np.int32)
    used = np.unique(np.concatenate([history.indices, codes[codes >= 0]]))  # few of the catalogue's items
    length = np.linalg.norm(item_factors[used], axis=1, keepdims=True)
    unit = item_factors[used] / np.where(length > 0, length, 1)
    padded = np.full((len(codes), longest), -1, np.int32)
    row = np.repeat(np.arange(len(codes)), np.diff(history.indptr))
    padded[row, np.arange(len(row)) - history.indptr[row]] = history.indices
    cosine = np.einsum("uhd,ukd->ukh", *(unit[np.searchsorted(used, part)] for part in (padded, codes)), optimize=True)
    cosine[np.broadcast_to((padded < 0)[:, None, :], cosine.shape)] = -np.inf
    cosine[padded[:, None, :] == codes[:, :, None]] = -np.inf  # an item does not explain itself
    nearest = cosine.argmax(axis=2)
    item = np.take_along_axis(padded, nearest, axis=1).astype(np.int32)
    best = np.take_along_axis(cosine, nearest[:, :, None], axis=2)[:, :, 0]
    return np.where((codes >= 0) & np.isfinite(best), item, -1).astype(np.int32)

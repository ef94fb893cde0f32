"""Lists by the users' own history as arrays, and what puts an item at a place of its own: each edit returns new lists.

An arm of an experiment may ask for one source's best item at the first place; chance may fill one place; new items get
the last places of the k. All three go through `place`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa

from jobs.lists.arms import Explored
from models.experiments.analysis import places as chances
from models.ranking.exploration import best_by_source, draw
from models.ranking.ranked_lists import Ranked

_PARTS = 3  # of a score that a row tells


@dataclass(frozen=True)
class OwnLists:
    """Lists of n users by their own history, best first, each array (n, places).

    codes int32: of the items, -1 where the list has ended; scores float32; source: names; parts: what moved the score,
    in words; chance: the probability by which chance chose the source, 1 where nothing was left to chance.
    """

    codes: np.ndarray
    scores: np.ndarray
    source: np.ndarray
    parts: np.ndarray
    chance: np.ndarray

    @classmethod
    def empty(cls, n: int, places: int) -> OwnLists:
        words, codes = np.full((n, places), "", object), np.full((n, places), -1, np.int32)
        return cls(codes, np.zeros((n, places), np.float32), words, words.copy(), np.ones((n, places)))

    @classmethod
    def of(cls, ranked: Ranked) -> OwnLists:
        return cls(
            codes=ranked.codes,
            scores=np.where(ranked.codes >= 0, ranked.scores, 0),
            source=np.array([*ranked.sources, ""], object)[ranked.source],
            parts=_in_words(ranked),
            chance=np.ones(ranked.codes.shape),
        )

    def spread(self, rows: np.ndarray, n: int) -> OwnLists:
        """Lists of n users: these at `rows`, the others empty."""
        spread = OwnLists.empty(n, self.codes.shape[1])
        for field in fields(OwnLists):
            getattr(spread, field.name)[rows] = getattr(self, field.name)
        return spread


def place(lists: OwnLists, items: OwnLists, at: int) -> OwnLists:
    """The lists (n, places) with `items` (n, m) at the places from `at` (from 0) on, or behind a list that is shorter.

    What stood there moves down. An item that stood in the list already leaves its old place to what stood below it.
    Where `items` has code -1 nothing is placed.
    """
    n, places = lists.codes.shape
    m = items.codes.shape[1]
    comes = items.codes >= 0
    leaves = ((lists.codes[:, :, None] == items.codes[:, None, :]) & comes[:, None, :]).any(axis=2)
    stays = (lists.codes >= 0) & ~leaves
    position = np.cumsum(stays, axis=1) - 1
    begin = np.minimum(at, stays.sum(axis=1, keepdims=True))
    behind = places + m
    stand_at = np.where(stays, np.where(position < begin, position, position + m), behind)
    come_at = np.where(comes, begin + np.arange(m), behind)
    keys = np.hstack([stand_at, come_at])
    order = np.argsort(keys, axis=1, kind="stable")[:, :places]
    filled = np.take_along_axis(keys, order, axis=1) < behind
    empty = OwnLists.empty(n, places)

    def placed(name: str) -> np.ndarray:
        both = np.hstack([getattr(lists, name), getattr(items, name)])
        return np.where(filled, np.take_along_axis(both, order, axis=1), getattr(empty, name))

    return OwnLists(*(placed(field.name) for field in fields(OwnLists)))


def put_first(lists: OwnLists, ranked: Ranked, source: str, n_items: int) -> OwnLists:
    """The best item of `source` at the first place of each user for whom it has one."""
    best = best_by_source(ranked.candidates, (source,), lists.codes[:, :0], n_items)
    return place(lists, _listed_or_new(lists, best, np.full(best.shape, source, object), np.ones(best.shape)), 0)


def explore(lists: OwnLists, user_ids: pa.Array, ranked: Ranked, explored: Explored, at: int, n_items: int) -> OwnLists:
    """Fills place `at` (from 0) of each of the users (n,), or the end of a shorter list, from a source drawn by chance.

    The draw is among the sources that have an item for the user which does not stand above.
    """
    names = tuple(explored.shares)
    best = best_by_source(ranked.candidates, names, lists.codes[:, :at], n_items)
    chance = chances(user_ids.to_pylist(), "explored place", explored.salt)
    drawn, probability = draw(np.array(list(explored.shares.values())), best >= 0, chance)
    codes = np.where(drawn >= 0, best[np.arange(len(drawn)), drawn], -1).astype(np.int32)
    source = np.array([*names, ""], object)[drawn]
    return place(lists, _listed_or_new(lists, codes[:, None], source[:, None], probability[:, None]), at)


def add_new_items(lists: OwnLists, new: tuple[np.ndarray, np.ndarray], at: int) -> OwnLists:
    """New items, (codes, scores) each (n, m), at the places from `at` on."""
    codes, scores = new
    words = np.array([f"als {score:+.2f}" for score in scores.ravel().tolist()], object).reshape(scores.shape)
    source = np.full(codes.shape, "new_item", object)
    return place(lists, OwnLists(codes, np.where(codes >= 0, scores, 0), source, words, np.ones(codes.shape)), at)


def _listed_or_new(lists: OwnLists, codes: np.ndarray, source: np.ndarray, chance: np.ndarray) -> OwnLists:
    """Items (n, 1) to be placed, with the score and words that they have in `lists`; 0 and '' for those not in it."""
    same = (lists.codes == codes) & (codes >= 0)
    column, listed = same.argmax(axis=1)[:, None], same.any(axis=1, keepdims=True)
    scores = np.where(listed, np.take_along_axis(lists.scores, column, axis=1), np.float32(0))
    words = np.where(listed, np.take_along_axis(lists.parts, column, axis=1), "")
    return OwnLists(codes, scores, source, words, chance)


def _in_words(ranked: Ranked) -> np.ndarray:
    """The parts of each score (n, places) that move it most, such as 'own +1.20; item -0.31'; '' in empty places."""
    words = np.full(ranked.codes.shape, "", object)
    row, column = np.nonzero(ranked.codes >= 0)
    parts = ranked.parts[row, column]
    named = parts[:, : len(ranked.groups) - ("base" in ranked.groups)]
    largest = np.argsort(-np.abs(named), axis=1, kind="stable")[:, :_PARTS]
    amounts = np.take_along_axis(named, largest, axis=1)
    words[row, column] = [
        "; ".join(f"{ranked.groups[group]} {amount:+.2f}" for group, amount in zip(groups, some, strict=True))
        for groups, some in zip(largest.tolist(), amounts.tolist(), strict=True)
    ]
    return words

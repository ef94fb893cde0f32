"""Lists by the users' own history, as arrays, and edits that put items at given places. Each edit returns new lists.

An arm of an experiment may want one source's best item at the first place. A random draw may fill one place. New items
get the last of the k places. All three edits use `place`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa

from jobs.lists.arms import Explored
from models.experiments.assignment import places as chances
from models.ranking.exploration import best_by_source, draw
from models.ranking.ranked_lists import Ranked

_PARTS = 3  # parts of a score that a row names


@dataclass(frozen=True)
class OwnLists:
    """Lists of n users by their own history, best first, each array (n, places).

    codes int32: of the items, -1 after the end of a list. scores float32. source: names. parts: what moved the score,
    in words. chance: the probability with which the source was drawn, 1 where nothing was random.
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
        """Lists of n users: these lists at `rows`, empty lists at all other rows."""
        spread = OwnLists.empty(n, self.codes.shape[1])
        for field in fields(OwnLists):
            getattr(spread, field.name)[rows] = getattr(self, field.name)
        return spread


def place(lists: OwnLists, items: OwnLists, start: int) -> OwnLists:
    """The lists (n, places) with `items` (n, m) put in from place `start` (from 0), or at the end of a shorter list.

    Items from `start` on move down. If an item was in the list already, its old place closes up. A code -1 in `items`
    puts in nothing.
    """
    n, places = lists.codes.shape
    n_placed = items.codes.shape[1]
    is_placed = items.codes >= 0
    is_moved = ((lists.codes[:, :, None] == items.codes[:, None, :]) & is_placed[:, None, :]).any(axis=2)
    is_kept = (lists.codes >= 0) & ~is_moved
    position = np.cumsum(is_kept, axis=1) - 1
    first_place = np.minimum(start, is_kept.sum(axis=1, keepdims=True))
    dropped = places + n_placed
    kept_places = np.where(is_kept, np.where(position < first_place, position, position + n_placed), dropped)
    item_places = np.where(is_placed, first_place + np.arange(n_placed), dropped)
    keys = np.hstack([kept_places, item_places])
    order = np.argsort(keys, axis=1, kind="stable")[:, :places]
    filled = np.take_along_axis(keys, order, axis=1) < dropped
    empty = OwnLists.empty(n, places)

    def placed(name: str) -> np.ndarray:
        joined = np.hstack([getattr(lists, name), getattr(items, name)])
        return np.where(filled, np.take_along_axis(joined, order, axis=1), getattr(empty, name))

    return OwnLists(*(placed(field.name) for field in fields(OwnLists)))


def put_first(lists: OwnLists, ranked: Ranked, source: str, n_items: int) -> OwnLists:
    """The best item of `source` at the first place of each user for whom it has one."""
    best = best_by_source(ranked.candidates, (source,), lists.codes[:, :0], n_items)
    return place(lists, _listed_or_new(lists, best, np.full(best.shape, source, object), np.ones(best.shape)), 0)


def explore(
    lists: OwnLists, user_ids: pa.Array, ranked: Ranked, explored: Explored, explored_place: int, n_items: int
) -> OwnLists:
    """Fills `explored_place` (from 0) of each user (n,), or the end of a shorter list, from a randomly drawn source.

    The draw is among the sources that have an item for the user which is not at a better place already.
    """
    names = tuple(explored.shares)
    best = best_by_source(ranked.candidates, names, lists.codes[:, :explored_place], n_items)
    chance = chances(user_ids.to_pylist(), "explored place", explored.salt)
    drawn, probability = draw(np.array(list(explored.shares.values())), best >= 0, chance)
    codes = np.where(drawn >= 0, best[np.arange(len(drawn)), drawn], -1).astype(np.int32)
    source = np.array([*names, ""], object)[drawn]
    return place(lists, _listed_or_new(lists, codes[:, None], source[:, None], probability[:, None]), explored_place)


def add_new_items(lists: OwnLists, new_items: tuple[np.ndarray, np.ndarray], first_place: int) -> OwnLists:
    """Puts new items, (codes, scores) each (n, m), in from `first_place`."""
    codes, scores = new_items
    words = np.array([f"als {score:+.2f}" for score in scores.ravel().tolist()], object).reshape(scores.shape)
    source = np.full(codes.shape, "new_item", object)
    return place(
        lists, OwnLists(codes, np.where(codes >= 0, scores, 0), source, words, np.ones(codes.shape)), first_place
    )


def _listed_or_new(lists: OwnLists, codes: np.ndarray, source: np.ndarray, chance: np.ndarray) -> OwnLists:
    """Items (n, 1) to put in, with their scores and words in `lists`; 0 and '' for items that are not in them."""
    same = (lists.codes == codes) & (codes >= 0)
    column, listed = same.argmax(axis=1)[:, None], same.any(axis=1, keepdims=True)
    scores = np.where(listed, np.take_along_axis(lists.scores, column, axis=1), np.float32(0))
    words = np.where(listed, np.take_along_axis(lists.parts, column, axis=1), "")
    return OwnLists(codes, scores, source, words, chance)


def _in_words(ranked: Ranked) -> np.ndarray:
    """The largest parts of each score (n, places), such as 'own +1.20; item -0.31'; '' in empty places."""
    words = np.full(ranked.codes.shape, "", object)
    row, column = np.nonzero(ranked.codes >= 0)
    parts = ranked.parts[row, column]
    named = parts[:, : len(ranked.groups) - ("base" in ranked.groups)]
    largest = np.argsort(-np.abs(named), axis=1, kind="stable")[:, :_PARTS]
    amounts = np.take_along_axis(named, largest, axis=1)
    words[row, column] = [
        "; ".join(f"{ranked.groups[group]} {amount:+.2f}" for group, amount in zip(groups, group_amounts, strict=True))
        for groups, group_amounts in zip(largest.tolist(), amounts.tolist(), strict=True)
    ]
    return words

"""The ranker's input: one row for each (user, item) that a source proposes, with features from before `now`.

Features are named `group.what`. The group (a source, or own, user, item, price, affinity) is what an explanation
shows. Times are in days. NaN means unknown: LightGBM learns for each split which branch NaN takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.core.top_k import F32, I32
from models.ranking.candidate_features import Interest, events_of, fill, names_of, union
from models.ranking.candidate_features import Lists as ListsOfAll
from models.ranking.candidate_sources import Lists, Sources, refuse_order


@dataclass(frozen=True)
class ItemCandidates:
    """Rows sorted by user, then item: row number of the user 0..n_users-1 (R,), item code (R,), features (R, F).

    Raises ValueError if shapes disagree, rows are not sorted, a pair comes twice, or a feature is infinite.
    """

    user: I32
    item: I32
    features: F32
    names: tuple[str, ...]
    n_users: int

    def __post_init__(self) -> None:
        if not (self.features.shape == (len(self.user), len(self.names)) and len(self.user) == len(self.item)):
            raise ValueError(
                f"{len(self.user)} users, {len(self.item)} items, features {self.features.shape}, "
                f"{len(self.names)} names do not fit together"
            )
        if len(self.user) and not (self.user.min() >= 0 and self.user.max() < self.n_users):
            raise ValueError(f"user rows span {self.user.min()}..{self.user.max()}, allowed 0..{self.n_users - 1}")
        ascends = (np.diff(self.user) > 0) | ((np.diff(self.user) == 0) & (np.diff(self.item) > 0))
        if not ascends.all():
            raise ValueError(f"rows must be sorted by user and item, each pair once; row {ascends.argmin() + 1} is not")
        if np.isinf(self.features).any():
            column = self.names[int(np.isinf(self.features).any(axis=0).argmax())]
            raise ValueError(f"feature {column!r} is infinite somewhere; unknown is NaN")

    def __len__(self) -> int:
        return len(self.user)

    def of_users(self, chosen: NDArray[np.bool_]) -> ItemCandidates:
        """The rows of the `chosen` users (n_users,) bool, who are numbered from 0."""
        rows = chosen[self.user]
        number = (np.cumsum(chosen) - 1).astype(np.int32)
        return ItemCandidates(
            number[self.user[rows]], self.item[rows], self.features[rows], self.names, int(np.count_nonzero(chosen))
        )

    def of_rows(self, rows: NDArray[np.integer]) -> ItemCandidates:
        """The chosen rows, in any order, each as a user of its own: for functions that look at single rows."""
        number = np.arange(len(rows), dtype=np.int32)
        return ItemCandidates(number, self.item[rows], self.features[rows], self.names, len(rows))


def candidates_at(sources: Sources, users: NDArray[np.integer], lists: Mapping[str, Lists]) -> ItemCandidates:
    """The table for `users` (n,), ascending codes, each once, and the `lists` that `sources` made for them.

    Raises ValueError for users in another order.
    """
    refuse_order(users)
    codes = np.stack([codes for codes, _ in lists.values()])
    scores = np.stack([scores for _, scores in lists.values()])
    first, item = union(codes, sources.log.n_items)
    events = events_of(sources.log, sources.by_user, sources.start, users)
    interest = Interest.of(sources.long[users]), Interest.of(sources.short[users])
    features = fill(ListsOfAll(codes, scores), (first, item), events, interest, sources.facts, sources.now)
    user = np.repeat(np.arange(len(users), dtype=np.int32), np.diff(first))
    return ItemCandidates(user, item, features, names_of(tuple(lists), sources.facts), len(users))

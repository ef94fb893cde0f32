"""Every candidate source over one log, fitted at one moment: the lists that the ranker chooses from.

Half-lives and windows are told in spans (the days that the truth covers), so that a shop with a week of log and one
with a year take the same settings.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.als import ALS, ALSConfig
from models.baselines import item_item
from models.neighbours import best_of_all, bm25, covisitation, related, top_sparse, trending, user_user
from models.rebuy import Rebuy, RebuyConfig
from models.shop_log import PURCHASE, EventWeights, ShopLog
from models.top_k import F32, I32

Lists = tuple[I32, F32]
COMMON = 20


@dataclass(frozen=True)
class SourcesConfig:
    """Settings of all sources."""

    candidates: int = 60  # of each source for each user
    neighbours: int = 100  # similar items kept for each item, and similar users for each user
    long_half_life: float = 8.0  # spans; of interest
    short_half_life: float = 1.0  # spans; of what is on the user's mind, and of what is popular now
    window: float = 0.15  # spans; two events of a user this near are one visit
    trend_lift: float = 0.5
    weights: EventWeights = field(default_factory=EventWeights)
    als: ALSConfig = field(default_factory=ALSConfig)
    rebuy: RebuyConfig = field(default_factory=RebuyConfig)

    def __post_init__(self) -> None:
        if min(self.candidates, self.neighbours) < 1 or not 0 < self.short_half_life < self.long_half_life:
            raise ValueError(
                f"candidates and neighbours must be 1 or more and short_half_life above 0 and below long_half_life: "
                f"saw {self.candidates}, {self.neighbours}, {self.short_half_life}, {self.long_half_life}"
            )


class Sources:
    """What all sources share at one moment: `log` before `now` (without returned purchases), and its interest."""

    def __init__(self, config: SourcesConfig, log: ShopLog, now: float, span: float) -> None:
        """Raises ValueError if the log is empty, holds returns or an event after `now`, or span is not above 0."""
        if not len(log) or not span > 0:
            raise ValueError(f"sources need events and a span above 0, got {len(log):,} events and span {span}")
        self.config, self.log, self.now, self.span = config, log, now, span
        self.long = log.interest(config.weights, config.long_half_life * span, now)
        self.short = log.interest(config.weights, config.short_half_life * span, now)
        self.k = min(config.candidates, log.n_items)
        # The strongest kind of event alone: what was bought, not looked at.
        self.bought = log.where(log.kind == (PURCHASE if (log.kind == PURCHASE).any() else log.kind.max()))
        self.rebuy = Rebuy.fit(
            config.rebuy, self.bought.user, self.bought.item, self.bought.time, (log.n_users, log.n_items)
        )

    @functools.cached_property
    def factors(self) -> ALS:
        """ALS of the long interest; its item factors also say which items are alike."""
        return fit_als(self.config.als, self.long)

    def lists(self, users: NDArray[np.integer]) -> dict[str, tuple[Lists, float]]:
        """Name -> ((codes, scores) each (n, K), seconds) for each of `users` (n,)."""
        makers: dict[str, Callable[[NDArray[np.integer]], Lists]] = {
            "popularity": self.popularity,
            "trending": self.trending,
            "als": self.als,
            "item_item": self.item_item,
            "item_item_bm25": self.item_item_bm25,
            "user_user": self.user_user,
            "covisitation": self.covisitation,
            "buy_again": self.buy_again,
            "own": self.own,
        }
        if self.log.attributes:
            makers["content"] = self.content
        found = {}
        for name, make in makers.items():
            started = time.perf_counter()
            lists = make(users)
            found[name] = lists, time.perf_counter() - started
        return found

    def popularity(self, users: NDArray[np.integer]) -> Lists:
        return best_of_all(np.asarray(self.long.sum(axis=0), np.float32).reshape(-1), len(users), self.k)

    def trending(self, users: NDArray[np.integer]) -> Lists:
        return best_of_all(self.trend(), len(users), self.k)

    def trend(self) -> F32:
        """(I,) `neighbours.trending` over all events, weighted."""
        weight = self.config.weights.by_kind()[self.log.kind].astype(np.float32)
        short, long = self.config.short_half_life * self.span, self.config.long_half_life * self.span
        return trending(
            self.log.item, weight, self.log.time, self.log.n_items,
            now=self.now, short=short, long=long, lift_power=self.config.trend_lift,
        )  # fmt: skip

    def als(self, users: NDArray[np.integer]) -> Lists:
        touched = np.asarray(self.long.sum(axis=0)).reshape(-1) > 0
        codes, scores = self.factors.recommend(users, self.k, None, touched)
        return np.where(scores > 0, codes, -1), np.where(scores > 0, scores, np.float32(-np.inf))

    def item_item(self, users: NDArray[np.integer]) -> Lists:
        nearest = item_item(self.long, self.config.neighbours, self.config.als.threads)
        return related(self.long[users], nearest, self.k)

    def item_item_bm25(self, users: NDArray[np.integer]) -> Lists:
        nearest = item_item(bm25(self.long), self.config.neighbours, self.config.als.threads)
        return related(self.long[users], nearest, self.k)

    def user_user(self, users: NDArray[np.integer]) -> Lists:
        return user_user(bm25(self.long), users, self.config.neighbours, self.k)

    def covisitation(self, users: NDArray[np.integer]) -> Lists:
        return related(self.short[users], self.visited_together(self.config.weights), self.k)

    def visited_together(self, weights: EventWeights) -> sparse.csr_matrix:
        weight = (weights.by_kind() / weights.purchase)[self.log.kind].astype(np.float32)
        return covisitation(
            self.log.user, self.log.item, weight, self.log.time, self.log.n_items,
            now=self.now, window=self.config.window * self.span,
            half_life=self.config.long_half_life * self.span, neighbours=self.config.neighbours,
        )  # fmt: skip

    def buy_again(self, users: NDArray[np.integer]) -> Lists:
        return self.rebuy.recommend(users, self.now, self.k)

    def own(self, users: NDArray[np.integer]) -> Lists:
        """Whatever the user touched of late, bought or not."""
        return top_sparse(self.short[users], self.k)

    def content(self, users: NDArray[np.integer]) -> Lists:
        """Items that share attributes with the user's, rare ones more; popular ones first among equals."""
        described = described_items(self.log.attributes)
        profile = self.long[users] @ described
        weight = np.asarray(self.short.sum(axis=0)).reshape(-1)
        likely = sparse.diags_array(np.log1p(weight).astype(np.float32))
        return related(profile, (likely @ described).T.tocsr(), self.k)


def fit_als(config: ALSConfig, interest: sparse.csr_matrix) -> ALS:
    """ALS with codes for ids."""
    users, items = (np.array([f"{code:09d}" for code in range(count)]) for count in interest.shape)
    return ALS.fit(config, interest, users, items)


def described_items(attributes: dict[str, I32]) -> sparse.csr_matrix:
    """(I, A) unit rows: 1 for each attribute value that an item has, times log(I / items with it); zeros where none."""
    blocks = []
    for codes in attributes.values():
        at = np.flatnonzero(codes >= 0)
        values, column = np.unique(codes[at], return_inverse=True)
        holders = np.bincount(column, minlength=len(values))
        # A value that more than one item in 20 has tells little, and would relate everything to everything.
        rarity = np.where(holders * COMMON <= len(codes), np.log(len(codes) / holders), 0.0)
        shape = (len(codes), max(len(values), 1))
        block = sparse.csr_matrix((rarity[column].astype(np.float32), (at, column)), shape=shape)
        block.eliminate_zeros()
        blocks.append(block)
    rows = sparse.csr_matrix(sparse.hstack(blocks))
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).reshape(-1))
    return sparse.csr_matrix(sparse.diags_array(1 / np.where(length > 0, length, 1)) @ rows).astype(np.float32)

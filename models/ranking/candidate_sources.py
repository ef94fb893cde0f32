"""All candidate sources, fitted on one log at one moment: they propose the items that the ranker chooses from.

Fitting reads the whole log. `lists` and `events_of` then cost in proportion to the users asked for, so a night can go
through its users in blocks. Half-lives and windows are in spans (the days that the truth covers), so that the same
settings suit a shop with a week of log and one with a year.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.core.config import check_bounds
from models.core.item_tiles import ItemTiles
from models.core.manifest import read_manifest, write_manifest
from models.core.mapped_arrays import read_arrays, write_arrays
from models.core.shop_log import PURCHASE, EventWeights, ShopLog
from models.core.top_k import F32, I32, top_k
from models.ranking.candidate_features import ItemFacts, names_of
from models.ranking.item_features import Items, described_items, item_features, items_by_value, last_prices
from models.recommenders.als import ALS, ALSConfig
from models.recommenders.baselines import item_item
from models.recommenders.buy_again import Rebuy, RebuyConfig
from models.recommenders.neighbours import (
    UserNeighbours,
    best_of_all,
    bm25,
    covisitation,
    related,
    top_sparse,
    trending,
)
from models.recommenders.sequence_embeddings import Encoded
from models.recommenders.sparse_lists import Allowed

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Lists = tuple[I32, F32]
Users = NDArray[np.integer]


@dataclass(frozen=True)
class SourcesConfig:
    """Settings of all sources."""

    candidates: int = field(default=60, metadata={"doc": "candidates of each source for each user", "least": 1})
    neighbours: int = field(
        default=100, metadata={"doc": "similar items kept for each item, and similar users for each user", "least": 1}
    )
    long_half_life: float = field(default=8.0, metadata={"doc": "half-life of interest, in spans", "above": 0})
    short_half_life: float = field(
        default=1.0,
        metadata={"doc": "half-life, in spans, of what is on the user's mind, and of what is popular now", "above": 0},
    )
    window: float = field(default=0.15, metadata={"doc": "in spans; two events of a user this close are one visit"})
    trend_lift: float = 0.5
    weights: EventWeights = field(default_factory=EventWeights)
    als: ALSConfig = field(default_factory=ALSConfig)
    rebuy: RebuyConfig = field(default_factory=RebuyConfig)

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.short_half_life >= self.long_half_life:
            raise ValueError(
                f"short_half_life must be below long_half_life, not {self.short_half_life} and {self.long_half_life}"
            )


@dataclass(frozen=True)
class Sources:
    """The sources fitted at `now` (days) on the `log` before it, from which returned purchases have been removed.

    by_user (N,), start (U + 1,): `events_by_user`. long, short (U, I): interest of two half-lives.
    user_factors (U, D), item_factors (I, D): ALS of the long interest.
    cosine, cosine_bm25, visited (I, I): similar items. alike: similar users. due (U, I): `Rebuy.due`.
    popular, trend, gap (days), last_price (log): (I,). items: feature -> (I,), `item_features`.
    described (I, A), by_value (A, I): `described_items` and `items_by_value`; None without attributes.
    states (U, E), next_rows (I, E): `Encoded`, or None.
    new_items (M,), new_factors (M, D): see `models.ranking.new_items`. seconds: source -> how long its fit took.
    """

    config: SourcesConfig
    now: float
    span: float
    log: ShopLog
    by_user: I64
    start: I64
    long: sparse.csr_matrix
    short: sparse.csr_matrix
    user_factors: F32
    item_factors: F32
    cosine: sparse.csr_matrix
    cosine_bm25: sparse.csr_matrix
    visited: sparse.csr_matrix
    alike: UserNeighbours
    due: sparse.csr_matrix
    popular: F32
    trend: F32
    gap: F64
    last_price: F64
    items: Items
    described: sparse.csr_matrix | None
    by_value: sparse.csr_matrix | None
    states: F32 | None = None
    next_rows: F32 | None = None
    new_items: I32 = field(default_factory=lambda: np.zeros(0, np.int32))
    new_factors: F32 = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    seconds: dict[str, float] = field(default_factory=dict)

    @classmethod
    def fit(
        cls,
        config: SourcesConfig,
        log: ShopLog,
        now: float,
        span: float,
        factors: tuple[F32, F32] | None = None,
        encoded: Encoded | None = None,
    ) -> Sources:
        """Fits all sources on `log`.

        factors: (U, D), (I, D) of an ALS model; without them ALS is fitted here. encoded: the log as a sequence model
        encodes it; without it there is no source `lstm`.

        Raises ValueError if the log is empty, holds an event after `now`, or span is not above 0.
        """
        if not len(log) or not span > 0:
            raise ValueError(f"sources need events and a span above 0, got {len(log):,} events and span {span}")
        seconds: dict[str, float] = {}

        def timed(name: str, make: Callable[[], Any]) -> Any:
            started = time.perf_counter()
            result = make()
            seconds[name] = time.perf_counter() - started
            return result

        threads = config.als.threads
        long = log.interest(config.weights, config.long_half_life * span, now)
        short = log.interest(config.weights, config.short_half_life * span, now)
        user_factors, item_factors = factors or timed("als", lambda: _factors(config.als, long))
        rebuy = fit_rebuy(config.rebuy, log)
        by_user, start = events_by_user(log)
        described = described_items(log.attributes) if log.attributes else None
        return cls(
            config=config,
            now=now,
            span=span,
            log=log,
            by_user=by_user,
            start=start,
            long=long,
            short=short,
            user_factors=user_factors,
            item_factors=item_factors,
            cosine=timed("item_item", lambda: item_item(long, config.neighbours, threads)),
            cosine_bm25=timed("item_item_bm25", lambda: item_item(bm25(long), config.neighbours, threads)),
            visited=timed("covisitation", lambda: visited_together(config, log, now, span, config.weights)),
            alike=timed("user_user", lambda: UserNeighbours.fit(bm25(long))),
            due=timed("buy_again", lambda: rebuy.due(now)),
            popular=np.asarray(long.sum(axis=0), np.float32).reshape(-1),
            trend=timed("trending", lambda: _trend(config, log, now, span)),
            gap=rebuy.gap,
            last_price=last_prices(log),
            items=item_features(log, long, short, rebuy, now),
            described=described,
            by_value=None if described is None else timed("content", lambda: items_by_value(described, short)),
            states=None if encoded is None else encoded.states,
            next_rows=None if encoded is None else encoded.rows,
            seconds=seconds,
        )

    def new_for(self, users: Users, k: int, refused: sparse.csr_matrix) -> Lists:
        """(codes, scores) each (n, k): the new items that suit each of `users` (n,) best, without `refused` (n, I)."""
        count = min(k, len(self.new_items))
        codes, scores = np.full((len(users), k), -1, np.int32), np.full((len(users), k), -np.inf, np.float32)
        if count:
            hidden = sparse.csr_matrix(refused[:, self.new_items])
            best, score = top_k(self.user_factors[users], self.new_factors, count, hidden, threads=1)
            suits = (best >= 0) & (score > 0)
            codes[:, :count] = np.where(suits, self.new_items[np.maximum(best, 0)], -1)
            scores[:, :count] = np.where(suits, score, -np.inf)
        return codes, scores

    @property
    def k(self) -> int:
        """The length of each source's lists."""
        return min(self.config.candidates, self.log.n_items)

    def lists(self, users: Users, allowed: Allowed = None) -> dict[str, tuple[Lists, float]]:
        """Name -> ((codes, scores) each (n, K), seconds) for each of `users` (n,); names in a fixed order.

        `allowed` (I,) bool: no other item is listed.
        """
        timed_lists = {}
        for name, make in self._makers(users, allowed).items():
            started = time.perf_counter()
            lists = make()
            timed_lists[name] = lists, time.perf_counter() - started
        return timed_lists

    @property
    def features(self) -> tuple[str, ...]:
        """The features that these sources give a ranker, in the order of `candidates.candidates_at`."""
        return names_of(tuple(self._makers(np.zeros(0, np.int64), None)), self.facts)

    def _makers(self, users: Users, allowed: Allowed) -> dict[str, Callable[[], Lists]]:
        """Name -> what makes the lists of `users` when it is called; names in a fixed order."""
        n, k = len(users), self.k
        makers: dict[str, Callable[[], Lists]] = {
            "popularity": lambda: best_of_all(self.popular, n, k, allowed),
            "trending": lambda: best_of_all(self.trend, n, k, allowed),
            "als": lambda: self._als(users, allowed),
            "item_item": lambda: related(self.long[users], self.cosine, k, allowed),
            "item_item_bm25": lambda: related(self.long[users], self.cosine_bm25, k, allowed),
            "user_user": lambda: self.alike.recommend(users, self.config.neighbours, k, allowed),
            "covisitation": lambda: related(self.short[users], self.visited, k, allowed),
            "buy_again": lambda: top_sparse(self.due[users], k, allowed),
            # Whatever the user touched of late, bought or not.
            "own": lambda: top_sparse(self.short[users], k, allowed),
        }
        if self.states is not None:
            makers["lstm"] = lambda: self._lstm(users, allowed)
        if self.described is not None:
            # Items that share attributes with the user's, rare ones more; popular ones first among equals.
            makers["content"] = lambda: related(self.long[users] @ self.described, self.by_value, k, allowed)
        return makers

    def _als(self, users: Users, allowed: Allowed) -> Lists:
        tiles = self._tiles_of("als", self.item_factors, allowed)
        codes, scores = top_k(self.user_factors[users], tiles, self.k, threads=self.config.als.threads)
        return np.where(scores > 0, codes, -1), np.where(scores > 0, scores, np.float32(-np.inf))

    def _lstm(self, users: Users, allowed: Allowed) -> Lists:
        assert self.states is not None
        assert self.next_rows is not None
        # The model scores untouched items by their attributes. They are left out: at an earlier cut they could not have
        # been listed, so the ranker would learn from what no night knows.
        touched = self.popular > 0
        tiles = self._tiles_of("lstm", self.next_rows, touched if allowed is None else touched & allowed)
        states = self.states[users]
        codes, scores = top_k(states, tiles, self.k, threads=self.config.als.threads)
        listed = np.any(states, axis=1, keepdims=True) & (codes >= 0)
        return np.where(listed, codes, -1), np.where(listed, scores, np.float32(-np.inf))

    def _tiles_of(self, source: str, rows: F32, allowed: Allowed) -> ItemTiles:
        """The allowed items that the source knows, laid out once for all blocks of users."""
        key = source, None if allowed is None else np.packbits(allowed).tobytes()
        if key not in self._tiles:
            known: NDArray[np.bool_] = np.asarray(rows.any(axis=1))
            self._tiles[key] = ItemTiles.of(rows, known if allowed is None else known & allowed)
        return self._tiles[key]

    @functools.cached_property
    def _tiles(self) -> dict[tuple[str, bytes | None], ItemTiles]:
        return {}

    @functools.cached_property
    def facts(self) -> ItemFacts:
        """What the features of candidates need to know of each item."""
        attributes = self.log.attributes
        codes = np.array([*attributes.values()], np.int32).reshape(len(attributes), self.log.n_items)
        features = np.column_stack([*self.items.values()]).astype(np.float32)
        return ItemFacts(features, self.gap, self.last_price, codes, tuple(self.items), tuple(attributes))

    def knows(self, users: Users) -> NDArray[np.bool_]:
        """(n,) whether each user has events in the log, or factors."""
        return (self.start[users + 1] > self.start[users]) | self.user_factors[users].any(axis=1)

    def events_of(self, users: Users) -> ShopLog:
        """The events of `users` (n,), ascending codes, each once; they are numbered 0..n-1 in the result.

        Raises ValueError for codes in another order.
        """
        refuse_order(users)
        count = self.start[users + 1] - self.start[users]
        first = np.repeat(self.start[users] - (np.cumsum(count) - count), count)
        log = self.log.where(np.sort(self.by_user[first + np.arange(len(first))]))
        return log.of_users(users)

    def save(self, folder: str | Path) -> None:
        """Writes the arrays and manifest.json into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        log = {f"log.{name}": getattr(self.log, name) for name in LOG}
        attributes = {f"log.attribute.{name}": codes for name, codes in self.log.attributes.items()}
        own_arrays = {name: getattr(self, name) for name in ARRAYS if getattr(self, name) is not None}
        alike = {f"alike.{name}": getattr(self.alike, name) for name in UserNeighbours.PARTS}
        items = {f"items.{name}": values for name, values in self.items.items()}
        write_arrays(folder, log | attributes | own_arrays | alike | items)
        facts = {"users": self.log.n_users, "items": self.log.n_items, "now": self.now, "span": self.span}
        names = {"attributes": list(self.log.attributes), "features": list(self.items)}
        write_manifest(folder, "sources", self.config, **facts, **names)

    @classmethod
    def load(cls, folder: str | Path) -> Sources:
        """The sources that `save` wrote, their arrays mapped from the files. FileNotFoundError if nothing is there."""
        folder = Path(folder)
        config, manifest = read_manifest(folder, SourcesConfig)
        arrays = read_arrays(folder)
        log = ShopLog(
            **{name: arrays[f"log.{name}"] for name in LOG},
            n_users=manifest["users"],
            n_items=manifest["items"],
            attributes={name: arrays[f"log.attribute.{name}"] for name in manifest["attributes"]},
        )
        alike = UserNeighbours(*(arrays[f"alike.{name}"] for name in UserNeighbours.PARTS))
        items = {name: arrays[f"items.{name}"] for name in manifest["features"]}
        own_arrays: Any = {name: arrays.get(name) for name in ARRAYS}
        return cls(
            config=config, now=manifest["now"], span=manifest["span"], log=log, alike=alike, items=items, **own_arrays
        )


LOG = ("user", "item", "kind", "time", "price")
ARRAYS = (
    "by_user",
    "start",
    "long",
    "short",
    "user_factors",
    "item_factors",
    "cosine",
    "cosine_bm25",
    "visited",
    "due",
    "popular",
    "trend",
    "gap",
    "last_price",
    "described",
    "by_value",
    "states",
    "next_rows",
    "new_items",
    "new_factors",
)


def refuse_order(users: Users) -> None:
    """Raises ValueError unless `users` are ascending codes, each once."""
    if (np.diff(users) <= 0).any():
        raise ValueError("users must be ascending codes, each once")


def events_by_user(log: ShopLog) -> tuple[I64, I64]:
    """(by_user (N,), start (U + 1,)): the events of user u are those at by_user[start[u]:start[u + 1]], by time."""
    counts = np.bincount(log.user, minlength=log.n_users)
    return np.argsort(log.user, kind="stable"), np.concatenate([[0], np.cumsum(counts)])


def fit_rebuy(config: RebuyConfig, log: ShopLog) -> Rebuy:
    """`Rebuy` of the log's purchases; of its strongest kind of event where the shop logs no purchases."""
    bought = log.where(log.kind == (PURCHASE if (log.kind == PURCHASE).any() else log.kind.max()))
    return Rebuy.fit(config, bought.user, bought.item, bought.time, (log.n_users, log.n_items))


def fit_als(config: ALSConfig, interest: sparse.csr_matrix) -> ALS:
    """ALS with codes for ids."""
    users, items = (np.array([f"{code:09d}" for code in range(count)]) for count in interest.shape)
    return ALS.fit(config, interest, users, items)


def _factors(config: ALSConfig, interest: sparse.csr_matrix) -> tuple[F32, F32]:
    model = fit_als(config, interest)
    return model.user_factors, model.item_factors


def visited_together(
    config: SourcesConfig, log: ShopLog, now: float, span: float, weights: EventWeights
) -> sparse.csr_matrix:
    """(I, I) `neighbours.covisitation` of the log under `weights`."""
    weight = (weights.by_kind() / weights.purchase)[log.kind].astype(np.float32)
    return covisitation(
        log.user,
        log.item,
        weight,
        log.time,
        log.n_items,
        now=now,
        window=config.window * span,
        half_life=config.long_half_life * span,
        neighbours=config.neighbours,
    )


def _trend(config: SourcesConfig, log: ShopLog, now: float, span: float) -> F32:
    """(I,) `neighbours.trending` over all events, weighted."""
    weight = config.weights.by_kind()[log.kind].astype(np.float32)
    short, long = config.short_half_life * span, config.long_half_life * span
    return trending(
        log.item, weight, log.time, log.n_items, now=now, short=short, long=long, lift_power=config.trend_lift
    )

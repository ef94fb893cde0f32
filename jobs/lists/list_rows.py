"""Scoring inside Spark's Python workers: Arrow batches of users in, rows of lists out.

The catalogue travels once to each worker as a broadcast; sources and ranker are read from their folders, once a worker.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse
from threadpoolctl import threadpool_limits

from jobs.lists.arms import Arms, Explored, Group, ruled
from jobs.runtime.lake import Lake
from jobs.runtime.model_store import load_model
from models.core.top_k import top_k
from models.experiments.assignment import places as chances
from models.ranking.candidate_sources import Sources
from models.ranking.diversity import DiversityConfig
from models.ranking.exploration import best_by_source, draw
from models.ranking.fallback_ladder import Lists, Rung, because, fill
from models.ranking.ranked_lists import Ranked, Rules, rank_users
from models.ranking.ranker import Ranker
from models.recommenders.als import ALS
from schemas.arrow import arrow_schema
from schemas.tables import RECOMMENDATIONS, SIMILAR_ITEMS

_BLOCK = 1024  # users ranked at once: some hundred candidates each, fifty features
_PARTS = 3  # of a score that a row tells
TRENDING = 2  # its fallback level
_LEFT = -2  # a place whose item went to another
Batches = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]
# Why, for a person, by source; those of BECAUSE end with the title of an item of the user's own.
REASONS = {
    "buy_again": "you bought it before",
    "own": "you looked at it lately",
    "covisitation": "goes with ",
    "item_item": "others who chose it also chose ",
    "item_item_bm25": "others who chose it also chose ",
    "content": "like ",
    "als": "because you chose ",
    "lstm": "what many look at next after ",
    "user_user": "people with your taste choose it",
    "new_item": "new",
    "segment_popular": "popular in ",
    "trending": "trending now",
    "popularity": "popular with everybody",
    "popular": "popular with everybody",
}
BECAUSE = ("covisitation", "item_item", "item_item_bm25", "content", "als", "lstm")


@dataclass(frozen=True)
class Catalogue:
    """Tonight's items by code = place in `item_ids` (I, sorted).

    titles (I,); shown, replenishable, known (I,) bool; factors (I, D), zero where the model does not know the item;
    ladders: segment -> rungs; last: every item that can be shown, most popular first; rules: of
    brand, category and likeness; makers (I,): ' from BRAND', ' in CATEGORY' or ''.
    """

    item_ids: pa.Array
    titles: pa.Array
    shown: np.ndarray
    known: np.ndarray
    replenishable: np.ndarray
    factors: np.ndarray
    ladders: dict[str | None, list[Rung]]
    last: Rung
    rules: Rules
    makers: np.ndarray

    @classmethod
    def of(
        cls,
        described: pa.Table,
        model: ALS,
        popular: dict[str | None, list[tuple[pa.Array, np.ndarray, int]]],
        diversity: DiversityConfig,
    ) -> Catalogue:
        item_ids = described["item_id"].combine_chunks()
        at = pc.index_in(item_ids, pa.array(model.item_ids, pa.string())).fill_null(-1).to_numpy(zero_copy_only=False)
        factors = np.zeros((len(item_ids), model.config.factors), np.float32)
        factors[at >= 0] = model.item_factors[at[at >= 0]]
        shown = described["can_be_shown"].to_numpy()

        def rung(ids: pa.Array, scores: np.ndarray, level: int) -> Rung:
            codes = pc.index_in(ids, item_ids).fill_null(-1).to_numpy(zero_copy_only=False)
            return Rung(codes[codes >= 0].astype(np.int32), scores[codes >= 0].astype(np.float32), level)

        ladders = {segment: [rung(*r) for r in rungs] for segment, rungs in popular.items()}
        first = ladders[None][-1].codes if ladders.get(None) else np.zeros(0, np.int32)
        rest = np.setdiff1d(np.flatnonzero(shown), first).astype(np.int32)
        codes = np.concatenate([first, rest])
        last = Rung(codes, np.zeros(len(codes), np.float32), 3)
        replenishable = described["is_replenishable"].to_numpy()
        rules = Rules(diversity, _value_codes(described["category"]), _value_codes(described["brand"]))
        titles = described["title"].combine_chunks()
        makers = _makers(described)
        return cls(item_ids, titles, shown, at >= 0, replenishable, factors, ladders, last, rules, makers)

    def under(self, group: Group, trending_places: int) -> Catalogue:
        """The same items under the rules of a group of users."""
        diversity = dataclasses.replace(
            self.rules.diversity, **group.changes.of("most_per_category", "most_per_brand", "mmr")
        )
        ladders = {segment: [_cut(rung, trending_places) for rung in rungs] for segment, rungs in self.ladders.items()}
        return dataclasses.replace(self, ladders=ladders, rules=dataclasses.replace(self.rules, diversity=diversity))

    def as_codes(self) -> pa.Table:
        """(item_id, code, is_replenishable), to join with pairs."""
        codes = pa.array(np.arange(len(self.item_ids), dtype=np.int32))
        return pa.table({"item_id": self.item_ids, "code": codes, "is_replenishable": pa.array(self.replenishable)})


def _cut(rung: Rung, trending_places: int) -> Rung:
    if rung.level != TRENDING or len(rung.codes) <= trending_places:
        return rung
    return Rung(rung.codes[:trending_places], rung.scores[:trending_places], rung.level)


def _makers(described: pa.Table) -> np.ndarray:
    """(I,) words after "new": the item's brand, or else the last level of its category."""
    words = [
        f" from {brand}" if brand else f" in {category.rpartition(' > ')[2]}" if category else ""
        for brand, category in zip(described["brand"].to_pylist(), described["category"].to_pylist(), strict=True)
    ]
    return np.array(words, object)


def _value_codes(values: pa.ChunkedArray) -> np.ndarray:
    """A code (I,) for each distinct value, -1 for none."""
    encoded = values.combine_chunks().dictionary_encode()
    return encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)


def ladders_from(
    popular: pa.Table, segment_by: str, trending_places: int
) -> dict[str | None, list[tuple[pa.Array, np.ndarray, int]]]:
    """Rungs for each value of the segment column, and for None (no segment): [segment,] a few trending, all."""
    popular = popular.sort_by([("segment", "ascending"), ("rank", "ascending")])
    lists: dict[str, tuple[pa.Array, np.ndarray]] = {}
    for segment in pc.unique(popular["segment"]).to_pylist():
        part = popular.filter(pc.equal(popular["segment"], segment))
        lists[segment] = (part["item_id"].combine_chunks(), part["score"].to_numpy())
    if "trending" in lists:
        items, scores = lists["trending"]
        lists["trending"] = (items[:trending_places], scores[:trending_places])
    common = [(*lists[name], level) for name, level in (("trending", TRENDING), ("all", 3)) if name in lists]
    prefix = f"{segment_by}="
    own: dict[str | None, list[tuple[pa.Array, np.ndarray, int]]] = {
        s.removeprefix(prefix): [(*rows, 1), *common] for s, rows in lists.items() if s.startswith(prefix)
    }
    return {None: common, **own}


@dataclass(frozen=True)
class Scorer:
    """Where the night's sources and its ranker lie in the lake; without sources lists come from the ladder alone."""

    root: str
    sources: tuple[str, ...] | None
    ranker: tuple[str, ...] | None

    def load(self) -> tuple[Sources, Ranker | None, pa.Array] | None:
        """(sources, ranker, sorted ids of their users), the arrays mapped from the files; None without sources."""
        if self.sources is None:
            return None
        lake = Lake(self.root)
        with lake.local_copy(*self.sources) as path:  # what is mapped stays readable when a copy is deleted
            sources = Sources.load(path)
            with np.load(Path(path) / "ids.npz", allow_pickle=False) as ids:
                users = pa.array(ids["user_ids"], pa.string())
        return sources, load_model(lake, self.ranker, Ranker) if self.ranker else None, users


@functools.lru_cache(maxsize=1)
def _loaded(scorer: Scorer) -> tuple[Sources, Ranker | None, pa.Array] | None:
    """Read once by each worker process."""
    return scorer.load()


def list_writer(shared: Any, scorer: Scorer, config: Any, valid_until: dt.datetime, arms: Arms) -> Batches:
    """mapInArrow function: (user_id, segment, refused, bought, history) -> RECOMMENDATIONS, each user under his arm."""

    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        made: dict[str, tuple[Catalogue, Any]] = {}
        with threadpool_limits(1):
            for batch in batches:
                for start in range(0, batch.num_rows, _BLOCK):
                    block = batch.slice(start, _BLOCK)
                    for group in arms.groups(block["user_id"].to_pylist()):
                        if group.arm not in made:
                            rules = ruled(config, group.changes)
                            made[group.arm] = shared.value.under(group, rules.trending_places), rules
                        users = block if len(group.rows) == block.num_rows else block.take(pa.array(group.rows))
                        yield _list_rows(
                            users, _loaded(scorer), *made[group.arm], Way(group, arms.explored), valid_until
                        )

    return write


@dataclass(frozen=True)
class Way:
    """What is done beside the rules: what the users' arm asks for, and the place that chance fills."""

    group: Group
    explored: Explored | None


def _list_rows(
    users: pa.RecordBatch,
    loaded: tuple[Sources, Ranker | None, pa.Array] | None,
    catalogue: Catalogue,
    config: Any,
    way: Way,
    valid_until: dt.datetime,
) -> pa.RecordBatch:
    places = min(config.k + config.spares, int(catalogue.shown.sum()))
    refused, bought, history = (_csr(users[c], len(catalogue.item_ids)) for c in ("refused", "bought", "history"))
    own = Own.nothing(users.num_rows, places)
    if loaded is not None:
        own = _own_lists(users["user_id"], loaded, catalogue, refused, places, config, way)
    ladders = [catalogue.ladders.get(s, catalogue.ladders[None]) for s in users["segment"].to_pylist()]
    lists = fill(own.codes, own.scores, refused, ladders, catalogue.last)
    why = because(history, catalogue.factors, lists.codes)
    return _as_rows(users, lists, own, bought, why, catalogue, config, way.group, valid_until)


@dataclass(frozen=True)
class Own:
    """Lists by own history (n, places): codes, -1 where nothing is left, scores, source, parts of the score, and the
    probability by which chance chose the source."""

    codes: np.ndarray
    scores: np.ndarray
    source: np.ndarray
    parts: np.ndarray
    chance: np.ndarray

    @classmethod
    def nothing(cls, n: int, places: int) -> Own:
        words, codes = np.full((n, places), "", object), np.full((n, places), -1, np.int32)
        return cls(codes, np.zeros((n, places), np.float32), words, words.copy(), np.ones((n, places)))


def _own_lists(
    user_ids: pa.Array,
    loaded: tuple[Sources, Ranker | None, pa.Array],
    catalogue: Catalogue,
    refused: sparse.csr_matrix,
    places: int,
    config: Any,
    way: Way,
) -> Own:
    """The ranked lists of the users whom the sources know; nothing for the others."""
    sources, ranker, known = loaded
    own = Own.nothing(len(user_ids), places)
    code = pc.index_in(user_ids, known).fill_null(-1).to_numpy(zero_copy_only=False)
    there = np.flatnonzero(code >= 0)
    there = there[sources.knows(code[there])]
    there = there[np.argsort(code[there])]
    if not len(there):
        return own
    ranked = rank_users(
        sources, ranker, code[there], places, catalogue.shown, refused[there], catalogue.rules,
        way.group.changes.without,
    )  # fmt: skip
    own.codes[there], own.scores[there] = ranked.codes, np.where(ranked.codes >= 0, ranked.scores, 0)
    own.source[there] = np.array([*ranked.sources, ""], object)[ranked.source]
    own.parts[there] = _in_words(ranked)
    last = min(config.k, places) - config.new_places  # the first place of the new items
    if way.group.changes.first:
        _put_first(own, there, ranked, way.group.changes.first, len(catalogue.item_ids))
    if way.explored is not None and last > 0:
        _explore(own, there, user_ids.take(pa.array(there)), ranked, way.explored, last - 1, len(catalogue.item_ids))
    new = sources.new_for(code[there], config.new_places, refused[there])
    _make_room(own, there, new, last)
    return own


def _put_first(own: Own, users: np.ndarray, ranked: Ranked, source: str, n_items: int) -> None:
    """The best item of `source` takes the first place of each of `users` (n,) for whom it has one."""
    best = best_by_source(ranked.candidates, (source,), own.codes[users][:, :0], n_items)
    _insert(own, users, best, np.full(best.shape, source, object), np.ones(best.shape), 0)


def _explore(
    own: Own, users: np.ndarray, user_ids: pa.Array, ranked: Ranked, explored: Explored, at: int, n_items: int
) -> None:
    """Give place `at` (from 0) of each of `users` (n,), or the end of a shorter list, to a source that chance draws.

    Chance draws among the sources that have an item for the user which does not stand above.
    """
    names = tuple(explored.shares)
    best = best_by_source(ranked.candidates, names, own.codes[users][:, :at], n_items)
    chance = chances(user_ids.to_pylist(), "explored place", explored.salt)
    drawn, probability = draw(np.array(list(explored.shares.values())), best >= 0, chance)
    item = np.where(drawn >= 0, best[np.arange(len(drawn)), drawn], -1).astype(np.int32)
    source = np.array([*names, ""], object)[drawn]
    _insert(own, users, item[:, None], source[:, None], probability[:, None], at)


def _make_room(own: Own, users: np.ndarray, new: tuple[np.ndarray, np.ndarray], first: int) -> None:
    """Put the new items (n, m) of `users` (n,) into the places from `first` on, or behind a shorter list; what stood
    there moves down."""
    codes, scores = new
    words = np.array([f"als {score:+.2f}" for score in scores.ravel().tolist()], object).reshape(scores.shape)
    source = np.full(codes.shape, "new_item", object)
    _come(own, users, Own(codes, np.where(codes >= 0, scores, 0), source, words, np.ones(codes.shape)), first)


def _insert(own: Own, users: np.ndarray, codes: np.ndarray, source: np.ndarray, chance: np.ndarray, first: int) -> None:
    """As `_make_room`, for items (n, 1) that may stand in the list already: they move up, with their score."""
    same = own.codes[users] == np.where(codes >= 0, codes, -2)
    stood = same.argmax(axis=1)[:, None]
    there = same.any(axis=1, keepdims=True)
    scores = np.where(there, np.take_along_axis(own.scores[users], stood, axis=1), 0)
    words = np.where(there, np.take_along_axis(own.parts[users], stood, axis=1), "")
    own.codes[users] = np.where(same, _LEFT, own.codes[users])
    _come(own, users, Own(codes, scores, source, words, chance), first)


def _come(own: Own, users: np.ndarray, new: Own, first: int) -> None:
    """Rows of `new` (n, m) into the places from `first` on, or behind a shorter list; what left makes no gap."""
    places = own.codes.shape[1]
    begin = np.minimum(first, (own.codes[users] >= 0).sum(axis=1))[:, None]
    stood, come = np.arange(places), np.arange(new.codes.shape[1])
    behind = places + new.codes.shape[1]
    ahead = np.cumsum(own.codes[users] == _LEFT, axis=1)  # what left above: the others move up
    keys = np.hstack([
        np.where(
            own.codes[users] == _LEFT, behind, stood - ahead + np.where(stood - ahead >= begin, new.codes.shape[1], 0)
        ),
        np.where(new.codes >= 0, begin + come, behind),
    ])  # fmt: skip
    order = np.argsort(keys, axis=1, kind="stable")[:, :places]
    for name in (f.name for f in dataclasses.fields(Own)):
        column, values = getattr(own, name), getattr(new, name)
        column[users] = np.take_along_axis(np.hstack([column[users], values]), order, axis=1)
    own.codes[own.codes == _LEFT] = -1


def _in_words(ranked: Ranked) -> np.ndarray:
    """The parts of each score (n, places) that move it most, such as 'own +1.20; item -0.31'; '' in empty places."""
    words = np.full(ranked.codes.shape, "", object)
    row, place = np.nonzero(ranked.codes >= 0)
    parts = ranked.parts[row, place]
    named = parts[:, : len(ranked.groups) - ("base" in ranked.groups)]
    largest = np.argsort(-np.abs(named), axis=1, kind="stable")[:, :_PARTS]
    amounts = np.take_along_axis(named, largest, axis=1)
    words[row, place] = [
        "; ".join(f"{ranked.groups[group]} {amount:+.2f}" for group, amount in zip(groups, some, strict=True))
        for groups, some in zip(largest.tolist(), amounts.tolist(), strict=True)
    ]
    return words


def _csr(lists: pa.ListArray, n_items: int) -> sparse.csr_matrix:
    """Arrow lists of item codes as a 0/1 matrix (rows, I), order inside a row kept."""
    lists = lists.fill_null([]) if lists.null_count else lists
    indptr = np.concatenate([[0], np.cumsum(pc.list_value_length(lists).to_numpy(zero_copy_only=False))])
    indices = lists.flatten().to_numpy(zero_copy_only=False).astype(np.int32)
    return sparse.csr_matrix(
        (np.ones(len(indices), np.float32), indices, indptr.astype(np.int64)), shape=(len(lists), n_items)
    )


def _as_rows(
    users: pa.RecordBatch,
    lists: Lists,
    own: Own,
    bought: sparse.csr_matrix,
    because_of: np.ndarray,
    catalogue: Catalogue,
    config: Any,
    group: Group,
    valid_until: dt.datetime,
) -> pa.RecordBatch:
    row, place = np.nonzero(lists.codes >= 0)
    codes, level, why = lists.codes[row, place], lists.levels[row, place], because_of[row, place]
    again = np.asarray(bought[row, codes]).ravel() > 0 if len(row) else np.zeros(0, bool)
    source = np.array(["", "segment_popular", "trending", "popular"], object)[level]
    chance = np.where(level == 0, own.chance[row, place], 1.0)
    source = np.where(level == 0, np.where(again & (chance == 1), "buy_again", own.source[row, place]), source)
    segments = np.array([s or "" for s in users["segment"].to_pylist()], dtype=object)[row]
    titles = np.asarray(catalogue.titles.take(pa.array(np.maximum(why, 0))).to_pylist(), dtype=object)
    reason = np.array([REASONS.get(name, "for you") for name in source], object)
    reason = np.where(level == 1, reason + segments, reason)
    reason = np.where(source == "new_item", reason + catalogue.makers[codes], reason)
    named = np.array([name in BECAUSE for name in source], bool)
    reason = np.where(named & (level == 0), np.where(why >= 0, reason + titles, "for you"), reason)
    columns = {
        "user_id": users["user_id"].take(pa.array(row)),
        "item_id": catalogue.item_ids.take(pa.array(codes)),
        "rank": place + 1,
        "score": lists.scores[row, place],
        "source": pa.array(source, pa.string()),
        "score_parts": pa.array(np.where(level == 0, own.parts[row, place], ""), pa.string()),
        "reason": pa.array(reason, pa.string()),
        "fallback_level": level,
        "slot": pa.array([config.slot] * len(row), pa.string()),
        "is_spare": place >= config.k,
        "arm": pa.array([group.arm] * len(row), pa.string()),
        "propensity": group.probability * chance,
        "valid_until": pa.array([valid_until] * len(row), pa.timestamp("us", tz="UTC")),
    }
    return pa.table(columns).cast(arrow_schema(RECOMMENDATIONS)).combine_chunks().to_batches()[0]


def neighbour_writer(shared: Any, config: Any, valid_until: dt.datetime) -> Batches:
    """mapInArrow function: item codes (column `id`) -> SIMILAR_ITEMS, for items that the model knows."""

    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        catalogue: Catalogue = shared.value
        length = np.linalg.norm(catalogue.factors, axis=1, keepdims=True)
        unit = (catalogue.factors / np.where(length > 0, length, 1)).astype(np.float32)
        candidates = catalogue.shown & (length[:, 0] > 0)
        for batch in batches:
            targets = batch["id"].to_numpy()
            targets = targets[length[targets, 0] > 0]
            if not len(targets) or not candidates.any():
                continue
            itself = sparse.csr_matrix(
                (np.ones(len(targets), np.float32), (np.arange(len(targets)), targets)), shape=(len(targets), len(unit))
            )
            k = min(config.similar, len(unit))
            codes, scores = top_k(unit[targets], unit, k, itself, candidates, threads=1)
            row, place = np.nonzero(codes >= 0)
            columns = {
                "target_item_id": catalogue.item_ids.take(pa.array(targets[row])),
                "item_id": catalogue.item_ids.take(pa.array(codes[row, place])),
                "rank": place + 1,
                "score": scores[row, place],
                "valid_until": pa.array([valid_until] * len(row), pa.timestamp("us", tz="UTC")),
            }
            yield from pa.table(columns).cast(arrow_schema(SIMILAR_ITEMS)).combine_chunks().to_batches()

    return write

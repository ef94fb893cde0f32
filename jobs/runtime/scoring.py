"""Scoring inside Spark's Python workers: Arrow batches of users in, rows of lists out.

The catalogue travels once to each worker as a broadcast; user factors are read from the model's folder, once a worker.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from jobs.runtime.lake import Lake
from models.als import ALS
from models.lists import Lists, Rung, because, fill
from models.top_k import top_k
from schemas.arrow import arrow_schema
from schemas.tables import RECOMMENDATIONS, SIMILAR_ITEMS

_BLOCK = 4096  # users scored at once: bounds the arrays beside the score tiles
Batches = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


@dataclass(frozen=True)
class Catalogue:
    """Tonight's items by code = place in `item_ids` (I, sorted).

    titles (I,); shown, replenishable, known (I,) bool; factors (I, D), zero where the model does not know the item;
    ladders: segment -> rungs; last: every item that can be shown, most popular first.
    """

    item_ids: pa.Array
    titles: pa.Array
    shown: np.ndarray
    known: np.ndarray
    replenishable: np.ndarray
    factors: np.ndarray
    ladders: dict[str | None, list[Rung]]
    last: Rung

    @classmethod
    def of(
        cls, described: pa.Table, model: ALS, popular: dict[str | None, list[tuple[pa.Array, np.ndarray, int]]]
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
        return cls(item_ids, described["title"].combine_chunks(), shown, at >= 0, replenishable, factors, ladders, last)

    def as_codes(self) -> pa.Table:
        """(item_id, code, is_replenishable), to join with pairs."""
        codes = pa.array(np.arange(len(self.item_ids), dtype=np.int32))
        return pa.table({"item_id": self.item_ids, "code": codes, "is_replenishable": pa.array(self.replenishable)})


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
    common = [(*lists[name], level) for name, level in (("trending", 2), ("all", 3)) if name in lists]
    prefix = f"{segment_by}="
    own: dict[str | None, list[tuple[pa.Array, np.ndarray, int]]] = {
        s.removeprefix(prefix): [(*rows, 1), *common] for s, rows in lists.items() if s.startswith(prefix)
    }
    return {None: common, **own}


@functools.lru_cache(maxsize=1)
def _model(root: str, folder: tuple[str, ...]) -> tuple[ALS, pa.Array]:
    """The model, read once by each worker process."""
    with Lake(root).local_copy(*folder) as path:
        model = ALS.load(path)
    return model, pa.array(model.user_ids, pa.string())


def list_writer(shared: Any, root: str, folder: tuple[str, ...], config: Any, valid_until: dt.datetime) -> Batches:
    """mapInArrow function: (user_id, segment, refused, bought, history) -> RECOMMENDATIONS."""

    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        catalogue: Catalogue = shared.value
        model, known_users = _model(root, folder)
        for batch in batches:
            for start in range(0, batch.num_rows, _BLOCK):
                users = batch.slice(start, _BLOCK)
                at = pc.index_in(users["user_id"], known_users).fill_null(-1).to_numpy(zero_copy_only=False)
                yield _list_rows(users, at, model.user_factors, catalogue, config, valid_until)

    return write


def _list_rows(
    users: pa.RecordBatch,
    at: np.ndarray,
    factors: np.ndarray,
    catalogue: Catalogue,
    config: Any,
    valid_until: dt.datetime,
) -> pa.RecordBatch:
    places = min(config.k + config.spares, int(catalogue.shown.sum()))
    refused, bought, history = (_csr(users[c], len(catalogue.item_ids)) for c in ("refused", "bought", "history"))
    lists = _own_lists(at, factors, catalogue, refused, places)
    ladders = [catalogue.ladders.get(s, catalogue.ladders[None]) for s in users["segment"].to_pylist()]
    lists = fill(lists.codes, lists.scores, refused, ladders, catalogue.last)
    reasons = because(history, catalogue.factors, lists.codes)
    return _as_rows(users, lists, bought, reasons, catalogue, config, valid_until)


def _own_lists(
    at: np.ndarray, factors: np.ndarray, catalogue: Catalogue, refused: sparse.csr_matrix, places: int
) -> Lists:
    """The ALS lists of the users whom the model knows; -1 elsewhere."""
    codes = np.full((len(at), places), -1, np.int32)
    scores = np.zeros((len(at), places), np.float32)
    candidates = catalogue.shown & catalogue.known
    warm = np.flatnonzero(at >= 0)
    warm = warm[np.abs(factors[at[warm]]).any(axis=1)] if len(warm) else warm
    if len(warm) and candidates.any():
        found, score = top_k(factors[at[warm]], catalogue.factors, places, refused[warm], candidates, threads=1)
        codes[warm], scores[warm] = found, np.where(found >= 0, score, 0)
    return Lists(codes, scores, np.zeros_like(codes))


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
    bought: sparse.csr_matrix,
    reasons: np.ndarray,
    catalogue: Catalogue,
    config: Any,
    valid_until: dt.datetime,
) -> pa.RecordBatch:
    row, place = np.nonzero(lists.codes >= 0)
    codes, level, why = lists.codes[row, place], lists.levels[row, place], reasons[row, place]
    again = np.asarray(bought[row, codes]).ravel() > 0 if len(row) else np.zeros(0, bool)
    source = np.array(["als", "segment_popular", "trending", "popular"])[level]
    source = np.where((level == 0) & again, "buy_again", source)
    segments = np.array([s or "" for s in users["segment"].to_pylist()], dtype=object)[row]
    reason = np.array(["for you", "popular in ", "trending now", "popular with everybody"], dtype=object)[level]
    reason = np.where(level == 1, reason + segments, reason)
    titles = np.asarray(catalogue.titles.take(pa.array(np.maximum(why, 0))).to_pylist(), dtype=object)
    reason = np.where((level == 0) & (why >= 0), "because you chose " + titles, reason)
    reason = np.where(source == "buy_again", "you bought it before", reason)
    columns = {
        "user_id": users["user_id"].take(pa.array(row)),
        "item_id": catalogue.item_ids.take(pa.array(codes)),
        "rank": place + 1,
        "score": lists.scores[row, place],
        "source": source,
        "reason": pa.array(reason, pa.string()),
        "fallback_level": level,
        "slot": pa.array([config.slot] * len(row), pa.string()),
        "is_spare": place >= config.k,
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

"""Makes lists inside Spark's Python workers: Arrow batches of users in, rows of RECOMMENDATIONS out.

Each worker gets the catalogue once as a broadcast, and reads sources and ranker once from their folders.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse
from threadpoolctl import threadpool_limits

from jobs.lists.arms import Arms, Explored, Group, ruled
from jobs.lists.catalogue import Catalogue
from jobs.lists.list_edits import OwnLists, add_new_items, explore, put_first
from jobs.lists.scorer import Loaded, Scorer, loaded_once
from models.ranking.fallback_ladder import FilledLists, because, fill
from models.ranking.ranked_lists import rank_users
from schemas.arrow import arrow_schema
from schemas.list_sources import FALLBACK_SOURCES, reason
from schemas.tables import RECOMMENDATIONS

_BLOCK = 1024  # users ranked at once: each has some hundred candidates with fifty features
Batches = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


class Treatment(NamedTuple):
    """How the lists of a group of users are made.

    catalogue, config (RecommendConfig): tonight's, under the rules of the group's arm. explored: the place that is
    filled at random, or None.
    """

    group: Group
    catalogue: Catalogue
    config: Any
    explored: Explored | None


class UserBlock(NamedTuple):
    """A block of n users. segments (n,): None for a user without one.

    Three 0/1 matrices (n, I). refused: items that a user may not be shown. bought: items bought before that may be
    shown again. history: items that the user likes most, strongest first in each row.
    """

    ids: pa.Array
    segments: list[str | None]
    refused: sparse.csr_matrix
    bought: sparse.csr_matrix
    history: sparse.csr_matrix

    @classmethod
    def of(cls, batch: pa.RecordBatch, n_items: int) -> UserBlock:
        """From (user_id, segment, refused, bought, history); the last three are lists of item codes."""
        matrices = (_csr(batch[column], n_items) for column in ("refused", "bought", "history"))
        return cls(batch["user_id"], batch["segment"].to_pylist(), *matrices)


def list_writer(shared: Any, scorer: Scorer, config: Any, valid_until: dt.datetime, arms: Arms) -> Batches:
    """mapInArrow function: (user_id, segment, refused, bought, history) -> RECOMMENDATIONS, by each user's arm.

    shared: broadcast of the Catalogue. config: RecommendConfig.
    """

    def treatment_of(group: Group) -> Treatment:
        rules = ruled(config, group.changes)
        return Treatment(group, shared.value.under(group, rules.trending_places), rules, arms.explored)

    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        treatments: dict[str, Treatment] = {}
        with threadpool_limits(1):
            for block in _blocks(batches):
                for group in arms.groups(block["user_id"].to_pylist()):
                    if group.arm not in treatments:
                        treatments[group.arm] = treatment_of(group)
                    treatment = treatments[group.arm]
                    users = block if len(group.rows) == block.num_rows else block.take(pa.array(group.rows))
                    n_items = len(treatment.catalogue.item_ids)
                    yield _list_rows(UserBlock.of(users, n_items), loaded_once(scorer), treatment, valid_until)

    return write


def _blocks(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for start in range(0, batch.num_rows, _BLOCK):
            yield batch.slice(start, _BLOCK)


def _list_rows(
    users: UserBlock, loaded: Loaded | None, treatment: Treatment, valid_until: dt.datetime
) -> pa.RecordBatch:
    """RECOMMENDATIONS of the users: first the items by their own history, then those of the ladder."""
    catalogue, config = treatment.catalogue, treatment.config
    places = min(config.k + config.spares, int(catalogue.shown.sum()))
    own_lists = OwnLists.empty(len(users.ids), places)
    if loaded is not None:
        own_lists = _own_lists(users, loaded, treatment, places)
    ladders = [catalogue.ladders.get(segment, catalogue.ladders[None]) for segment in users.segments]
    lists = fill(own_lists.codes, own_lists.scores, users.refused, ladders, catalogue.last)
    return _as_rows(users, lists, own_lists, treatment, valid_until)


def _own_lists(users: UserBlock, loaded: Loaded, treatment: Treatment, places: int) -> OwnLists:
    """The ranked lists of the users whom the sources know; empty lists for the others."""
    sources, ranker, _ = loaded
    catalogue, config, changes = treatment.catalogue, treatment.config, treatment.group.changes
    code = loaded.codes_of(users.ids)
    rows = np.flatnonzero(code >= 0)
    rows = rows[sources.knows(code[rows])]
    rows = rows[np.argsort(code[rows])]
    if not len(rows):
        return OwnLists.empty(len(users.ids), places)
    refused, n_items = users.refused[rows], len(catalogue.item_ids)
    ranked = rank_users(sources, ranker, code[rows], places, catalogue.shown, refused, catalogue.rules, changes.without)
    lists = OwnLists.of(ranked)
    first_new = min(config.k, places) - config.new_places  # the first place of the new items
    if changes.first:
        lists = put_first(lists, ranked, changes.first, n_items)
    if treatment.explored is not None and first_new > 0:
        ids = users.ids.take(pa.array(rows))
        lists = explore(lists, ids, ranked, treatment.explored, first_new - 1, n_items)
    lists = add_new_items(lists, sources.new_for(code[rows], config.new_places, refused), first_new)
    return lists.spread(rows, len(users.ids))


def _as_rows(
    users: UserBlock, lists: FilledLists, own_lists: OwnLists, treatment: Treatment, valid_until: dt.datetime
) -> pa.RecordBatch:
    """The places of the lists as RECOMMENDATIONS."""
    group, catalogue, config = treatment.group, treatment.catalogue, treatment.config
    row, place = np.nonzero(lists.codes >= 0)
    codes, level = lists.codes[row, place], lists.levels[row, place]
    chance = np.where(level == 0, own_lists.chance[row, place], 1.0)
    source = np.where(level == 0, own_lists.source[row, place], np.array(["", *FALLBACK_SOURCES], object)[level])
    is_repeat = np.asarray(users.bought[row, codes]).ravel() > 0 if len(row) else np.zeros(0, bool)
    source = np.where((level == 0) & is_repeat & (chance == 1), "buy_again", source)
    nearest = because(users.history, catalogue.factors, lists.codes)[row, place]
    columns = {
        "user_id": users.ids.take(pa.array(row)),
        "item_id": catalogue.item_ids.take(pa.array(codes)),
        "rank": place + 1,
        "score": lists.scores[row, place],
        "source": pa.array(source, pa.string()),
        "score_parts": pa.array(np.where(level == 0, own_lists.parts[row, place], ""), pa.string()),
        "reason": pa.array(_reasons(source, nearest, row, codes, users.segments, catalogue), pa.string()),
        "fallback_level": level,
        "slot": pa.array([config.slot] * len(row), pa.string()),
        "is_spare": place >= config.k,
        "arm": pa.array([group.arm] * len(row), pa.string()),
        "propensity": group.probability * chance,
        "valid_until": pa.array([valid_until] * len(row), pa.timestamp("us", tz="UTC")),
    }
    return pa.table(columns).cast(arrow_schema(RECOMMENDATIONS)).combine_chunks().to_batches()[0]


def _reasons(
    source: np.ndarray,
    nearest: np.ndarray,
    row: np.ndarray,
    codes: np.ndarray,
    segments: list[str | None],
    catalogue: Catalogue,
) -> list[str]:
    """Why each of R items is in its list. Each argument is (R,): the source, the nearest item of the user's history
    (-1: none), the user's row, the item's code."""
    titles = catalogue.titles.take(pa.array(nearest, mask=nearest < 0)).to_pylist()
    makers = catalogue.makers[codes].tolist()
    users_segments = [segments[user] or "" for user in row.tolist()]
    return [reason(*facts) for facts in zip(source.tolist(), titles, users_segments, makers, strict=True)]


def _csr(lists: pa.ListArray, n_items: int) -> sparse.csr_matrix:
    """Arrow lists of item codes as a 0/1 matrix (rows, I) that keeps the order inside a row."""
    lists = lists.fill_null([]) if lists.null_count else lists
    indptr = np.concatenate([[0], np.cumsum(pc.list_value_length(lists).to_numpy(zero_copy_only=False))])
    indices = lists.flatten().to_numpy(zero_copy_only=False).astype(np.int32)
    return sparse.csr_matrix(
        (np.ones(len(indices), np.float32), indices, indptr.astype(np.int64)), shape=(len(lists), n_items)
    )

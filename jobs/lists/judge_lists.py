"""Last night's published lists against what users did today -> list_quality, beside three baselines; group_quality.

Truth: the items that a user bought today; all of them, or only those never bought before. Where nothing was published
yet, the newest earlier lists are judged by all that was bought since: so load_history tells how good lists are. The
baselines (overall popularity, the user's own items again, item-item neighbours) are made from the interest that the
lists knew, for the same users. Metrics are those of models.core.list_metrics: means over users with a truth, with 95 %
bootstrap intervals. group_quality compares groups of users by the same truth (group_quality.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from jobs.lists.group_quality import group_rows, people_of
from jobs.runtime import published
from jobs.runtime.night import Night
from jobs.runtime.parquet_files import read_table
from jobs.runtime.table_versions import TableRows
from models.core.config import check_bounds
from models.core.interactions import interest_matrix
from models.core.list_metrics import bootstrap_interval, score_lists
from models.recommenders import baselines
from schemas.arrow import arrow_schema
from schemas.tables import (
    CLEAN_EVENTS,
    GROUP_QUALITY,
    INTEREST,
    LIST_QUALITY,
    RECOMMENDATIONS,
    USER_FEATURES,
    USER_PROFILES,
)
from schemas.tables.lists import ANONYMOUS


@dataclass(frozen=True)
class JudgeConfig:
    """What counts as a hit, and how the figures are computed."""

    truth_events: tuple[str, ...] = field(default=("purchase",), metadata={"doc": "event types that count as a hit"})
    neighbours: int = field(default=50, metadata={"doc": "neighbours of each item in the item-item baseline"})
    resamples: int = field(default=1000, metadata={"doc": "bootstrap resamples of the users"})
    seed: int = field(default=7, metadata={"doc": "of the bootstrap"})
    least_group: int = field(
        default=30, metadata={"doc": "users that a group needs to be judged beside the others", "least": 2}
    )
    max_pairs: int = field(
        default=20_000_000, metadata={"doc": "interest pairs that the baselines are made from, at most"}
    )

    def __post_init__(self) -> None:
        check_bounds(self)


@dataclass(frozen=True)
class Truth:
    """Today's hits, all and first-time ones, as 0/1 matrices (U, I) whose rows are `users` and columns `items`.

    listed: what these users were shown, (user_id, item_id, rank, source, fallback_level).
    """

    users: pa.Array
    items: pa.Array
    listed: pa.Table
    everything: sparse.csr_matrix
    first_time: sparse.csr_matrix

    def kinds(self) -> tuple[tuple[str, sparse.csr_matrix], ...]:
        return ("all purchases", self.everything), ("first-time purchases", self.first_time)


def main(night: Night) -> None:
    config: JudgeConfig = night.settings.section("judge")
    k = night.settings.section("recommend").k
    last = _last(night)
    before = last.known.interest if last else night.versions(INTEREST).of([])
    rows: list[dict[str, Any]] = []
    by_group: list[dict[str, Any]] = []
    if last is not None and before.versions:
        pairs = before.arrow(["user_id", "item_id", "interest", "purchase_orders"])
        pairs = pairs.slice(0, config.max_pairs)
        truth = _truth(night, config, last, pairs)
        if truth is not None:
            listed = _as_arrays(truth, k)
            groups = people_of(last.known.profiles, last.known.features, truth.users)
            rows = _judge(config, k, truth, listed, pairs)
            by_group = _judge_groups(config, k, truth, listed, groups)
    night.write_arrow(LIST_QUALITY, pa.Table.from_pylist(rows, arrow_schema(LIST_QUALITY)))
    night.write_arrow(GROUP_QUALITY, pa.Table.from_pylist(by_group, arrow_schema(GROUP_QUALITY)))
    shown = {f"{r['lists']} {r['metric']} {r['truth']}": round(r["value"], 4) for r in rows if r["cut"] == "all"}
    night.report(judged=last.run if last else None, judged_by_days=last.days if last else 0, quality=rows)
    night.log.info("%s", shown or "nothing to judge: no list was made before, or nobody bought since")


class Known(NamedTuple):
    """What was known of users when the lists were made: INTEREST, USER_PROFILES and USER_FEATURES of that night."""

    interest: TableRows
    profiles: TableRows
    features: TableRows

    @classmethod
    def of(cls, night: Night, day: dt.date) -> Known:
        return cls(*(night.versions(table).as_of(day) for table in (INTEREST, USER_PROFILES, USER_FEATURES)))


class Last(NamedTuple):
    """The lists that are judged: run and files, what was `known` then, and the `events` of the `days` days since."""

    run: str
    paths: list[str]
    known: Known
    events: TableRows
    days: int


def _last(night: Night) -> Last | None:
    """The lists of the last published night; where there is none, the newest earlier ones that passed their gate."""
    shown = published.last_before(night.lake, night.date)
    if shown is not None:
        paths = [night.lake.path(file) for file in published.files(shown, RECOMMENDATIONS.name)]
        known = Known.of(night, night.date - dt.timedelta(days=1))
        return Last(shown["run"], paths, known, night.versions(CLEAN_EVENTS).tonight(), 1)
    made = night.lake.before(RECOMMENDATIONS, night.date)
    if made is None:
        return None
    day = dt.date.fromisoformat(made.date)
    events, days = night.versions(CLEAN_EVENTS).after(day), (night.date - day).days
    return Last(f"{made.date}-{made.run}", night.lake.file_paths(made), Known.of(night, day), events, days)


def _truth(night: Night, config: JudgeConfig, last: Last, pairs: pa.Table) -> Truth | None:
    """The users who bought something since, their items, and which of these they had never bought before."""
    wanted = pc.is_in(pc.field("event_type"), pa.array(config.truth_events))
    paths, columns = last.events.paths(), ["user_id", "item_id"]
    events = read_table(night.lake, paths, columns, wanted)
    hits = events.drop_null().group_by(["user_id", "item_id"]).aggregate([])
    if not hits.num_rows:
        return None
    hits = hits.sort_by([("user_id", "ascending"), ("item_id", "ascending")])
    users = pc.unique(hits["user_id"])
    listed = _listed(night, last, users)
    bought = pairs.filter(pc.and_(pc.greater(pairs["purchase_orders"], 0), pc.is_in(pairs["user_id"], users)))
    items = pc.unique(pa.chunked_array([*hits["item_id"].chunks, *pairs["item_id"].chunks, *listed["item_id"].chunks]))
    everything, old = _matrix(hits, users, items), _matrix(bought, users, items)
    first_time = sparse.csr_matrix(everything - everything.multiply(old))
    first_time.eliminate_zeros()
    return Truth(users, items, listed, everything, first_time)


def _matrix(pairs: pa.Table, users: pa.Array, items: pa.Array) -> sparse.csr_matrix:
    row, column = pc.index_in(pairs["user_id"], users), pc.index_in(pairs["item_id"], items)
    shape = (len(users), len(items))
    return sparse.csr_matrix((np.ones(len(pairs), np.float32), (row.to_numpy(), column.to_numpy())), shape=shape)


def _listed(night: Night, last: Last, users: pa.Array) -> pa.Table:
    """What `users` were shown: their own list, or the anonymous one where last night did not know them."""
    columns = ["user_id", "item_id", "rank", "source", "fallback_level"]
    wanted = pa.concat_arrays([users.cast(pa.string()), pa.array([ANONYMOUS])])
    of_them = pc.is_in(pc.field("user_id"), wanted)
    places = read_table(night.lake, last.paths, columns, of_them)
    anonymous = places.filter(pc.equal(places["user_id"], ANONYMOUS)).drop_columns("user_id")
    unknown = users.filter(pc.invert(pc.is_in(users, pc.unique(places["user_id"]))))
    visits = pa.table({"user_id": unknown, "one": pa.array(np.ones(len(unknown), np.int8))})
    anonymous = anonymous.append_column("one", pa.array(np.ones(anonymous.num_rows, np.int8)))
    shown = visits.join(anonymous, "one", join_type="inner").select(columns)
    own = places.filter(pc.not_equal(places["user_id"], ANONYMOUS))
    return pa.concat_tables([own, shown.cast(own.schema)])


def _judge(config: JudgeConfig, k: int, truth: Truth, listed: Listed, pairs: pa.Table) -> list[dict[str, Any]]:
    lists, source, level = listed
    cuts = [("published", "all", lists)]
    cuts += [("published", f"source={s}", np.where(source == s, lists, -1)) for s in np.unique(source[lists >= 0])]
    levels = np.unique(level[lists >= 0])
    cuts += [("published", f"fallback_level={n}", np.where(level == n, lists, -1)) for n in levels]
    cuts += [(name, "all", codes) for name, codes in _baselines(config, k, truth, pairs).items()]
    rows = []
    for name, hits in truth.kinds():
        judged = np.flatnonzero(np.diff(hits.indptr))
        if not len(judged):
            continue
        for lists_of, cut, codes in cuts:
            scores = score_lists(codes[judged], hits[judged], k)
            for metric, values in scores.items():
                value, low, high = bootstrap_interval(values, config.seed, config.resamples)
                rows.append(
                    {
                        "lists": lists_of,
                        "truth": name,
                        "cut": cut,
                        "metric": metric,
                        "value": value,
                        "low": low,
                        "high": high,
                        "users": len(judged),
                    }
                )
    return rows


def _judge_groups(
    config: JudgeConfig, k: int, truth: Truth, listed: Listed, groups: Mapping[str, np.ndarray]
) -> list[dict[str, Any]]:
    """Rows of GROUP_QUALITY. groups: attribute -> the group of each of the truth's users."""
    rows = []
    for name, hits in truth.kinds():
        judged = np.flatnonzero(np.diff(hits.indptr))
        if len(judged):
            of_judged = {attribute: names[judged] for attribute, names in groups.items()}
            scores = score_lists(listed.codes[judged], hits[judged], k)
            rows += group_rows(name, scores, of_judged, config.least_group)
    return rows


class Listed(NamedTuple):
    """The published lists as arrays (U, k): item codes (-1 where there is none), sources, fallback levels."""

    codes: np.ndarray
    source: np.ndarray
    level: np.ndarray


def _as_arrays(truth: Truth, k: int) -> Listed:
    listed = truth.listed.filter(pc.less_equal(truth.listed["rank"], k))
    user, place = pc.index_in(listed["user_id"], truth.users).to_numpy(), listed["rank"].to_numpy() - 1
    codes = np.full((len(truth.users), k), -1, np.int32)
    codes[user, place] = pc.index_in(listed["item_id"], truth.items).to_numpy()
    source = np.full(codes.shape, "", dtype="U20")
    source[user, place] = np.asarray(listed["source"].to_pylist(), dtype="U20")
    level = np.full(codes.shape, -1, np.int32)
    level[user, place] = listed["fallback_level"].to_numpy()
    return Listed(codes, source, level)


def _baselines(config: JudgeConfig, k: int, truth: Truth, pairs: pa.Table) -> dict[str, np.ndarray]:
    """Lists (U, k) of the three baselines, in the item codes of `truth`, for users and items known last night."""
    interest, user_ids, item_ids = interest_matrix(pairs, 1.0)
    length = min(k, len(item_ids))
    row = pc.index_in(truth.users, pa.array(user_ids, pa.string())).fill_null(-1).to_numpy(zero_copy_only=False)
    to_truth = pc.index_in(pa.array(item_ids, pa.string()), truth.items).to_numpy()
    known_rows = np.flatnonzero(row >= 0)
    own_interest = interest[row[known_rows]]
    similarity = baselines.item_item(interest, config.neighbours)
    made = {
        "popularity": (np.arange(len(row)), baselines.popular(interest, len(row), length)[0]),
        "buy_again": (known_rows, baselines.buy_again(own_interest, length)[0]),
        "item_item": (known_rows, baselines.from_neighbours(own_interest, similarity, length)[0]),
    }
    lists = {}
    for name, (rows, codes) in made.items():
        lists[name] = np.full((len(row), k), -1, np.int32)
        lists[name][rows, :length] = np.where(codes >= 0, to_truth[np.maximum(codes, 0)], -1)
    return lists

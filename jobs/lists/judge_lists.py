"""Judges last night's published lists by what users did today -> list_quality, with three baselines; group_quality.

Truth: the items that a user bought today; all of them, or only those never bought before. A purchase of an earlier day
that arrived late does not count if the lists were made after its day. If nothing was published yet, the job judges the
newest earlier lists by everything bought since. So load_history can tell how good lists are. The
baselines (overall popularity, the user's own items again, item-item neighbours) are made for the same users, from the
interest on which the lists were based. Metrics are those of models.core.list_metrics: means over users with a truth,
with 95 % bootstrap intervals. group_quality compares groups of users by the same truth (group_quality.py).
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
from models.recommenders.neighbours import related
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
    neighbours: int = field(
        default=50, metadata={"doc": "neighbours of each item in the item-item baseline", "least": 1}
    )
    resamples: int = field(default=1000, metadata={"doc": "bootstrap resamples of the users", "least": 1})
    seed: int = field(default=7, metadata={"doc": "of the bootstrap"})
    least_group: int = field(
        default=30, metadata={"doc": "users that a group needs to be judged beside the others", "least": 2}
    )
    max_pairs: int = field(
        default=20_000_000, metadata={"doc": "interest pairs that the baselines are made from, at most", "least": 1}
    )

    def __post_init__(self) -> None:
        check_bounds(self)


@dataclass(frozen=True)
class Truth:
    """Today's hits as 0/1 matrices (U, I) over `users` and `items`: all hits (everything), and first-time hits.

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
    judged = _lists_to_judge(night)
    interest = judged.known.interest if judged else night.versions(INTEREST).of([])
    rows: list[dict[str, Any]] = []
    by_group: list[dict[str, Any]] = []
    if judged is not None and interest.versions:
        pairs = interest.arrow(["user_id", "item_id", "interest", "purchase_orders"])
        truth = _truth(night, config, judged, pairs)
        if truth is not None:
            listed = _as_arrays(truth, k)
            groups = people_of(judged.known.profiles, judged.known.features, truth.users)
            if len(pairs) > config.max_pairs:
                night.log.info(
                    "baselines from %d of %d pairs of interest: judge.max_pairs", config.max_pairs, len(pairs)
                )
            rows = _judge(config, k, truth, listed, pairs.slice(0, config.max_pairs))
            by_group = _judge_groups(config, k, truth, listed, groups)
    night.write_arrow(LIST_QUALITY, pa.Table.from_pylist(rows, arrow_schema(LIST_QUALITY)))
    night.write_arrow(GROUP_QUALITY, pa.Table.from_pylist(by_group, arrow_schema(GROUP_QUALITY)))
    shown = {
        f"{row['lists']} {row['metric']} {row['truth']}": round(row["value"], 4) for row in rows if row["cut"] == "all"
    }
    night.report(judged=judged.run if judged else None, judged_by_days=judged.days if judged else 0, quality=rows)
    night.log.info("%s", shown or "nothing to judge: no list was made before, or nobody bought since")


class Known(NamedTuple):
    """What was known of users when the lists were made: INTEREST, USER_PROFILES and USER_FEATURES of that night."""

    interest: TableRows
    profiles: TableRows
    features: TableRows

    @classmethod
    def of(cls, night: Night, day: dt.date) -> Known:
        return cls(*(night.versions(table).as_of(day) for table in (INTEREST, USER_PROFILES, USER_FEATURES)))


class JudgedLists(NamedTuple):
    """The lists to judge: their run and files, the night `made_on` and what was `known` then, and the `events` of the
    `days` days since."""

    run: str
    made_on: dt.date
    paths: list[str]
    known: Known
    events: TableRows
    days: int


def _lists_to_judge(night: Night) -> JudgedLists | None:
    """The lists of the last good night; if none was published, the newest earlier lists that passed their gate."""
    shown = published.last_before(night.lake, night.date)
    if shown is not None:
        paths = [night.lake.path(file) for file in published.files(shown, RECOMMENDATIONS.name)]
        made = dt.date.fromisoformat(shown["date"])  # earlier than the day before where that night failed
        events = night.versions(CLEAN_EVENTS).tonight()
        return JudgedLists(shown["run"], made, paths, Known.of(night, made), events, 1)
    version = night.lake.before(RECOMMENDATIONS, night.date)
    if version is None:
        return None
    day = dt.date.fromisoformat(version.date)
    events, days = night.versions(CLEAN_EVENTS).after(day), (night.date - day).days
    return JudgedLists(
        f"{version.date}-{version.run}", day, night.lake.file_paths(version), Known.of(night, day), events, days
    )


def _truth(night: Night, config: JudgeConfig, judged: JudgedLists, pairs: pa.Table) -> Truth | None:
    """The users who bought something since the lists were made, and their items; None if nobody did."""
    is_hit = pc.is_in(pc.field("event_type"), pa.array(config.truth_events))
    is_hit &= pc.field("event_date") > pa.scalar(judged.made_on)  # others came late: nobody saw these lists then
    paths, columns = judged.events.paths(), ["user_id", "item_id"]
    events = read_table(night.lake, paths, columns, is_hit)
    hits = events.drop_null().group_by(["user_id", "item_id"]).aggregate([])
    if not hits.num_rows:
        return None
    hits = hits.sort_by([("user_id", "ascending"), ("item_id", "ascending")])
    users = pc.unique(hits["user_id"])
    listed = _listed(night, judged, users)
    bought = pairs.filter(pc.and_(pc.greater(pairs["purchase_orders"], 0), pc.is_in(pairs["user_id"], users)))
    items = pc.unique(pa.chunked_array([*hits["item_id"].chunks, *pairs["item_id"].chunks, *listed["item_id"].chunks]))
    everything, bought_before = _matrix(hits, users, items), _matrix(bought, users, items)
    first_time = sparse.csr_matrix(everything - everything.multiply(bought_before))
    first_time.eliminate_zeros()
    return Truth(users, items, listed, everything, first_time)


def _matrix(pairs: pa.Table, users: pa.Array, items: pa.Array) -> sparse.csr_matrix:
    row, column = pc.index_in(pairs["user_id"], users), pc.index_in(pairs["item_id"], items)
    shape = (len(users), len(items))
    return sparse.csr_matrix((np.ones(len(pairs), np.float32), (row.to_numpy(), column.to_numpy())), shape=shape)


def _listed(night: Night, judged: JudgedLists, users: pa.Array) -> pa.Table:
    """The lists that `users` saw: their own, or the anonymous list if the night had no list for them."""
    columns = ["user_id", "item_id", "rank", "source", "fallback_level"]
    wanted_ids = pa.concat_arrays([users.cast(pa.string()), pa.array([ANONYMOUS])])
    is_wanted = pc.is_in(pc.field("user_id"), wanted_ids)
    places = read_table(night.lake, judged.paths, columns, is_wanted)
    anonymous = places.filter(pc.equal(places["user_id"], ANONYMOUS)).drop_columns("user_id")
    unknown = users.filter(pc.invert(pc.is_in(users, pc.unique(places["user_id"]))))
    visits = pa.table({"user_id": unknown, "one": pa.array(np.ones(len(unknown), np.int8))})
    anonymous = anonymous.append_column("one", pa.array(np.ones(anonymous.num_rows, np.int8)))
    shown = visits.join(anonymous, "one", join_type="inner").select(columns)
    own_places = places.filter(pc.not_equal(places["user_id"], ANONYMOUS))
    return pa.concat_tables([own_places, shown.cast(own_places.schema)])


def _judge(config: JudgeConfig, k: int, truth: Truth, listed: Listed, pairs: pa.Table) -> list[dict[str, Any]]:
    lists, source_names, source, level = listed
    cuts = [("published", "all", lists)]
    cuts += [
        ("published", f"source={source_names[code]}", np.where(source == code, lists, -1))
        for code in sorted(np.unique(source[lists >= 0]), key=source_names.__getitem__)
    ]
    levels = np.unique(level[lists >= 0])
    cuts += [("published", f"fallback_level={number}", np.where(level == number, lists, -1)) for number in levels]
    cuts += [(baseline, "all", codes) for baseline, codes in _baselines(config, k, truth, pairs).items()]
    rows = []
    for truth_name, hits in truth.kinds():
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
                        "truth": truth_name,
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
    for truth_name, hits in truth.kinds():
        judged = np.flatnonzero(np.diff(hits.indptr))
        if len(judged):
            of_judged = {attribute: names[judged] for attribute, names in groups.items()}
            scores = score_lists(listed.codes[judged], hits[judged], k)
            rows += group_rows(truth_name, scores, of_judged, config.least_group)
    return rows


class Listed(NamedTuple):
    """The published lists as arrays (U, k): item codes, places in `source_names`, fallback levels; -1 where empty."""

    codes: np.ndarray
    source_names: list[str]
    source: np.ndarray
    level: np.ndarray


def _as_arrays(truth: Truth, k: int) -> Listed:
    listed = truth.listed.filter(pc.less_equal(truth.listed["rank"], k))
    user, place = pc.index_in(listed["user_id"], truth.users).to_numpy(), listed["rank"].to_numpy() - 1
    codes = np.full((len(truth.users), k), -1, np.int32)
    codes[user, place] = pc.index_in(listed["item_id"], truth.items).to_numpy()
    sources = listed["source"].unify_dictionaries().combine_chunks().dictionary_encode()
    source = np.full(codes.shape, -1, np.int32)
    source[user, place] = sources.indices.to_numpy()
    level = np.full(codes.shape, -1, np.int32)
    level[user, place] = listed["fallback_level"].to_numpy()
    return Listed(codes, sources.dictionary.to_pylist(), source, level)


def _baselines(config: JudgeConfig, k: int, truth: Truth, pairs: pa.Table) -> dict[str, np.ndarray]:
    """Lists (U, k) of the three baselines, in the item codes of `truth`, for users and items known last night."""
    interest, user_ids, item_ids = interest_matrix(pairs, 1.0)
    if not len(item_ids):  # nobody had shown interest in anything yet
        return dict.fromkeys(("popularity", "buy_again", "item_item"), np.full((len(truth.users), k), -1, np.int32))
    length = min(k, len(item_ids))
    row = pc.index_in(truth.users, pa.array(user_ids, pa.string())).fill_null(-1).to_numpy(zero_copy_only=False)
    to_truth = pc.index_in(pa.array(item_ids, pa.string()), truth.items).to_numpy()
    known_rows = np.flatnonzero(row >= 0)
    own_interest = interest[row[known_rows]]
    similarity = baselines.item_item(interest, config.neighbours)
    rows_and_codes = {
        "popularity": (np.arange(len(row)), baselines.popular(interest, len(row), length)[0]),
        "buy_again": (known_rows, baselines.buy_again(own_interest, length)[0]),
        "item_item": (known_rows, related(own_interest, similarity, length)[0]),
    }
    lists = {}
    for name, (rows, codes) in rows_and_codes.items():
        lists[name] = np.full((len(row), k), -1, np.int32)
        lists[name][rows, :length] = np.where(codes >= 0, to_truth[np.maximum(codes, 0)], -1)
    return lists

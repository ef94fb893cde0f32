"""ALS factors, segments and offers -> audiences: whom to write to about an item, a segment or a campaign.

The audience of an item on sale is the users with the highest ALS scores who have not bought it. The audience of a
segment is all its members, the most active first. The audience of a campaign is everybody with an offer of it, the
highest expected value first; it is empty on a night without offers.

An item's users are ranked by the inner product of their factors with the item's, so that of two users with the same
taste the more active one comes first. Recall at 50 users, of an item's first-time buyers in the following week: .096 on
Online Retail and .0030 / .0016 on two days of H&M. By cosine: .040 and .0021 / .0019. By deviations from the user's
mean: .029 and .0021 / .0018. With the most active users for every item: .087 and .0009 / 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse

from jobs.common.on_sale import can_be_shown
from jobs.runtime.model_store import load_newest
from jobs.runtime.night import Night
from models.core.config import check_bounds
from models.core.top_k import top_k
from models.recommenders.als import ALS
from schemas.arrow import arrow_schema
from schemas.tables import AUDIENCES, INTEREST, ITEMS, OFFERS, USER_FEATURES, USER_SEGMENTS


@dataclass(frozen=True)
class AudiencesConfig:
    """Who is in an item's audience."""

    users: int = field(default=50, metadata={"doc": "most users of each item's audience", "least": 1})

    def __post_init__(self) -> None:
        check_bounds(self)


def main(night: Night) -> None:
    parts = {"item": of_items(night), "segment": of_segments(night), "campaign": of_campaigns(night)}
    schema = arrow_schema(AUDIENCES)
    tables = []
    for kind, rows in parts.items():
        columns = {
            "kind": pa.array([kind] * rows.num_rows, pa.string()),
            "target": rows["target"],
            "item_id": rows["target"] if kind == "item" else pa.nulls(rows.num_rows, pa.string()),
            "rank": rows["rank"],
            "user_id": rows["user_id"],
            "score": rows["score"],
            "valid_until": pa.array([night.valid_until("audiences")] * rows.num_rows, pa.timestamp("us", tz="UTC")),
        }
        tables.append(pa.table(columns).select(schema.names).cast(schema))
    night.write_arrow(AUDIENCES, pa.concat_tables(tables))
    night.report(**{f"rows_of_{kind}s": rows.num_rows for kind, rows in parts.items()})


_NOBODY = pa.table(
    {
        "target": pa.array([], pa.string()),
        "rank": pa.array([], pa.int32()),
        "user_id": pa.array([], pa.string()),
        "score": pa.array([], pa.float32()),
    }
)


def of_items(night: Night) -> pa.Table:
    """(target, rank, user_id, score): for each item on sale, the users with the highest scores who do not own it."""
    config: AudiencesConfig = night.settings.section("audiences")
    model = load_newest(night, "als", ALS, made_by="train_als")
    user_ids, item_ids = (pa.array(ids, pa.string()) for ids in (model.user_ids, model.item_ids))
    items = night.versions(ITEMS).tonight().arrow(["item_id", "is_active", "stock"])
    on_sale = items["item_id"].filter(can_be_shown(items)).combine_chunks()
    targets = np.flatnonzero(
        pc.is_in(item_ids, on_sale).to_numpy(zero_copy_only=False) & model.item_factors.any(axis=1)
    )
    has_factors: NDArray[np.bool_] = np.asarray(model.user_factors.any(axis=1))
    count = min(config.users, len(user_ids))
    if not len(targets) or not has_factors.any():
        night.log.info("no item on sale has factors, or no user has factors: no audiences of items tonight")
        return _NOBODY
    owners = owners_of(night, targets, user_ids, item_ids)
    codes, scores = top_k(
        model.item_factors[targets], model.user_factors, count, owners, has_factors, threads=model.config.threads
    )
    row, place = np.nonzero((codes >= 0) & (scores > 0))
    night.report(items=len(targets), users=int(has_factors.sum()))
    return pa.table(
        {
            "target": item_ids.take(pa.array(targets[row])),
            "rank": place + 1,
            "user_id": user_ids.take(pa.array(codes[row, place])),
            "score": scores[row, place],
        }
    )


def of_segments(night: Night) -> pa.Table:
    """All members of each segment, those with the highest `recent_events` first; the score is null without events.

    Empty on a night without segments.
    """
    segments = night.versions(USER_SEGMENTS).passed()
    if segments is None:
        night.log.info("no segments have passed their gate tonight: no audiences of segments")
        return _NOBODY
    members = segments.arrow(["user_id", "segment_id"])
    activity = night.versions(USER_FEATURES).tonight().arrow(["user_id", "recent_events"])
    rows = members.join(activity, "user_id", join_type="left outer")
    return ranked(rows["segment_id"].cast(pa.string()), rows["user_id"], rows["recent_events"])


def of_campaigns(night: Night) -> pa.Table:
    """Everybody with an offer of a campaign, the highest expected value first; empty on a night without offers."""
    passed = night.versions(OFFERS).passed()
    if passed is None:
        night.log.info("no offers have passed their gate tonight: no audiences of campaigns")
        return _NOBODY
    offers = passed.arrow(["offer_id", "user_id", "expected_value"])
    return ranked(offers["offer_id"], offers["user_id"], offers["expected_value"])


def ranked(target: pa.ChunkedArray, user: pa.ChunkedArray, score: pa.ChunkedArray) -> pa.Table:
    """(target, rank, user_id, score), sorted by target, then by score with null last, then by user."""
    rows = pa.table({"target": target, "user_id": user, "score": score.cast(pa.float32())})
    keys = [("target", "ascending"), ("score", "descending"), ("user_id", "ascending")]
    rows = rows.take(pc.sort_indices(rows, keys)).combine_chunks()
    codes = rows["target"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    place = np.arange(len(codes))
    starts = np.concatenate([[True], codes[1:] != codes[:-1]]) if len(codes) else np.zeros(0, bool)
    return rows.append_column("rank", pa.array(place - np.maximum.accumulate(np.where(starts, place, 0)) + 1))


def owners_of(night: Night, targets: np.ndarray, user_ids: pa.Array, item_ids: pa.Array) -> sparse.csr_matrix:
    """(T, U) 1 where the user has bought the target and not returned it."""
    rows, columns = [], []
    of_targets = item_ids.take(pa.array(targets))
    for part in night.versions(INTEREST).tonight().each(["user_id", "item_id", "purchases"]):
        part = part.filter(pc.greater(part["purchases"], 0.0))
        user, item = pc.index_in(part["user_id"], user_ids), pc.index_in(part["item_id"], of_targets)
        is_pair = pc.and_(user.is_valid(), item.is_valid())
        rows.append(item.filter(is_pair).to_numpy())
        columns.append(user.filter(is_pair).to_numpy())
    row, column = (np.concatenate([np.zeros(0, np.int32), *parts]) for parts in (rows, columns))
    ones = np.ones(len(row), np.float32)
    return sparse.csr_matrix((ones, (row, column)), shape=(len(targets), len(user_ids)))

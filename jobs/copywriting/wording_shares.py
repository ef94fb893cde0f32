"""How often each wording is chosen: a bandit for each audience, moved every night by clicks.

A wording is a template or the copywriter; its audience is the style. Counted are the items that users saw on the
storefront's placement, and whether they clicked them on the same day. A user counts for an item only where last night's
`user_copy` has a card about it for this user. A hash assigns users to variants (`text_choice`), so wordings of one item
are compared on similar users. A wording that was shown often and still has the least share is retired: it is no longer
written, as long as two others are left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from jobs.copywriting.briefs import APPROVED, BRIEF, GROUP, MODEL, keys_of
from jobs.copywriting.rules import CopyConfig
from jobs.runtime.night import Night
from models.experiments.thompson import next_shares
from schemas.arrow import arrow_schema
from schemas.tables import CLEAN_EVENTS
from schemas.tables.copywriting import COPY_CLICKS, COPY_SHARES, USER_COPY

Arm = tuple[str, str, str, str, str]  # GROUP and the wording
_LEFT = 2  # wordings of a group that are never retired


def seen_since(night: Night) -> pa.Table:
    """COPY_CLICKS of the events since the last shares: a row for each of last night's texts that users saw."""
    since = night.versions(COPY_SHARES).previous_date()
    if since is None or night.versions(USER_COPY).previous_date() is None:
        return arrow_schema(COPY_CLICKS).empty_table()
    slot = night.settings.section("recommend").slot
    events = night.versions(CLEAN_EVENTS).after(since).spark().where(F.col("slot") == slot)
    events = events.where("event_type in ('impression', 'click') and user_id is not null and item_id is not null")
    clicked = F.max((F.col("event_type") == "click").cast("bigint")).alias("clicked")
    pairs = events.groupBy("user_id", "item_id").agg(clicked)
    user_copy = (
        night.versions(USER_COPY).previous().spark().where("channel = 'card'").select("user_id", "item_id", "copy_id")
    )
    rows = pairs.join(user_copy, ["user_id", "item_id"]).groupBy("copy_id")
    counted = rows.agg(F.count("*").alias("shown"), F.sum("clicked").alias("clicked")).toArrow()
    return counted.select(COPY_CLICKS.names).cast(arrow_schema(COPY_CLICKS))


def by_wording(recent: pa.Table, copy: pa.Table) -> dict[Arm, tuple[int, int]]:
    """Wording -> (shown, clicked), summed over its texts in `recent`; copy: the COPY that has these texts."""
    rows = recent.join(copy.select(["copy_id", *GROUP, "wording"]), "copy_id", join_type="inner")
    counted = rows.group_by([*GROUP, "wording"]).aggregate([("shown", "sum"), ("clicked", "sum")]).to_pylist()
    return {_arm(row): (row["shown_sum"], row["clicked_sum"]) for row in counted}


def advance(
    before: Sequence[Mapping[str, Any]],
    wordings: Iterable[Arm],
    recent: Mapping[Arm, tuple[int, int]],
    config: CopyConfig,
) -> pa.Table:
    """Moves last night's COPY_SHARES (`before`) by the counts since then (`recent`), and adds new `wordings`.

    A new wording begins with the mean share of its group. Counts do not fade.
    """
    last_rows = {_arm(row): row for row in before}
    groups: dict[tuple[str, ...], list[Arm]] = defaultdict(list)
    for arm in sorted({*last_rows, *wordings}):
        groups[arm[:-1]].append(arm)
    rows = []
    for arms in groups.values():
        counts = {
            arm: (
                (last_rows[arm]["shown"] if arm in last_rows else 0) + recent.get(arm, (0, 0))[0],
                (last_rows[arm]["clicked"] if arm in last_rows else 0) + recent.get(arm, (0, 0))[1],
            )
            for arm in arms
        }
        running = [arm for arm in arms if not (arm in last_rows and last_rows[arm]["retired"])]
        shares = _moved(running, counts, last_rows, any(arm in recent for arm in running), config)
        retired = _retired(running, counts, shares, config)
        for arm in arms:
            is_retired = arm not in running or arm in retired
            shown, clicked = counts[arm]
            rows.append((*arm, shown, clicked, 0.0 if is_retired else shares[arm], is_retired))
    columns = list(zip(*rows, strict=True)) or [[] for _ in COPY_SHARES.names]
    return pa.table([list(column) for column in columns], names=list(COPY_SHARES.names)).cast(arrow_schema(COPY_SHARES))


def _moved(
    running: Sequence[Arm],
    counts: Mapping[Arm, tuple[int, int]],
    last_rows: Mapping[Arm, Mapping[str, Any]],
    has_news: bool,
    config: CopyConfig,
) -> dict[Arm, float]:
    """Last night's shares, moved by Thompson sampling where there are new counts; they sum to 1."""
    old_shares = [last_rows[arm]["share"] for arm in running if arm in last_rows]
    fresh = sum(old_shares) / len(old_shares) if old_shares and sum(old_shares) > 0 else 1.0
    now = {arm: last_rows[arm]["share"] if arm in last_rows else fresh for arm in running}
    total = sum(now.values()) or 1.0
    now = {arm: share / total for arm, share in now.items()}
    if not has_news or len(now) < 2:
        return now
    least = min(config.least_share, 0.5 / len(now))
    names = {"\x00".join(arm): arm for arm in running}
    moved = next_shares(
        {name: counts[arm][1] for name, arm in names.items()},
        {name: counts[arm][0] for name, arm in names.items()},
        least,
        config.most_change,
        {name: now[arm] for name, arm in names.items()},
        config.seed,
    )
    return {names[name]: share for name, share in moved.items()}


def _retired(
    running: Sequence[Arm], counts: Mapping[Arm, tuple[int, int]], shares: Mapping[Arm, float], config: CopyConfig
) -> set[Arm]:
    """Wordings that were shown `retire_after` times and have the least share. The worst click rate retires first;
    `_LEFT` wordings stay."""
    least = min(config.least_share, 0.5 / max(1, len(running)))
    lost = [arm for arm in running if counts[arm][0] >= config.retire_after and shares[arm] <= least * 1.001]
    lost.sort(key=lambda arm: (counts[arm][1] / counts[arm][0], arm))
    return set(lost[: max(0, len(running) - _LEFT)])


def weights(table: pa.Table) -> dict[Arm, float]:
    """Wording -> share, 0 where it is retired; a wording without an entry has never been written."""
    return {_arm(row): row["share"] for row in table.to_pylist()}


def _arm(row: Mapping[str, Any]) -> Arm:
    return (row["strategy"], row["style"], row["channel"], row["language"], row["wording"])


def arms(copy: pa.Table) -> set[Arm]:
    distinct = copy.group_by([*GROUP, "wording"]).aggregate([])
    return set(zip(*(distinct[name].to_pylist() for name in (*GROUP, "wording")), strict=True))


def variants_of(copy: pa.Table, weights: Mapping[Arm, float]) -> pa.Table:
    """BRIEF and copy_id of each text, its share among the texts of its brief, and what a user's list must not repeat.

    Each text has the weight of its wording. Column `said` has the same number for the same text. Column `wording` is
    the template; for texts without a template, such as a model's, it is the text's id. Column `own` has the text where
    it has slots for a user's own terms.
    """
    arms = keys_of(copy, [*GROUP, "wording"]).combine_chunks().dictionary_encode()
    share_of = {"\0".join(arm): share for arm, share in weights.items()}
    of_arm = np.array([max(share_of.get(name, 1.0), 1e-6) for name in arms.dictionary.to_pylist()], np.float64)
    weight = of_arm[arms.indices.to_numpy()]
    run = keys_of(copy).combine_chunks().dictionary_encode().indices.to_numpy()
    # Rounded: then weights that differ by a common factor, as with an experiment's wording, give exactly equal shares.
    share = np.round(weight / np.bincount(run, weight)[run], 9)
    is_template = pc.and_(pc.not_equal(copy["source"], MODEL), pc.not_equal(copy["wording"], APPROVED))
    has_own = pc.or_(pc.match_substring(copy["text"], "{terms}"), pc.match_substring(copy["text"], "{until}"))
    variants = copy.select([*BRIEF, "copy_id"])
    variants = variants.append_column("wording", pc.if_else(is_template, copy["wording"], copy["copy_id"]))
    variants = variants.append_column("said", copy["text"].combine_chunks().dictionary_encode().indices)
    variants = variants.append_column("share", pa.array(np.minimum(share, 1.0), pa.float64()))
    return variants.append_column("own", pc.if_else(has_own, copy["text"], pa.scalar(None, pa.string())))

"""Clicks of each text, counted night by night: which texts won in their group, and which lost within their brief.

A hash assigns users to the texts of a brief, so the texts are compared on similar users. Each click rate is shrunk
towards the common rate of the texts that it is compared with, so that a few impressions change little.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from jobs.copywriting.briefs import APPROVED, BRIEF, GROUP, is_usual, keys_of
from jobs.copywriting.rules import CopyConfig
from models.experiments.posteriors import chance_above
from schemas.arrow import arrow_schema
from schemas.tables.copywriting import COPY_CLICKS, REJECTED_COPY

LOST = "lost to another"
_ARM = [*GROUP, "wording"]
_PRIOR = 100.0  # impressions at the common rate that are added to each text, as many as offers.prior_users


def add_clicks(before: pa.Table, recent: pa.Table, copy: pa.Table) -> pa.Table:
    """COPY_CLICKS of the night before plus the counts since then (`recent`), for the texts that are in `copy`."""
    rows = pa.concat_tables([before, recent])
    standing = rows.filter(pc.is_in(rows["copy_id"], copy["copy_id"]))
    summed = standing.group_by("copy_id").aggregate([("shown", "sum"), ("clicked", "sum")])
    counts = summed.select(["copy_id", "shown_sum", "clicked_sum"]).rename_columns(list(COPY_CLICKS.names))
    return counts.sort_by("copy_id").cast(arrow_schema(COPY_CLICKS))


def winners(copy: pa.Table, clicks: pa.Table, shares: pa.Table, least: int, chance: float) -> pa.Table:
    """Rows of COPY that won; the rows that were shown most come last.

    A text wins if it was shown `least` times or more, its wording is not retired (COPY_SHARES), and its click rate is
    higher than that of the other texts of its strategy, style, channel and language with probability `chance` or more.
    """
    rows = _chances(copy, clicks, GROUP, least)
    retired = shares.filter(shares["retired"])
    rows = rows.filter(pc.invert(pc.is_in(keys_of(rows, _ARM), pc.unique(keys_of(retired, _ARM)))))
    won = rows.filter(pc.greater_equal(rows["chance"], chance))
    return won.sort_by([("shown", "ascending"), ("copy_id", "ascending")]).select(copy.column_names)


def without_losers(copy: pa.Table, clicks: pa.Table, config: CopyConfig) -> tuple[pa.Table, pa.Table]:
    """(COPY without the texts that lost, these texts as REJECTED_COPY).

    A text loses if it was shown `retire_after` times and its click rate is lower than that of the other usual texts of
    its brief with probability `retire_chance`. The best text of a brief never loses. Approved texts stay. Texts that
    were written for an experiment stay, too, since the experiment judges them.
    """
    usual = copy.filter(is_usual(copy, config.texts_of))
    rows = _chances(usual, clicks, BRIEF, config.retire_after)
    has_lost = pc.and_(pc.less_equal(rows["chance"], 1 - config.retire_chance), pc.not_equal(rows["wording"], APPROVED))
    lost = rows.filter(has_lost).sort_by("copy_id")
    rejected = [
        {name: row[name] for name in (*BRIEF, "text", "source", "content_hash")}
        | {
            "reason": LOST,
            "detail": "{clicked:,} of {shown:,} clicked; of the others {clicked_others:,} of {shown_others:,}".format(
                **row
            ),
        }
        for row in lost.to_pylist()
    ]
    remaining = copy.filter(pc.invert(pc.is_in(copy["copy_id"], lost["copy_id"])))
    return remaining, pa.Table.from_pylist(rejected, arrow_schema(REJECTED_COPY))


def _chances(copy: pa.Table, clicks: pa.Table, columns: Sequence[str], least: int) -> pa.Table:
    """Rows of COPY shown `least` times or more, with shown, clicked, shown_others, clicked_others and chance.

    The others are the other texts with the same values in `columns`; `chance` is the probability that a text's click
    rate is higher than theirs.
    """
    rows = copy.join(clicks, "copy_id", join_type="inner")
    sums = rows.group_by(list(columns)).aggregate([("shown", "sum"), ("clicked", "sum")])
    rows = rows.join(sums, list(columns), join_type="inner").filter(pc.field("shown") >= least)
    for name in ("shown", "clicked"):
        rows = rows.append_column(f"{name}_others", pc.subtract(rows[f"{name}_sum"], rows[name]))
    own_counts, other_counts = (
        (rows[f"shown{suffix}"].to_numpy(), rows[f"clicked{suffix}"].to_numpy()) for suffix in ("", "_others")
    )
    return rows.append_column("chance", pa.array(chance_above(own_counts, other_counts, _PRIOR), pa.float64()))

"""Clicks of texts and shares of wordings counted anew, night by night, after somebody was forgotten.

Who is forgotten has left CLEAN_EVENTS and USER_COPY. So the nights whose copy is kept are gone through once more with
what is left of them. What was counted before the oldest is lost; wordings that had retired by then stay retired.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.common.recount import recount
from jobs.copywriting import wording_shares
from jobs.copywriting.rules import CopyConfig
from jobs.copywriting.text_clicks import add_clicks
from jobs.runtime.lake import Version
from jobs.runtime.night import Night
from schemas.arrow import arrow_schema
from schemas.tables import CLEAN_EVENTS
from schemas.tables.copywriting import COPY, COPY_CLICKS, COPY_SHARES


def recount_clicks(night: Night) -> None:
    """Counts last night's COPY_CLICKS and COPY_SHARES anew, where an erasure asks for it."""
    recount(night, (COPY_CLICKS, COPY_SHARES), count_clicks)


def count_clicks(night: Night) -> list[Version]:
    """COPY_CLICKS and COPY_SHARES of the night."""
    config: CopyConfig = night.settings.section("copy")
    kept = [day for day in night.lake.dates(COPY) if day <= night.date and night.lake.current(COPY_SHARES, day)]
    clicks, shares = arrow_schema(COPY_CLICKS).empty_table(), arrow_schema(COPY_SHARES).empty_table()
    for day in kept:
        one = Night(day, night.lake, night.run, night.settings, night.source_name, night.raw)
        copy, stored = one.versions(COPY).tonight().arrow(), one.versions(COPY_SHARES).tonight().arrow().to_pylist()
        if day == kept[0]:
            before = [row | {"shown": 0, "clicked": 0} for row in stored if row["retired"]]
        else:
            last, seen = one.versions(COPY).previous().arrow(), _seen(one)
            clicks = add_clicks(clicks, seen, last)
            clicks = clicks.filter(pc.is_in(clicks["copy_id"], copy["copy_id"]))
            # A wording whose template or voice was taken away is not in the stored table either.
            there = {_arm(row) for row in stored}
            before = [row for row in shares.to_pylist() if _arm(row) in there]
            before = wording_shares.advance(before, (), wording_shares.by_wording(seen, last), config).to_pylist()
        shares = wording_shares.advance(before, wording_shares.arms(copy), {}, config)
    return [night.write_arrow(COPY_CLICKS, clicks), night.write_arrow(COPY_SHARES, shares)]


def _seen(night: Night) -> pa.Table:
    """COPY_CLICKS of the night's events; empty where retention has taken them away."""
    if night.lake.current(CLEAN_EVENTS, night.date) is None:
        return arrow_schema(COPY_CLICKS).empty_table()
    return wording_shares.seen_since(night)


def _arm(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(row[name] for name in COPY_SHARES.key)

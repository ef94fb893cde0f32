"""Counts the clicks of texts and the shares of wordings again, night by night, after somebody was forgotten.

CLEAN_EVENTS and USER_COPY have no rows of forgotten people. So each night whose COPY is still in the lake is counted
again from these tables. Counts from before the oldest of these nights are lost; wordings that were retired by then stay
retired.
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
    """Counts last night's COPY_CLICKS and COPY_SHARES again, where an erasure asks for it."""
    recount(night, (COPY_CLICKS, COPY_SHARES), count_clicks)


def count_clicks(night: Night) -> list[Version]:
    """COPY_CLICKS and COPY_SHARES of the night."""
    config: CopyConfig = night.settings.section("copy")
    days = [day for day in night.lake.dates(COPY) if day <= night.date and night.lake.current(COPY_SHARES, day)]
    clicks, shares = arrow_schema(COPY_CLICKS).empty_table(), arrow_schema(COPY_SHARES).empty_table()
    for day in days:
        past = Night(day, night.lake, night.run, night.settings, night.source_name, night.raw)
        copy, stored = past.versions(COPY).tonight().arrow(), past.versions(COPY_SHARES).tonight().arrow().to_pylist()
        if day == days[0]:
            before = [row | {"shown": 0, "clicked": 0} for row in stored if row["retired"]]
        else:
            last, recent = past.versions(COPY).previous().arrow(), _seen(past)
            clicks = add_clicks(clicks, recent, last)
            clicks = clicks.filter(pc.is_in(clicks["copy_id"], copy["copy_id"]))
            # A wording whose template or voice was removed is not in the stored table either.
            stored_arms = {_arm(row) for row in stored}
            before = [row for row in shares.to_pylist() if _arm(row) in stored_arms]
            before = wording_shares.advance(before, (), wording_shares.by_wording(recent, last), config).to_pylist()
        shares = wording_shares.advance(before, wording_shares.arms(copy), {}, config)
    return [night.write_arrow(COPY_CLICKS, clicks), night.write_arrow(COPY_SHARES, shares)]


def _seen(night: Night) -> pa.Table:
    """COPY_CLICKS of the night's events; empty where retention has deleted the events."""
    if night.lake.current(CLEAN_EVENTS, night.date) is None:
        return arrow_schema(COPY_CLICKS).empty_table()
    return wording_shares.seen_since(night)


def _arm(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(row[name] for name in COPY_SHARES.key)

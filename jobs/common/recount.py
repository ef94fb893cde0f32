"""Counts sums over people again after somebody was forgotten, before the next night adds to them.

An erasure removes rows about people. It cannot subtract what one person added to an item's sums. Nor can it correct the
usual prices that come from such sums, with which others' purchases are compared. So it leaves a note for each table of
such sums. The next night then first counts last night's version again from all events:

    LAKE/erased/recount/TABLE.json
"""

from __future__ import annotations

from collections.abc import Callable

from jobs.common.erased_people import FOLDER
from jobs.runtime.lake import Version
from jobs.runtime.night import Night
from schemas.table import Table
from schemas.tables import ITEM_FEATURES, ITEM_PRICES, ITEM_WEEKS, USER_PURCHASES
from schemas.tables.copywriting import COPY_CLICKS, COPY_SHARES

COUNTED = (ITEM_FEATURES, ITEM_PRICES, USER_PURCHASES, ITEM_WEEKS, COPY_CLICKS, COPY_SHARES)


def note_of(table: Table) -> str:
    """The path of the table's note in the lake."""
    return f"{FOLDER}/recount/{table.name}.json"


def recount(night: Night, tables: tuple[Table, ...], count: Callable[[Night], list[Version]]) -> None:
    """Where an erasure has left a note for one of `tables`, makes what `count` writes for the last night current.

    `count` gets the last night, as a new run, and writes `tables` from the events up to that night only.
    """
    assert set(tables) <= set(COUNTED), f"no erasure leaves a note for one of {[table.name for table in tables]}"
    if not any(night.lake.exists(note_of(table)) for table in tables):
        return
    since = night.versions(tables[0]).previous_date()
    last_version = night.lake.current(tables[0], since) if since is not None else None
    if since is not None and last_version is not None:
        last_night = Night(since, night.lake, f"{last_version.run}e", night.settings, night.source_name, night.raw)
        for version in count(last_night):
            night.lake.make_current(version)
    for table in tables:
        night.lake.delete(note_of(table))

"""Sums over people that a night goes on from, counted afresh after somebody was forgotten.

An erasure removes rows about people. What single people added to an item's sums cannot be taken out of them again, nor
out of how others' purchases compare with the prices that such sums make usual. So it leaves a note for each table of
such sums, and the next night counts last night's version anew from all events, before it goes on from there:

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
    """The path of the note, which counts from the lake."""
    return f"{FOLDER}/recount/{table.name}.json"


def recount(night: Night, tables: tuple[Table, ...], count: Callable[[Night], list[Version]]) -> None:
    """Makes what `count` writes for the last night current, where an erasure has left its note for one of `tables`.

    `count` is given the last night, as a run of its own, and writes `tables` from nothing but the events until then.
    """
    assert set(tables) <= set(COUNTED), f"no erasure leaves a note for one of {[table.name for table in tables]}"
    if not any(night.lake.exists(note_of(table)) for table in tables):
        return
    since = night.versions(tables[0]).previous_date()
    old = night.lake.current(tables[0], since) if since is not None else None
    if since is not None and old is not None:
        last = Night(since, night.lake, f"{old.run}e", night.settings, night.source_name, night.raw)
        for version in count(last):
            night.lake.make_current(version)
    for table in tables:
        night.lake.delete(note_of(table))

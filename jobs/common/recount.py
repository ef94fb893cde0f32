"""Sums over people that a night goes on from, counted afresh after somebody was forgotten.

An erasure removes rows about people. What single people added to an item's sums cannot be taken out of them again, so
it leaves a note for each table of such sums, and the next night counts last night's version anew from all events,
before it goes on from there:

    LAKE/erased/recount/TABLE.json
"""

from __future__ import annotations

from collections.abc import Callable

from jobs.common.erased_people import FOLDER
from jobs.runtime.lake import Version
from jobs.runtime.night import Night
from schemas.table import Table
from schemas.tables import ITEM_FEATURES, ITEM_PRICES, ITEM_WEEKS

COUNTED = (ITEM_FEATURES, ITEM_PRICES, ITEM_WEEKS)


def note_of(table: Table) -> str:
    """The path of the note, which counts from the lake."""
    return f"{FOLDER}/recount/{table.name}.json"


def recount(night: Night, table: Table, count: Callable[[Night], Version]) -> None:
    """Makes what `count` writes for the last night current, where an erasure has left its note.

    `count` is given the last night, as a run of its own, and writes `table` from nothing but the events until then.
    """
    assert table in COUNTED, f"no erasure leaves a note for {table.name}"
    if not night.lake.exists(note_of(table)):
        return
    since = night.versions(table).previous_date()
    old = night.lake.current(table, since) if since is not None else None
    if since is not None and old is not None:
        last = Night(since, night.lake, f"{old.run}e", night.settings, night.source_name, night.raw)
        night.lake.make_current(count(last))
    night.lake.delete(note_of(table))

"""Finishes an interrupted erasure, then forgets the people on the shop's list of tonight.

The mapping names the list: `erasures = "{date}/erasures.csv"`, one id a line. A night without a list goes on. The list
itself is not copied into the lake. The job runs after the night's files were received, so it searches them too. While
it forgets somebody, no refresh runs: its lists could name the person again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from jobs.common.erased_people import JOURNAL
from jobs.common.raw_drop import for_night, opened, root_of
from jobs.privacy.erasure import NobodyFound, Outcome, forget, not_yet_forgotten
from jobs.privacy.id_list import read_ids
from jobs.runtime import lease
from jobs.runtime.night import Night


def main(night: Night) -> None:
    ids = tonights_ids(night)
    if not ids and not night.lake.exists(*JOURNAL):
        return
    outcomes: list[Outcome] = []
    unknown = 0
    try:
        with _without_refresh(night, ids):
            outcomes = forget(night.lake, ids, night.source_name)
    except NobodyFound as problem:
        night.log.warning("%s", problem)
        unknown = problem.people
    for outcome in outcomes:
        night.log.info("erasure %s: %s", outcome.receipt["erasure"], outcome.place)
        if outcome.unknown:
            night.log.warning("no trace of %d of the %d people of tonight's list", len(outcome.unknown), len(ids))
        unknown += len(outcome.unknown)
    night.report(asked=len(ids), unknown=unknown, receipts=[outcome.place for outcome in outcomes])


@contextlib.contextmanager
def _without_refresh(night: Night, ids: list[str]) -> Iterator[None]:
    """Holds the lake of the refresh where somebody is to be forgotten. Raises LakeBusy while a refresh runs."""
    refresh = night.lake.refresh
    is_needed = night.lake.exists(*JOURNAL) or bool(not_yet_forgotten(night.lake, ids))
    if not is_needed or not refresh.exists():
        yield
        return
    with lease.held(refresh, lease.new_hold("receive_erasures", night.date), night.settings.section("lease")):
        yield


def tonights_ids(night: Night) -> list[str]:
    """The ids of the night's list, none without a list. Raises BadList with the number of a wrong line."""
    if not night.source.erasures:
        return []
    name = for_night(night.source.erasures, night.date)
    drop, base = opened(root_of(night.raw))
    try:
        with drop.open_input_stream(f"{base}/{name}", compression=None) as stream:
            data = bytes(stream.read())
    except FileNotFoundError:
        return []
    return read_ids(data, name)

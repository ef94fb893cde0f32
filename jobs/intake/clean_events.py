"""Splits raw event lines into clean_events and rejected_events. Each line is in one; a rejected line has its reason.

Reasons that need only the row itself are found while reading (jobs.intake.typed_rows). Reasons that need other rows of
the visitor are found after the night's one shuffle, in the pass that writes the files (jobs.intake.visits):
- duplicate: the same event_id earlier in this drop, or in the clean events of the last nights; of several lines of this
  drop, one that can be kept is kept;
- crawler: a visitor with more than `max_events_per_day` events on one day;
- too_late: older than `late_days`, so that nobody can tell whether it is a redelivery.
A session ends where a visitor pauses for more than `session_minutes`.
"""

from __future__ import annotations

import datetime as dt
import functools

from jobs.intake.event_rules import CleanConfig, account, lines_by_visitor, refuse_a_bad_drop, rules
from jobs.intake.typed_rows import read_rows
from jobs.intake.visits import reject_and_sessionise
from jobs.runtime.history import FIRST_DAY
from jobs.runtime.night import Night
from jobs.runtime.spark import size_shuffles
from schemas.tables import CLEAN_EVENTS, REJECTED_EVENTS


def main(night: Night) -> None:
    config: CleanConfig = night.settings.section("clean")
    received = night.lake.get_json("raw", night.source.name, f"date={night.date}", "_received.json")
    size_shuffles(night.spark, sum(file["bytes"] for file in received["events"]["files"]))
    limits = night.settings.section("limits")
    rows = read_rows(night.spark, night.source, "events", received, night.lake, night.date, _last_night(night), limits)
    visit_rules = rules(config, night.date, night.previous_date, night.days)
    earlier = night.versions(CLEAN_EVENTS).window(visit_rules.days_compared((night.date - FIRST_DAY).days))
    lines = lines_by_visitor(rows.frame, earlier.spark())
    split = functools.partial(reject_and_sessionise, rules=visit_rules)
    versions = night.write_split(
        lines, [CLEAN_EVENTS, REJECTED_EVENTS], count_by=("source_file", "reason"), split=split
    )
    kept, rejected = versions[CLEAN_EVENTS.name], versions[REJECTED_EVENTS.name]
    reasons = account(night, kept.facts, rejected.facts, rows.observation.get)
    refuse_a_bad_drop(night, config, reasons, kept.rows + rejected.rows)


def _last_night(night: Night) -> dt.date | None:
    """The night after which the rows of an undated log are new.

    The lake of a refresh has no nights; it lies in the lake of the nights that it continues.
    """
    if night.lake.of_nights is night.lake:
        return night.previous_date
    version = night.lake.of_nights.before(CLEAN_EVENTS, night.date)
    return dt.date.fromisoformat(version.date) if version else None

"""Clean events + last night's interest -> tonight's interest(user, item), by the formula of features/interest.py."""

from __future__ import annotations

from jobs.features.event_weights import weights_of
from jobs.features.interest import advance
from jobs.runtime.night import Night
from schemas.tables import CLEAN_EVENTS, INTEREST


def main(night: Night) -> None:
    config = weights_of(night)
    night.size_for(CLEAN_EVENTS, INTEREST)
    since = night.versions(INTEREST).previous_date()
    previous, events = night.versions(INTEREST).previous().spark(), night.versions(CLEAN_EVENTS).after(since).spark()
    night.write(INTEREST, advance(previous, events, config, night.date, since))

"""Checks the shop's files of the night to their end and copies them, byte for byte, into raw/ of the lake."""

from __future__ import annotations

from jobs.common.erased_people import erased_people
from jobs.intake.drop_files import receive
from jobs.runtime.night import Night
from jobs.runtime.shop_days import settle_days


def main(night: Night) -> None:
    erased_people(night.lake)  # refuses a missing or wrong key before anything is copied
    settle_days(night.lake, night.source, night.date)  # before anything is copied
    late_days = night.settings.section("clean").late_days
    received = receive(night.source, night.raw, night.date, night.previous_date, night.lake, late_days)
    for note in received["notes"]:
        night.log.warning("%s", note)
    for which in ("events", "items", "users"):
        for file in received.get(which, {}).get("files", []):
            night.log.info("%s: %s, %d bytes", which, file["path"], file["bytes"])
    night.report(received=received)

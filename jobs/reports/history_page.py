"""The history that a lake was loaded with, as text for a terminal."""

from __future__ import annotations

import datetime as dt

from jobs.reports.night_page import accounts, judged_by, night_facts
from jobs.reports.quality_table import quality_table
from jobs.runtime import published
from jobs.runtime.lake import Lake
from jobs.runtime.products import product_lines

_BEGINS = (
    "begins with this night, since no list was shown before: what users did with our own lists, texts and offers, the "
    "experiments, and what they learn"
)
_GAPS_SHOWN = 20


def history_page(lake: Lake, days: list[dt.date], span: tuple[dt.date, dt.date], seconds: dict[str, float]) -> str:
    """Lines kept and rejected, days without a file, the published night, what begins only now, and seconds by step."""
    facts = [night_facts(lake, day) for day in days]
    facts = [night for night in facts if night]
    lines = [
        f"\n{len(facts)} days, {days[0]} to {days[-1]}, in {lake.root}",
        "",
        *accounts(facts),
        *gap_lines(days, span),
    ]
    if facts:
        lines += ["", *quality_table(facts[-1:], judged_by(facts[-1]))]
    if (manifest := published.current(lake)) is not None:
        lines += [
            f"published {manifest['run']}, valid until {manifest['valid_until']}",
            *product_lines(manifest),
            f"  {_BEGINS}",
        ]
    if not seconds:
        return "\n".join([*lines, "", "the lake already has every day: nothing was done"])
    total = sum(seconds.values())
    return "\n".join([*lines, "", *(f"{spent:8.1f} s  {step}" for step, spent in seconds.items()), f"{total:8.1f} s"])


def gap_lines(days: list[dt.date], span: tuple[dt.date, dt.date]) -> list[str]:
    """The days of the range that are not among `days`."""
    first, last = span
    present = set(days)
    gaps = [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
    gaps = [day for day in gaps if day not in present]
    if not gaps:
        return []
    shown = ", ".join(map(str, gaps[:_GAPS_SHOWN])) + (
        f" and {len(gaps) - _GAPS_SHOWN} more" if len(gaps) > _GAPS_SHOWN else ""
    )
    return [f"days without a file: {len(gaps)}: {shown}"]

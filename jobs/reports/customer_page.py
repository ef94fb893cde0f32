"""A night's segments, offers by campaign, and price suggestions, as text for a terminal."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jobs.runtime.lake import Lake
from jobs.runtime.night import first_line


def customer_page(lake: Lake, day: dt.date, run: str) -> str:
    """Lines from the reports of a run's jobs: no line for a job that did not run, the error of a job that failed."""
    folder = ("runs", f"date={day}", f"run={run}")
    parts = {"segment_users": _segments, "choose_offers": _offers, "suggest_prices": _prices}
    page = []
    for job, lines in parts.items():
        if lake.exists(*folder, f"{job}.json"):
            facts = lake.get_json(*folder, f"{job}.json")
            page += [f"{job} failed: {first_line(facts['error'])}"] if "error" in facts else lines(facts)
    return "\n".join(page)


def _segments(facts: dict[str, Any]) -> list[str]:
    share = facts["moved_share"]
    moved = "" if share is None else f"; {facts['moved']:,} accounts moved, {share:.1%} of the night before"
    return [f"segments: {facts['segments']}, {facts['fit']['how']}{moved}"]


def _offers(facts: dict[str, Any]) -> list[str]:
    campaigns, budgets = facts.get("campaigns", {}), facts.get("budgets", {})
    lines = [
        f"  {name:20} {figures['offered']:>8,} new, {figures['standing']:,} still valid, {figures['withheld']:,} held "
        f"out, of {figures['candidates']:,} who qualify"
        for name, figures in campaigns.items()
    ]
    lines += [
        f"  budget {line:13} {figures['expected_left']:>8,.0f} of {figures['amount']:,.0f} left"
        for line, figures in budgets.items()
    ]
    return ["offers", *lines] if lines else ["offers: no campaign"]


def _prices(facts: dict[str, Any]) -> list[str]:
    counts = ", ".join(f"{status} {items:,}" for status, items in sorted(facts["statuses"].items()))
    return [f"prices of items on sale: {counts or 'no item is on sale'}"]

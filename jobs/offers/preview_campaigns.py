"""Shows what a campaign file would offer on a date: users, money, who is refused and why. It writes nothing.

It makes the same choice as `choose_offers`, from the same tables, so a file can be tried before it is used.
"""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

import pyarrow as pa

from jobs.offers.plan import Planned, plan
from jobs.runtime.arguments import a_date, add_settings_arguments
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import load_settings
from schemas.campaigns.campaign import Campaigns
from schemas.campaigns.reading import load_campaigns

_SAMPLES = 3  # rows shown of each campaign


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--campaigns", required=True, help="TOML file, or a shipped name, such as sample_shop")
    parser.add_argument("--date", type=a_date, required=True, help="the night, such as 2026-01-06")
    parser.add_argument("--lake", default="lake", help="folder or URL of the lake; default: lake")
    add_settings_arguments(parser)


def main(args: argparse.Namespace) -> int:
    campaigns = load_campaigns(args.campaigns)
    examples = sum(len(campaign.examples) for campaign in campaigns.campaigns)
    print(f"{campaigns.name}: {len(campaigns.campaigns)} campaigns, all {examples} examples come out as they say")
    night = Night(args.date, Lake(args.lake), "preview", load_settings(args.config, args.set))
    night.begin("preview_campaigns")
    print("\n".join(page(campaigns, plan(night, campaigns, night.settings.section("offers")), args.date)))
    return 0


def page(campaigns: Campaigns, planned: Planned, date: dt.date) -> list[str]:
    """The preview in lines; money in the file's currency."""
    lines = [f"night {date}; money in {campaigns.currency}", ""]
    lines.append(
        f"{'campaign':22}{'meet it':>9}{'offered':>9}{'held out':>9}{'standing':>9}"
        f"{'gain':>11}{'cost':>11}{'at most':>11}"
    )
    for name, report in planned.by_campaign.items():
        gain = f"{report['expected_value']:,.2f}" if set(report["methods"]) - {"not enough data"} else "-"
        lines.append(
            f"{name:22}{report['candidates']:>9,}{report['offered']:>9,}{report['withheld']:>9,}{report['standing']:>9,}"
            f"{gain:>11}{report['expected_cost']:>11,.2f}{report['worst_cost']:>11,.2f}"
        )
        lines += [f"{'':4}refused, {guard.replace('_', ' ')}: {count:,}" for guard, count in report["refused"].items()]
        methods = ", ".join(f"{method} {count:,}" for method, count in report["methods"].items())
        lines += [f"{'':4}value by: {methods}"] if methods else []
        lines += [f"{'':4}{row}" for row in _samples(planned.offers, name, date)]
    lines += [f"{name:22}skipped: {why}" for name, why in planned.skipped.items()]
    lines.append("")
    for line, amounts in planned.by_line.items():
        lines.append(
            f"budget {line}: {amounts['amount']:,.2f} of expected costs, {amounts['expected_left']:,.2f} left; "
            f"{amounts['at_most']:,.2f} if every offer is used in full, {amounts['worst_left']:,.2f} left"
        )
    return [*lines, "nothing was written"]


def _samples(offers: pa.Table, name: str, date: dt.date) -> list[str]:
    rows = [row for row in offers.to_pylist() if row["offer_id"] == name and row["offered_on"] == date]
    return [f"{row['user_id']}: {_terms(row)}; {row['reason']}" for row in rows[:_SAMPLES]]


def _terms(row: dict[str, Any]) -> str:
    on = f" on {row['item_id'] or row['category']}" if row["item_id"] or row["category"] else ""
    if row["discount_share"] is not None:
        return f"{row['discount_share']:.0%} off{on}"
    return f"{row['discount_amount']:g} off{on}" if row["discount_amount"] is not None else f"a reminder{on}"

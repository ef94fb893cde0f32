"""Shows what a file of campaigns would offer on a date: users, money, who is refused and why; writes nothing.

The same choice as `choose_offers` makes, from the same tables, so a file can be tried before it is used.
"""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

import pyarrow as pa

from jobs.offers.plan import Planned, plan
from jobs.runtime.arguments import a_date
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import load_settings
from schemas.campaigns.campaign import Campaigns
from schemas.campaigns.reading import load_campaigns

_SHOWN = 3  # sample rows of each campaign


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--campaigns", required=True, help="TOML file, or a shipped name, such as sample_shop")
    parser.add_argument("--date", type=a_date, required=True, help="the night, such as 2026-01-06")
    parser.add_argument("--lake", default="lake", help="folder or URL of the lake; default: lake")
    parser.add_argument("--config", help="TOML file of settings; `python -m jobs show_settings` prints one")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE", help="one setting")


def main(args: argparse.Namespace) -> int:
    campaigns = load_campaigns(args.campaigns)
    examples = sum(len(campaign.examples) for campaign in campaigns.campaigns)
    print(f"{campaigns.name}: {len(campaigns.campaigns)} campaigns, all {examples} examples are borne out")
    night = Night(args.date, Lake(args.lake), "preview", load_settings(args.config, args.set))
    night.begin("preview_campaigns")
    print("\n".join(page(campaigns, plan(night, campaigns, night.settings.section("offers")), args.date)))
    return 0


def page(campaigns: Campaigns, planned: Planned, date: dt.date) -> list[str]:
    """The preview in lines; money in the file's currency."""
    lines = [f"night {date}; money in {campaigns.currency}", ""]
    lines.append(f"{'campaign':22}{'meet it':>9}{'offered':>9}{'held out':>9}{'standing':>9}"
                 f"{'gain':>11}{'cost':>11}{'at most':>11}")  # fmt: skip
    for name, facts in planned.by_campaign.items():
        gain = f"{facts['expected_value']:,.2f}" if set(facts["methods"]) - {"not enough data"} else "-"
        lines.append(
            f"{name:22}{facts['candidates']:>9,}{facts['offered']:>9,}{facts['withheld']:>9,}{facts['standing']:>9,}"
            f"{gain:>11}{facts['expected_cost']:>11,.2f}{facts['worst_cost']:>11,.2f}"
        )
        lines += [f"{'':4}refused, {guard.replace('_', ' ')}: {count:,}" for guard, count in facts["refused"].items()]
        known = ", ".join(f"{method} {count:,}" for method, count in facts["methods"].items())
        lines += [f"{'':4}value by: {known}"] if known else []
        lines += [f"{'':4}{row}" for row in _samples(planned.offers, name, date)]
    lines += [f"{name:22}skipped: {why}" for name, why in planned.skipped.items()]
    lines.append("")
    for line, left in planned.by_line.items():
        lines.append(
            f"budget {line}: {left['amount']:,.2f}, of it left {left['expected_left']:,.2f}; if everybody takes theirs "
            f"{left['at_most']:,.2f}, of it left {left['worst_left']:,.2f}"
        )
    return [*lines, "nothing was written"]


def _samples(offers: pa.Table, name: str, date: dt.date) -> list[str]:
    rows = [row for row in offers.to_pylist() if row["offer_id"] == name and row["offered_on"] == date]
    return [f"{row['user_id']}: {_terms(row)}; {row['reason']}" for row in rows[:_SHOWN]]


def _terms(row: dict[str, Any]) -> str:
    on = f" on {row['item_id'] or row['category']}" if row["item_id"] or row["category"] else ""
    if row["discount_share"] is not None:
        return f"{row['discount_share']:.0%} off{on}"
    return f"{row['discount_amount']:g} off{on}" if row["discount_amount"] is not None else f"a reminder{on}"

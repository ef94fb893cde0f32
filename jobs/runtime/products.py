"""Decides what a night publishes of each product: tonight's (fresh), an earlier night's (carried), or none (absent).

Nothing is read or written here, and no other code decides this. A product that failed its gate tonight may be carried
from an earlier night, for as many nights as the settings `[carry]` allow. `valid_until` is set when a product is made;
carrying never prolongs it. Lists are never carried: a night without lists is not published.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from jobs.runtime.shop_days import ShopDays
from models.core.config import check_bounds
from schemas.table import PRODUCTS, Product, Table
from schemas.tables import STORED

PUBLISHED: tuple[Table, ...] = tuple(table for table in STORED if table.product)
LISTS: Product = "lists"
MANIFEST_VERSION = 2
# A night of day D is shown on D + 1, and until noon of D + 2, so that the night after it may be late.
_SHOWN = dt.timedelta(days=2)
_SPARE_LISTS = dt.timedelta(days=1)  # lists cannot be carried, so they are valid one night longer


@dataclass(frozen=True)
class CarryConfig:
    """For how many nights in a row a failed product may be replaced by its last good one; 0: never."""

    customers: int = field(default=7, metadata={"doc": "nights for segments, portraits and chances", "least": 0})
    offers: int = field(default=3, metadata={"doc": "nights for offers, of those that are still valid", "least": 0})
    audiences: int = field(default=1, metadata={"doc": "nights for audiences", "least": 0})
    copy: int = field(
        default=2, metadata={"doc": "nights for texts, of items on sale whose price has not changed", "least": 0}
    )
    images: int = field(default=3, metadata={"doc": "nights for what pictures tell of items on sale", "least": 0})
    service: int = field(
        default=1, metadata={"doc": "nights for answers, of those whose source has not changed", "least": 0}
    )

    def __post_init__(self) -> None:
        check_bounds(self)

    def nights(self, product: Product) -> int:
        return 0 if product == LISTS else int(getattr(self, product))


@dataclass(frozen=True)
class ProductState:
    """One product of a published night. `made_by` is the published run that made it, None if the product is absent."""

    state: Literal["fresh", "carried", "absent"]
    made_by: str | None = None
    valid_until: str | None = None
    because: str = ""

    def entry(self, left_out: Mapping[str, int] | None = None) -> dict[str, Any]:
        """The product's entry in the manifest; left_out: table -> number of rows that were no longer true."""
        fields = {
            "state": self.state,
            "from": self.made_by,
            "valid_until": self.valid_until,
            "because": self.because,
            "left_out": {table: rows for table, rows in (left_out or {}).items() if rows},
        }
        return {name: value for name, value in fields.items() if value}


def valid_until(product: Product, day: dt.date, limits: CarryConfig, days: ShopDays) -> dt.datetime:
    """Until when the product that the night of `day` makes may be shown: noon on the shop's clock, in UTC."""
    longer = _SPARE_LISTS if product == LISTS else dt.timedelta(days=limits.nights(product))
    return days.noon(day + _SHOWN + longer)


def as_text(moment: dt.datetime) -> str:
    """A UTC time as manifests have it: 2026-01-09T12:00:00Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def products_of(
    failed: Mapping[Product, str], last: Mapping[str, Any] | None, run: str, limits: CarryConfig, days: ShopDays
) -> dict[Product, ProductState]:
    """The state of each product in the published run `run`, such as 2026-01-06-001.

    failed: product -> why it did not pass its gate; all others passed. last: the manifest that the storefront reads.
    """
    day = dt.date.fromisoformat(run[:10])
    states: dict[Product, ProductState] = {}
    for product in PRODUCTS:
        if product not in failed:
            states[product] = ProductState("fresh", run, as_text(valid_until(product, day, limits, days)))
            continue
        earlier = states_in(last).get(product, {}) if last else {}
        if reason := _why_not_carried(product, earlier, last, day, limits, days):
            states[product] = ProductState("absent", because=f"{failed[product]}; {reason}")
        else:
            states[product] = ProductState("carried", earlier["from"], earlier["valid_until"], failed[product])
    return states


def _why_not_carried(
    product: Product,
    earlier: Mapping[str, Any],
    last: Mapping[str, Any] | None,
    day: dt.date,
    limits: CarryConfig,
    days: ShopDays,
) -> str:
    """Why the last published version of the product cannot be carried tonight; empty where it can."""
    if not limits.nights(product):
        return f"{product} are never carried" if product == LISTS else f"carry.{product} is 0"
    if last is None:
        return "no night was published before"
    if earlier.get("state", "absent") == "absent":
        return f"{last['run']} has none either"
    # Tonight is shown all of tomorrow, and until noon of the day after.
    if earlier["valid_until"] < as_text(days.noon(day + _SHOWN)):
        return f"the one of {earlier['from']} is valid only until {earlier['valid_until']}"
    for table in PUBLISHED:
        version = last["tables"].get(table.name, {}).get("schema_version")
        if table.product == product and version != table.version:
            return f"{last['run']} has {table.name} in version {version}, tonight's would be {table.version}"
    return ""


def states_in(manifest: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Product -> its entry. In a manifest of version 1, which has no entries, all products are fresh or absent."""
    if "products" in manifest:
        return dict(manifest["products"])
    fresh = {"state": "fresh", "from": manifest["run"], "valid_until": manifest["valid_until"]}
    missing = {table.product for table in PUBLISHED if table.name not in manifest["tables"]}
    return {product: {"state": "absent"} if product in missing else fresh for product in PRODUCTS}


def sentence(manifest: Mapping[str, Any]) -> str:
    """'2026-01-06-001: lists, copy fresh; offers carried from 2026-01-05; audiences absent'."""
    groups: dict[str, list[str]] = {}
    states = states_in(manifest)
    for product in (name for name in PRODUCTS if name in states):
        entry = states[product]
        state = f"carried from {entry['from'][:10]}" if entry["state"] == "carried" else entry["state"]
        groups.setdefault(state, []).append(product)
    order = sorted(groups, key=lambda state: ("fresh", "carried", "absent").index(state.partition(" ")[0]))
    return f"{manifest['run']}: " + "; ".join(f"{', '.join(groups[state])} {state}" for state in order)


def product_lines(manifest: Mapping[str, Any]) -> Iterable[str]:
    """One line for each product: its state, from when, until when and why."""
    for product, entry in states_in(manifest).items():
        if entry["state"] == "absent":
            yield f"  {product:12} absent: {entry.get('because', 'it was not published')}"
            continue
        line = f"  {product:12} {entry['state']} from {entry['from']}, valid until {entry['valid_until']}"
        left_out = ", ".join(f"{rows:,} rows of {table}" for table, rows in entry.get("left_out", {}).items())
        line += f"; left out because no longer true: {left_out}" if left_out else ""
        yield line + (f"; because {entry['because']}" if "because" in entry else "")

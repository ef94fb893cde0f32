"""PRICE_SUGGESTIONS from what is known of the items: a price, a reason not to move, or what is missing, in words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa

from models.pricing.best_price import (
    NO_ROOM,
    SUGGEST,
    PricingConfig,
    Suggestions,
    is_inelastic,
    price_endings,
    suggest,
)
from schemas.arrow import arrow_schema
from schemas.tables import PRICE_SUGGESTIONS


class Needs(Protocol):
    """How much history an item needs."""

    @property
    def least_weeks(self) -> int: ...
    @property
    def least_units(self) -> float: ...
    @property
    def recent_weeks(self) -> int: ...


@dataclass(frozen=True)
class Facts:
    """What is known of each item on sale (N,): doubles are NaN where it is not, texts None.

    weeks, prices, units: those behind the elasticity (mean, low, high); 0 where the fit did not know the item.
    """

    item_ids: np.ndarray
    price: np.ndarray
    cost: np.ndarray
    currency: np.ndarray
    stock: np.ndarray
    competitor: np.ndarray
    sold_in: np.ndarray
    mixed: np.ndarray
    units_a_week: np.ndarray
    elasticity: tuple[np.ndarray, np.ndarray, np.ndarray]
    weeks: np.ndarray
    prices: np.ndarray
    units: np.ndarray


def missing(facts: Facts, needs: Needs, fitted_on: dt.date | None) -> list[str | None]:
    """Of each item (N,), what keeps it from having a suggestion; None where nothing does. The first reason counts."""
    other = (facts.sold_in != None) & (facts.currency != None) & (facts.sold_in != facts.currency)  # noqa: E711
    everything = np.full(len(facts.item_ids), True)
    reasons = [
        (~(facts.price > 0), "the catalogue has no price for it"),
        (np.isnan(facts.cost), "its cost is not known"),
        (facts.mixed, "its prices were in several currencies"),
        (other, "it was sold in another currency than the catalogue's price is in"),
        (everything & (fitted_on is None), f"the shop has fewer than {needs.least_weeks} whole weeks of sales"),
        (facts.weeks == 0, f"it was not sold at a known price in the weeks before the fit of {fitted_on}"),
        (facts.weeks < needs.least_weeks, f"fewer than {needs.least_weeks} weeks on sale at a known price"),
        (facts.prices < 2, "its price has never changed, so nothing tells what a change does"),
        (facts.units < needs.least_units, f"fewer than {needs.least_units:g} units sold"),
        (np.isnan(facts.units_a_week), f"it could not be bought in the last {needs.recent_weeks} weeks"),
    ]
    told = np.full(len(everything), None, object)
    for holds, text in reversed(reasons):
        told[holds] = text
    return list(told)


def price_rows(facts: Facts, config: PricingConfig, needs: Needs, fitted_on: dt.date | None) -> pa.Table:
    """PRICE_SUGGESTIONS, a row an item."""
    why = missing(facts, needs, fitted_on)
    ready = np.array([text is None for text in why], np.bool_)
    rate = facts.units_a_week[ready]
    cover = np.divide(facts.stock[ready], rate, out=np.full(len(rate), np.nan), where=rate > 0)
    elasticity = tuple(part[ready] for part in facts.elasticity)
    made = suggest(config, facts.price[ready], facts.cost[ready], rate, elasticity, cover,  # type: ignore[arg-type]
                   facts.competitor[ready], price_endings(facts.price))  # fmt: skip
    for place, row in enumerate(np.flatnonzero(ready).tolist()):
        why[row] = _words(facts, config, made, place, row, cover[place])

    def whole(values: np.ndarray) -> pa.Array:
        """(N,), null where there is not enough data, or nothing is known."""
        full = np.full(len(ready), np.nan)
        full[ready] = values
        return _nullable(full)

    status = np.full(len(ready), "not enough data", object)
    status[ready] = np.where(made.verdict == SUGGEST, "suggest", "keep")
    columns = {
        "item_id": facts.item_ids.astype(object),
        "status": status,
        "price": _nullable(facts.price),
        "suggested_price": whole(made.price),
        "change": whole(made.price / facts.price[ready] - 1),
        "currency": facts.currency,
        "cost": _nullable(facts.cost),
        "elasticity": whole(elasticity[0]),
        "elasticity_low": whole(elasticity[1]),
        "elasticity_high": whole(elasticity[2]),
        "is_inelastic": pa.array(is_inelastic(facts.elasticity[0]), mask=~ready),
        "gain": whole(made.gain),
        "gain_low": whole(made.gain_low),
        "gain_high": whole(made.gain_high),
        "units_a_week": whole(rate),
        "weeks_of_cover": whole(cover),
        "weeks_seen": facts.weeks,
        "fitted_on": pa.array([fitted_on] * len(ready), pa.date32()),
        "reason": why,
    }
    schema = arrow_schema(PRICE_SUGGESTIONS)
    return pa.table({name: pa.array(columns[name], schema.field(name).type) if not isinstance(columns[name], pa.Array)
                     else columns[name] for name in schema.names}).cast(schema)  # fmt: skip


def _words(facts: Facts, config: PricingConfig, made: Suggestions, place: int, row: int, cover: float) -> str:
    """Why the price may move, or may not."""
    mean, low, high = (part[row] for part in facts.elasticity)
    price, lowest, highest = facts.price[row], made.lowest[place], made.highest[place]
    notes = []
    if mean > -1:
        notes.append("inelastic: dearer looks always better, only the bounds stop it; look twice")
    if cover > config.overstock_weeks:
        notes.append(f"stock lasts {cover:.0f} weeks, so a cut of {config.overstock_cut:.0%} was allowed")
    if cover < config.scarce_weeks:
        notes.append(f"stock lasts {cover:.1f} weeks, so no cut was allowed")
    if highest < price * (1 + config.max_rise) - 1e-9:
        notes.append(f"a competitor sells at {facts.competitor[row]:.2f}, so no rise above {highest:.2f} was allowed")
    between = f"elasticity {mean:.2f}, between {low:.2f} and {high:.2f}"
    if made.verdict[place] == SUGGEST:
        said = (f"{facts.units_a_week[row]:.1f} units a week; {between}: {made.gain[place]:+.2f} margin a week, at "
                f"worst {made.gain_low[place]:+.2f}")  # fmt: skip
    elif lowest > highest:
        said = f"a margin of {config.margin_floor:.0%} needs {lowest:.2f}, a rise may only reach {highest:.2f}"
    elif made.verdict[place] == NO_ROOM:
        said = f"no price between {lowest:.2f} and {highest:.2f} is a move worth a label"
    else:
        said = f"{between}: no price from {lowest:.2f} to {highest:.2f} is sure to gain"
    return "; ".join([said, *notes])


def _nullable(values: np.ndarray) -> pa.Array:
    """Doubles, NaN as null."""
    return pa.array(values, pa.float64(), mask=np.isnan(values))

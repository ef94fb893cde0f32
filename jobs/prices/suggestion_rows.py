"""PRICE_SUGGESTIONS from the facts of items: a new price, or a reason to keep the old one, or what is missing."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa

from jobs.prices.config import SuggestPricesConfig
from jobs.prices.price_facts import PriceFacts
from models.pricing.best_price import (
    NO_ROOM,
    SUGGEST,
    ElasticityInterval,
    PricingConfig,
    Suggestions,
    is_inelastic,
    price_endings,
    suggest,
)
from schemas.arrow import arrow_schema
from schemas.tables import PRICE_SUGGESTIONS


def missing(facts: PriceFacts, needs: SuggestPricesConfig, fitted_on: dt.date | None) -> list[str | None]:
    """For each item (N,), the first reason why it cannot have a suggestion; None if there is no such reason."""
    items = len(facts.item_ids)
    is_other_currency = (facts.sold_in != None) & (facts.currency != None) & (facts.sold_in != facts.currency)  # noqa: E711
    reasons = [
        (~(facts.price > 0), "the catalogue has no price for it"),
        (np.isnan(facts.cost), "its cost is not known"),
        (facts.several_currencies, "its prices were in several currencies"),
        (is_other_currency, "it was sold in another currency than the catalogue's price is in"),
        (np.full(items, fitted_on is None), f"the shop has fewer than {needs.least_weeks} whole weeks of sales"),
        (facts.weeks == 0, f"it was not sold at a known price in the weeks before the fit of {fitted_on}"),
        (facts.weeks < needs.least_weeks, f"fewer than {needs.least_weeks} weeks on sale at a known price"),
        (facts.prices < 2, "its price has never changed, so the effect of a change is not known"),
        (facts.units < needs.least_units, f"fewer than {needs.least_units:g} units sold"),
        (np.isnan(facts.units_a_week), f"it could not be bought in the last {needs.recent_weeks} weeks"),
    ]
    first_reason = np.full(items, None, object)
    for holds, reason in reversed(reasons):
        first_reason[holds] = reason
    return list(first_reason)


def price_rows(
    facts: PriceFacts, config: PricingConfig, needs: SuggestPricesConfig, fitted_on: dt.date | None
) -> pa.Table:
    """PRICE_SUGGESTIONS, a row for each item."""
    reasons = missing(facts, needs, fitted_on)
    is_judged = np.array([reason is None for reason in reasons], np.bool_)
    rate = facts.units_a_week[is_judged]
    cover = np.divide(facts.stock[is_judged], rate, out=np.full(len(rate), np.nan), where=rate > 0)
    elasticity = ElasticityInterval(*(part[is_judged] for part in facts.elasticity))
    suggestions = suggest(
        config,
        facts.price[is_judged],
        facts.cost[is_judged],
        rate,
        elasticity,
        cover,
        facts.competitor[is_judged],
        price_endings(facts.price),
    )
    for judged, row in enumerate(np.flatnonzero(is_judged).tolist()):
        reasons[row] = "; ".join(
            [
                _verdict_in_words(facts, config, suggestions, judged, row),
                *_notes(facts, config, suggestions.highest[judged], row, cover[judged]),
            ]
        )

    def of_judged(values: np.ndarray) -> pa.Array:
        """(N,) from the judged items' values: null for all others, and for NaN."""
        full = np.full(len(is_judged), np.nan)
        full[is_judged] = values
        return _nullable(full)

    status = np.full(len(is_judged), "not enough data", object)
    status[is_judged] = np.where(suggestions.verdict == SUGGEST, "suggest", "keep")
    columns = {
        "item_id": facts.item_ids.astype(object),
        "status": status,
        "price": _nullable(facts.price),
        "suggested_price": of_judged(suggestions.price),
        "change": of_judged(suggestions.price / facts.price[is_judged] - 1),
        "currency": facts.currency,
        "cost": _nullable(facts.cost),
        "elasticity": of_judged(elasticity.mean),
        "elasticity_low": of_judged(elasticity.low),
        "elasticity_high": of_judged(elasticity.high),
        "is_inelastic": pa.array(is_inelastic(facts.elasticity.mean), mask=~is_judged),
        "gain": of_judged(suggestions.gain),
        "gain_low": of_judged(suggestions.gain_low),
        "gain_high": of_judged(suggestions.gain_high),
        "units_a_week": of_judged(rate),
        "weeks_of_cover": of_judged(cover),
        "weeks_seen": facts.weeks,
        "fitted_on": pa.array([fitted_on] * len(is_judged), pa.date32()),
        "reason": reasons,
    }
    schema = arrow_schema(PRICE_SUGGESTIONS)
    arrays = {
        name: column if isinstance(column, pa.Array) else pa.array(column, schema.field(name).type)
        for name, column in columns.items()
    }
    return pa.table({name: arrays[name] for name in schema.names}).cast(schema)


def _verdict_in_words(facts: PriceFacts, config: PricingConfig, suggestions: Suggestions, judged: int, row: int) -> str:
    """Why the price should move, or why not. row: the item's index in `facts`; judged: its index in `suggestions`."""
    mean, low, high = (part[row] for part in facts.elasticity)
    elasticity = f"elasticity {mean:.2f}, between {low:.2f} and {high:.2f}"
    lowest, highest = suggestions.lowest[judged], suggestions.highest[judged]
    if suggestions.verdict[judged] == SUGGEST:
        return (
            f"{facts.units_a_week[row]:.1f} units a week; {elasticity}: {suggestions.gain[judged]:+.2f} margin a week, "
            f"at worst {suggestions.gain_low[judged]:+.2f}"
        )
    if lowest > highest:
        return f"a margin of {config.margin_floor:.0%} needs {lowest:.2f}, a rise may only reach {highest:.2f}"
    if suggestions.verdict[judged] == NO_ROOM:
        return f"no price between {lowest:.2f} and {highest:.2f} differs enough from today's to be worth a new label"
    return f"{elasticity}: no price from {lowest:.2f} to {highest:.2f} is sure to gain"


def _notes(facts: PriceFacts, config: PricingConfig, highest: float, row: int, cover: float) -> list[str]:
    """Other facts that a person should know, such as what set the bounds. `highest` is the highest price allowed."""
    notes = []
    if facts.elasticity.mean[row] > -1:
        notes.append("inelastic: a higher price always looks better, and only the bounds stop it; check this with care")
    if cover > config.overstock_weeks:
        notes.append(f"stock lasts {cover:.0f} weeks, so a cut of {config.overstock_cut:.0%} was allowed")
    if cover < config.scarce_weeks:
        notes.append(f"stock lasts {cover:.1f} weeks, so no cut was allowed")
    if highest < facts.price[row] * (1 + config.max_rise) - 1e-9:
        notes.append(f"a competitor sells at {facts.competitor[row]:.2f}, so no rise above {highest:.2f} was allowed")
    return notes


def _nullable(values: np.ndarray) -> pa.Array:
    """Numbers, NaN as null."""
    return pa.array(values, pa.float64(), mask=np.isnan(values))

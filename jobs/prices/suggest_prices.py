"""Weeks of sales -> price_suggestions: what each item on sale might cost, and why, for a person to approve.

The job writes two tables. ITEM_WEEKS is a recurrence (jobs.prices.item_weeks). The job fits own-price elasticities to
its whole weeks, once in `every_days`; the nights between use that fit with the day's prices, costs and stock. From
these, models.pricing.best_price makes the suggestions (PRICE_SUGGESTIONS). If something is missing, the row says what,
and has no figures.

An item has one price for everybody: the job refuses a setting that names an attribute of a person, such as gender.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.common.on_sale import can_be_shown
from jobs.common.recount import recount
from jobs.prices.config import SuggestPricesConfig
from jobs.prices.item_weeks import advance, listed_on, sold_by_week, without_sales
from jobs.prices.price_facts import attribute_values, facts_of
from jobs.prices.sales_history import SalesHistory, whole_weeks
from jobs.prices.suggestion_rows import price_rows
from jobs.runtime.lake import Version
from jobs.runtime.model_store import date_of, due, load_model, save_model
from jobs.runtime.night import Night
from models.pricing.item_elasticities import ItemElasticities
from schemas.tables import CLEAN_EVENTS, ITEM_WEEKS, ITEMS, PRICE_SUGGESTIONS

MODEL = "elasticity"
_ITEM_COLUMNS = ["item_id", "price", "cost", "currency", "stock", "is_active", "category", "brand", "attributes"]
_CELLS = 500_000  # of the matrices that are fitted at a time: 4 MB each, and there are about fifteen


def main(night: Night) -> None:
    config: SuggestPricesConfig = night.settings.section("prices")
    recount(night, (ITEM_WEEKS,), count_sales)
    weeks = item_weeks(night, config)
    night.write_arrow(ITEM_WEEKS, weeks)
    items = night.versions(ITEMS).tonight().arrow(_ITEM_COLUMNS).sort_by("item_id")
    history = whole_weeks(weeks, night.date, config.least_days)
    model, fitted_on = elasticities(night, config, history, items)
    facts = facts_of(config, items.filter(can_be_shown(items)), history, model)
    if config.competitor and np.isnan(facts.competitor).all():
        night.log.info("prices.competitor: no item on sale has a price in its attribute '%s'", config.competitor)
    rows = price_rows(facts, night.settings.section("pricing"), config, fitted_on)
    night.write_arrow(PRICE_SUGGESTIONS, rows)
    counted = rows.group_by("status").aggregate([([], "count_all")]).to_pylist()
    night.report(statuses={row["status"]: row["count_all"] for row in counted})


def count_sales(night: Night) -> list[Version]:
    """ITEM_WEEKS of the night, with sales counted again from all events; columns from the catalogue stay."""
    oldest = night.date - dt.timedelta(weeks=night.settings.section("prices").weeks)
    (version,) = (current for current in [night.lake.current(ITEM_WEEKS, night.date)] if current)
    listed = without_sales(night.versions(ITEM_WEEKS).of([version]).arrow())
    sold = sold_by_week(night.versions(CLEAN_EVENTS).after(None).spark(), oldest)
    return [night.write_arrow(ITEM_WEEKS, advance(listed, [sold], oldest))]


def item_weeks(night: Night, config: SuggestPricesConfig) -> pa.Table:
    """ITEM_WEEKS of tonight. Spark sums up the events; one row per item and week comes to the driver."""
    since, oldest = night.versions(ITEM_WEEKS).previous_date(), night.date - dt.timedelta(weeks=config.weeks)
    night.size_for(CLEAN_EVENTS)
    parts = [sold_by_week(night.versions(CLEAN_EVENTS).after(since).spark(), oldest)]
    columns = ["item_id", "is_active", "stock", "price", "currency"]
    parts += [listed_on(items.arrow(columns), day) for day, items in night.versions(ITEMS).after(since).by_date()]
    return advance(night.versions(ITEM_WEEKS).previous().arrow(), parts, oldest)


def elasticities(
    night: Night, config: SuggestPricesConfig, history: SalesHistory, items: pa.Table
) -> tuple[ItemElasticities | None, dt.date | None]:
    """(tonight's fit if one is due, else the last fit; the night it was made). Both are None before the first fit."""
    last_fit = night.lake.model_before(MODEL, night.date)
    age = (night.date - date_of(last_fit)).days if last_fit else None
    why = due(night, age, config.every_days, done="fitted")
    items_fitted, weeks = history.weeks.units.shape
    if why is not None and weeks >= config.least_weeks and items_fitted > 0:
        night.report(start=why, items=items_fitted, weeks=weeks)
        return fit(night, config, history, items), night.date
    night.report(start="carried over" if last_fit else "none yet", model="/".join(last_fit or ()))
    if last_fit is None:
        return None, None
    return load_model(night.lake, last_fit, ItemElasticities), date_of(last_fit)


def fit(night: Night, config: SuggestPricesConfig, history: SalesHistory, items: pa.Table) -> ItemElasticities:
    """Fits elasticities tonight, and stores them for the nights to come."""
    group = pool_codes(items, config.pool_by, history.item_ids)
    settings, weeks = night.settings.section("elasticity"), history.weeks
    night.log.info("fitting elasticities of %d items over %d weeks", *weeks.units.shape)
    model = ItemElasticities.fit(settings, history.item_ids, weeks.units, weeks.price, group, _CELLS)
    save_model(night, MODEL, model.save)
    return model


def pool_codes(items: pa.Table, pool_by: str, item_ids: np.ndarray) -> np.ndarray:
    """(I,) group codes from 0. Items with the same category, brand or attribute are a group, and those without one too.

    Raises ValueError where `pool_by` is an attribute that no item has.
    """
    is_column = pool_by in ("category", "brand")
    values = items[pool_by] if is_column else pa.array(attribute_values(items, pool_by), pa.string())
    if not is_column and values.null_count == len(values):
        raise ValueError(f"prices.pool_by: no item has an attribute '{pool_by}'; name one that ITEMS.attributes holds")
    rows = pc.index_in(pa.array(item_ids, pa.string()), items["item_id"].combine_chunks())
    names = pc.fill_null(values.take(rows), "").to_numpy(zero_copy_only=False).astype(np.str_)
    return np.unique(names, return_inverse=True)[1].astype(np.int64)

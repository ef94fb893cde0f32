"""Weeks of sales -> price_suggestions: what each item on sale might cost, and why, for a person to approve.

Two tables. ITEM_WEEKS is a recurrence (jobs.prices.item_weeks). From its whole weeks own-price elasticities are
fitted, once in `every_days`; the nights between use that fit with the day's prices, costs and stock.
models.pricing.best_price makes suggestions of them. Where something is missing, the row says what, and gives no figure.

An item has one price for everybody: what tells of a person, protected attributes above all, is refused by name.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.common.on_sale import can_be_shown
from jobs.prices.item_weeks import advance, listed_on, monday, sold_by_week
from jobs.prices.suggestion_rows import Facts, price_rows
from jobs.runtime.attributes import read_attributes
from jobs.runtime.model_store import date_of, due, load_model, save_model
from jobs.runtime.night import Night
from models.core.config import check_bounds
from models.pricing.elasticity import ItemElasticities
from models.pricing.weekly_sales import PriceWeeks, price_weeks, units_a_week
from schemas.protected_attributes import refuse_protected
from schemas.tables import CLEAN_EVENTS, ITEM_WEEKS, ITEMS, PRICE_SUGGESTIONS
from schemas.tables.prices import MIXED

MODEL = "elasticity"
_ITEM = ("item_id", "price", "cost", "currency", "stock", "is_active", "category", "brand", "attributes")
_CELLS = 500_000  # numbers of a matrix at a time: 4 MB, some fifteen such matrices
_SUMS = ("units", "revenue", "days_on_sale", "days_sold_out", "days_priced", "list_price_sum")


@dataclass(frozen=True)
class SuggestPricesConfig:
    """What elasticities are learned from, when, and how much of it an item needs."""

    weeks: int = field(default=52, metadata={"doc": "weeks of history kept", "least": 3})
    every_days: int = field(default=7, metadata={"doc": "days until another fit, where retrain is auto", "least": 1})
    least_weeks: int = field(
        default=8, metadata={"doc": "whole weeks on sale at a known price that an item needs", "least": 2}
    )
    least_units: float = field(default=10.0, metadata={"doc": "units sold in them that an item needs"})
    least_days: int = field(
        default=4, metadata={"doc": "of a week in stock; a week with fewer tells nothing", "least": 1}
    )
    recent_weeks: int = field(default=8, metadata={"doc": "whose sales are the rate at today's price", "least": 1})
    pool_by: str = field(
        default="category", metadata={"doc": "category, brand or an attribute: thin items lean on the others of theirs"}
    )
    competitor: str = field(default="", metadata={"doc": "attribute that holds a competitor's price; none: not known"})

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.weeks < self.least_weeks:
            raise ValueError(f"weeks {self.weeks} must be least_weeks {self.least_weeks} or more")
        refuse_protected((self.pool_by,), "pool_by")
        refuse_protected((self.competitor,), "competitor")


@dataclass(frozen=True)
class History:
    """Whole weeks of the items (I,) sold in them, ids sorted; and the ids whose prices were in several currencies."""

    item_ids: np.ndarray
    weeks: PriceWeeks
    currency: np.ndarray  # (I,) of object: code or None
    mixed: frozenset[str]


def main(night: Night) -> None:
    config: SuggestPricesConfig = night.settings.section("prices")
    weeks = item_weeks(night, config)
    night.write_arrow(ITEM_WEEKS, weeks)
    items = night.versions(ITEMS).tonight().arrow(list(_ITEM)).sort_by("item_id")
    history = whole_weeks(weeks, night.date, config.least_days)
    model, fitted_on = elasticities(night, config, history, items)
    facts = facts_of(config, items.filter(can_be_shown(items)), history, model)
    if config.competitor and np.isnan(facts.competitor).all():
        night.log.info("prices.competitor: no item on sale has a price in its attribute '%s'", config.competitor)
    rows = price_rows(facts, night.settings.section("pricing"), config, fitted_on)
    night.write_arrow(PRICE_SUGGESTIONS, rows)
    counted = rows.group_by("status").aggregate([([], "count_all")]).to_pylist()
    night.report(statuses={row["status"]: row["count_all"] for row in counted})


def item_weeks(night: Night, config: SuggestPricesConfig) -> pa.Table:
    """ITEM_WEEKS of tonight. Spark sums the events up; what is left is a row an item and week."""
    since, oldest = night.versions(ITEM_WEEKS).previous_date(), night.date - dt.timedelta(weeks=config.weeks)
    night.size_for(CLEAN_EVENTS)
    parts = [sold_by_week(night.versions(CLEAN_EVENTS).after(since).spark(), oldest)]
    columns = ["item_id", "is_active", "stock", "price", "currency"]
    parts += [listed_on(items.arrow(columns), day) for day, items in night.versions(ITEMS).after(since).by_date()]
    return advance(night.versions(ITEM_WEEKS).previous().arrow(), parts, oldest)


def whole_weeks(rows: pa.Table, night_date: dt.date, least_days: int) -> History:
    """The weeks that are over, without the first, of which the shop may have told a part only."""
    first = pc.min(rows["week"]).as_py() or night_date
    begin, end = first + dt.timedelta(weeks=1), monday(night_date + dt.timedelta(days=1))
    inside = pc.and_(pc.greater_equal(rows["week"], pa.scalar(begin)), pc.less(rows["week"], pa.scalar(end)))
    rows = rows.filter(inside)
    currencies = rows.group_by("item_id").aggregate([("currency", "min"), ("currency", "max"), ("units", "sum")])
    low, high = currencies["currency_min"], currencies["currency_max"]
    several = pc.fill_null(pc.or_(pc.not_equal(low, high), pc.equal(low, MIXED)), False)
    mixed = frozenset(currencies.filter(several)["item_id"].to_pylist())
    usable = pc.and_(pc.invert(several), pc.greater(currencies["units_sum"], 0.0))
    known = currencies.filter(usable).sort_by("item_id")
    ids = known["item_id"].combine_chunks()
    at = pc.index_in(rows["item_id"], ids)
    rows, at = rows.filter(pc.is_valid(at)), at.drop_null().to_numpy()
    total = max(0, (end - begin).days // 7)
    week = (rows["week"].cast(pa.int32()).to_numpy() - (begin - dt.date(1970, 1, 1)).days) // 7
    columns = {name: rows[name].to_numpy().astype(np.float64) for name in _SUMS}
    weeks = price_weeks(at.astype(np.int64) * total + week, (len(ids), total), columns, least_days)
    return History(np.asarray(ids.to_pylist(), np.str_), weeks, _objects(known["currency_min"]), mixed)


def elasticities(
    night: Night, config: SuggestPricesConfig, history: History, items: pa.Table
) -> tuple[ItemElasticities | None, dt.date | None]:
    """(tonight's fit, if one is due, or else the last one; the night it was made). None without enough weeks."""
    running = night.lake.model_before(MODEL, night.date)
    age = (night.date - date_of(running)).days if running else None
    why = due(night, age, config.every_days, done="fitted")
    enough = history.weeks.units.shape[1] >= config.least_weeks and len(history.item_ids) > 0
    if why is not None and enough:
        night.report(start=why, items=len(history.item_ids), weeks=history.weeks.units.shape[1])
        return fit(night, config, history, items), night.date
    night.report(start="carried over" if running else "none yet", model="/".join(running or ()))
    if running is None:
        return None, None
    return load_model(night.lake, running, ItemElasticities), date_of(running)


def fit(night: Night, config: SuggestPricesConfig, history: History, items: pa.Table) -> ItemElasticities:
    """Tonight's elasticities, kept for the nights to come."""
    group = pool_codes(items, config.pool_by, history.item_ids)
    settings, weeks = night.settings.section("elasticity"), history.weeks
    night.log.info("fitting elasticities of %d items over %d weeks", *weeks.units.shape)
    model = ItemElasticities.fit(settings, history.item_ids, weeks.units, weeks.price, group, _CELLS)
    save_model(night, MODEL, model.save)
    return model


def pool_codes(items: pa.Table, pool_by: str, item_ids: np.ndarray) -> np.ndarray:
    """(I,) codes from 0 of what `pool_by` says of each item; those it says nothing of are one group.

    Raises ValueError where `pool_by` is an attribute that no item has.
    """
    values = items[pool_by] if pool_by in ("category", "brand") else pa.array(_attribute(items, pool_by), pa.string())
    if pool_by not in ("category", "brand") and values.null_count == len(values):
        raise ValueError(f"prices.pool_by: no item has an attribute '{pool_by}'; name one that ITEMS.attributes holds")
    at = pc.index_in(pa.array(item_ids, pa.string()), items["item_id"].combine_chunks())
    named = pc.fill_null(values.take(at), "").to_numpy(zero_copy_only=False).astype(np.str_)
    return np.unique(named, return_inverse=True)[1].astype(np.int64)


def facts_of(config: SuggestPricesConfig, items: pa.Table, history: History, model: ItemElasticities | None) -> Facts:
    """What is known of each item on sale (N,), NaN and -1 where it is not."""
    ids = np.asarray(items["item_id"].to_pylist(), np.str_)
    price = _doubles(items["price"])
    fitted = model.rows_of(ids) if model else np.full(len(ids), -1)
    found = model.found if model else None

    def of(values: str) -> np.ndarray:
        return np.where(fitted >= 0, getattr(found, values)[fitted], np.nan) if found else np.full(len(ids), np.nan)

    at = pc.fill_null(pc.index_in(items["item_id"], pa.array(history.item_ids, pa.string())), -1).to_numpy()
    rate, currency = np.full(len(ids), np.nan), np.full(len(ids), None, object)
    there = np.flatnonzero(at >= 0)
    here = history.weeks.taken(at[there])
    rate[there] = units_a_week(here, price[there], np.nan_to_num(of("mean")[there]), config.recent_weeks)
    currency[there] = history.currency[at[there]]
    return Facts(
        item_ids=ids,
        price=price,
        cost=_doubles(items["cost"]),
        currency=_objects(items["currency"]),
        stock=_doubles(items["stock"]),
        competitor=np.array([_number(value) for value in _attribute(items, config.competitor)], np.float64),
        sold_in=currency,
        mixed=np.array([one in history.mixed for one in ids.tolist()], np.bool_),
        units_a_week=rate,
        elasticity=(of("mean"), of("low"), of("high")),
        weeks=np.nan_to_num(of("weeks")).astype(np.int64),
        prices=np.nan_to_num(of("prices")).astype(np.int64),
        units=np.nan_to_num(of("units")),
    )


def _attribute(items: pa.Table, name: str) -> list[str | None]:
    """An attribute of each item, as text; None where the item has none of that name."""
    if not name:
        return [None] * len(items)
    read = read_attributes(items["attributes"].to_pylist())
    return [None if (value := found.get(name)) is None else str(value) for found in read]


def _number(text: str | None) -> float:
    try:
        value = float(text) if text is not None else np.nan
    except ValueError:
        return np.nan
    return value if np.isfinite(value) and value > 0 else np.nan


def _doubles(column: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(pc.fill_null(column, np.nan).to_numpy(), np.float64)


def _objects(column: pa.ChunkedArray) -> np.ndarray:
    return np.array(column.to_pylist(), object).reshape(len(column))

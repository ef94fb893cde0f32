"""Whole weeks of sales as the matrices that elasticities are fitted to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.prices.item_weeks import monday
from models.pricing.weekly_sales import PriceWeeks, price_weeks
from schemas.tables.prices import MIXED

_SUMS = ("units", "revenue", "days_on_sale", "days_sold_out", "days_priced", "list_price_sum")


@dataclass(frozen=True)
class SalesHistory:
    """Items (I,) that were sold in whole weeks, sorted by id, with the currency of their sales.

    several_currencies: ids of items whose prices were in several currencies; these are not among the items.
    """

    item_ids: np.ndarray
    weeks: PriceWeeks
    currency: np.ndarray  # of object: ISO 4217 code or None
    several_currencies: frozenset[str]


def whole_weeks(rows: pa.Table, night_date: dt.date, least_days: int) -> SalesHistory:
    """From ITEM_WEEKS: the weeks that are over, without the first week, which the shop may not have recorded wholly.

    least_days: days in stock that a week needs to count.
    """
    first_week = pc.min(rows["week"]).as_py() or night_date
    first_whole_week, end = first_week + dt.timedelta(weeks=1), monday(night_date + dt.timedelta(days=1))
    is_whole = pc.and_(
        pc.greater_equal(rows["week"], pa.scalar(first_whole_week)), pc.less(rows["week"], pa.scalar(end))
    )
    rows = rows.filter(is_whole)
    items, several_currencies = _items_of_one_currency(rows)
    ids = items["item_id"].combine_chunks()
    item = pc.index_in(rows["item_id"], ids)
    rows, item_code = rows.filter(pc.is_valid(item)), item.drop_null().to_numpy().astype(np.int64)
    week_code = (rows["week"].cast(pa.int32()).to_numpy() - (first_whole_week - dt.date(1970, 1, 1)).days) // 7
    weeks = max(0, (end - first_whole_week).days // 7)
    sums = {name: rows[name].to_numpy().astype(np.float64) for name in _SUMS}
    return SalesHistory(
        item_ids=np.asarray(ids.to_pylist(), np.str_),
        weeks=price_weeks(item_code * weeks + week_code, (len(ids), weeks), sums, least_days),
        currency=np.array(items["currency_min"].to_pylist(), object).reshape(len(ids)),
        several_currencies=several_currencies,
    )


def _items_of_one_currency(rows: pa.Table) -> tuple[pa.Table, frozenset[str]]:
    """(items sold in one currency, sorted by id, with `currency_min`; ids of the items with several currencies)."""
    items = rows.group_by("item_id").aggregate([("currency", "min"), ("currency", "max"), ("units", "sum")])
    low, high = items["currency_min"], items["currency_max"]
    has_several = pc.fill_null(pc.or_(pc.not_equal(low, high), pc.equal(low, MIXED)), False)
    is_sold = pc.greater(items["units_sum"], 0.0)
    usable = items.filter(pc.and_(pc.invert(has_several), is_sold)).sort_by("item_id")
    return usable, frozenset(items.filter(has_several)["item_id"].to_pylist())

"""Weeks of items as a recurrence: how much was sold at what price, and on how many days an item could be bought.

A night adds its events, each to the week of its day, and what its catalogue tells. The other weeks stay as they are.
Sums are of integers in the units of jobs.common.decay, so that a rebuild gives the same bits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.common.decay import MONEY_UNIT, UNIT, exact
from jobs.common.on_sale import can_be_shown
from schemas.arrow import arrow_schema
from schemas.tables import ITEM_WEEKS
from schemas.tables.prices import MIXED

_EXACT = {"units": UNIT, "revenue": MONEY_UNIT, "list_price_sum": MONEY_UNIT}
_COUNTS = ("purchases", "days_on_sale", "days_sold_out", "days_priced")


def monday(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


def sold_by_week(events: DataFrame, oldest: dt.date) -> pa.Table:
    """The columns of ITEM_WEEKS that come from sales: from CLEAN_EVENTS since the week of `oldest`.

    One row per item and week. Items with the price 0 are not counted.
    """
    sold = events.where("event_type = 'purchase' and item_id is not null and price > 0 and quantity > 0")
    week = F.to_date(F.date_trunc("week", "event_date")).alias("week")
    by_week = sold.where(F.col("event_date") >= F.lit(monday(oldest))).groupBy("item_id", week)
    return by_week.agg(
        F.sum(exact("quantity")).alias("units"),
        F.sum(exact(F.col("price") * F.col("quantity"), MONEY_UNIT)).alias("revenue"),
        F.count("*").alias("purchases"),
        F.when(F.min("currency") == F.max("currency"), F.min("currency"))
        .when(F.min("currency") != F.max("currency"), MIXED)
        .alias("currency"),
    ).toArrow()


def listed_on(items: pa.Table, day: dt.date) -> pa.Table:
    """The columns of ITEM_WEEKS that come from one night's catalogue (ITEMS): days on sale, sold out, with a price."""
    items = items.filter(items["is_active"])
    on_sale = can_be_shown(items)
    price = pc.if_else(on_sale, pc.fill_null(items["price"], 0.0), 0.0)
    priced = pc.greater(price, 0.0)
    return pa.table(
        {
            "item_id": items["item_id"],
            "week": pa.array([monday(day)] * len(items), pa.date32()),
            "days_on_sale": on_sale.cast(pa.int64()),
            "days_sold_out": pc.invert(on_sale).cast(pa.int64()),
            "days_priced": priced.cast(pa.int64()),
            "list_price_sum": _exactly(price, MONEY_UNIT),
            "currency": pc.if_else(priced, items["currency"], pa.scalar(None, pa.string())),
        }
    )


def advance(previous: pa.Table, parts: Iterable[pa.Table], oldest: dt.date) -> pa.Table:
    """ITEM_WEEKS of tonight, from those of the night before and the new parts (`sold_by_week`, `listed_on`).

    Weeks before that of `oldest` are dropped.
    """
    new_parts = [_with_all_columns(part) for part in parts]
    touched = pc.unique(pa.chunked_array([chunk for part in new_parts for chunk in part["week"].chunks], pa.date32()))
    kept_weeks = previous.filter(pc.greater_equal(previous["week"], pa.scalar(monday(oldest))))
    is_touched = pc.is_in(kept_weeks["week"], touched)
    changing = kept_weeks.filter(is_touched)
    for name, unit in _EXACT.items():
        changing = changing.set_column(changing.column_names.index(name), name, _exactly(changing[name], unit))
    total = pa.concat_tables([_with_all_columns(changing), *new_parts]).group_by(["item_id", "week"], use_threads=False)
    sums = [(name, "sum") for name in (*_EXACT, *_COUNTS)]
    total = total.aggregate([*sums, ("currency", "min"), ("currency", "max")])
    is_one_currency = pc.equal(total["currency_min"], total["currency_max"])  # null where there is none
    columns = {name: total[f"{name}_sum"] for name in _COUNTS}
    columns |= {
        name: pc.divide(total[f"{name}_sum"].cast(pa.float64(), safe=False), unit) for name, unit in _EXACT.items()
    }
    columns |= {"item_id": total["item_id"], "week": total["week"]}
    columns["currency"] = pc.if_else(is_one_currency, total["currency_min"], MIXED)
    schema = arrow_schema(ITEM_WEEKS)
    changed = pa.table({name: columns[name] for name in ITEM_WEEKS.names}).cast(schema)
    changed = changed.filter(pc.greater_equal(changed["week"], pa.scalar(monday(oldest))))
    return pa.concat_tables([kept_weeks.filter(pc.invert(is_touched)).cast(schema), changed])


def without_sales(weeks: pa.Table) -> pa.Table:
    """ITEM_WEEKS with only the columns from the catalogue; an item that was in no catalogue of a week has no row."""
    for name in ("units", "purchases", "revenue"):
        nothing = pa.nulls(len(weeks), weeks.schema.field(name).type).fill_null(0)
        weeks = weeks.set_column(weeks.column_names.index(name), weeks.schema.field(name), nothing)
    return weeks.filter(pc.greater(pc.add(weeks["days_on_sale"], weeks["days_sold_out"]), 0))


def _exactly(values: pa.ChunkedArray, unit: float) -> pa.Array:
    """Floats as integers in this unit, whose sums are exact."""
    return pa.array(np.rint(values.to_numpy() * unit).astype(np.int64))


def _with_all_columns(part: pa.Table) -> pa.Table:
    """The part with all columns of the table, 0 in those that it does not have."""
    zeros = pa.array(np.zeros(len(part), np.int64))
    columns = {name: part[name] if name in part.column_names else zeros for name in ITEM_WEEKS.names}
    types = {name: pa.int64() for name in (*_EXACT, *_COUNTS)}
    return pa.table(
        {
            name: column.cast(types.get(name, pa.date32() if name == "week" else pa.string()))
            for name, column in columns.items()
        }
    )

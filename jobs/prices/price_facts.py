"""The facts about each item on sale that its price suggestion needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.prices.config import SuggestPricesConfig
from jobs.prices.sales_history import SalesHistory
from jobs.runtime.attributes import read_attributes
from models.pricing.best_price import ElasticityInterval
from models.pricing.item_elasticities import ItemElasticities
from models.pricing.weekly_sales import units_a_week


@dataclass(frozen=True)
class PriceFacts:
    """The facts about each item on sale (N,): an unknown number is NaN, an unknown text None.

    currency: of the catalogue's price; sold_in: the currency of past sales, None if there were several. weeks, prices,
    units: the numbers of those that the elasticity was fitted to; 0 for an item that was not fitted.
    """

    item_ids: np.ndarray
    price: np.ndarray
    cost: np.ndarray
    currency: np.ndarray
    stock: np.ndarray
    competitor: np.ndarray
    sold_in: np.ndarray
    several_currencies: np.ndarray
    units_a_week: np.ndarray
    elasticity: ElasticityInterval
    weeks: np.ndarray
    prices: np.ndarray
    units: np.ndarray


def facts_of(
    config: SuggestPricesConfig, items: pa.Table, history: SalesHistory, model: ItemElasticities | None
) -> PriceFacts:
    """From ITEMS on sale (N,), their past sales, and the fit; `model` is None before the first fit."""
    ids = np.asarray(items["item_id"].to_pylist(), np.str_)
    price = _doubles(items["price"])
    fitted_row = model.rows_of(ids) if model else np.full(len(ids), -1)

    def fitted(name: str) -> np.ndarray:
        """(N,) a column of the fit, NaN for an item that was not fitted."""
        if model is None:
            return np.full(len(ids), np.nan)
        return np.where(fitted_row >= 0, getattr(model.elasticities, name)[fitted_row], np.nan)

    mean = fitted("mean")
    sold_row = pc.fill_null(pc.index_in(items["item_id"], pa.array(history.item_ids, pa.string())), -1).to_numpy()
    is_sold = np.flatnonzero(sold_row >= 0)
    weeks = history.weeks.of_items(sold_row[is_sold])
    rate, sold_in = np.full(len(ids), np.nan), np.full(len(ids), None, object)
    rate[is_sold] = units_a_week(weeks, price[is_sold], np.nan_to_num(mean[is_sold]), config.recent_weeks)
    sold_in[is_sold] = history.currency[sold_row[is_sold]]
    return PriceFacts(
        item_ids=ids,
        price=price,
        cost=_doubles(items["cost"]),
        currency=np.array(items["currency"].to_pylist(), object).reshape(len(ids)),
        stock=_doubles(items["stock"]),
        competitor=np.array([_price(value) for value in attribute_values(items, config.competitor)], np.float64),
        sold_in=sold_in,
        several_currencies=np.array([name in history.several_currencies for name in ids.tolist()], np.bool_),
        units_a_week=rate,
        elasticity=ElasticityInterval(mean, fitted("low"), fitted("high")),
        weeks=np.nan_to_num(fitted("weeks")).astype(np.int64),
        prices=np.nan_to_num(fitted("prices")).astype(np.int64),
        units=np.nan_to_num(fitted("units")),
    )


def attribute_values(items: pa.Table, name: str) -> list[str | None]:
    """An attribute of each of ITEMS (N,), as text; None for an item without it, and for all if `name` is empty."""
    if not name:
        return [None] * len(items)
    values = (attributes.get(name) for attributes in read_attributes(items["attributes"].to_pylist()))
    return [None if value is None else str(value) for value in values]


def _price(text: str | None) -> float:
    """A number above 0, or NaN."""
    try:
        value = float(text) if text is not None else np.nan
    except ValueError:
        return np.nan
    return value if np.isfinite(value) and value > 0 else np.nan


def _doubles(column: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(pc.fill_null(column, np.nan).to_numpy(), np.float64)

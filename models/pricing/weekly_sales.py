"""Weeks of items' sales as the matrices that elasticities are fitted to, and the units sold a week at today's price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class PriceWeeks:
    """Items by weeks (I, T): units sold, the week's price, and whether the item could be bought in that week.

    price: NaN where it is not known or the item could not be bought; units are 0 there.
    """

    units: F64
    price: F64
    is_open: NDArray[np.bool_]

    def of_items(self, rows: NDArray[np.integer]) -> PriceWeeks:
        """The weeks of these items (rows) only, in this order."""
        return PriceWeeks(self.units[rows], self.price[rows], self.is_open[rows])


def price_weeks(
    cell: NDArray[np.int64], shape: tuple[int, int], columns: dict[str, F64], least_days: int
) -> PriceWeeks:
    """The matrices of `shape` (I, T) from rows (R,) of the table item_weeks.

    cell (R,): item * T + week. columns: units, revenue, days_on_sale, days_sold_out, days_priced and list_price_sum.

    The price is the catalogue's, if it has one for every week in which the item sold, since the price paid also depends
    on the size of an order. Otherwise it is the mean price paid, in weeks with sales only. A week with fewer than
    `least_days` of seven in stock is left out: its sales show how much stock there was, not how much customers wanted.
    """
    full = {name: np.zeros(shape) for name in columns}
    for name, values in columns.items():
        full[name].ravel()[cell] = values
    units, is_priced = full["units"], full["days_priced"] > 0
    listed = np.divide(full["list_price_sum"], full["days_priced"], out=np.full(shape, np.nan), where=is_priced)
    is_sold = units > 0
    paid = np.divide(full["revenue"], units, out=np.full(shape, np.nan), where=is_sold)
    by_catalogue = np.all(is_priced | ~is_sold, axis=1, keepdims=True) & np.any(is_priced, axis=1, keepdims=True)
    price = np.where(by_catalogue, listed, paid)
    is_listed = is_sold | (full["days_on_sale"] > 0)  # not where it was withdrawn, or not there yet
    is_open = is_listed & (full["days_sold_out"] <= 7 - least_days)
    price = np.where(is_open & (price > 0), price, np.nan)
    return PriceWeeks(np.where(np.isfinite(price), units, 0.0), price, is_open)


def units_a_week(weeks: PriceWeeks, price_now: F64, elasticity: F64, recent: int) -> F64:
    """(I,) units sold a week at `price_now`; NaN for an item that could not be bought in the last `recent` weeks.

    This is the mean over those of the last `recent` weeks in which the item could be bought, each moved to `price_now`
    by the elasticity. Recent weeks only, since they have the present season.
    """
    units, price, is_open = (part[:, -recent:] for part in (weeks.units, weeks.price, weeks.is_open))
    is_known = np.isfinite(price)
    ratio = price_now[:, None] / np.where(is_known, price, 1.0)
    units_now = np.where(is_known, units * ratio ** elasticity[:, None], 0.0)
    open_weeks = is_open.sum(axis=1)
    return np.divide(units_now.sum(axis=1), open_weeks, out=np.full(len(units), np.nan), where=open_weeks > 0)

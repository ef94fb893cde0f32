"""Weeks of items' sales as the matrices that elasticities are fitted to, and what is sold a week at today's price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class PriceWeeks:
    """(I, T) each: units sold; the week's price, NaN where it is not known or the item could hardly be bought; whether
    it could be bought."""

    units: F64
    price: F64
    is_open: NDArray[np.bool_]

    def taken(self, rows: NDArray[np.integer]) -> PriceWeeks:
        """Of these items only, in this order."""
        return PriceWeeks(self.units[rows], self.price[rows], self.is_open[rows])


def price_weeks(
    cell: NDArray[np.int64], shape: tuple[int, int], columns: dict[str, F64], least_days: int
) -> PriceWeeks:
    """From rows (R,) of item weeks: `cell` = item * T + week; units, revenue, days_on_sale, days_sold_out, days_priced
    and list_price_sum as in the table item_weeks.

    The price is the catalogue's, where it told one in all weeks in which the item sold: what an order paid depends on
    its size too. Else it is the mean price paid, in weeks with sales alone.
    A week with fewer than `least_days` of seven in stock says how much there was, not how much was wanted: left out.
    """
    full = {name: np.zeros(shape) for name in columns}
    for name, values in columns.items():
        full[name].ravel()[cell] = values
    units, told = full["units"], full["days_priced"] > 0
    listed = np.divide(full["list_price_sum"], full["days_priced"], out=np.full(shape, np.nan), where=told)
    sold = units > 0
    paid = np.divide(full["revenue"], units, out=np.full(shape, np.nan), where=sold)
    by_catalogue = np.all(told | ~sold, axis=1, keepdims=True) & np.any(told, axis=1, keepdims=True)
    price = np.where(by_catalogue, listed, paid)
    there = np.maximum.accumulate(sold | (full["days_on_sale"] > 0), axis=1)  # since it first came
    is_open = there & (full["days_sold_out"] <= 7 - least_days)
    price = np.where(is_open & (price > 0), price, np.nan)
    return PriceWeeks(np.where(np.isfinite(price), units, 0.0), price, is_open)


def units_a_week(weeks: PriceWeeks, price_now: F64, elasticity: F64, recent: int) -> F64:
    """(I,) units a week at `price_now`: the mean of the last `recent` weeks in which the item could be bought, each
    moved to that price by the elasticity. NaN where there is none.

    The last weeks, because they hold the season as it is.
    """
    units, price, is_open = (part[:, -recent:] for part in (weeks.units, weeks.price, weeks.is_open))
    known = np.isfinite(price)
    moved = np.where(known, units * (price_now[:, None] / np.where(known, price, 1.0)) ** elasticity[:, None], 0.0)
    open_weeks = is_open.sum(axis=1)
    return np.divide(moved.sum(axis=1), open_weeks, out=np.full(len(units), np.nan), where=open_weeks > 0)

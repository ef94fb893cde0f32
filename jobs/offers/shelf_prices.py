"""Prices, costs and margins of the items on sale, and margins of orders of such items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.common.on_sale import can_be_shown

F64 = NDArray[np.float64]


class CategoryMargins(NamedTuple):
    """Margin rates (shares of the price) of the items in a category; NaN if the cost of one item is unknown."""

    poor: float  # the `poor_basket` quantile
    mean: float
    one_currency: bool  # whether all of them are priced in the campaigns' currency


UNKNOWN_MARGINS = CategoryMargins(np.nan, np.nan, True)


@dataclass(frozen=True)
class ShelfPrices:
    """The items on sale (I,), in the order of their ids, and the margins of orders. A missing price, or 0, is NaN.

    margins: category path -> margins of the items in it or below it; '' is the whole shop.
    """

    ids: pa.Array
    price: F64
    cost: F64
    in_currency: NDArray[np.bool_]
    margins: dict[str, CategoryMargins]

    @classmethod
    def of_items(cls, items: pa.Table, currency: str, poor_basket: float) -> ShelfPrices:
        """From ITEMS. currency: of the campaigns. poor_basket: the quantile of the margins that a poor order has."""
        items = items.filter(can_be_shown(items)).sort_by("item_id")
        price, cost = (pc.fill_null(items[name].cast(pa.float64()), np.nan).to_numpy() for name in ("price", "cost"))
        price = np.where(price > 0, price, np.nan)
        in_currency = pc.fill_null(pc.equal(items["currency"], currency), True).to_numpy()
        rate = (price - cost) / price
        margins = {
            category: CategoryMargins(
                poor=float(np.quantile(rate[rows], poor_basket)),
                mean=float(rate[rows].mean()),
                one_currency=bool(in_currency[rows].all()),
            )
            for category, rows in _rows_by_category(items["category"].to_pylist()).items()
        }
        return cls(items["item_id"].combine_chunks(), price, cost, in_currency, margins)

    def of(self, item_ids: pa.ChunkedArray) -> tuple[F64, F64, NDArray[np.bool_]]:
        """(price, cost, whether priced in the campaigns' currency) of item ids (n,); NaN and False if not on sale."""
        row = pc.fill_null(pc.index_in(item_ids, self.ids), len(self.ids)).to_numpy().astype(np.int64)
        price, cost = (np.append(values, np.nan)[row] for values in (self.price, self.cost))
        return price, cost, np.append(self.in_currency, False)[row]


def _rows_by_category(categories: list[str | None]) -> dict[str, list[int]]:
    """Category path -> the rows in it or below it, and '' -> all rows. No list is empty."""
    rows: dict[str, list[int]] = {"": list(range(len(categories)))} if categories else {}
    for row, category in enumerate(categories):
        levels = category.split(" > ") if category else []
        for depth in range(1, len(levels) + 1):
            rows.setdefault(" > ".join(levels[:depth]), []).append(row)
    return rows

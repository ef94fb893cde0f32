"""Item prices of many nights, and the prices with which each night compares its purchase lines.

Each night's ITEM_PRICES follow from those of the night before. They are few rows, so the driver computes them with
arrays: for each night the sums fade, the night's prices are added, and only the strongest prices of each item are kept.
For each night it also computes the usual prices and the price levels of categories, by the rules of
jobs.features.purchase_habits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.common.catalogue_by_night import CatalogueByNight
from jobs.common.decay import exact
from jobs.common.nightly_sums import NEVER, Fading, Rows, as_dates, as_float, fade
from jobs.features.purchase_habits import price_contributions
from jobs.runtime.history import BEFORE, NIGHT, History
from schemas.arrow import arrow_schema
from schemas.tables import ITEM_PRICES


class Compared(NamedTuple):
    """What purchase lines are compared with. usual: (item_id, currency, night, usual); levels: (category, currency,
    night, level)."""

    usual: pa.Table
    levels: pa.Table


def write_prices(
    history: History, events: DataFrame, catalogue: CatalogueByNight, half_life_days: float, most: int
) -> Compared:
    """Writes ITEM_PRICES of the last night; returns what the purchase lines of each night are compared with."""
    before, fading = history.first.versions(ITEM_PRICES).previous().spark(), Fading.of(history, half_life_days)
    prices, compared = prices_by_night(before, events, catalogue, fading, half_life_days, most)
    history.last.write_arrow(ITEM_PRICES, prices)
    return compared


def prices_by_night(
    before: DataFrame, events: DataFrame, catalogue: CatalogueByNight, fading: Fading, half_life_days: float, most: int
) -> tuple[pa.Table, Compared]:
    """(ITEM_PRICES after the last night of `events`, what the purchase lines of each night are compared with).

    before: ITEM_PRICES before the first night. most: prices that are kept of each item and currency.
    """
    before = before.select(
        *ITEM_PRICES.key,
        F.lit(None).cast("date").alias(NIGHT),
        exact("seen").alias("seen"),
        exact("bought").alias("bought"),
        "last_event_on",
    )
    added = before.unionByName(price_contributions(events, half_life_days, F.col(NIGHT), NIGHT))
    by_night = added.groupBy(*ITEM_PRICES.key, NIGHT).agg(
        F.sum("seen").alias("seen"), F.sum("bought").alias("bought"), F.max("last_event_on").alias("last_event_on")
    )
    by_night = by_night.withColumn("log_price", F.log("price"))
    summed = by_night.toArrow()
    nothing = pa.RecordBatch.from_pylist([], summed.schema)  # a shop may have no prices: then there is no other batch
    prices = Prices(Rows(iter([nothing, *summed.to_batches()]), ITEM_PRICES.key), catalogue, most)
    usual, levels = [], []
    prices.add(prices.rows.of(BEFORE))
    for night, factor in zip(fading.nights, fading.factors, strict=True):
        tonight = prices.rows.of(night)
        prices.fade(factor)
        prices.add(tonight)
        prices.cut(tonight)
        if prices.has_purchases(tonight):
            usual.append(prices.usual(tonight, night))
            levels.append(prices.levels(night))
    return prices.table(), Compared(_together(usual, _USUAL), _together(levels, _LEVELS))


_USUAL = pa.schema([("item_id", pa.string()), ("currency", pa.string()), (NIGHT, pa.date32()), ("usual", pa.float64())])
_LEVELS = pa.schema(
    [("category", pa.string()), ("currency", pa.string()), (NIGHT, pa.date32()), ("level", pa.float64())]
)


class Prices:
    """Sums of each (item, currency, price) after the nights that were added so far.

    A group is an item and a currency. Keys are sorted by group, then from the highest price down.
    """

    def __init__(self, rows: Rows, catalogue: CatalogueByNight, most: int) -> None:
        self.rows, self.catalogue, self.most = rows, catalogue, most
        keys = rows.keys([*ITEM_PRICES.key, "log_price"], np.arange(len(rows)))
        self._item = catalogue.codes(keys["item_id"])
        self._price, self._log = keys["price"].to_numpy(), keys["log_price"].to_numpy()
        self._currency = pc.dictionary_encode(keys["currency"]).combine_chunks()
        ids = pc.dictionary_encode(keys["item_id"]).combine_chunks().indices.to_numpy().astype(np.int64)
        pair = ids * (len(self._currency.dictionary) + 1) + self._currency.indices.to_numpy()
        self._group = np.unique(pair, return_inverse=True)[1]
        self._order = np.lexsort((-self._price, self._group))
        self._starts = np.searchsorted(self._group[self._order], np.arange(self._group.max(initial=-1) + 2))
        self._seen, self._bought = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
        self._last = np.full(len(rows), NEVER, np.int32)
        self._added = rows.ints("seen"), rows.ints("bought"), rows.days("last_event_on")
        self._known = 0
        self._category = pc.dictionary_encode(pc.fill_null(catalogue.facts["category"], "")).combine_chunks()

    def fade(self, factor: float) -> None:
        fade(self._seen[: self._known], factor)
        fade(self._bought[: self._known], factor)

    def add(self, tonight: slice) -> None:
        keys = self.rows.code[tonight]
        seen, bought, last = self._added
        self._seen[keys] += seen[tonight]
        self._bought[keys] += bought[tonight]
        self._last[keys] = np.maximum(self._last[keys], last[tonight])
        self._known = self.rows.known(tonight)

    def cut(self, tonight: slice) -> None:
        """In each group to which the night added, removes all but the `most` prices that were seen most often."""
        groups = np.unique(self._group[self.rows.code[tonight]])
        sizes = self._starts[groups + 1] - self._starts[groups]
        for group in groups[sizes > self.most]:
            keys = self._order[self._starts[group] : self._starts[group + 1]]
            keys = keys[self._last[keys] != NEVER]
            weakest = keys[np.lexsort((self._price[keys], -self._seen[keys]))][self.most :]
            self._seen[weakest] = self._bought[weakest] = 0
            self._last[weakest] = NEVER

    def has_purchases(self, tonight: slice) -> bool:
        return bool((self._added[1][tonight] > 0).any())

    def usual(self, tonight: slice, night: int) -> pa.Table:
        """The usual price of each group with a purchase on that night, as in `purchase_habits.usual_prices`."""
        bought = self.rows.code[tonight][self._added[1][tonight] > 0]
        groups = np.unique(self._group[bought])
        sizes = self._starts[groups + 1] - self._starts[groups]
        begins = np.cumsum(sizes) - sizes
        keys = self._order[np.arange(sizes.sum()) - np.repeat(begins - self._starts[groups], sizes)]
        running = np.cumsum(self._seen[keys])
        before = np.repeat(running[begins] - self._seen[keys[begins]], sizes)
        total = np.repeat(np.add.reduceat(self._seen[keys], begins), sizes)
        is_half = (2 * (running - before) >= total) & (self._last[keys] != NEVER)
        place = np.repeat(np.arange(len(groups)), sizes)[is_half]
        _, first = np.unique(place, return_index=True)
        chosen = keys[np.flatnonzero(is_half)[first]]
        group_keys = self.rows.keys(["item_id", "currency"], chosen)
        return _of_night(group_keys | {"usual": self._price[chosen]}, night, _USUAL)

    def levels(self, night: int) -> pa.Table:
        """The mean log price of purchase lines by category and currency, for items in that night's catalogue."""
        keys = np.flatnonzero((self._bought[: self._known] > 0) & (self._last[: self._known] != NEVER))
        row = self.catalogue.rows_at(self._item[keys], night)
        keys, row = keys[row >= 0], row[row >= 0]
        currencies = len(self._currency.dictionary) + 1
        pair = self._category.indices.to_numpy()[row].astype(np.int64) * currencies
        pair, place = np.unique(pair + self._currency.indices.to_numpy()[keys], return_inverse=True)
        weight, logs = np.zeros(len(pair), np.int64), np.zeros(len(pair), np.int64)
        np.add.at(weight, place, self._bought[keys])
        np.add.at(logs, place, np.rint(self._bought[keys] * self._log[keys]).astype(np.int64))
        columns = {
            "category": self._category.dictionary.take(pa.array(pair // currencies)),
            "currency": self._currency.dictionary.take(pa.array(pair % currencies)),
            "level": logs / weight,
        }
        return _of_night(columns, night, _LEVELS)

    def table(self) -> pa.Table:
        """ITEM_PRICES after the last night."""
        keys = np.flatnonzero(self._last != NEVER)
        columns = self.rows.keys(ITEM_PRICES.key, keys)
        columns |= {"seen": as_float(self._seen[keys]), "bought": as_float(self._bought[keys])}
        columns["last_event_on"] = as_dates(self._last[keys])
        return pa.table({n: columns[n] for n in ITEM_PRICES.names}).cast(arrow_schema(ITEM_PRICES))


def _of_night(columns: dict, night: int, schema: pa.Schema) -> pa.Table:
    rows = len(next(iter(columns.values())))
    day = pa.array(np.full(rows, night, np.int32)).cast(pa.date32())
    return pa.table({name: day if name == NIGHT else columns[name] for name in schema.names}).cast(schema)


def _together(parts: list[pa.Table], schema: pa.Schema) -> pa.Table:
    return pa.concat_tables(parts) if parts else schema.empty_table()

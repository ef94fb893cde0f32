"""Tastes, purchases and portraits of many nights. Each event counts by the catalogue and prices of its own night."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.common.catalogue_by_night import CatalogueByNight
from jobs.common.decay import exact, from_exact
from jobs.common.nightly_sums import NEVER, Fading, Rows, as_dates, code_of, fade
from jobs.features import purchase_habits, tastes
from jobs.features.event_weights import weights_of
from jobs.features.history_prices import write_prices
from jobs.features.portraits import ProfilesConfig, portraits
from jobs.runtime.history import BEFORE, NIGHT, History
from schemas.tables import (
    USER_FEATURES,
    USER_PROFILES,
    USER_PURCHASES,
    USER_TASTES,
    USERS,
)

_SUMMED = "user_id string, kind string, value string, strength bigint, evidence bigint, last date"


def write_profiles(history: History, events: DataFrame, catalogue: CatalogueByNight) -> None:
    """Writes ITEM_PRICES, USER_PURCHASES, USER_TASTES and USER_PROFILES of the last night."""
    config: ProfilesConfig = history.settings.section("profiles")
    interest = weights_of(history.first)
    last, spark = history.last, history.spark
    compared = write_prices(history, events, catalogue, interest.half_life_days, config.prices_kept)
    items = spark.createDataFrame(items_seen(events, catalogue, history, config.band_items)).persist()
    try:
        usual, levels = spark.createDataFrame(compared.usual), spark.createDataFrame(compared.levels)
        lines = purchase_habits.compared_lines(events, usual, levels, items, config.discount_from, NIGHT)
        before = history.first.versions(USER_PURCHASES).previous().spark()
        bought = purchase_habits.advance_purchases(before, lines, last.date, history.previous_date, config.lapsed_days)
        last.write(USER_PURCHASES, bought)

        liked = tastes.labels(items.drop("band"), items.select("item_id", NIGHT, "band"), NIGHT)
        added = tastes.contributions(events, liked, interest, F.col(NIGHT), last.days, NIGHT)
        fading = Fading.of(history, interest.half_life_days)
        fold = functools.partial(_fold, fading=fading, most=config.tastes_kept)
        total = tastes.summed(_before(history).unionByName(added), NIGHT).mapInArrow(fold, _SUMMED)
        user_tastes = tastes.cut(total, config.tastes_kept).withColumn("strength", from_exact("strength"))
        last.write(USER_TASTES, user_tastes.select(*USER_TASTES.names))
    finally:
        items.unpersist()
    users, features, purchases, of_users = map(last.read, (USERS, USER_FEATURES, USER_PURCHASES, USER_TASTES))
    last.write(USER_PROFILES, portraits(users, features, purchases, of_users, config, last.date))


def items_seen(events: DataFrame, catalogue: CatalogueByNight, history: History, least: int) -> pa.Table:
    """The items of each night's events, as the catalogue of that night has them.

    (item_id, night, band, category, shown_category, shown_brand, attributes)
    """
    pairs = events.where("item_id is not null").select("item_id", NIGHT).distinct().toArrow().sort_by(NIGHT)
    item, night = catalogue.codes(pairs["item_id"]), pairs[NIGHT].cast(pa.int32()).to_numpy()
    row = catalogue.rows_at(item, night)
    pairs, row, night = pairs.filter(pa.array(row >= 0)), row[row >= 0], night[row >= 0]
    bands = np.full(len(row), -1, np.int8)
    of_groups = _Groups(catalogue)
    for number in history.numbers:
        tonight = slice(*np.searchsorted(night, [number, number + 1]))
        if tonight.start < tonight.stop:
            bands[tonight] = of_groups.bands(catalogue.on(int(number)), row[tonight], least)
    facts = catalogue.facts.select(["category", "shown_category", "shown_brand", "attributes"]).take(pa.array(row))
    band_names = pa.array(tastes.BANDS).take(pa.array(bands, mask=bands < 0))
    columns = {"item_id": pairs["item_id"], NIGHT: pairs[NIGHT], "band": band_names}
    return pa.table(columns | {name: facts[name] for name in facts.column_names})


class _Groups:
    """Prices by category and currency; a band is a third of them, by the rule of `tastes.price_bands`, on arrays."""

    def __init__(self, catalogue: CatalogueByNight) -> None:
        facts = catalogue.facts
        codes = [
            pc.dictionary_encode(pc.fill_null(facts[name], "")).combine_chunks().indices.to_numpy().astype(np.int64)
            for name in ("category", "currency")
        ]
        self._group = codes[0] * (codes[1].max(initial=0) + 1) + codes[1]
        self._price = pc.fill_null(facts["price"], 0.0).to_numpy()

    def bands(self, standing: np.ndarray, rows: np.ndarray, least: int) -> np.ndarray:
        """(n,) the place in BANDS of each of `rows`, -1 for no band; standing: the rows of the night's catalogue."""
        standing = standing[self._price[standing] > 0]
        standing = standing[np.lexsort((self._price[standing], self._group[standing]))]
        groups, start, size = np.unique(self._group[standing], return_index=True, return_counts=True)
        if not len(groups):
            return np.full(len(rows), -1, np.int8)
        low, high = (self._at(share, standing, start, size) for share in (1 / 3, 2 / 3))
        place = np.minimum(np.searchsorted(groups, self._group[rows]), len(groups) - 1)
        price = self._price[rows]
        has_band = (groups[place] == self._group[rows]) & (price > 0) & (size[place] >= least) & (low < high)[place]
        band = np.where(price <= low[place], 0, np.where(price <= high[place], 1, 2))
        return np.where(has_band, band, -1).astype(np.int8)

    def _at(self, share: float, standing: np.ndarray, start: np.ndarray, size: np.ndarray) -> np.ndarray:
        """The quantile `share` of each group's prices; between two prices it is linear, as in Spark's `percentile`."""
        position = (size - 1) * share
        below, above = np.floor(position).astype(np.int64), np.ceil(position).astype(np.int64)
        lower, higher = self._price[standing[start + below]], self._price[standing[start + above]]
        between = (above - position) * lower + (position - below) * higher
        return np.where((below == above) | (lower == higher), lower, between)


def _before(history: History) -> DataFrame:
    """The lake's USER_TASTES in the form of `tastes.contributions`."""
    before = history.first.versions(USER_TASTES).previous().spark()
    taste = F.struct(F.col("kind").alias("kind"), F.col("value").alias("value"))
    return before.select(
        "user_id",
        F.lit(None).cast("date").alias(NIGHT),
        F.array(taste).alias("tastes"),
        exact("strength").alias("strength"),
        "evidence",
        "last_event_on",
    )


def _fold(batches: Iterator[pa.RecordBatch], fading: Fading, most: int) -> Iterator[pa.RecordBatch]:
    """(user_id, kind, value, strength, evidence, last) after the last night; strength in units of 2^-30."""
    all_batches = list(batches)
    if not all_batches:
        return
    rows = Rows(iter(all_batches), ("user_id", "kind", "value"))
    group = code_of(pa.table(rows.keys(("user_id", "kind"), np.arange(len(rows)))), ("user_id", "kind"))
    value = pc.rank(pa.table(rows.keys(("value",), np.arange(len(rows))))["value"], tiebreaker="dense").to_numpy()
    may_be_cut = (np.bincount(group) > most)[group]
    added, events, last_on = rows.ints("strength"), rows.ints("evidence"), rows.days("last")
    strength, evidence = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
    last = np.full(len(rows), NEVER, np.int32)
    keys_so_far = 0
    for night, factor in [(BEFORE, 1.0), *zip(fading.nights, fading.factors, strict=True)]:
        fade(strength[:keys_so_far], factor)
        tonight = rows.of(night)
        keys = rows.code[tonight]
        strength[keys] += added[tonight]
        evidence[keys] += events[tonight]
        last[keys] = np.maximum(last[keys], last_on[tonight])
        keys_so_far = rows.known(tonight)
        if night != BEFORE and may_be_cut[keys].any():
            alive = np.flatnonzero(may_be_cut[:keys_so_far] & (last[:keys_so_far] != NEVER))
            weakest = _beyond(alive, group, strength, value, most)
            strength[weakest] = evidence[weakest] = 0
            last[weakest] = NEVER
    alive = np.flatnonzero(last != NEVER)
    columns = rows.keys(("user_id", "kind", "value"), alive)
    columns |= {"strength": strength[alive], "evidence": evidence[alive], "last": as_dates(last[alive])}
    yield from pa.table(columns).to_batches()


def _beyond(keys: np.ndarray, group: np.ndarray, strength: np.ndarray, value: np.ndarray, most: int) -> np.ndarray:
    """The keys that are not among the `most` strongest of their group; of equals, the lower value is stronger."""
    ordered = keys[np.lexsort((value[keys], -strength[keys], group[keys]))]
    starts = np.searchsorted(group[ordered], group[ordered])
    return ordered[np.arange(len(ordered)) - starts >= most]

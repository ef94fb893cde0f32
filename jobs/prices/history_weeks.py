"""Weeks of items over many nights: from the sales of all nights at once, and from the catalogue of each night."""

from __future__ import annotations

import datetime as dt
import itertools

import pyarrow as pa
from pyspark.sql import DataFrame

from jobs.common.catalogue_by_night import CatalogueByNight
from jobs.prices.config import SuggestPricesConfig
from jobs.prices.item_weeks import advance, listed_on, monday, sold_by_week
from jobs.runtime.history import FIRST_DAY, History
from schemas.arrow import arrow_schema
from schemas.tables import ITEM_WEEKS

_COLUMNS = ["item_id", "is_active", "stock", "price", "currency"]


def write_weeks(history: History, events: DataFrame, catalogue: CatalogueByNight) -> None:
    """Writes ITEM_WEEKS of the last night. It skips nights whose weeks are too old to be kept."""
    config: SuggestPricesConfig = history.settings.section("prices")
    oldest = history.last.date - dt.timedelta(weeks=config.weeks)
    weeks = advance(_before(history), [sold_by_week(events, oldest)], oldest)
    looked_at = [day for day in history.dates if day >= monday(oldest)]
    for _, days in itertools.groupby(looked_at, monday):  # a week at a time, so that few rows change in each step
        parts = [listed_on(_items(catalogue, day), day) for day in days]
        weeks = advance(weeks, parts, oldest)
    history.last.write_arrow(ITEM_WEEKS, weeks)


def _before(history: History) -> pa.Table:
    return history.first.versions(ITEM_WEEKS).previous().arrow().cast(arrow_schema(ITEM_WEEKS))


def _items(catalogue: CatalogueByNight, day: dt.date) -> pa.Table:
    rows = pa.array(catalogue.on((day - FIRST_DAY).days))
    return catalogue.facts.select(_COLUMNS).take(rows)

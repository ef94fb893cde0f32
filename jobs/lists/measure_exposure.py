"""Tonight's lists, items and their sales -> exposure of groups of items, and exposure_figures of all items.

Items are grouped by brand, seller, first level of the category, third of the category's prices, and age, and into the
less and the more popular half. In each kind the largest `exposure.groups` groups have a row, and all others one row
together. A night whose lists failed leaves both tables empty.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.common.on_sale import can_be_shown
from jobs.features.tastes import price_bands
from jobs.lists.exposure_rows import exposure_rows, figures_of
from jobs.runtime.night import Night
from models.core.config import check_bounds
from schemas.arrow import arrow_schema
from schemas.tables import EXPOSURE, EXPOSURE_FIGURES, ITEM_FEATURES, ITEMS, RECOMMENDATIONS

AGES = ((7, "0-6 days"), (30, "7-29 days"), (90, "30-89 days"))
OLDEST = "90 days or more"


@dataclass(frozen=True)
class ExposureConfig:
    """Which groups of items the nightly table of exposure has."""

    groups: int = field(
        default=50, metadata={"doc": "groups of one kind with a row of their own, the largest first", "least": 1}
    )
    seller_attribute: str = field(
        default="seller", metadata={"doc": "the item's attribute that names who sells it; empty: the shop alone does"}
    )

    def __post_init__(self) -> None:
        check_bounds(self)


def main(night: Night) -> None:
    config: ExposureConfig = night.settings.section("exposure")
    lists = night.versions(RECOMMENDATIONS).passed()
    if lists is None or not lists.count:
        for table in (EXPOSURE, EXPOSURE_FIGURES):
            night.write_arrow(table, arrow_schema(table).empty_table())
        night.log.info("no lists tonight whose exposure could be measured")
        return
    items = _items(night, lists.spark(), config)
    figures = figures_of(items)
    night.write_arrow(EXPOSURE, pa.Table.from_pylist(exposure_rows(items, config.groups), arrow_schema(EXPOSURE)))
    rows = [{"figure": name, "value": value} for name, value in figures.items()]
    night.write_arrow(EXPOSURE_FIGURES, pa.Table.from_pylist(rows, arrow_schema(EXPOSURE_FIGURES)))
    night.report(figures=figures)
    night.log.info("%s", {name: value if value is None else round(value, 4) for name, value in figures.items()})


def _items(night: Night, lists: DataFrame, config: ExposureConfig) -> pa.Table:
    """One row for each item: its groups, places, exposure and sales, sorted by item_id."""
    weight = F.log(F.lit(2.0)) / F.log(F.col("rank") + F.lit(1.0))
    shown = (
        lists.where("NOT is_spare")
        .groupBy("item_id")
        .agg(F.count("*").alias("places"), F.sum(weight).alias("exposure"))
    )
    items = night.read(ITEMS)
    least_items = night.settings.section("profiles").band_items
    bands = price_bands(items.select("item_id", "category", "currency", "price"), least_items)
    sales = night.read(ITEM_FEATURES).select("item_id", "first_event_on", "recent_purchases")
    described = items.select("item_id", "brand", "category", "attributes", "is_active", "stock")
    joined = described.join(sales, "item_id", "left").join(bands, "item_id", "left").join(shown, "item_id", "left")
    rows = joined.select(
        "item_id",
        _null_if_blank(F.col("brand")).alias("brand"),
        _null_if_blank(_seller(config.seller_attribute)).alias("seller"),
        _null_if_blank(F.element_at(F.split("category", " > "), 1)).alias("category"),
        F.col("band").alias("price_band"),
        _age(F.datediff(F.lit(night.date), "first_event_on")).alias("item_age"),
        "is_active",
        "stock",
        F.coalesce("places", F.lit(0)).alias("places"),
        F.coalesce("exposure", F.lit(0.0)).alias("exposure"),
        F.greatest(F.coalesce("recent_purchases", F.lit(0.0)), F.lit(0.0)).alias("sales"),
    ).toArrow()
    rows = rows.append_column("on_sale", can_be_shown(rows)).drop_columns(["is_active", "stock"])
    return rows.sort_by("item_id")


def _null_if_blank(name: Column) -> Column:
    """The name, null where it is blank."""
    return F.when(F.trim(name) != "", name)


def _seller(attribute: str) -> Column:
    """The item's attribute with this name, a text or a number; null if it has none."""
    if not attribute:
        return F.lit(None).cast("string")
    return F.from_json("attributes", "map<string,string>")[attribute]


def _age(days: Column) -> Column:
    """The band of an item's age; null for an item without events."""
    band = F.when(days.isNull(), F.lit(None).cast("string"))
    for below, name in AGES:
        band = band.when(days < below, name)
    return band.otherwise(OLDEST)

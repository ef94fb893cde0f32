"""What one event adds to the features of its user and its item, and how these contributions are added up."""

from __future__ import annotations

import datetime as dt

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.common.decay import MONEY_UNIT, UNIT, age_weight, earliest, exact, latest
from schemas.table import Table

_COUNTED = {
    "views": "view",
    "carts": "cart",
    "wishlists": "wishlist",
    "purchases": "purchase",
    "returns": "return",
    "ratings": "rating",
    "impressions": "impression",
    "clicks": "click",
    "searches": "search",
}
EXACT = dict.fromkeys(("units", "rating_sum", "recent_events", "recent_purchases"), UNIT) | {"revenue": MONEY_UNIT}
FADING = ("recent_events", "recent_purchases")


def one_event(table: Table, half_life_days: float, night_date: dt.date | Column) -> list[Column]:
    """What one event adds to each feature on the night that reads it."""
    kind = F.col("event_type")
    sign = F.when(kind == "purchase", 1.0).when(kind == "return", -1.0).otherwise(0.0)
    weight = age_weight(half_life_days, night_date)
    values = {
        "events": F.lit(1).cast("bigint"),
        **{name: (kind == event).cast("bigint") for name, event in _COUNTED.items()},
        "revenue": exact(sign * F.col("quantity") * F.coalesce("price", F.lit(0.0)), MONEY_UNIT),
        "units": exact(sign * F.col("quantity")),
        "rating_sum": exact(F.when(kind == "rating", F.coalesce("rating", F.lit(0.0))).otherwise(0.0)),
        "recent_events": exact(weight),
        "recent_purchases": exact(F.when(kind == "purchase", weight).otherwise(0.0)),
        "first_event_on": F.col("event_date"),
        "last_event_on": F.col("event_date"),
        "last_purchase_on": F.when(kind == "purchase", F.col("event_date")),
        "sessions": F.col("is_session_start").cast("bigint"),
    }
    return [values[name].alias(name) for name in table.names if name not in table.key]


def merged(name: str) -> Column:
    if name.startswith("first_"):
        return earliest(name)
    return latest(name) if name.startswith("last_") else F.sum(name).alias(name)

"""Whether groups of accounts get offers alike. The one place that reads gender and age, after all has been chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from models.experiments.intervals import mean_interval, wilson_interval
from schemas.arrow import arrow_schema
from schemas.tables import OFFER_PARITY

ATTRIBUTES = ("gender", "age_band", "country")
UNKNOWN, NO_DATA = "unknown", "not enough data"
F64 = NDArray[np.float64]


def parity(profiles: DataFrame, offers: DataFrame, least: int) -> pa.Table:
    """OFFER_PARITY of all accounts; groups of fewer than `least` are not judged.

    Held-out accounts are counted: they are drawn without regard to any group. Reminders, which take no money off, are
    not.
    """
    discounts = offers.where("worst_cost > 0").groupBy("user_id").agg(F.sum("worst_cost").alias("off"))
    users = profiles.select("user_id", *ATTRIBUTES).join(discounts, "user_id", "left")
    pairs = [F.struct(F.lit(name).alias("attribute"), F.coalesce(name, F.lit(UNKNOWN)).alias("group"))
             for name in ATTRIBUTES]  # fmt: skip
    rows = users.select(F.explode(F.array(*pairs)).alias("of"), "off").groupBy("of.attribute", "of.group").agg(
        F.count("*").alias("users"),
        F.count("off").alias("users_with_offer"),
        F.coalesce(F.sum("off"), F.lit(0.0)).alias("total"),
        F.coalesce(F.sum(F.col("off") * F.col("off")), F.lit(0.0)).alias("squares"),
    )  # fmt: skip
    return judged(rows.collect(), least)


def judged(rows: list[Any], least: int) -> pa.Table:
    """OFFER_PARITY from counts (attribute, group, users, users_with_offer, total, squares), by attribute and group."""
    rows = sorted(rows, key=lambda r: (r["attribute"], r["group"]))
    users, hits, total, squares = (np.array([r[n] for r in rows], np.float64) for n in
                                   ("users", "users_with_offer", "total", "squares"))  # fmt: skip
    low, high = wilson_interval(hits, np.maximum(users, 1)) if rows else (users, users)
    mean, mean_low, mean_high = mean_interval(hits, total, squares)
    names = np.array([r["attribute"] for r in rows], object)
    enough, paid = users >= least, hits >= least
    table = []
    for at, row in enumerate(rows):
        alike = names == row["attribute"]
        others = users[alike].sum() - users[at], hits[alike].sum() - hits[at]
        table.append({
            "attribute": row["attribute"],
            "group": row["group"],
            "users": row["users"],
            "users_with_offer": row["users_with_offer"],
            "share": hits[at] / users[at] if enough[at] else None,
            "share_low": low[at] if enough[at] else None,
            "share_high": high[at] if enough[at] else None,
            "mean_discount": mean[at] if paid[at] else None,
            "discount_low": mean_low[at] if paid[at] else None,
            "discount_high": mean_high[at] if paid[at] else None,
            "verdict": _verdict(low[at], high[at], others, least) if enough[at] else NO_DATA,
        })  # fmt: skip
    return pa.Table.from_pylist(table, arrow_schema(OFFER_PARITY))


def _verdict(low: float, high: float, others: tuple[float, float], least: int) -> str:
    users, hits = others
    if users < least:
        return NO_DATA
    other_low, other_high = wilson_interval(np.array([hits]), np.array([users]))
    if low > other_high[0]:
        return "more than others"
    return "less than others" if high < other_low[0] else "as others"

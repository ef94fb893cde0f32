"""Compares groups of accounts: do they get offers alike? It reads gender and age only after all offers are chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from models.core.fairness import FOUR_FIFTHS, selection_ratios
from models.core.intervals import mean_interval, wilson_interval
from schemas.arrow import arrow_schema
from schemas.tables import OFFER_PARITY

ATTRIBUTES = ("gender", "age_band", "country")
UNKNOWN, NO_DATA = "unknown", "not enough data"


def parity(profiles: DataFrame, offers: DataFrame, least_users: int) -> pa.Table:
    """OFFER_PARITY of all accounts; a group of fewer than `least_users` accounts is not judged.

    Held-out accounts count, since they are drawn independently of any group. Reminders do not count, since they take no
    money off.
    """
    discounts = offers.where("worst_cost > 0").groupBy("user_id").agg(F.sum("worst_cost").alias("discount"))
    accounts = profiles.select("user_id", *ATTRIBUTES).join(discounts, "user_id", "left")
    groups = [
        F.struct(F.lit(name).alias("attribute"), F.coalesce(name, F.lit(UNKNOWN)).alias("group")) for name in ATTRIBUTES
    ]
    by_group = accounts.select(F.explode(F.array(*groups)).alias("of"), "discount").groupBy("of.attribute", "of.group")
    counted = by_group.agg(
        F.count("*").alias("users"),
        F.count("discount").alias("users_with_offer"),
        F.coalesce(F.sum("discount"), F.lit(0.0)).alias("total"),
        F.coalesce(F.sum(F.col("discount") * F.col("discount")), F.lit(0.0)).alias("squares"),
    )
    return judged(counted.collect(), least_users)


def judged(rows: list[Any], least_users: int) -> pa.Table:
    """OFFER_PARITY, by attribute and group, from rows (attribute, group, users, users_with_offer, total, squares).

    total: the sum of the discounts; squares: the sum of their squares.
    """
    rows = sorted(rows, key=lambda row: (row["attribute"], row["group"]))
    columns = ("users", "users_with_offer", "total", "squares")
    users, offered, total, squares = (np.array([row[name] for row in rows], np.float64) for name in columns)
    low, high = wilson_interval(offered, np.maximum(users, 1)) if rows else (users, users)
    mean, mean_low, mean_high = mean_interval(offered, total, squares)
    attributes = np.array([row["attribute"] for row in rows], object)
    has_enough, has_enough_offers = users >= least_users, offered >= least_users
    ratios = np.full(len(rows), np.nan)
    for attribute in set(attributes.tolist()):
        group_rows = np.flatnonzero((attributes == attribute) & has_enough)
        ratios[group_rows] = selection_ratios(offered[group_rows] / users[group_rows])

    def known(value: Any, is_known: np.bool_) -> Any:
        return value if is_known else None

    table = []
    for number, row in enumerate(rows):
        is_other = attributes == row["attribute"]
        is_other[number] = False
        counts = users[is_other].sum(), offered[is_other].sum()
        table.append(
            {
                **{name: row[name] for name in ("attribute", "group", "users", "users_with_offer")},
                "share": known(offered[number] / users[number], has_enough[number]),
                "share_low": known(low[number], has_enough[number]),
                "share_high": known(high[number], has_enough[number]),
                "selection_ratio": known(ratios[number], np.isfinite(ratios[number])),
                "is_below_four_fifths": known(ratios[number] < FOUR_FIFTHS, np.isfinite(ratios[number])),
                "mean_discount": known(mean[number], has_enough_offers[number]),
                "discount_low": known(mean_low[number], has_enough_offers[number]),
                "discount_high": known(mean_high[number], has_enough_offers[number]),
                "verdict": _verdict(low[number], high[number], counts, least_users) if has_enough[number] else NO_DATA,
            }
        )
    return pa.Table.from_pylist(table, arrow_schema(OFFER_PARITY))


def _verdict(low: float, high: float, other_counts: tuple[float, float], least_users: int) -> str:
    """Compares a group's interval (low, high) with the interval of the attribute's other groups together.

    other_counts: (users, users with an offer) of these groups.
    """
    users, offered = other_counts
    if users < least_users:
        return NO_DATA
    other_low, other_high = wilson_interval(np.array([offered]), np.array([users]))
    if low > other_high[0]:
        return "more than others"
    return "less than others" if high < other_low[0] else "as others"

"""Portraits of accounts from their purchases, features and tastes; the rules are in update_profiles.py."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.features import purchase_habits
from jobs.runtime.log import get_logger
from models.core.config import check_bounds
from schemas.tables import (
    USER_PROFILES,
)
from schemas.tables.prices import MIXED

_LOG = get_logger("update_profiles")
_AGES = ((18, "under 18"), (25, "18-24"), (35, "25-34"), (45, "35-44"), (55, "45-54"), (65, "55-64"))


@dataclass(frozen=True)
class ProfilesConfig:
    """Stages of a customer's life, and how much data each figure of a portrait needs."""

    new_days: int = field(default=30, metadata={"doc": "days after the first purchase as a new customer", "least": 1})
    at_risk_days: int = field(
        default=60, metadata={"doc": "at risk after more than so many days without a purchase", "least": 1}
    )
    lapsed_days: int = field(default=120, metadata={"doc": "lapsed after more than so many days without a purchase"})
    back_days: int = field(
        default=60, metadata={"doc": "days in stage `back` after the purchase that ended a lapse", "least": 1}
    )
    tastes_kept: int = field(
        default=50, metadata={"doc": "strongest values of each kind that are kept for an account", "least": 1}
    )
    prices_kept: int = field(default=20, metadata={"doc": "prices kept for an item, those seen most often", "least": 1})
    discount_from: float = field(
        default=0.05, metadata={"doc": "a price is a discount if it is this share below usual", "least": 0, "below": 1}
    )
    band_items: int = field(
        default=6, metadata={"doc": "items with a price that a category needs to have price bands", "least": 3}
    )
    least_purchases: int = field(
        default=3, metadata={"doc": "purchase lines that an account needs to have price habits", "least": 1}
    )
    least_buyers: int = field(
        default=30, metadata={"doc": "accounts to compare that price sensitivity needs", "least": 3}
    )

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.at_risk_days >= self.lapsed_days:
            raise ValueError(f"at_risk_days must be below lapsed_days; saw {self.at_risk_days}, {self.lapsed_days}")


def stage(config: ProfilesConfig, night_date: dt.date) -> Column:
    """One of STAGES, from first_purchase_on, last_on and back_on, which are all null without a purchase."""
    ago = {name: F.datediff(F.lit(night_date), F.col(name)) for name in ("first_purchase_on", "last_on", "back_on")}
    return (
        F.when(F.col("last_on").isNull(), "no_purchase")
        .when(ago["last_on"] > config.lapsed_days, "lapsed")
        .when(ago["last_on"] > config.at_risk_days, "at_risk")
        .when(ago["back_on"] <= config.back_days, "back")
        .when(ago["first_purchase_on"] <= config.new_days, "new")
        .otherwise("active")
    )


def age_band() -> Column:
    band = F.when(F.col("age").isNull(), None)
    for below, name in _AGES:
        band = band.when(F.col("age") < below, name)
    return band.otherwise("65 and over")


def top_tastes(of_users: DataFrame) -> DataFrame:
    """(user_id, top_category, top_brand, usual_hour) from USER_TASTES; of equals, the lower value."""

    def best(kind: str, measure: str) -> Column:
        # the minimum of (-measure, value), since max_by breaks ties by chance
        order = F.struct(-F.col(measure), F.col("value"))
        return F.min(F.when((F.col("kind") == kind) & (F.col(measure) > 0), order))["value"]

    return (
        of_users.where(F.col("kind").isin("category", "brand", "hour"))
        .groupBy("user_id")
        .agg(
            best("category", "strength").alias("top_category"),
            best("brand", "strength").alias("top_brand"),
            best("hour", "evidence").alias("usual_hour"),
        )
    )


class AllBuyers(NamedTuple):
    """What an account is compared with.

    terciles: of the accounts' mean price gap; None where too few can be compared or all pay the same. currency: the one
    in which most accounts pay, of equals the lower code; None where events have no currency. some_differ: whether some
    accounts pay in another currency.
    """

    terciles: tuple[float, float] | None
    currency: str | None
    some_differ: bool


def compare_buyers(purchases: DataFrame, config: ProfilesConfig) -> AllBuyers:
    gap = F.rint(F.col("price_gap") / F.col("priced_purchases") * 1000)  # a thousandth: few values to count in Spark
    figures = (
        purchases.select(
            F.when(F.col("priced_purchases") >= config.least_purchases, gap).alias("gap"),
            F.when(F.col("currency") != MIXED, F.col("currency")).alias("one"),
            "currency",
        )
        .agg(
            F.count("gap").alias("accounts"),
            F.percentile("gap", F.array(F.lit(1 / 3), F.lit(2 / 3))).alias("at"),
            F.mode("one", True).alias("most"),
            F.min("currency").alias("first"),
            F.max("currency").alias("last"),
        )
        .first()
    )
    assert figures is not None
    terciles, (low, high) = None, figures["at"] or (0, 0)
    if figures["accounts"] >= config.least_buyers and low < high:
        terciles = float(low) / 1000, float(high) / 1000
    return AllBuyers(terciles, figures["most"], {figures["first"], figures["last"]} != {figures["most"]})


def portraits(
    users: DataFrame,
    features: DataFrame,
    purchases: DataFrame,
    of_users: DataFrame,
    config: ProfilesConfig,
    night_date: dt.date,
) -> DataFrame:
    """USER_PROFILES of every account of `users`, with or without purchases."""
    everybody = compare_buyers(purchases, config)
    most = everybody.currency
    if everybody.some_differ:
        _LOG.warning(
            "accounts paid in several currencies: monetary is null for accounts that did not pay only in %s", most
        )
    pauses = purchase_habits.all_pauses(night_date, config.lapsed_days)
    bought = (
        purchases.select("*", pauses.alias("pauses"))
        .select(
            "*",
            (F.col("settled_days") + F.bit_count("recent_days")).alias("frequency"),
            F.col("pauses.settled_last_on").alias("last_on"),
            F.col("pauses.back_on").alias("last_back_on"),
        )
        .drop("back_on")
        .withColumnRenamed("last_back_on", "back_on")
    )
    accounts = (
        users.join(features.drop("purchases"), "user_id", "left")
        .join(bought.drop("recent_days", "pauses"), "user_id", "left")
        .join(top_tastes(of_users), "user_id", "left")
    )
    is_one = F.col("currency").isNull() | F.coalesce(F.col("currency") == F.lit(most), F.lit(False))
    enough = F.col("priced_purchases") >= config.least_purchases
    gap = F.col("price_gap") / F.col("priced_purchases")
    sensitivity = F.lit(None).cast("string")
    if everybody.terciles is not None:
        low, high = everybody.terciles
        sensitivity = F.when(gap <= low, "high").when(gap >= high, "low").otherwise("medium")

    def days_since(name: str) -> Column:
        return F.greatest(F.datediff(F.lit(night_date), F.col(name)), F.lit(0))

    since = F.coalesce("registered_on", "first_event_on")
    return accounts.withColumns(
        {
            "age_band": age_band(),
            "tenure_days": F.when(since.isNotNull(), F.greatest(F.datediff(F.lit(night_date), since), F.lit(0))),
            "recency_days": F.when(F.col("last_on").isNotNull(), days_since("last_on")),
            "frequency": F.coalesce("frequency", F.lit(0)),
            "monetary": F.when(is_one, F.coalesce("revenue", F.lit(0.0))),
            "sessions": F.coalesce("sessions", F.lit(0)),
            "last_seen_days": F.when(F.col("last_event_on").isNotNull(), days_since("last_event_on")),
            "stage": stage(config, night_date),
            "priced_purchases": F.coalesce("priced_purchases", F.lit(0)),
            "discount_appetite": F.when(enough, F.col("discounted_purchases") / F.col("priced_purchases")),
            "price_sensitivity": F.when(enough, sensitivity),
        }
    ).select(*USER_PROFILES.names)

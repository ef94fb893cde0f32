"""Interest(user, item) as a recurrence, for the night and for a refresh during the day.

    interest[d] = interest[d-1] * 2^(-days / half_life) + sum over tonight's events of weight * 2^(-age / half_life)

A late event counts with its own age; a return subtracts the weight of its purchase. Where the weights are learned
(jobs/features/event_weights.py), an event counts with the weights of the night that reads it, late or not. Sums are
integers in units of 2^-30, so the order of rows does not change them: the same inputs give the same bits.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.common.decay import age_weight, decay_factor, exact, from_exact, latest
from models.core.config import check_bounds
from schemas.tables import INTEREST

SUMS = ("interest", "purchases", "purchase_orders", "impressions", "clicks")


@dataclass(frozen=True)
class InterestConfig:
    """What each event type says about a user's interest in an item, and how fast it fades."""

    half_life_days: float = field(default=60.0, metadata={"doc": "interest halves in this many days", "above": 0})
    view: float = field(default=1.0, metadata={"doc": "weight of a view"})
    click: float = field(default=1.0, metadata={"doc": "weight of a click on something shown"})
    wishlist: float = field(default=3.0, metadata={"doc": "weight of a wish-list addition"})
    cart: float = field(default=4.0, metadata={"doc": "weight of a cart addition"})
    purchase: float = field(default=10.0, metadata={"doc": "weight of a purchase line; a return subtracts it"})
    rating: float = field(default=1.0, metadata={"doc": "weight of each star above (below) `neutral_rating`"})
    neutral_rating: float = field(default=3.0, metadata={"doc": "the rating that says nothing"})
    forget_after_days: int = field(default=730, metadata={"doc": "idle days until a pair never bought is removed"})
    learns: bool = field(default=False, metadata={"doc": "nights move the weights of views, wish-lists and carts"})
    learn_days: int = field(
        default=7, metadata={"doc": "days after an event in which a purchase counts as its success", "least": 1}
    )
    learn_factor: float = field(
        default=1.5, metadata={"doc": "a weight stays between its setting / this and its setting * this", "least": 1}
    )
    most_change: float = field(
        default=0.1, metadata={"doc": "no weight moves by more than this share in a night", "least": 0, "below": 1}
    )

    def __post_init__(self) -> None:
        if not self.purchase > self.cart > self.view > 0:
            raise ValueError(f"purchase > cart > view > 0 must hold; saw {self.purchase}, {self.cart}, {self.view}")
        check_bounds(self)
        if self.learns:
            self._check_order_after_learning()

    def _check_order_after_learning(self) -> None:
        """However far the weights move, a purchase outweighs a cart, and a cart a view."""
        most, least = self.learn_factor, 1 / self.learn_factor
        if not (
            self.wishlist > 0
            and self.purchase > max(self.cart, self.wishlist) * most
            and self.cart * least > self.view * most
        ):
            raise ValueError(
                f"learn_factor {most} would let a view weigh as much as a cart, or a cart or wish-list as a "
                f"purchase: saw {self.view}, {self.cart}, {self.wishlist}, {self.purchase}; lower it"
            )


def event_weight(config: InterestConfig) -> Column:
    """The weight of one event before decay; 0 for impressions and searches."""
    kind = F.col("event_type")
    return (
        F.when(kind == "view", config.view)
        .when(kind == "click", config.click)
        .when(kind == "wishlist", config.wishlist)
        .when(kind == "cart", config.cart)
        .when(kind == "purchase", config.purchase)
        .when(kind == "return", -config.purchase)
        .when(
            kind == "rating",
            (F.coalesce("rating", F.lit(config.neutral_rating)) - config.neutral_rating) * config.rating,
        )
        .otherwise(0.0)
    )


def contributions(events: DataFrame, config: InterestConfig, night: dt.date | Column, *more: str) -> DataFrame:
    """What each event adds to a row of INTEREST on the night that reads it; interest and purchases as exact integers.

    more: further columns of the events that the result keeps.
    """
    kind = F.col("event_type")
    bought = F.when(kind == "purchase", F.col("quantity")).when(kind == "return", -F.col("quantity")).otherwise(0.0)
    return events.where("user_id is not null and item_id is not null").select(
        "user_id",
        "item_id",
        *more,
        exact(event_weight(config) * age_weight(config.half_life_days, night)).alias("interest"),
        exact(bought).alias("purchases"),
        (kind == "purchase").cast("bigint").alias("purchase_orders"),
        (kind == "impression").cast("bigint").alias("impressions"),
        (kind == "click").cast("bigint").alias("clicks"),
        F.col("event_date").alias("last_event_on"),
        F.when(kind == "purchase", F.col("event_date")).alias("last_purchase_on"),
    )


def advance(
    previous: DataFrame, events: DataFrame, config: InterestConfig, night_date: dt.date, previous_date: dt.date | None
) -> DataFrame:
    """Tonight's INTEREST, from INTEREST of `previous_date` and the CLEAN_EVENTS that arrived since; one shuffle."""
    faded = exact(F.col("interest") * decay_factor(config.half_life_days, night_date, previous_date))
    faded_rows = previous.select(
        "user_id",
        "item_id",
        faded.alias("interest"),
        exact("purchases").alias("purchases"),
        "purchase_orders",
        "impressions",
        "clicks",
        "last_event_on",
        "last_purchase_on",
    )
    added = contributions(events, config, night_date)
    sums = [F.sum(c).alias(c) for c in SUMS]
    pairs = (
        faded_rows.unionByName(added)
        .groupBy("user_id", "item_id")
        .agg(*sums, latest("last_event_on"), latest("last_purchase_on"))
    )
    forgotten = night_date - dt.timedelta(days=config.forget_after_days)
    alive = (F.col("last_event_on") >= F.lit(forgotten)) | (F.col("purchases") > 0)
    return (
        pairs.where(alive)
        .withColumns({"interest": from_exact("interest"), "purchases": from_exact("purchases")})
        .select(*INTEREST.names)
    )

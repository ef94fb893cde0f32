"""How each account buys: on which days, after which pauses, at prices above or below the usual one. Each night adds to
the night before.

Prices. `item_prices` counts how often users saw an item at each price; counts halve every half-life. The usual price is
the median price, weighted by these counts. So a sale of a few days is below the usual price, and a new price becomes
the usual one once it has more weight than the old one.

A purchase line is compared once, on the night that reads it, with the usual price and the category's price level of
that night. Prices in different currencies are never compared. An account that paid in several currencies is marked,
since its spending cannot be added up.

Days. The last 63 days are bits of an integer. Older days are settled, since no event can arrive that late. So counts of
days, and the pauses between them, are exact in any order of arrival.
"""

from __future__ import annotations

import datetime as dt

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.common.decay import age_weight, decay_factor, exact, from_exact
from schemas.tables import ITEM_PRICES, USER_PURCHASES
from schemas.tables.prices import MIXED

OLDEST_BIT = 62  # the oldest day's bit in recent_days; bit 0 is the day after the night
_PRICE_KEY = ("item_id", "currency", "price")


def _currency() -> Column:
    return F.coalesce("currency", F.lit("")).alias("currency")


def advance_prices(
    previous: DataFrame,
    events: DataFrame,
    half_life_days: float,
    night_date: dt.date,
    previous_date: dt.date | None,
    most: int,
) -> DataFrame:
    """Tonight's ITEM_PRICES: for each item and currency the `most` prices seen most often; of equals, the lower one."""
    fade = decay_factor(half_life_days, night_date, previous_date)
    faded = [exact(F.col(name) * fade).alias(name) for name in ("seen", "bought")]
    added = price_contributions(events, half_life_days, night_date)
    total = (
        previous.select(*_PRICE_KEY, *faded, "last_event_on")
        .unionByName(added)
        .groupBy(*_PRICE_KEY)
        .agg(
            F.sum("seen").alias("seen"), F.sum("bought").alias("bought"), F.max("last_event_on").alias("last_event_on")
        )
    )
    place = F.row_number().over(Window.partitionBy("item_id", "currency").orderBy(F.desc("seen"), "price"))
    strongest = total.withColumn("place", place).where(F.col("place") <= most)
    return strongest.withColumns({n: from_exact(n) for n in ("seen", "bought")}).select(*ITEM_PRICES.names)


def price_contributions(events: DataFrame, half_life_days: float, night: dt.date | Column, *more: str) -> DataFrame:
    """What each event adds to a row of ITEM_PRICES on the night that reads it, as exact integers."""
    weight = exact(age_weight(half_life_days, night))
    return events.where("item_id is not null and price > 0").select(
        "item_id",
        _currency(),
        "price",
        *more,
        weight.alias("seen"),
        F.when(F.col("event_type") == "purchase", weight).otherwise(0).alias("bought"),
        F.col("event_date").alias("last_event_on"),
    )


def usual_prices(prices: DataFrame) -> DataFrame:
    """(item_id, currency, usual): the weighted median, which is the highest price such that prices at or above it have
    half of the weight."""
    of_item = Window.partitionBy("item_id", "currency")
    above = F.sum(exact("seen")).over(of_item.orderBy(F.desc("price")))
    total = F.sum(exact("seen")).over(of_item)
    middle = prices.select("item_id", "currency", "price", (2 * above >= total).alias("is_half")).where("is_half")
    return middle.groupBy("item_id", "currency").agg(F.max("price").alias("usual"))


def category_levels(prices: DataFrame, items: DataFrame) -> DataFrame:
    """(category, currency, level): the level is the mean log price of the category's purchase lines."""
    of_items = items.select("item_id", F.coalesce("category", F.lit("")).alias("category"))
    bought = prices.where("bought > 0").join(of_items, "item_id", "inner").groupBy("category", "currency")
    level = F.sum(exact(F.col("bought") * F.log("price"))) / F.sum(exact("bought"))
    return bought.agg(level.alias("level"))


def priced_lines(events: DataFrame, prices: DataFrame, items: DataFrame, discount_from: float) -> DataFrame:
    """Purchase lines of accounts, compared with tonight's `prices`; see `compared_lines`."""
    return compared_lines(events, usual_prices(prices), category_levels(prices, items), items, discount_from)


def compared_lines(
    events: DataFrame, usual: DataFrame, levels: DataFrame, items: DataFrame, discount_from: float, *more: str
) -> DataFrame:
    """Purchase lines of accounts: (user_id, event_date, is_priced, is_discount, gap, paid_in).

    gap is null where the line is not priced; paid_in is null where it has no price or no currency.
    more: further columns by which all four frames are joined, such as the night.
    """
    lines = events.where("event_type = 'purchase' and user_id is not null").select(
        "user_id", "item_id", "event_date", "price", _currency(), *more
    )
    of_items = items.select("item_id", F.coalesce("category", F.lit("")).alias("category"), *more)
    joined = lines.join(of_items, ["item_id", *more], "left").join(usual, ["item_id", "currency", *more], "left")
    joined = joined.join(F.broadcast(levels), ["category", "currency", *more], "left")
    is_priced = (F.col("price") > 0) & F.col("usual").isNotNull() & F.col("level").isNotNull()
    is_priced = F.coalesce(is_priced, F.lit(False))
    return joined.select(
        "user_id",
        "event_date",
        is_priced.alias("is_priced"),
        (is_priced & (F.col("price") < F.col("usual") * (1 - discount_from))).alias("is_discount"),
        F.when(is_priced, F.log("price") - F.col("level")).alias("gap"),
        F.when((F.col("price") > 0) & (F.col("currency") != ""), F.col("currency")).alias("paid_in"),
    )


def advance_purchases(
    previous: DataFrame, lines: DataFrame, night_date: dt.date, previous_date: dt.date | None, lapsed_days: int
) -> DataFrame:
    """Tonight's USER_PURCHASES, from those of `previous_date` and the `priced_lines` since."""
    carried = previous.select(
        "user_id",
        bought_on(F.col("recent_days"), previous_date or night_date).alias("days"),
        "first_purchase_on",
        *("settled_days", "settled_last_on", "lapsed_on", "back_on", "priced_purchases", "discounted_purchases"),
        exact("price_gap").alias("price_gap"),
        "currency",
    )
    added = lines.select(
        "user_id",
        F.array("event_date").alias("days"),
        F.col("event_date").alias("first_purchase_on"),
        F.lit(0).cast("bigint").alias("settled_days"),
        *[F.lit(None).cast("date").alias(name) for name in ("settled_last_on", "lapsed_on", "back_on")],
        F.col("is_priced").cast("bigint").alias("priced_purchases"),
        F.col("is_discount").cast("bigint").alias("discounted_purchases"),
        exact(F.coalesce("gap", F.lit(0.0))).alias("price_gap"),
        F.col("paid_in").alias("currency"),
    )
    sums = [F.sum(name).alias(name) for name in ("priced_purchases", "discounted_purchases", "price_gap")]
    latest = [F.max(name).alias(name) for name in ("settled_days", "settled_last_on", "lapsed_on", "back_on")]
    days = F.array_sort(F.array_distinct(F.flatten(F.collect_list("days")))).alias("days")
    first = F.min("first_purchase_on").alias("first_purchase_on")
    only_currency = F.when(F.min("currency") == F.max("currency"), F.min("currency"))
    currency = F.when(F.count("currency") > 0, F.coalesce(only_currency, F.lit(MIXED))).alias("currency")
    total = carried.unionByName(added).groupBy("user_id").agg(days, first, *latest, *sums, currency)
    oldest = F.lit(night_date - dt.timedelta(days=OLDEST_BIT - 1))
    total = total.select(
        "*",
        F.filter("days", lambda day: day < oldest).alias("old"),
        F.filter("days", lambda day: day >= oldest).alias("recent"),
    )
    settled = pauses(_settled(), F.col("old"), lapsed_days)
    bits = F.transform("recent", lambda day: _bit(F.datediff(F.lit(night_date), day) + 1))
    mask = F.aggregate(bits, F.lit(0).cast("bigint"), lambda sum, bit: sum.bitwiseOR(bit))
    return (
        total.withColumn("now", settled)
        .withColumns(
            {
                "recent_days": mask,
                "settled_days": F.col("settled_days") + F.size("old"),
                **{name: F.col(f"now.{name}") for name in ("settled_last_on", "lapsed_on", "back_on")},
                "price_gap": from_exact("price_gap"),
            }
        )
        .select(*USER_PURCHASES.names)
    )


def _bit(number: Column) -> Column:
    return F.call_function("shiftleft", F.lit(1).cast("bigint"), number)  # F.shiftleft takes no column


def bought_on(mask: Column, night_date: dt.date) -> Column:
    """The days, ascending, whose bits are set in `mask`, as numbered on `night_date`."""
    numbers = F.sequence(F.lit(OLDEST_BIT), F.lit(0))
    set_bits = F.filter(numbers, lambda n: F.getbit(mask, n) == 1)
    return F.transform(set_bits, lambda n: F.date_sub(F.lit(night_date), n - 1))


def _settled() -> Column:
    return F.struct("settled_last_on", "lapsed_on", "back_on")


def pauses(start: Column, days: Column, lapsed_days: int) -> Column:
    """(settled_last_on, lapsed_on, back_on) after further purchase days, which ascend and follow those of `start`.

    `lapsed_on` and `back_on` are the days before and after the latest pause of more than `lapsed_days`.
    """

    def step(state: Column, day: Column) -> Column:
        last = state["settled_last_on"]
        lapsed = F.coalesce(F.datediff(day, last) > lapsed_days, F.lit(False))
        return F.struct(
            day.alias("settled_last_on"),
            F.when(lapsed, last).otherwise(state["lapsed_on"]).alias("lapsed_on"),
            F.when(lapsed, day).otherwise(state["back_on"]).alias("back_on"),
        )

    return F.aggregate(days, start, step)


def all_pauses(night_date: dt.date, lapsed_days: int) -> Column:
    """`pauses` over all days, settled and recent, of a row of USER_PURCHASES of `night_date`."""
    return pauses(_settled(), bought_on(F.col("recent_days"), night_date), lapsed_days)

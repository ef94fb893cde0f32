"""A user's own terms, put into the slots that wait for them.

What offers say is a campaign's, so there are few different ones: each is worded once, by the same code that words the
shop's own figures, and joined to its users.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.runtime.shop_days import ShopDays
from models.fact_lock.slots import MONTHS, money

TERMS = ("discount_share", "discount_amount", "minimum_spend", "currency")
_OF = [*TERMS, "offer_until", "language"]


def worded(demand: DataFrame, days: ShopDays) -> DataFrame:
    """`demand` with `terms` and `until` in the language of each row; null where there are none that can be said."""
    key = F.concat_ws("|", *[F.coalesce(F.col(name).cast("string"), F.lit("")) for name in _OF])
    demand = demand.withColumn("at", F.when(F.col("offer_id").isNotNull(), key))
    told = demand.where("at is not null").select("at", *_OF).distinct().toArrow().to_pylist()
    rows = [{"at": row["at"], "terms": terms_of(row), "until": last_day(row, days)} for row in told]
    schema = pa.schema([(name, pa.string()) for name in ("at", "terms", "until")])
    known = demand.sparkSession.createDataFrame(pa.Table.from_pylist(rows, schema))
    return demand.join(F.broadcast(known), "at", "left").drop("at")


def with_terms(text: Column) -> Column:
    """The text with `terms` and `until` in its slots; null where either is."""
    return F.replace(F.replace(text, F.lit("{terms}"), F.col("terms")), F.lit("{until}"), F.col("until"))


def terms_of(offer: Mapping[str, Any]) -> str | None:
    """'20% off orders over ¥100', '满¥100享8折'; None for a share that hundredths cannot say."""
    chinese, share, amount = offer["language"] == "zh", offer["discount_share"], offer["discount_amount"]
    least = money(offer["minimum_spend"], offer["currency"]) if offer["minimum_spend"] else None
    if share is not None:
        hundredths = round(share * 100)
        if abs(share * 100 - hundredths) > 0.05 or not 0 < hundredths < 100:
            return None
        off = f"{(100 - hundredths) / 10:g}折" if chinese else f"{hundredths}% off"
    elif amount:
        off = money(amount, offer["currency"]) + ("" if chinese else " off")
    else:
        return None
    if not chinese:
        return f"{off} orders over {least}" if least else off
    if least:
        return f"满{least}{'享' if share is not None else '减'}{off}"
    return f"{off}优惠" if share is not None else f"立减{off}"


def last_day(offer: Mapping[str, Any], days: ShopDays) -> str:
    """The last whole day: what is over at noon is not promised for the afternoon."""
    day = days.of(offer["offer_until"] + dt.timedelta(seconds=1)) - dt.timedelta(days=1)
    return f"{day.month}月{day.day}日" if offer["language"] == "zh" else f"{MONTHS[day.month - 1]} {day.day}"

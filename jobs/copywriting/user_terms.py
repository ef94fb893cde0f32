"""Puts the terms of a user's offer (discount, last day) into the slots of a text.

Terms come from campaigns, so there are few different ones. Each is put into words once in Python, then joined to its
users.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.runtime.shop_days import ShopDays
from models.text import wording
from models.text.wording import Wording

TERMS = ("discount_share", "discount_amount", "minimum_spend", "currency")
_OF = [*TERMS, "offer_until", "language"]


def worded(demand: DataFrame, days: ShopDays, languages: Mapping[str, Wording]) -> DataFrame:
    """`demand` with `terms` and `until` in the language of each row; null where no offer can be put into words."""
    key = F.concat_ws("|", *[F.coalesce(F.col(name).cast("string"), F.lit("")) for name in _OF])
    demand = demand.withColumn("terms_key", F.when(F.col("offer_id").isNotNull(), key))
    offers = demand.where("terms_key is not null").select("terms_key", *_OF).distinct().toArrow().to_pylist()
    rows = [
        {
            "terms_key": row["terms_key"],
            "terms": terms_of(row, languages[row["language"]]),
            "until": wording.day_of(last_day(row, days), languages[row["language"]]),
        }
        for row in offers
    ]
    schema = pa.schema([(name, pa.string()) for name in ("terms_key", "terms", "until")])
    words = demand.sparkSession.createDataFrame(pa.Table.from_pylist(rows, schema))
    return demand.join(F.broadcast(words), "terms_key", "left").drop("terms_key")


def terms_of(offer: Mapping[str, Any], language: Wording) -> str | None:
    """The terms in words: '20% off orders over ¥100', '满¥100享8折'. None for a share that is no whole per cent."""
    share, amount, least, currency = (offer[name] for name in TERMS)
    return wording.terms_of(share, amount, least, currency, language)


def last_day(offer: Mapping[str, Any], days: ShopDays) -> dt.date:
    """The last full day of the offer: a text says of an offer that ends at noon that it ends the day before."""
    return days.of(offer["offer_until"] + dt.timedelta(seconds=1)) - dt.timedelta(days=1)

"""Decayed sums as a recurrence: a night adds its own events, and the order of rows does not change a bit.

A sum of doubles depends on the order in which a shuffle delivers rows; a sum of integers does not. So sums are carried
as integer counts of 2^-30 (about 1e-9), which leaves room for sums up to 8e9. Sums of money are counts of 2^-18 (about
4e-6), with room up to 3e13: one line may have 1e6 units at 1e7 each (settings `limits`), and in dong, won or rupiah an
item earns more than 8e9.
"""

from __future__ import annotations

import datetime as dt

from pyspark.sql import Column
from pyspark.sql import functions as F

UNIT = float(2**30)
MONEY_UNIT = float(2**18)


def exact(value: Column | str, unit: float = UNIT) -> Column:
    """A double as an integer number of units; add these, not doubles."""
    column = F.col(value) if isinstance(value, str) else value
    return F.rint(column * unit).cast("bigint")  # Spark's round() would make a BigDecimal of every double


def from_exact(name: str, unit: float = UNIT) -> Column:
    return F.col(name) / unit


def age_weight(half_life_days: float, night_date: dt.date | Column) -> Column:
    """2^(-age / half-life) of an event: a late event has its own age, an event of the day after the night has age -1.

    Events of the day after occur where a file ends later than the day, as in a shop west of Greenwich with UTC days.
    If their age were cut at 0, the night's sum would differ from that of a later rebuild.
    """
    night = F.lit(night_date) if isinstance(night_date, dt.date) else night_date
    age = F.datediff(night, F.col("event_date"))
    return F.pow(F.lit(2.0), -age / half_life_days)


def decay_factor(half_life_days: float, night_date: dt.date, previous_date: dt.date | None) -> float:
    """The factor by which a sum of `previous_date` has decayed tonight; 1 without a previous date."""
    days = (night_date - previous_date).days if previous_date else 0
    return float(2.0 ** (-days / half_life_days))


def latest(name: str) -> Column:
    return F.max(name).alias(name)


def earliest(name: str) -> Column:
    return F.min(name).alias(name)

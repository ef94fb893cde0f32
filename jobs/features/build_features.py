"""Clean events + last night's features -> user_features and item_features, by the same recurrence as interest.

Counts and money do not decay; the two `recent_` columns halve every interest.half_life_days. Anonymous events count for
items, not for users.
"""

from __future__ import annotations

import datetime as dt

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.common.decay import decay_factor, exact, from_exact
from jobs.common.recount import recount
from jobs.features.feature_sums import EXACT, FADING, merged, one_event
from jobs.runtime.lake import Version
from jobs.runtime.night import Night
from jobs.runtime.table_writer import TABLE_COLUMN
from schemas.table import Table
from schemas.tables import CLEAN_EVENTS, ITEM_FEATURES, USER_FEATURES


def advance(
    table: Table,
    previous: DataFrame,
    events: DataFrame,
    half_life_days: float,
    night_date: dt.date,
    previous_date: dt.date | None,
) -> DataFrame:
    """Tonight's USER_FEATURES or ITEM_FEATURES, from those of `previous_date` and the events since; one shuffle."""
    key = table.key[0]
    fade = decay_factor(half_life_days, night_date, previous_date)
    faded = previous.select(
        *[
            exact(F.col(c) * fade if c in FADING else F.col(c), EXACT[c]).alias(c) if c in EXACT else F.col(c)
            for c in table.names
        ]
    )
    added = events.where(F.col(key).isNotNull()).select(key, *one_event(table, half_life_days, night_date))
    total = faded.unionByName(added).groupBy(key).agg(*[merged(name) for name in table.names if name != key])
    return total.withColumns({name: from_exact(name, unit) for name, unit in EXACT.items()}).select(*table.names)


def count_items(night: Night) -> list[Version]:
    """ITEM_FEATURES of the night, from all events up to it."""
    half_life, nothing = night.settings.section("interest").half_life_days, night.versions(ITEM_FEATURES).of(())
    events = night.versions(CLEAN_EVENTS).after(None).spark()
    return [night.write(ITEM_FEATURES, advance(ITEM_FEATURES, nothing.spark(), events, half_life, night.date, None))]


def main(night: Night) -> None:
    recount(night, (ITEM_FEATURES,), count_items)
    half_life = night.settings.section("interest").half_life_days
    night.size_for(CLEAN_EVENTS, USER_FEATURES)
    frames = []
    for table in (USER_FEATURES, ITEM_FEATURES):
        since = night.versions(table).previous_date()
        previous, events = night.versions(table).previous().spark(), night.versions(CLEAN_EVENTS).after(since).spark()
        frame = advance(table, previous, events, half_life, night.date, since)
        frames.append(frame.select(F.lit(table.name).alias(TABLE_COLUMN), "*"))
    users, items = frames
    night.write_split(users.unionByName(items, allowMissingColumns=True), [USER_FEATURES, ITEM_FEATURES])

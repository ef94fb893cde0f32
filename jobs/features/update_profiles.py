"""Events, features and accounts -> user_tastes and user_profiles: a portrait of each account, updated every night.

The stage follows from the days of purchases (settings `profiles`). It is no_purchase without any purchase, and lapsed
or at_risk by the days since the last purchase. Other accounts are back within `back_days` of a purchase that followed a
lapse, new within `new_days` of the first purchase, else active.

Discount appetite is the share of purchase lines below the item's usual price. Price sensitivity compares what an
account pays with what all buyers of the same categories pay. Among the accounts with enough purchases, it is high for
the third that pays least, and low for the third that pays most. Both are null with fewer than `least_purchases` lines.
Price sensitivity is also null where fewer than `least_buyers` accounts can be compared.

Money is in the currency in which most buyers pay. It is null for an account that paid in another currency, or in
several.

What the shop does not know is null: without an age there is no age band. Two accounts of one person have two portraits,
since no table says that they belong together.
"""

from __future__ import annotations

import datetime as dt

from pyspark.sql import DataFrame

from jobs.common.recount import recount
from jobs.features import purchase_habits, tastes
from jobs.features.event_weights import weights_of
from jobs.features.past_purchases import count_purchases
from jobs.features.portraits import ProfilesConfig, portraits
from jobs.runtime.night import Night
from schemas.table import Table
from schemas.tables import (
    CLEAN_EVENTS,
    ITEM_PRICES,
    ITEMS,
    USER_FEATURES,
    USER_PROFILES,
    USER_PURCHASES,
    USER_TASTES,
    USERS,
)


def main(night: Night) -> None:
    recount(night, (ITEM_PRICES, USER_PURCHASES), count_purchases)
    config: ProfilesConfig = night.settings.section("profiles")
    interest = weights_of(night)
    late = night.settings.section("clean").late_days
    if late >= purchase_habits.OLDEST_BIT:
        raise ValueError(
            f"clean.late_days must be below {purchase_habits.OLDEST_BIT}, the days that can still change; saw {late}"
        )
    night.size_for(CLEAN_EVENTS, USER_TASTES)
    since = last_of_all(night)
    events, items = night.versions(CLEAN_EVENTS).after(since).spark(), night.read(ITEMS)
    half_life = interest.half_life_days

    before = rows_of(night, ITEM_PRICES, since)
    prices = purchase_habits.advance_prices(before, events, half_life, night.date, since, config.prices_kept)
    night.write(ITEM_PRICES, prices)
    lines = purchase_habits.priced_lines(events, night.read(ITEM_PRICES), items, config.discount_from)
    before = rows_of(night, USER_PURCHASES, since)
    night.write(USER_PURCHASES, purchase_habits.advance_purchases(before, lines, night.date, since, config.lapsed_days))

    liked = tastes.labels(items, tastes.price_bands(items, config.band_items))
    before = rows_of(night, USER_TASTES, since)
    rows = tastes.advance(before, events, liked, interest, night.date, since, config.tastes_kept, night.days)
    night.write(USER_TASTES, rows)

    users, features, purchases, liked = map(night.read, (USERS, USER_FEATURES, USER_PURCHASES, USER_TASTES))
    rows = portraits(users, features, purchases, liked, config, night.date)
    version = night.write(USER_PROFILES, rows)
    night.report(users=version.rows, events_since=str(since) if since else None)


def last_of_all(night: Night) -> dt.date | None:
    """The last night that all sums have; None where one has none. A gate that is killed may leave some of them older.

    All go on from this night: else the events since would be added twice to one sum, or never to another.
    """
    tables = (ITEM_PRICES, USER_PURCHASES, USER_TASTES)
    dates = [day for table in tables if (day := night.versions(table).previous_date()) is not None]
    return min(dates) if len(dates) == len(tables) else None


def rows_of(night: Night, table: Table, day: dt.date | None) -> DataFrame:
    """The table as the night `day` left it; no rows without a day."""
    versions = night.versions(table)
    return (versions.of(()) if day is None else versions.as_of(day)).spark()

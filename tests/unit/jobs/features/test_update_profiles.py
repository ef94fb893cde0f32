"""Portraits: recurrences that a rebuild confirms, stages and habits by rule, and null where nothing is known."""

from __future__ import annotations

import itertools
import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.features import portraits, purchase_habits, tastes
from jobs.features.interest import InterestConfig
from jobs.features.portraits import ProfilesConfig
from jobs.runtime.shop_days import ShopDays
from schemas.table import Table
from schemas.tables import (
    CLEAN_EVENTS,
    ITEM_PRICES,
    ITEMS,
    USER_FEATURES,
    USER_PURCHASES,
    USER_TASTES,
    USERS,
)

START = date(2026, 1, 1)
INTEREST = InterestConfig(half_life_days=5.0)
LAPSED = 20  # days
# Nights one after another, some of which did not run, over more days than stay open.
NIGHTS = [START + timedelta(days=n) for n in (0, 1, 9, 80, 81)]


def frame(spark: SparkSession, table: Table, rows: list[dict[str, Any]]) -> DataFrame:
    full_rows = [dict.fromkeys(table.names) | row for row in rows]
    return spark.createDataFrame([tuple(row[c] for c in table.names) for row in full_rows], table.ddl).coalesce(1)


def an_event(day: date, user: str | None, item: str, kind: str, price: float | None = None, hour: int = 12,
             slot: str | None = None) -> dict[str, Any]:  # fmt: skip
    return {"user_id": user, "item_id": item, "event_type": kind, "quantity": 1.0, "price": price, "event_date": day,
            "event_time": datetime(day.year, day.month, day.day, hour), "currency": "EUR", "slot": slot,
            "event_id": "e"}  # fmt: skip


def an_item(item: str, category: str | None, price: float | None, **more: Any) -> dict[str, Any]:
    row = {"item_id": item, "category": category, "price": price, "currency": "EUR", "is_active": True} | more
    return row | {"shown_category": category, "shown_brand": row.get("brand")}  # as update_catalogue fills them in


SHELF = [
    an_item(
        f"i{n}", "A" if n < 6 else "B", 10.0 + n, brand="Ivo", attributes=f'{{"colour": "{("red", "blue")[n % 2]}"}}'
    )
    for n in range(12)
]


def stored(table_frame: DataFrame, table: Table) -> DataFrame:
    """The rows after they were written and read again, as in the job: without the Spark plan that made them."""
    rows = table_frame.select(*table.names).collect()
    return table_frame.sparkSession.createDataFrame(rows, table.ddl).coalesce(1)


def by_key(table_frame: DataFrame, table: Table) -> dict[tuple[Any, ...], dict[str, Any]]:
    rows = [row.asDict() for row in table_frame.select(*table.names).collect()]
    rows_by_key = {tuple(row.pop(k) for k in table.key): row for row in rows}
    assert len(rows_by_key) == len(rows)
    return rows_by_key


def a_history(seed: int) -> dict[date, list[dict[str, Any]]]:
    """Night -> the events of its drop: from the days since the night before, and up to 4 days late."""
    rng = random.Random(seed)
    drops: dict[date, list[dict[str, Any]]] = {}
    before = START - timedelta(days=3)
    for night in NIGHTS:
        drops[night] = []
        for _ in range(30):
            day = before + timedelta(days=rng.randint(-4, (night - before).days + 1))  # as late as yesterday's tomorrow
            kind = rng.choice(["view", "cart", "purchase", "purchase", "return", "search", "impression", "click"])
            drops[night].append(
                an_event(day, rng.choice(["u1", "u2", "u3", None]), f"i{rng.randint(0, 11)}", kind,
                         rng.choice([None, 9.0, 10.0, 12.5]), rng.randint(0, 23), rng.choice([None, "home"]))
                | {"currency": rng.choice(["EUR"] * 20 + ["USD"])}
            )  # fmt: skip
        before = night
    return drops


def advance(
    spark: SparkSession, table: Table, state: DataFrame, events: DataFrame, night: date, before: date | None
) -> DataFrame:
    items = frame(spark, ITEMS, SHELF)
    if table is USER_TASTES:
        liked = tastes.labels(items, tastes.price_bands(items, 3))
        return tastes.advance(state, events, liked, INTEREST, night, before, 50, ShopDays())
    if table is ITEM_PRICES:
        return purchase_habits.advance_prices(state, events, INTEREST.half_life_days, night, before, 20)
    prices = purchase_habits.advance_prices(frame(spark, ITEM_PRICES, []), events, 5.0, night, None, 20)
    lines = purchase_habits.priced_lines(events, prices, items, 0.05)
    return purchase_habits.advance_purchases(state, lines, night, before, LAPSED)


@pytest.mark.parametrize("table", [USER_TASTES, ITEM_PRICES, USER_PURCHASES], ids=lambda table: table.name)
def test_night_after_night_is_a_rebuild(spark: SparkSession, table: Table) -> None:
    drops = a_history(seed=1)
    nothing = frame(spark, table, [])
    state, before = nothing, None
    for night, drop in drops.items():
        advanced = advance(spark, table, state, frame(spark, CLEAN_EVENTS, drop), night, before)
        state, before = stored(advanced, table), night
    everything = frame(spark, CLEAN_EVENTS, [event for drop in drops.values() for event in drop])
    nightly = by_key(state, table)
    rebuilt = by_key(advance(spark, table, nothing, everything, NIGHTS[-1], None), table)
    assert set(nightly) == set(rebuilt)
    for key, row in rebuilt.items():
        for name, value in row.items():
            if name == "discounted_purchases" or name == "price_gap":
                continue  # judged once, against the prices of the night that took the line in
            expected = pytest.approx(value, rel=1e-6, abs=1e-7) if isinstance(value, float) else value
            assert nightly[key][name] == expected or (name == "share" and row["strength"] < 1e-6), (key, name)


def test_pauses_and_days_are_those_of_the_calendar(spark: SparkSession) -> None:
    drops = a_history(seed=2)
    events = [event for drop in drops.values() for event in drop]
    purchases = advance(spark, USER_PURCHASES, frame(spark, USER_PURCHASES, []), frame(spark, CLEAN_EVENTS, events),
                   NIGHTS[-1], None)  # fmt: skip
    pauses = purchases.select(
        "user_id", purchase_habits.all_pauses(NIGHTS[-1], LAPSED).alias("story"), "settled_days", "recent_days"
    )
    for row in pauses.collect():
        days = sorted(
            {e["event_date"] for e in events if e["user_id"] == row.user_id and e["event_type"] == "purchase"}
        )
        pairs = [pair for pair in itertools.pairwise(days) if (pair[1] - pair[0]).days > LAPSED]
        assert row.settled_days + row.recent_days.bit_count() == len(days)
        assert row.story.settled_last_on == days[-1]
        assert (row.story.lapsed_on, row.story.back_on) == (pairs[-1] if pairs else (None, None))


def test_the_cut_keeps_the_strongest_and_never_overstates(spark: SparkSession) -> None:
    items = frame(spark, ITEMS, [an_item(f"i{n}", f"C{n}", None) for n in range(6)])
    liked = tastes.labels(items, tastes.price_bands(items, 3))
    nothing = frame(spark, USER_TASTES, [])
    history = [("i0", "purchase"), ("i1", "cart"), ("i2", "view"), ("i3", "purchase"), ("i2", "cart")]
    events = [an_event(START + timedelta(days=n), "u1", item, kind) for n, (item, kind) in enumerate(history)]
    state, before = nothing, None
    for n, event in enumerate(events):
        night = START + timedelta(days=n)
        advanced = tastes.advance(
            state, frame(spark, CLEAN_EVENTS, [event]), liked, INTEREST, night, before, 2, ShopDays()
        )
        state, before = stored(advanced, USER_TASTES), night
    strengths = {row.value: row.strength for row in state.where("kind = 'category'").collect()}
    uncut = tastes.advance(
        nothing, frame(spark, CLEAN_EVENTS, events), liked, INTEREST, START + timedelta(days=4), None, 50, ShopDays()
    )
    true = {row.value: row.strength for row in uncut.where("kind = 'category'").collect()}
    assert len(strengths) == 2
    assert "C3" in strengths
    assert all(strength <= true[value] + 1e-7 for value, strength in strengths.items())


def test_price_bands_are_thirds_of_the_category(spark: SparkSession) -> None:
    rows = [an_item(f"a{n}", "A", 1.0 + n) for n in range(6)] + [an_item(f"b{n}", "B", 100.0 + n) for n in range(6)]
    rows += [an_item("c0", "C", 5.0), an_item("a9", "A", None)] + [an_item(f"d{n}", "D", 7.0) for n in range(9)]
    bands = {row.item_id: row.band for row in tastes.price_bands(frame(spark, ITEMS, rows), 6).collect()}
    assert [bands[f"a{n}"] for n in range(6)] == ["low", "low", "middle", "middle", "high", "high"]
    assert bands["b0"] == "low"
    assert not {"c0", "a9", "d0"} & set(bands)  # too few; no price; all the same price


def test_a_sale_is_below_the_usual_price_and_a_new_price_is_not_for_ever(spark: SparkSession) -> None:
    def usual(*seen: tuple[float, int]) -> float:
        rows = [
            {"item_id": "i", "currency": "EUR", "price": p, "seen": float(n), "bought": 0.0, "last_event_on": START}
            for p, n in seen
        ]
        prices = purchase_habits.usual_prices(frame(spark, ITEM_PRICES, rows)).collect()
        assert len(prices) == 1
        return prices[0].usual

    assert usual((10.0, 8), (7.0, 3)) == 10.0
    assert usual((10.0, 3), (12.0, 5)) == 12.0
    assert usual((10.0, 4), (12.0, 4)) == 12.0


def portray(
    spark: SparkSession, users: list[dict[str, Any]], events: list[dict[str, Any]], config: ProfilesConfig, night: date
) -> dict[str, dict[str, Any]]:
    items, log = frame(spark, ITEMS, SHELF), frame(spark, CLEAN_EVENTS, events)
    rows = purchase_habits.advance_prices(frame(spark, ITEM_PRICES, []), log, 60.0, night, None, 20)
    lines = purchase_habits.priced_lines(log, stored(rows, ITEM_PRICES), items, config.discount_from)
    rows = purchase_habits.advance_purchases(frame(spark, USER_PURCHASES, []), lines, night, None, config.lapsed_days)
    purchases = stored(rows, USER_PURCHASES)
    liked = tastes.labels(items, tastes.price_bands(items, config.band_items))
    rows = tastes.advance(frame(spark, USER_TASTES, []), log, liked, INTEREST, night, None, 50, ShopDays())
    of_users = stored(rows, USER_TASTES)
    rows = portraits.portraits(
        frame(spark, USERS, users), frame(spark, USER_FEATURES, []), purchases, of_users, config, night
    )
    return {row.user_id: row.asDict() for row in rows.collect()}


def test_stages_of_a_customers_life(spark: SparkSession) -> None:
    config = ProfilesConfig(new_days=10, at_risk_days=20, lapsed_days=40, back_days=10)
    night = START + timedelta(days=200)
    bought = {  # days before the night
        "new": (5, 2), "active": (90, 60, 30, 3), "at_risk": (60, 30), "lapsed": (90, 41), "back": (100, 4),
        "no_purchase": (),
    }  # fmt: skip
    events = [
        an_event(night - timedelta(days=ago), stage, "i1", "purchase", 10.0)
        for stage, days in bought.items()
        for ago in days
    ]
    portraits_of = portray(spark, [{"user_id": name} for name in bought], events, config, night)
    assert {name: portraits_of[name]["stage"] for name in bought} == {name: name for name in bought}
    assert portraits_of["active"]["frequency"] == 4
    assert portraits_of["lapsed"]["recency_days"] == 41
    assert portraits_of["no_purchase"]["recency_days"] is None


def test_discounts_and_sensitivity_need_enough_and_are_told_apart(spark: SparkSession) -> None:
    config = ProfilesConfig(least_buyers=3)
    events = [an_event(START, None, "i1", "view", 10.0) for _ in range(40)]
    for user, price in (("cheap", 8.0), ("usual", 10.0), ("dear", 13.0)):
        events += [an_event(START, user, "i1", "purchase", price) for _ in range(4)]
    events += [an_event(START, "once", "i1", "purchase", 8.0)]
    portraits_of = portray(
        spark, [{"user_id": name} for name in ("cheap", "usual", "dear", "once")], events, config, START
    )
    assert [portraits_of[u]["discount_appetite"] for u in ("cheap", "usual", "dear", "once")] == [1.0, 0.0, 0.0, None]
    assert [portraits_of[u]["price_sensitivity"] for u in ("cheap", "usual", "dear", "once")] == [
        "high",
        "medium",
        "low",
        None,
    ]


def test_unknown_facts_stay_null(spark: SparkSession) -> None:
    users = [{"user_id": "u1", "age": 25}, {"user_id": "u2"}, {"user_id": "u3", "age": 0}, {"user_id": "u4", "age": 65}]
    portraits_of = portray(spark, users, [an_event(START, "u1", "i1", "view")], ProfilesConfig(), START)
    assert [portraits_of[u]["age_band"] for u in ("u1", "u2", "u3", "u4")] == ["25-34", None, "under 18", "65 and over"]
    assert portraits_of["u1"]["top_category"] == "A"
    for name in ("gender", "country", "tenure_days", "recency_days", "last_seen_days", "discount_appetite",
                 "price_sensitivity", "top_category", "top_brand", "usual_hour"):  # fmt: skip
        assert portraits_of["u2"][name] is None


def test_money_is_never_added_over_currencies(spark: SparkSession) -> None:
    paid = {"a": ["EUR"], "b": ["EUR", "EUR"], "other": ["USD"], "both": ["EUR", "USD"], "untold": [None], "none": []}
    users = [{"user_id": user} for user in paid]
    events = [
        an_event(START, user, "i1", "purchase", 10.0) | {"currency": currency}
        for user, currencies in paid.items()
        for currency in currencies
    ]
    portraits_of = portray(spark, users, events, ProfilesConfig(), START)
    is_known = {user: row["monetary"] is not None for user, row in portraits_of.items()}
    assert is_known == {"a": True, "b": True, "other": False, "both": False, "untold": True, "none": True}
    assert portraits_of["none"]["monetary"] == 0.0
    portraits_of = portray(spark, users[3:4], events[3:], ProfilesConfig(), START)
    assert portraits_of["both"]["monetary"] is None  # although nobody pays in one currency


def test_settings_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="below lapsed_days; saw 200, 120"):
        ProfilesConfig(at_risk_days=200)

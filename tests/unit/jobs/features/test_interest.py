"""Interest and features as recurrences: night after night they equal one rebuild from all events."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession

from jobs.features import build_features, interest
from jobs.features.interest import InterestConfig
from schemas.table import Table
from schemas.tables import CLEAN_EVENTS, INTEREST, ITEM_FEATURES, USER_FEATURES

START = date(2026, 1, 1)
NIGHTS = 6
CONFIG = InterestConfig(half_life_days=5.0)  # short, so that a wrong age shows
KINDS = ("view", "cart", "wishlist", "purchase", "return", "search", "rating", "impression", "click")

# (night of arrival, days late (-1: it is tomorrow already in UTC), user, item, event type, quantity, price, stars)
EVENT = st.tuples(
    st.integers(0, NIGHTS - 1),
    st.integers(-1, 4),
    st.sampled_from(["u1", "u2", "u3", None]),
    st.sampled_from(["i1", "i2", "i3"]),
    st.sampled_from(KINDS),
    st.sampled_from([1.0, 2.0, 0.3, 12.0]),
    st.sampled_from([None, 9.99, 0.1, 1000.0]),
    st.sampled_from([None, 1.0, 4.5]),
)


def an_event(day: date, user: str | None, item: str | None, kind: str, quantity: float = 1.0,
             price: float | None = None, rating: float | None = None) -> dict[str, Any]:  # fmt: skip
    event = {"user_id": user, "item_id": item if kind != "search" else None, "event_type": kind, "quantity": quantity,
             "price": price, "rating": rating, "event_date": day, "is_session_start": kind == "view",
             "event_time": datetime(day.year, day.month, day.day, 12), "event_id": "e"}  # fmt: skip
    return dict.fromkeys(CLEAN_EVENTS.names) | event


def frame(spark: SparkSession, table: Table, rows: list[dict[str, Any]]) -> DataFrame:
    return spark.createDataFrame([tuple(row[c] for c in table.names) for row in rows], table.ddl).coalesce(1)


def advance(table: Table, previous: DataFrame, events: DataFrame, night: date, before: date | None) -> DataFrame:
    if table is INTEREST:
        return interest.advance(previous, events, CONFIG, night, before)
    return build_features.advance(table, previous, events, CONFIG.half_life_days, night, before)


def by_key(table_frame: DataFrame, table: Table) -> dict[tuple[Any, ...], dict[str, Any]]:
    rows = [row.asDict() for row in table_frame.collect()]
    rows_by_key = {tuple(row.pop(k) for k in table.key): row for row in rows}
    assert len(rows_by_key) == len(rows)
    return rows_by_key


# Each example costs many Spark jobs: so there are few, each with many pairs, and failing ones are not made smaller.
@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
@given(history=st.lists(EVENT, min_size=25, max_size=60), skipped=st.integers(1, NIGHTS - 2))
def test_night_after_night_is_a_rebuild(spark: SparkSession, history: list[tuple[Any, ...]], skipped: int) -> None:
    drops: dict[int, list[dict[str, Any]]] = {night: [] for night in range(NIGHTS)}
    for arrives, late, user, item, kind, *rest in history:
        arrives += arrives == skipped  # the shop was closed that night, nothing ran
        drops[arrives].append(an_event(START + timedelta(days=arrives - late), user, item, kind, *rest))
    last = START + timedelta(days=NIGHTS - 1)
    everything = frame(spark, CLEAN_EVENTS, [event for drop in drops.values() for event in drop])
    for table in (INTEREST, USER_FEATURES, ITEM_FEATURES):
        nothing = frame(spark, table, [])
        state, before = nothing, None
        for number, drop in drops.items():
            if number != skipped:
                night = START + timedelta(days=number)
                state, before = advance(table, state, frame(spark, CLEAN_EVENTS, drop), night, before), night
        nightly, rebuilt = by_key(state, table), by_key(advance(table, nothing, everything, last, None), table)
        assert set(nightly) == set(rebuilt)
        for key, row in rebuilt.items():
            for name, value in row.items():
                # a night rounds to 2^-30, so sums may differ by a few of these units
                wanted = pytest.approx(value, rel=1e-6, abs=1e-7) if isinstance(value, float) else value
                assert nightly[key][name] == wanted, (table.name, key, name)


def interest_after(spark: SparkSession, *kinds: str, days_ago: int = 0) -> float:
    events = frame(spark, CLEAN_EVENTS, [an_event(START - timedelta(days=days_ago), "u1", "i1", k) for k in kinds])
    rows = by_key(advance(INTEREST, frame(spark, INTEREST, []), events, START, None), INTEREST)
    return rows[("u1", "i1")]["interest"]


def test_purchase_outweighs_cart_outweighs_view(spark: SparkSession) -> None:
    view, cart, purchase = (interest_after(spark, kind) for kind in ("view", "cart", "purchase"))
    assert purchase > cart > view > 0


def test_a_return_takes_back_its_purchase(spark: SparkSession) -> None:
    assert interest_after(spark, "view", "purchase", "return") == interest_after(spark, "view")


def test_interest_halves_in_a_half_life(spark: SparkSession) -> None:
    old = interest_after(spark, "cart", days_ago=int(CONFIG.half_life_days))
    assert old == pytest.approx(interest_after(spark, "cart") / 2, rel=1e-6)


def test_weights_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match=r"purchase > cart > view > 0 must hold; saw 1\.0, 4\.0, 1\.0"):
        InterestConfig(purchase=1.0)


def test_a_test_order_of_absurd_size_does_not_end_the_night(spark: SparkSession) -> None:
    """Nothing rejects it: `limits` allow prices of 1e7 and 1e6 units."""
    events = [an_event(START, "u1", "i1", "purchase", 1e6, 1e7), an_event(START, "u1", "i1", "purchase", 2.0, 9.99)]
    for table in (USER_FEATURES, ITEM_FEATURES):
        nothing = frame(spark, table, [])
        tonight = build_features.advance(table, nothing, frame(spark, CLEAN_EVENTS, events), 5.0, START, None)
        ((_, row),) = by_key(tonight, table).items()
        assert row["revenue"] == pytest.approx(1e13 + 19.98, abs=1e-2)

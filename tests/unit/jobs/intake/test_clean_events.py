"""Reasons that need a visitor's other lines (duplicate, crawler, too late), sessions, and the stored rejected row."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.intake.event_rules import CleanConfig, lines_by_visitor, rules
from jobs.intake.visits import reject_and_sessionise
from jobs.runtime.shop_days import ShopDays
from schemas.tables import CLEAN_EVENTS, RAW_EVENTS, REJECTED_EVENTS

NIGHT = dt.date(2026, 1, 20)
LINES = f"{RAW_EVENTS.ddl}, source_file string, reason string, detail string, raw_row string"
CONFIG = CleanConfig(max_events_per_day=5)


def line(event_id: str, minute: float = 0, user_id: str | None = "u", day: dt.date = NIGHT, **known: Any) -> dict:
    time = dt.datetime.combine(day, dt.time(8), dt.UTC) + dt.timedelta(minutes=minute)
    nothing = dict.fromkeys((*RAW_EVENTS.names, "source_file", "reason", "detail", "raw_row"))
    values = {"event_id": event_id, "user_id": user_id, "item_id": "i", "event_type": "view", "event_time": time}
    return {**nothing, **values, "quantity": 1.0, "source_file": "a", **known}


def cleaned(
    spark: SparkSession, lines: list[dict], earlier: tuple[dict, ...] = (), previous: dt.date | None = None
) -> tuple[list[dict], list[dict]]:
    """(kept, rejected): each line is in one of them."""
    raw = spark.createDataFrame([tuple(row.values()) for row in lines], LINES)
    seen = [tuple(row.get(name) for name in CLEAN_EVENTS.names) for row in earlier]
    frame = lines_by_visitor(raw, spark.createDataFrame(seen, CLEAN_EVENTS.ddl)).coalesce(1)
    rows_by_table: dict[str, list[dict]] = {CLEAN_EVENTS.name: [], REJECTED_EVENTS.name: []}
    for name, rows in reject_and_sessionise(
        iter(frame.toArrow().to_batches()), rules(CONFIG, NIGHT, previous, ShopDays())
    ):
        rows_by_table[name] += rows.to_pylist()
    assert len(lines) == sum(map(len, rows_by_table.values()))
    return rows_by_table[CLEAN_EVENTS.name], rows_by_table[REJECTED_EVENTS.name]


def reasons(rows: list[dict]) -> dict[str, int]:
    return dict(Counter(row["reason"] for row in rows))


def test_the_first_of_several_lines_with_one_id_is_kept(spark: SparkSession) -> None:
    lines = [line("1", 5, source_file="b"), line("1", 9, source_file="a"), line("1", 7, source_file="a"), line("2")]
    kept, rejected = cleaned(spark, lines)
    assert [(r["event_id"], r["source_file"], r["event_time"].minute) for r in kept] == [("2", "a", 0), ("1", "a", 7)]
    assert reasons(rejected) == {"duplicate": 2}


def test_an_id_of_an_earlier_night_is_a_duplicate_and_another_visitors_is_not(spark: SparkSession) -> None:
    earlier = (line("1", day=NIGHT - dt.timedelta(days=2)),)
    kept, rejected = cleaned(
        spark, [line("1"), line("1", user_id="v"), line("2")], earlier, NIGHT - dt.timedelta(days=1)
    )
    assert sorted((r["event_id"], r["user_id"]) for r in kept) == [("1", "v"), ("2", "u")]
    assert reasons(rejected) == {"duplicate": 1}


def test_a_line_that_cannot_be_kept_does_not_take_the_place_of_its_corrected_copy(spark: SparkSession) -> None:
    bad = {"reason": "bad_number", "raw_row": "{}"}
    old = NIGHT - dt.timedelta(days=30)
    lines = [line("1", 1, **bad), line("1", 2), line("2", day=old), line("2", 3)]
    kept, rejected = cleaned(spark, lines, previous=NIGHT - dt.timedelta(days=1))
    assert [(row["event_id"], row["event_time"].minute) for row in kept] == [("1", 2), ("2", 3)]
    assert reasons(rejected) == {"duplicate": 2}


@pytest.mark.parametrize(("previous", "compared"), [(1, 8), (7, 8), (20, 21), (None, 0)])
def test_every_night_that_can_have_an_event_that_is_not_too_late_is_compared(
    previous: int | None, compared: int
) -> None:
    """A night also has events of the day after it; after a pause the last night's day is not too late."""
    before = NIGHT - dt.timedelta(days=previous) if previous else None
    number = (NIGHT - dt.date(1970, 1, 1)).days
    assert rules(CONFIG, NIGHT, before, ShopDays()).days_compared(number) == compared


def test_more_events_on_one_day_than_the_limit_make_a_crawler_of_that_day_only(spark: SparkSession) -> None:
    busy = [line(f"b{n}", n) for n in range(6)]
    calm = [line(f"c{n}", n, day=NIGHT - dt.timedelta(days=1)) for n in range(5)]
    nobody = [line(f"n{n}", n, user_id=None) for n in range(9)]  # without any id, each line is another visitor
    kept, rejected = cleaned(spark, busy + calm + nobody)
    assert sorted(r["event_id"][0] for r in kept) == ["c"] * 5 + ["n"] * 9
    assert reasons(rejected) == {"crawler": 6}


def test_duplicates_and_rejected_lines_do_not_count_for_a_crawler(spark: SparkSession) -> None:
    lines = [line(f"{n}", n) for n in range(5)] + [line("0"), line("9", reason="bad_number", raw_row="{}")]
    kept, rejected = cleaned(spark, lines)
    assert len(kept) == 5
    assert reasons(rejected) == {"duplicate": 1, "bad_number": 1}


def test_too_late_is_before_the_window_and_before_the_last_night(spark: SparkSession) -> None:
    lines = [line(f"{days}", day=NIGHT - dt.timedelta(days=days)) for days in (0, 7, 8, 9, 10)]
    old = reasons(cleaned(spark, lines, previous=NIGHT - dt.timedelta(days=1))[1])
    assert old == {"too_late": 3}
    assert reasons(cleaned(spark, lines, previous=NIGHT - dt.timedelta(days=9))[1]) == {"too_late": 1}
    assert reasons(cleaned(spark, lines)[1]) == {}  # a first drop may bring any history


def test_duplicate_is_given_before_any_other_reason_and_a_rejected_line_is_never_late(spark: SparkSession) -> None:
    old = NIGHT - dt.timedelta(days=30)
    bad = {"reason": "negative_price", "detail": "price: saw '-1'", "raw_row": '{"theirs":1}'}
    lines = [line("1", day=old), line("1", day=old), line("2", day=old, **bad), line("2", day=old, **bad)]
    _, rejected = cleaned(spark, lines, previous=NIGHT - dt.timedelta(days=1))
    assert reasons(rejected) == {"too_late": 1, "duplicate": 2, "negative_price": 1}
    assert {r["raw_row"] for r in rejected if r["detail"]} == {'{"theirs":1}'}


def test_a_pause_over_half_an_hour_starts_a_session(spark: SparkSession) -> None:
    minutes = {"a": 0, "b": 30, "c": 60.5, "d": 61}
    lines = [line(name, minute) for name, minute in minutes.items()] + [line("v", 15, user_id="v")]
    rows = {r["event_id"]: r for r in cleaned(spark, lines)[0]}
    assert [rows[n]["is_session_start"] for n in "abcdv"] == [True, False, True, False, True]
    sessions = [rows[n]["session_id"] for n in "abcdv"]
    assert sessions[0] == sessions[1] != sessions[2] == sessions[3]
    assert len(set(sessions)) == 3
    assert all(len(session) == 16 for session in sessions)
    assert {r["event_date"] for r in rows.values()} == {NIGHT}


def test_a_rejected_line_is_stored_whole(spark: SparkSession) -> None:
    odd = {"query": 'say "hi"\n\\ 你好', "price": 2.5, "extra": '{"pos":1}'}
    kept, rejected = cleaned(spark, [line("1", 1, **odd), line("1", 1, **odd)])
    raw_row = json.loads(rejected[0]["raw_row"])
    assert raw_row == {"event_id": "1", "user_id": "u", "item_id": "i", "event_type": "view", "quantity": 1.0, **odd,
                     "event_time": "2026-01-20T08:01:00.000000Z"}  # fmt: skip
    assert kept[0]["query"] == odd["query"]


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_arrival_changes_nothing(spark: SparkSession, order: int) -> None:
    lines = [line(f"{n % 7}", n, user_id=f"u{n % 3}", source_file=f"{n % 2}") for n in range(40)]
    assert cleaned(spark, lines[::order]) == cleaned(spark, lines)

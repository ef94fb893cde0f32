"""Many nights judged in one pass give the same as nights judged one after another."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from jobs.intake.visits import VisitRules, reject_and_sessionise
from jobs.intake.visits_of_nights import NightsOf, reject_nights
from jobs.runtime.history import FIRST_DAY, NIGHT, key
from jobs.runtime.shop_days import ShopDays
from schemas.arrow import arrow_schema
from schemas.tables import CLEAN_EVENTS, RAW_EVENTS, REJECTED_EVENTS

DATES = tuple(dt.date(2026, 1, day) for day in (5, 6, 7, 9, 10, 14))  # two nights did not run
LATE_DAYS = 3
SCHEMA = pa.schema(
    [
        *arrow_schema(RAW_EVENTS),
        *(pa.field(name, pa.string()) for name in ("source_file", "reason", "detail", "raw_row")),
        pa.field("visitor", pa.int64()),
        pa.field("event", pa.int64()),
        pa.field("is_earlier", pa.bool_()),
        pa.field(NIGHT, pa.date32()),
    ]
)


def rules_of(date: dt.date) -> VisitRules:
    place = DATES.index(date)
    oldest = (date - dt.timedelta(days=LATE_DAYS) - FIRST_DAY).days if place else None
    return VisitRules(30, 3, oldest, ShopDays())


NIGHTS = NightsOf(DATES, tuple(map(rules_of, DATES)))


def a_line(rng: random.Random, night: dt.date, number: int) -> dict[str, Any]:
    visitor, event = rng.randint(0, 3), rng.randint(0, 25)  # few ids, so that many lines come again
    day = night - dt.timedelta(days=rng.choice([0, 0, 0, 0, 1, 2, 5]))
    moment = dt.datetime.combine(day, dt.time(8), dt.UTC) + dt.timedelta(minutes=rng.randint(0, 300))
    row = dict.fromkeys(SCHEMA.names)
    return row | {
        "event_id": f"e{event}", "user_id": f"u{visitor}", "item_id": "i", "event_type": "view", "event_time": moment,
        "quantity": 1.0, "source_file": f"f{number}", "reason": rng.choice([None] * 9 + ["bad_time"]), "raw_row": "{}",
        "visitor": visitor, "event": visitor * 100 + event, "is_earlier": False, NIGHT: night,
    }  # fmt: skip


def history(seed: int) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    lines = [a_line(rng, night, number) for number, night in enumerate(DATES * 20)]
    before = a_line(rng, DATES[0] - dt.timedelta(days=2), 999)  # a row that is in the lake already
    return [*lines, before | {"is_earlier": True, "reason": None}]


def batches(rows: list[dict[str, Any]]) -> Any:
    return iter(pa.Table.from_pylist(rows, SCHEMA).to_batches())


def one_after_another(lines: list[dict[str, Any]]) -> dict[str, pa.Table]:
    """Runs the function of a single night for each night; it gets the rows that the earlier nights kept."""
    kept_rows: dict[dt.date, list[dict[str, Any]]] = {line[NIGHT]: [line] for line in lines if line["is_earlier"]}
    tables = {}
    for date in DATES:
        first = date - dt.timedelta(days=rules_of(date).days_compared((date - FIRST_DAY).days))
        window = [row for day, rows in kept_rows.items() if first <= day < date for row in rows]
        tonight = [line for line in lines if line[NIGHT] == date and not line["is_earlier"]]
        for name, rows in reject_and_sessionise(batches([*tonight, *window]), rules_of(date)):
            tables[f"{name}/{date}"] = rows
        files = set(tables[key(CLEAN_EVENTS, date)]["source_file"].to_pylist())
        kept_rows[date] = [line | {"is_earlier": True} for line in tonight if line["source_file"] in files]
    return tables


def content(rows: pa.Table) -> list[dict[str, Any]]:
    return sorted(rows.to_pylist(), key=str)


@pytest.mark.parametrize("seed", range(5))
def test_one_pass_is_night_after_night(seed: int) -> None:
    lines = history(seed)
    in_one_pass = dict(reject_nights(batches(random.Random(seed).sample(lines, len(lines))), NIGHTS))
    expected = one_after_another(lines)
    assert set(in_one_pass) == set(expected)
    for name, rows in expected.items():
        assert content(in_one_pass[name]) == content(rows), name
    reasons = Counter(
        r for name, rows in in_one_pass.items() if REJECTED_EVENTS.name in name for r in rows["reason"].to_pylist()
    )
    assert {"duplicate", "too_late", "crawler", "bad_time"} <= set(reasons)  # else the test would prove less


def test_lines_of_an_undated_log_belong_to_the_night_of_their_time() -> None:
    days = ShopDays()
    ends = np.array([int(days.end(day).timestamp()) * 1_000_000 for day in DATES])
    nights = NightsOf(DATES, tuple(map(rules_of, DATES)), ends)
    times = {"first": dt.datetime(2026, 1, 5, 23, 59), "gap": dt.datetime(2026, 1, 8, 12), "none": None}
    rows = [
        a_line(random.Random(1), DATES[0], 0) | {"event_time": time and time.replace(tzinfo=dt.UTC), "user_id": name}
        for name, time in times.items()
    ]
    numbers = nights.numbers(pa.Table.from_pylist(rows, SCHEMA))
    assert [FIRST_DAY + dt.timedelta(days=int(n)) for n in numbers] == [DATES[0], DATES[3], DATES[0]]


def test_a_line_whose_file_is_unknown_ends_the_load() -> None:
    with pytest.raises(RuntimeError, match="a line has no night"):
        list(reject_nights(batches([a_line(random.Random(1), DATES[0], 0) | {NIGHT: None}]), NIGHTS))

"""The form of a time's text names the format that reads it."""

from __future__ import annotations

import pytest

from jobs.runtime.time_forms import time_entries


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("2026-03-02T10:00:12,5", ["yyyy-MM-dd'T'HH:mm:ss,S"]),
        ("2026-03-02 10:00:12,523", ["yyyy-MM-dd HH:mm:ss,SSS"]),
        ("1772445600", ["epoch_s"]),
        ("1.7724456E12", ["epoch_ms"]),
        ("1772445600000000", ["epoch_us"]),
        ("1772445600000000000", ["epoch_ns"]),
        ("46083,0064467593", ["excel"]),
        ("02.03.2026 10:00", ["dd.MM.yyyy HH:mm"]),
        ("02/03/2026 10:00", ["dd/MM/yyyy HH:mm", "MM/dd/yyyy HH:mm"]),
        ("25/03/2026", ["dd/MM/yyyy"]),
        ("03/25/2026 10:00 AM", ["MM/dd/yyyy hh:mm a"]),
        ("20260302100000", ["yyyyMMddHHmmss"]),
        ("Mar 2, 2026 10:00:00", ["MMM d, yyyy HH:mm:ss"]),
        ("yesterday", []),
        ("12", []),
    ],
)
def test_entries(text: str, entries: list[str]) -> None:
    assert list(time_entries([text])[0]) == entries


def test_one_day_above_twelve_settles_the_order_for_all() -> None:
    assert list(time_entries(["02/03/2026", "25/03/2026"])[0]) == ["dd/MM/yyyy"]


def test_a_weekday_needs_sql() -> None:
    entries, others = time_entries(["Mon Mar 02 2026 10:00:10 GMT+0000 (Coordinated Universal Time)"])
    assert not entries
    assert "MMM dd yyyy HH:mm:ss XX" in next(iter(others))

"""Formats are recognised from how times are written."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jobs.intake.time_forms import month_first, time_entries, time_form, time_keys


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("2026-03-02T10:00:12,5", ["yyyy-MM-dd'T'HH:mm:ss,S"]),
        ("2026-03-02 10:00:12,523", ["yyyy-MM-dd HH:mm:ss,SSS"]),
        ("2026-03-02T10:00:00+01:00[Europe/Berlin]", ["iso"]),
        ("2026-03-02 10:00:00 America/New_York", ["iso"]),
        ("2026-03-02 10:00:00 GMT+2", ["iso"]),
        ("20260302T100000Z", ["yyyyMMdd'T'HHmmssX"]),
        ("02/Mar/2026:10:00:00 +0100", ["dd/MMM/yyyy:HH:mm:ss XX"]),
        ("02-MAR-26 10:00", ["dd-MMM-yy HH:mm"]),
        ("1772445600", ["epoch_s"]),
        ("1.7724456E12", ["epoch_ms"]),
        ("1772445600000000", ["epoch_us"]),
        ("1772445600000000000", ["epoch_ns"]),
        ("46083,0064467593", ["excel"]),
        ("02.03.2026 10:00", ["dd.MM.yyyy HH:mm"]),
        ("02.03.2026 10:00 Europe/Paris", ["dd.MM.yyyy HH:mm VV"]),
        ("02/03/2026 10:00", ["dd/MM/yyyy HH:mm", "MM/dd/yyyy HH:mm"]),
        ("25/03/2026", ["dd/MM/yyyy"]),
        ("03/25/2026 10:00 AM", ["MM/dd/yyyy hh:mm a"]),
        ("20260302100000", ["yyyyMMddHHmmss"]),
        ("20269902", []),  # no month
        ("Mar 2, 2026 10:00:00", ["MMM d, yyyy HH:mm:ss"]),
        ("Mon Mar 02 2026 10:00:10 GMT+0000 (Coordinated Universal Time)", ["MMM dd yyyy HH:mm:ss XX"]),
        ("Mon, 02 Mar 2026 10:00:10 +0100", ["dd MMM yyyy HH:mm:ss XX"]),
        ("yesterday", []),
        ("12", []),
    ],
)
def test_entries(text: str, entries: list[str]) -> None:
    assert list(time_entries([text])) == entries


def test_one_day_above_twelve_settles_the_order_for_all() -> None:
    assert list(time_entries(["02/03/2026", "25/03/2026"])) == ["dd/MM/yyyy"]
    assert month_first(time_entries(["02/03/2026"])) == ["MM/dd/yyyy"]


def test_digits_that_vary_are_one_entry() -> None:
    assert list(time_entries(["3/25/2026 9:05", "12/1/2026 10:05"])) == ["M/d/yyyy H:mm"]
    assert list(time_entries(["2026/03/02 10:00:12.5", "2026/03/02 10:00:12.523"])) == ["yyyy/MM/dd HH:mm:ss.SSS"]


def test_no_entry_reads_the_texts_of_one_after_it() -> None:
    texts = ["1772445600000", "46083", "1772445600", "20260302", "2026-03-02"]
    assert list(time_entries(texts)) == ["iso", "yyyyMMdd", "excel", "epoch_s", "epoch_ms"]
    assert time_keys(["epoch_ms", "iso", "epoch_s"]) == {"format": ["iso", "epoch_s", "epoch_ms"]}


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (["2026-03-02T10:00:00.123Z"], {}),
        ([dt.date(2026, 3, 2)], {}),
        (["1772445600"], {"epoch": "s"}),
        ([1772445600000.0], {"epoch": "ms"}),
        (["1772445600000000"], {"epoch": "us"}),
        (["20260302"], {"format": "yyyyMMdd"}),
        ([20260302], {"format": "yyyyMMdd"}),
        (["20260302101112"], {"format": "yyyyMMddHHmmss"}),
        (["13/03/2026 10:00"], {"format": "dd/MM/yyyy HH:mm"}),
        (["3/4/2026"], {"format": "d/M/yyyy"}),
        (["03/13/2026 1:05 PM"], {"format": "MM/dd/yyyy h:mm a"}),
        (["2026/3/2"], {"format": "yyyy/M/d"}),
        (["46083,0064467593", "46083"], {"format": "excel"}),
        (["2026-03-02 10:00", "02.03.2026 10:00"], {"format": ["iso", "dd.MM.yyyy HH:mm"]}),
        (["12"], None),
        (["view"], None),
        ([], None),
        (["2026-03-02", "no", "no"], None),
    ],
)
def test_the_form_of_a_column(values: list[Any], form: dict[str, Any] | None) -> None:
    assert time_form(values) == form


def test_a_weekday_is_taken_off_by_sql() -> None:
    form = time_form(["Mon Mar 02 2026 10:00:10 GMT+0000 (Coordinated Universal Time)"])
    assert form
    assert form["format"] == "MMM dd yyyy HH:mm:ss XX"
    assert "COLUMN" in form["sql"]

"""Values as people and other programs write them: ids that were floats, zones in the text, Excel's numbers and days."""

from __future__ import annotations

import argparse
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from jobs.intake import validate_source
from jobs.intake.file_facts import DropError
from jobs.intake.typed_rows import read_rows
from jobs.runtime.lake import Lake
from schemas.sources.mapping import MappingError
from schemas.sources.reading import load_source, parse_source
from tests.raw_shop import COLUMNS, HEADER, NIGHT, Shop, a_source


@pytest.fixture
def shop(spark: SparkSession, tmp_path: Path) -> Shop:
    (tmp_path / "raw").mkdir()
    return Shop(spark, tmp_path / "raw", Lake(str(tmp_path / "lake")))


def parquet(shop: Shop, uid: pa.Array, name: str = "2026-01-06.parquet") -> None:
    n = len(uid)
    columns = {"sku": ["i1"] * n, "what": ["view"] * n, "at": ["2026-01-06 10:00:00"] * n, "price": [1.0] * n}
    pq.write_table(pa.table({"uid": uid, **columns}), shop.raw / name)


# ids that were numbers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (
            pa.float64(),
            [540006006.0, None, float("nan"), -0.0, 2.0**53, 1.5],
            ["540006006", None, None, "0", "user_id: saw '9.007199254740992E15'", "user_id: saw '1.5'"],
        ),
        (pa.float32(), [16777215.0, 16777216.0], ["16777215", "user_id: saw '1.6777216E7'"]),
        (pa.decimal128(20, 2), ["540006006.00", "7.50"], ["540006006", "user_id: saw '7.50'"]),
        (pa.decimal128(38, 0), ["12345678901234567890"], ["12345678901234567890"]),
        (pa.binary(), [b"u1", b"\xff\x00"], ["u1", "user_id: saw 'bytes FF00'"]),
    ],
)
def test_a_number_in_parquet_becomes_the_id_that_it_was(
    shop: Shop, kind: pa.DataType, values: list, expected: list
) -> None:
    ids = [Decimal(v) if isinstance(v, str) else v for v in values]
    parquet(shop, pa.array(ids, kind))
    rows = shop.rows(a_source(format="parquet"))
    assert [row.detail or row.user_id for row in rows] == expected
    assert {row.reason for row in rows if row.detail} <= {"inexact_id"}


def test_a_type_that_holds_no_id_is_refused_by_name(shop: Shop) -> None:
    parquet(shop, pa.array([{"id": 7.0}]))
    with pytest.raises(MappingError, match=r"user_id of events is struct<id:double>; .*customer.id"):
        shop.rows(a_source(format="parquet"))
    columns = {name: column for name, column in COLUMNS.items() if name != "user_id"}
    nested = a_source(format="parquet", columns=columns, derived={"user_id": "uid.id"})
    assert [row.user_id for row in shop.rows(nested)] == ["7"]


def test_a_decimal_that_was_exported_as_text_becomes_the_id_that_it_was(shop: Shop) -> None:
    shop.lines(
        *(f"{uid},i1,view,2026-01-06 10:00:00,1" for uid in ("540006006.00", "12345678901234567890.00", "007.00"))
    )
    assert [row.user_id for row in shop.rows()] == ["540006006", "12345678901234567890", "007.00"]


def test_an_id_in_json_is_the_same_however_it_is_written(shop: Shop) -> None:
    numbers = ["540006006.0", "540006006", '"540006006"', "5.40006006E8", '"540006006.0"', "1234567890123456789", "NaN",
               "1234567890123456789.0", "540006006.5"]  # fmt: skip
    line = '{{"uid": {}, "sku": "i1", "what": "view", "at": "2026-01-06T10:00:00Z"}}'
    shop.drop("\n".join(line.format(n) for n in numbers) + "\n", "2026-01-06.jsonl")
    rows = shop.rows(a_source(format="jsonl"))
    assert [row.user_id for row in rows] == ["540006006"] * 5 + ["1234567890123456789", None, None, None]
    assert [row.reason for row in rows] == [None] * 7 + ["inexact_id"] * 2


_TEXTS = [
    "540006006.0",
    "1e+06",
    "4.0128e+10",
    "5.40006e+08",
    "1.10",
    "007.0",
    "12E3",
    "a+b@x.de",
    "5.40006E+08",
    "9007199254740993.0",
    "2.0",
]


def test_an_id_in_text_is_changed_only_where_a_float_wrote_it(shop: Shop) -> None:
    shop.lines(*(f"u1,{sku},view,2026-01-06 10:00:00,1" for sku in _TEXTS))
    unchanged = ["540006006", "1000000", "40128000000", None, "1.10", "007.0", "12E3", "a+b@x.de"]
    rows = shop.rows()
    assert [row.item_id for row in rows] == [*unchanged, None, None, "2"]
    assert [row.detail for row in rows if row.reason] == [f"item_id: saw '{sku}'" for sku in (_TEXTS[3], *_TEXTS[8:10])]
    events = {"files": "{date}*", "columns": COLUMNS, "time": {"column": "at"}}
    kept_as_text = parse_source({"name": "shop", "text_ids": ["item_id"], "events": events})
    assert [row.item_id for row in shop.rows(kept_as_text)] == _TEXTS


def test_accounts_join_where_only_the_log_was_a_float(shop: Shop) -> None:
    parquet(shop, pa.array([540006006.0, None]))
    shop.lines("540006006,FR", "540006007.0,FR", name="users.csv", header="uid,land")
    events = {"files": "{date}.parquet", "format": "parquet", "columns": COLUMNS, "time": {"column": "at"}}
    users = {"files": "users.csv", "columns": {"user_id": "uid", "country": "land"}}
    source = parse_source({"name": "shop", "events": events, "users": users})
    assert [row.user_id for row in shop.rows(source)] == ["540006006", None]
    assert [row.user_id for row in shop.rows(source, which="users")] == ["540006006", "540006007"]


# zones in the text -----------------------------------------------------------------------------------------------

_IN_UTC = {  # the text after 10:00:00 -> the hour in UTC; the shop is in Moscow, UTC+3
    "": 7, "Z": 10, "z": 10, "UTC": 10, " UTC": 10, " GMT": 10, " CET": 9, " CEST": 8, " PST": 18, " EST": 15,
    " MSK": 7, "+01": 9, " +1": 9, "+0100": 9, " +01:00": 9, " GMT+2": 8, " UTC-05:00": 15, " −05:00": 15,
    ".123456789Z": 10, " America/New_York": 15, " Etc/GMT+5": 15, "[Europe/Paris]": 9, "+01:00[Europe/Paris]": 9,
    " (UTC)": 10, " +0000 UTC": 10, " +0100 CET m=+0.0001": 9, " GMT+0000 (Coordinated Universal Time)": 10,
}  # fmt: skip
_REFUSED = [" CST", " IST", " BST", " Foo/Bar", " XYZ", "+19:00"]


def test_a_zone_in_the_text_counts_instead_of_the_shops(shop: Shop) -> None:
    zones = [*_IN_UTC, *_REFUSED]
    shop.lines(*(f"u1,i1,view,2026-01-06 10:00:00{zone},1" for zone in zones))
    rows = shop.rows(a_source(timezone="Europe/Moscow"))
    hours = {zone: row.reason or row.event_time.hour for zone, row in zip(zones, rows, strict=True)}
    assert hours == _IN_UTC | dict.fromkeys(_REFUSED, "bad_time")


def test_letters_of_a_zone_in_a_pattern_are_never_guessed(shop: Shop) -> None:
    zones = {" CET": 9, " MSK": 7, " America/New_York": 14, " UTC": 10, " CST": "bad_time"}
    shop.lines(*(f"u1,i1,view,2026-07-06 10:00:00{zone},1" for zone in zones), name="2026-07-06.csv")
    source = a_source(timezone="Europe/Moscow", time={"column": "at", "format": "yyyy-MM-dd HH:mm:ss z"})
    rows = shop.rows(source, date(2026, 7, 6))
    # CET is UTC+1 also in July, when clocks in Paris show CEST
    assert [row.reason or row.event_time.hour for row in rows] == list(zones.values())


def test_a_pattern_without_a_zone_takes_no_text_with_one(shop: Shop) -> None:
    shop.lines("u1,i1,view,2026-01-06 10:00+01,1", "u1,i1,view,2026-01-06 10:00:00,1")
    rows = shop.rows(a_source(time={"column": "at", "format": "yyyy-MM-dd HH:mm:ss"}))
    assert [row.reason for row in rows] == ["bad_time", None]


def test_hours_that_clocks_skip_or_show_twice_are_counted(shop: Shop) -> None:
    twice = ["2026-10-25 02:30:00", "2026-10-25 02:59:59", "2026-10-25 03:00:00", "2026-10-25 02:30:00+01:00"]
    skipped = ["2026-03-29 02:30:00", "2026-03-29 03:30:00", "2026-03-29 01:59:59"]
    for night, times in ((date(2026, 10, 25), twice), (date(2026, 3, 29), skipped), (NIGHT, ["2026-01-06"])):
        shop.lines(*(f"u1,i1,view,{time},1" for time in times), name=f"{night}.csv")
    source = a_source(timezone="Europe/Paris")
    assert counted(shop, source, date(2026, 10, 25)) == {"raw_rows": 4, "hour_twice": 2, "hour_missing": 0}
    assert counted(shop, source, date(2026, 3, 29)) == {"raw_rows": 3, "hour_twice": 0, "hour_missing": 1}
    assert counted(shop, source, NIGHT) == {"raw_rows": 1}  # no clock change that night: nothing to count


def counted(shop: Shop, source: Any, night: date) -> dict[str, int]:
    read = read_rows(shop.spark, source, "events", shop.receive(source, night), shop.lake, night, None)
    read.frame.collect()
    return read.observation.get


# numbers and days as people write them ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "prices"),
    [
        ({}, {"1234.56": 1234.56, "1.234,56": None, "5 €": None, "$5": None}),
        (
            {"decimal": ",", "thousands": "."},
            {"1.234,56 €": 1234.56, "€ 1.234,56": 1234.56, "1.234.567,5 EUR": 1234567.5, "12,- €": 12, "1,234": 1.234,
             "1.234": 1234, "12.50": None, "1.2.3": None, "1e3": None, "abc": None, "": "null"},
        ),
        ({"thousands": ","}, {"$1,234.56": 1234.56, "1,234": 1234, "1,23,456.7": 123456.7, "12,34": None, "US$ 5": 5}),
        ({"thousands": "'"}, {"CHF 1'234.50": 1234.5, "1’234.50": 1234.5, "12.-": 12}),
        ({"decimal": ",", "thousands": " "}, {"1 234,56 €": 1234.56, "1\u00a0234,5": 1234.5, "1\u202f234,5": 1234.5}),
        ({"decimal": ","}, {"1,5": 1.5, "1.234,5": None, "5,5 zł": 5.5}),
    ],
)  # fmt: skip
def test_prices_as_people_write_them(shop: Shop, keys: dict[str, str], prices: dict[str, Any]) -> None:
    shop.lines(*(f"u1;i1;view;2026-01-06;{price}" for price in prices), header=HEADER.replace(",", ";"))
    rows = shop.rows(a_source(delimiter=";", **keys))
    values = [None if row.reason else ("null" if row.price is None else row.price) for row in rows]
    assert dict(zip(prices, values, strict=True)) == prices
    assert all(row.detail == f"price: saw '{price}'" for price, row in zip(prices, rows, strict=True) if row.reason)


@pytest.mark.parametrize("price", ["-5,00 €", "−5,00", "5,00-", "(5,00 €)", "€ -5,00"])
def test_a_minus_is_seen_wherever_it_stands(shop: Shop, price: str) -> None:
    shop.lines(f"u1;i1;view;2026-01-06;{price}", header=HEADER.replace(",", ";"))
    assert [r.reason for r in shop.rows(a_source(delimiter=";", decimal=",", thousands="."))] == ["negative_price"]


def test_excels_days_and_several_formats_in_one_column(shop: Shop) -> None:
    times = ["46028,4166666667", "46028.5", "06.01.2026 10:00", "2026-01-06 10:00:00Z", "1767693600000", "soon"]
    shop.lines(*(f"u1;i1;view;{time};1" for time in times), header=HEADER.replace(",", ";"))
    formats = ["excel", "dd.MM.yyyy HH:mm", "iso", "epoch_ms"]
    rows = shop.rows(a_source(delimiter=";", timezone="Europe/Berlin", time={"column": "at", "format": formats}))
    read_times = [f"{row.event_time:%d %H:%M:%S}" if row.event_time else row.reason for row in rows]
    assert read_times == ["06 09:00:00", "06 11:00:00", "06 09:00:00", "06 10:00:00", "06 10:00:00", "bad_time"]


def test_windows_1252_with_decimal_commas_by_a_derived_column(shop: Shop) -> None:
    columns = {name: column for name, column in COLUMNS.items() if name != "price"}
    shop.drop("uid;sku;what;at;preis\nÄ1;i1;view;2026-01-06;1.234,50 €\n".encode("cp1252"))
    derived = {"price": "replace(replace(replace(preis, '.', ''), ',', '.'), ' €', '')"}
    source = a_source(delimiter=";", encoding="windows-1252", columns=columns, derived=derived)
    assert [(row.user_id, row.price) for row in shop.rows(source)] == [("Ä1", 1234.5)]


# already works; these tests keep it so ---------------------------------------------------------------------------


def test_columns_in_another_order_case_and_number_on_another_day(shop: Shop) -> None:
    shop.lines("u1,i1,view,2026-01-06 10:00:00,9.90", name="2026-01-06.csv")
    other = "Device,ref,PRICE,UID,At,Sku,What"
    shop.lines('ios,"a,b",9.90,U2,2026-01-07 10:00:00,i1,view', header=other, name="2026-01-07-a.csv")
    shop.lines("view,u3,2026-01-07 11:00:00,9.90,i1", header="what,uid,at,price,sku", name="2026-01-07-b.csv")
    assert [row.user_id for row in shop.rows()] == ["u1"]
    rows = sorted(shop.rows(night=date(2026, 1, 7)), key=lambda row: row.event_time)
    assert [(row.user_id, row.item_id, row.price, row.reason) for row in rows] == [
        ("U2", "i1", 9.9, None),
        ("u3", "i1", 9.9, None),
    ]
    assert json.loads(rows[0].extra) == {"Device": "ios", "ref": "a,b"}


def test_one_empty_file_among_several_is_named(shop: Shop) -> None:
    shop.lines("u1,i1,view,2026-01-06 10:00:00,9.90", name="2026-01-06-a.csv")
    shop.drop("", "2026-01-06-b.csv")
    with pytest.raises(DropError, match=r"2026-01-06-b.csv is empty \(0 bytes\)"):
        shop.receive()


def test_a_shop_in_los_angeles_that_cuts_at_its_own_midnight_loses_nothing(shop: Shop) -> None:
    for day in (6, 7):
        times = [f"2026-01-0{day} 00:00:00", f"2026-01-0{day} 15:59:59", f"2026-01-0{day} 23:59:59"]
        shop.lines(*(f"u1,i1,view,{time},1" for time in times), name=f"2026-01-0{day}.csv")
    source = a_source(timezone="America/Los_Angeles")
    first, second = shop.rows(source), shop.rows(source, date(2026, 1, 7), NIGHT)
    assert [row.reason for row in (*first, *second)] == [None] * 6
    assert len({row.event_time for row in (*first, *second)}) == 6


def test_seconds_and_milliseconds_in_one_column_are_told_apart_in_any_order(shop: Shop) -> None:
    shop.lines("u1,i1,view,1767693600,1", "u2,i1,view,1767693600000,1", "u3,i1,view,20260106,1")
    for formats in (["epoch_ms", "epoch_s", "yyyyMMdd"], ["yyyyMMdd", "epoch_s", "epoch_ms"]):
        rows = shop.rows(a_source(time={"column": "at", "format": formats}))
        assert [f"{row.event_time:%m-%d %H}" for row in rows] == ["01-06 10", "01-06 10", "01-06 00"]


@pytest.mark.parametrize("kind", [pa.int32(), pa.int64(), pa.float64(), pa.decimal128(22, 2)])
def test_a_day_that_is_a_number_in_parquet_is_read_by_its_pattern(shop: Shop, kind: pa.DataType) -> None:
    days = pa.array([20260106, None], pa.int64()).cast(kind)
    pq.write_table(pa.table({"uid": ["u1"] * 2, "sku": ["i1"] * 2, "what": ["view"] * 2, "at": days,
                             "price": [1.0] * 2}), shop.raw / "2026-01-06.parquet")  # fmt: skip
    rows = shop.rows(a_source(format="parquet", time={"column": "at", "format": "yyyyMMdd"}))
    assert [(row.reason, row.event_time and f"{row.event_time:%Y-%m-%d}") for row in rows] == [
        (None, "2026-01-06"), ("missing_time", None)]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "said", "right"),
    [("utf-16-le", "utf-16", "utf-16-le"), ("utf-16-be", "utf-8", "utf-16-be"), ("utf-16", "utf-16-le", "utf-16")],
)
def test_utf16_under_another_name_is_refused_with_the_right_name(
    shop: Shop, written: str, said: str, right: str
) -> None:
    shop.drop(f"{HEADER}\nü1,i1,view,2026-01-06 10:00:00,1\n".encode(written))
    with pytest.raises(DropError, match=f"2026-01-06.csv is UTF-16.*set encoding = '{right}'"):
        shop.receive(a_source(encoding=said))
    assert [row.user_id for row in shop.rows(a_source(encoding=right))] == ["ü1"]


# what validate_source says ---------------------------------------------------------------------------------------


def refused(shop: Shop, capsys: pytest.CaptureFixture[str]) -> tuple[Path, str]:
    """(a plain mapping of lines with `;` between fields, the output of validate_source when it refuses the mapping)."""
    mapping = shop.raw.parent / "shop.toml"
    mapping.write_text(
        'name = "shop"\n[events]\nfiles = "{date}.csv"\ndelimiter = ";"\ntime = { column = "at" }\n[events.columns]\n'
        + "\n".join(f'{ours} = "{theirs}"' for ours, theirs in COLUMNS.items())
    )
    args = argparse.Namespace(source=str(mapping), raw=str(shop.raw), date=NIGHT, rows=1000)
    assert validate_source.main(args) == 1
    return mapping, capsys.readouterr().out


def test_validate_source_names_the_keys_to_write(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    good_lines = [f"u{n};i1;view;2026-01-06 10:00:00;1" for n in range(100)]  # 5 % may be rejected; the ids refuse
    bad_lines = ["5.40006E+08;i1;view;2026-01-06;1", "u1;i1;view;06.01.2026 10:00;1", "u1;i1;view;46028,5;1",
           "u1;i1;view;Tue Jan 06 2026 10:00:10 GMT+0000;1", "u1;i1;view;2026-01-06;1.234,56 €"]  # fmt: skip
    odd_lines = ["nan;1.10;view;2026-01-06 10:00:00 ;1", "\u200bu1;{$oid:5f1};view;2026-01-06 10:00:00;1"]
    shop.lines(*good_lines, *bad_lines, *odd_lines, header=HEADER.replace(",", ";"))
    mapping, output = refused(shop, capsys)
    assert "user_id (uid) cannot be trusted: '5.40006E+08'" in output
    keys = 'format = ["iso", "dd.MM.yyyy HH:mm", "MMM dd yyyy HH:mm:ss XX", "excel"]'
    assert keys in output
    assert "user_id has blanks at an end or invisible characters in 1 ids" in output
    assert "item_id is an object or an array in '{$oid:5f1}'" in output
    line = next(line for line in output.splitlines() if keys in line)
    mapping.write_text(
        mapping.read_text().replace('time = { column = "at" }', line[line.index("time = {") :].rpartition(" in [")[0])
    )
    assert {row.reason for row in shop.rows(load_source(str(mapping)))} == {None, "inexact_id", "bad_number"}
    assert 'write decimal = ",", thousands = "." in [events]' in output
    assert 'null_tokens = ["", "nan"]' in output
    assert 'text_ids = ["item_id"]' in output


def test_numbers_behind_a_refused_time_are_named_at_once(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.lines(*(f"u{n};i1;view;06.01.2026 10:00;1 234,{n}" for n in range(10, 30)), header=HEADER.replace(",", ";"))
    _, output = refused(shop, capsys)
    assert 'write format = "dd.MM.yyyy HH:mm" in [events.time]' in output
    assert 'write decimal = ",", thousands = " " in [events]' in output

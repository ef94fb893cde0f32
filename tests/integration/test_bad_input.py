"""Bad input: each kind gets a clear message or a reason of rejection, and raw rows = kept + rejected."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from jobs.intake.drop_files import MissingDay
from jobs.intake.file_facts import DropError
from jobs.runtime.lake import Lake
from schemas.sources.mapping import MappingError, Source
from schemas.sources.reading import parse_source
from tests.raw_shop import COLUMNS, GOOD, HEADER, NIGHT, Shop, a_source


@pytest.fixture
def shop(spark: SparkSession, tmp_path: Path) -> Shop:
    (tmp_path / "raw").mkdir()
    return Shop(spark, tmp_path / "raw", Lake(str(tmp_path / "lake")))


# files -----------------------------------------------------------------------------------------------------------


def test_truncated_gzip_says_how_much_was_readable_and_leaves_nothing(shop: Shop) -> None:
    packed = gzip.compress(
        "\n".join([HEADER, *(f"u{i * 7919},i{i},view,2026-01-06,1" for i in range(300_000))]).encode()
    )
    (shop.raw / "2026-01-06.csv.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(DropError, match=r"2026-01-06.csv.gz is truncated or corrupt.*[1-9][\d,]+ whole lines could"):
        shop.receive()
    assert not shop.lake.exists("raw")


def test_truncated_zstd(shop: Shop) -> None:
    path = shop.raw / "2026-01-06.csv.zst"
    with pa.output_stream(str(path), compression="zstd") as out:
        out.write("\n".join([HEADER, *(f"u{i * 7919},i{i},view,2026-01-06,1" for i in range(300_000))]).encode())
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DropError, match="truncated or corrupt"):
        shop.receive()


def test_zstd_is_read(shop: Shop) -> None:
    with pa.output_stream(str(shop.raw / "2026-01-06.csv.zst"), compression="zstd") as out:
        out.write(f"{HEADER}\n{GOOD}\n".encode())
    assert [row.reason for row in shop.rows()] == [None]


def test_gzip_without_its_suffix_is_read(shop: Shop) -> None:
    shop.drop(gzip.compress(f"{HEADER}\n{GOOD}\n".encode()))
    assert [row.user_id for row in shop.rows()] == ["u1"]


def test_wrong_delimiter_is_named(shop: Shop) -> None:
    shop.lines(GOOD.replace(",", ";"), header=HEADER.replace(",", ";"))
    with pytest.raises(DropError, match=r"lacks 'uid', .*delimiter is ','; it looks like ';'"):
        shop.receive()


def test_missing_column_is_named(shop: Shop) -> None:
    shop.lines("u1,i1,view,9.90", header="uid,sku,what,price")
    with pytest.raises(DropError, match=r"2026-01-06.csv lacks 'at', which .events. .* has uid, sku, what, price"):
        shop.receive()


def test_extra_column_is_kept_in_extra(shop: Shop) -> None:
    shop.lines(f"{GOOD},mobile", header=f"{HEADER},device")
    assert json.loads(shop.rows()[0].extra) == {"device": "mobile"}


def test_columns_in_another_order_in_a_second_file(shop: Shop) -> None:
    shop.lines(GOOD, name="2026-01-06-a.csv")
    shop.lines("9.90,u2,i1,view,2026-01-06 10:00:00", header="price,uid,sku,what,at", name="2026-01-06-b.csv")
    rows = shop.rows()
    assert {(r.user_id, r.price, r.source_file) for r in rows} == {
        ("u1", 9.9, "2026-01-06-a.csv"),
        ("u2", 9.9, "2026-01-06-b.csv"),
    }


@pytest.mark.parametrize("content", [b"", gzip.compress(b"")])
def test_empty_file(shop: Shop, content: bytes) -> None:
    shop.drop(content)
    with pytest.raises(DropError, match="is empty"):
        shop.receive()


def test_a_header_alone_is_a_day_without_events(shop: Shop) -> None:
    shop.lines()
    assert shop.rows() == []


def test_a_missing_day_names_the_files_that_there_are(shop: Shop) -> None:
    shop.lines(GOOD, name="2026-01-05.csv")
    with pytest.raises(MissingDay, match=r"no file matches 2026-01-06\*.*in the folder: 2026-01-05.csv"):
        shop.receive()


def test_files_that_a_stopped_night_received_are_read_by_the_next_night(shop: Shop) -> None:
    shop.lines(GOOD)
    shop.receive(previous=date(2026, 1, 5))  # the gate then refused this night
    shop.lines(GOOD.replace("01-06", "01-07"), name="2026-01-07.csv")
    rows = shop.rows(night=date(2026, 1, 7), previous=date(2026, 1, 5))
    assert [(row.event_time.day, row.reason) for row in sorted(rows, key=lambda row: row.event_time)] == [
        (6, None),
        (7, None),
    ]


def test_a_day_delivered_late_is_read_once(shop: Shop) -> None:
    shop.lines(GOOD.replace("01-06", "01-04"), name="2026-01-04.csv")
    shop.receive(night=date(2026, 1, 4))
    shop.lines(GOOD, name="2026-01-06.csv")
    shop.receive(previous=date(2026, 1, 4))
    shop.lines(GOOD.replace("01-06", "01-05"), name="2026-01-05.csv")
    shop.lines(GOOD.replace("01-06", "01-07"), name="2026-01-07.csv")
    received = shop.receive(night=date(2026, 1, 7), previous=NIGHT)
    assert [f["path"] for f in received["events"]["files"]] == ["2026-01-05.csv", "2026-01-07.csv"]
    assert "2026-01-05.csv of 2026-01-05 arrived late" in received["notes"][0]
    shop.lines(GOOD.replace("01-06", "01-08"), name="2026-01-08.csv")
    next_night = shop.receive(night=date(2026, 1, 8), previous=date(2026, 1, 7))
    assert [f["path"] for f in next_night["events"]["files"]] == ["2026-01-08.csv"]


def test_a_file_that_came_twice_is_reported_and_its_lines_have_the_same_ids(shop: Shop) -> None:
    shop.lines(GOOD, name="2026-01-06-a.csv")
    shop.lines(GOOD, name="2026-01-06-b.csv")
    assert "2026-01-06-b.csv is byte for byte 2026-01-06-a.csv" in shop.receive()["notes"][0]
    first, second = shop.rows()
    assert first.event_id == second.event_id


def test_a_rerun_keeps_the_first_delivery_beside_the_corrected_one(shop: Shop) -> None:
    shop.lines(GOOD)
    first = shop.receive()["events"]["files"][0]["stored"]
    shop.lines(GOOD, GOOD.replace("u1", "u2"))
    assert len(shop.rows()) == 2
    assert shop.lake.fs.open_input_stream(shop.lake.path(first)).read().count(b"\n") == 2


def test_undated_log_gives_each_row_to_one_night(shop: Shop) -> None:
    source = a_source(files="log.csv")
    days = [GOOD.replace("01-06", f"01-0{d}") for d in (4, 5, 6, 6, 7)]
    shop.lines(*days, GOOD.replace("2026-01-06 10:00:00", "soon"), name="log.csv")
    first = shop.rows(source, date(2026, 1, 4))
    assert sorted(str(r.reason) for r in first) == ["None", "bad_time"]
    assert len(shop.rows(source, date(2026, 1, 6), date(2026, 1, 4))) == 3
    path = shop.receive(source, date(2026, 1, 6), date(2026, 1, 4))["events"]["files"][0]["stored"]
    assert path == "raw/shop/date=2026-01-04/log.csv"


# rows ------------------------------------------------------------------------------------------------------------


def test_malformed_lines_are_kept_whole(shop: Shop) -> None:
    shop.lines(GOOD, "u1,i1,view", f"{GOOD},7,8", 'u1,"i1,view,2026-01-06 10:00:00,1')
    rows = shop.rows()
    assert [r.reason for r in rows] == [None, "malformed_row", "malformed_row", "malformed_row"]
    assert json.loads(rows[1].raw_row) == {"line": "u1,i1,view"}


def test_undecodable_bytes_reject_their_lines_only(shop: Shop) -> None:
    shop.drop(f"{HEADER}\n{GOOD}\n".encode() + b"u\xff\xfe,i1,view,2026-01-06 10:00:00,1\n")
    assert [r.reason for r in shop.rows()] == [None, "undecodable_text"]


def test_a_file_in_the_encoding_of_its_mapping_is_read(shop: Shop) -> None:
    shop.drop(f"{HEADER}\n{GOOD.replace('i1', '红茶')}\n".encode("gb18030"))
    assert [r.item_id for r in shop.rows(a_source(encoding="gb18030"))] == ["红茶"]


def test_utf16_is_recognised(shop: Shop) -> None:
    shop.drop(f"{HEADER}\n{GOOD}\n".encode("utf-16"))
    with pytest.raises(DropError, match="set encoding = 'utf-16'"):
        shop.receive()
    assert [r.user_id for r in shop.rows(a_source(encoding="utf-16"))] == ["u1"]


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        ("", "missing_time"),
        ("yesterday", "bad_time"),
        ("2026-13-45 10:00:00", "bad_time"),
        ("10:30", "bad_time"),
        ("9999-01-01 00:00:00", "bad_time"),
        ("2026-01-07 00:30:00", None),
        ("2026-01-07 08:00:00", "future_event"),
        ("2026-01-07 05:00:00+08:00", None),
    ],
)
def test_times(shop: Shop, time: str, reason: str | None) -> None:
    assert shop.reasons(GOOD.replace("2026-01-06 10:00:00", time)) == [reason]


def test_times_without_a_zone_are_the_shops(shop: Shop) -> None:
    shop.lines(GOOD, GOOD.replace("10:00:00", "10:00:00Z"))
    rows = shop.rows(a_source(timezone="Asia/Shanghai"))
    assert [r.event_time.hour for r in rows] == [2, 10]


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        ("", None),
        ("0", None),
        ("-1", "negative_price"),
        ("1e9", "absurd_price"),
        ("NaN", "bad_number"),
        ("Infinity", "bad_number"),
        ("1;50", "bad_number"),
        ("free", "bad_number"),
    ],
)
def test_prices(shop: Shop, price: str, reason: str | None) -> None:
    assert shop.reasons(GOOD.replace("9.90", price)) == [reason]


def test_the_detail_says_what_was_seen(shop: Shop) -> None:
    shop.lines(GOOD.replace("9.90", "free"), GOOD.replace("view", "hover"))
    assert [r.detail for r in shop.rows()] == ["price: saw 'free'", "event_type: saw 'hover'"]


def test_items_and_types_that_are_missing(shop: Shop) -> None:
    lines = ["u1,,view,2026-01-06,1", "u1,,search,2026-01-06,", "u1,i1,,2026-01-06,1", "u1,i1,hover,2026-01-06,1"]
    assert shop.reasons(*lines) == ["missing_item", None, "unknown_event_type", "unknown_event_type"]


def test_a_field_of_ten_megabytes(shop: Shop) -> None:
    shop.lines(GOOD, GOOD.replace("i1", "x" * 10_000_000))
    rows = shop.rows()
    assert [r.reason for r in rows] == [None, "field_too_long"]
    assert len(rows[1].raw_row) > 10_000_000


@pytest.mark.parametrize(
    "name", ["a/b/../c", "o''hara", "🍵🫖", "'; DROP TABLE users; --", "a b", "%2e%2e", "\\N", "x" * 256]
)
def test_strange_ids_survive(shop: Shop, name: str) -> None:
    shop.lines(GOOD.replace("i1", name).replace("u1", name))
    row = shop.rows()[0]
    assert (row.item_id, row.user_id, row.reason) == (name, name, None)


def test_an_id_in_quotes_with_a_delimiter_survives(shop: Shop) -> None:
    shop.lines(GOOD.replace("i1", '"say ""hi"", please"'))
    assert shop.rows()[0].item_id == 'say "hi", please'


@pytest.mark.parametrize("name", ["a\tb", "a\x00b", "a\x1bb", "x" * 257])
def test_ids_that_break_things_are_rejected(shop: Shop, name: str) -> None:
    assert shop.reasons(GOOD.replace("i1", name)) == ["bad_id"]


def test_lines_with_null_in_different_columns_have_different_ids(shop: Shop) -> None:
    columns = COLUMNS | {"visitor_id": "cookie"}
    shop.lines("a,,i1,view,2026-01-06,1", ",a,i1,view,2026-01-06,1", header="uid,cookie,sku,what,at,price")
    first, second = shop.rows(a_source(columns=columns))
    assert first.event_id != second.event_id


def test_sql_of_a_mapping_never_throws(shop: Shop) -> None:
    source = a_source(reject={"dear": "CAST(price AS INT) / 0 > 1 OR CAST(price AS DOUBLE) > 100"})
    shop.lines(GOOD, GOOD.replace("9.90", "abc"), GOOD.replace("9.90", "500"))
    assert [r.reason for r in shop.rows(source)] == [None, "bad_number", "dear"]


def test_sql_that_does_not_fit_is_named(shop: Shop) -> None:
    shop.lines(GOOD)
    with pytest.raises(MappingError, match=r"\[events.reject\] dear = 'cost > 1'.*cost"):
        shop.rows(a_source(reject={"dear": "cost > 1"}))


# formats ---------------------------------------------------------------------------------------------------------


def test_json_lines(shop: Shop) -> None:
    row = {"uid": "u1", "sku": 7, "what": "view", "at": "2026-01-06T10:00:00Z", "price": 9.9, "tags": {"a": [1]}}
    broken = ['{"uid": "u1", "sku"', "[1, 2]", json.dumps(row | {"price": None, "sku": "é/🍵", "new": 1})]
    shop.drop("\n".join([json.dumps(row), "", *broken]) + "\n", "2026-01-06.jsonl")
    rows = shop.rows(a_source(format="jsonl"))
    assert [r.reason for r in rows] == [None, "malformed_row", "malformed_row", None]
    assert (rows[0].item_id, rows[0].price, json.loads(rows[0].extra)) == ("7", 9.9, {"tags": '{"a":[1]}'})
    assert (rows[3].item_id, json.loads(rows[3].extra)["new"]) == ("é/🍵", "1")
    assert json.loads(rows[1].raw_row) == {"line": broken[0]}


def test_a_json_array_is_named(shop: Shop) -> None:
    shop.drop('[{"uid": "u1"},\n{"uid": "u2"}]', "2026-01-06.jsonl")
    with pytest.raises(DropError, match="must have one object on each line"):
        shop.receive(a_source(format="jsonl"))


@pytest.mark.parametrize("unit", ["us", "ns"])
def test_parquet_times_and_nan(shop: Shop, unit: str) -> None:
    times = pa.array([1_767_693_600 * (10**6 if unit == "us" else 10**9)] * 2, pa.timestamp(unit, tz="UTC"))
    table = pa.table(
        {"uid": [1, 2], "sku": ["a", "b"], "what": ["view"] * 2, "at": times, "price": [1.5, float("nan")]}
    )
    pq.write_table(table, shop.raw / "2026-01-06.parquet")
    rows = shop.rows(a_source(format="parquet"))
    assert [(r.user_id, r.reason) for r in rows] == [("1", None), ("2", "bad_number")]
    assert str(rows[0].event_time) == "2026-01-06 10:00:00"


def test_truncated_parquet(shop: Shop) -> None:
    pq.write_table(pa.table({"uid": ["a"] * 1000}), shop.raw / "2026-01-06.parquet")
    data = (shop.raw / "2026-01-06.parquet").read_bytes()
    (shop.raw / "2026-01-06.parquet").write_bytes(data[:-20])
    with pytest.raises(DropError, match="broken Parquet file"):
        shop.receive(a_source(format="parquet"))


# people ----------------------------------------------------------------------------------------------------------


def users_source() -> Source:
    users = {"files": "users-{date}.csv", "columns": {"user_id": "uid", "age": "age", "email": "mail"}}
    events = {"files": "{date}.csv", "columns": COLUMNS, "time": {"column": "at"}}
    return parse_source({"name": "shop", "events": events, "users": users})


def test_personal_columns_are_hashed_or_dropped_and_never_in_raw_row(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.lines(GOOD)
    shop.lines(
        "u1,30,a@b.c,1 Main St", "u2,old,d@e.f,2 Main St", name="users-2026-01-06.csv", header="uid,age,mail,street"
    )
    monkeypatch.delenv("NIGHTMARKET_HMAC_KEY", raising=False)
    assert [r.email for r in shop.rows(users_source(), which="users")] == [None, None]
    monkeypatch.setenv("NIGHTMARKET_HMAC_KEY", "k" * 100)
    kept, rejected = shop.rows(users_source(), which="users")
    assert kept.email == hmac.new(b"k" * 100, b"a@b.c", hashlib.sha256).hexdigest()
    assert (kept.age, rejected.reason, rejected.detail) == (30, "bad_number", "age: saw 'old'")
    assert json.loads(rejected.raw_row) == {"uid": "u2", "age": "old", "mail": "***", "street": "***"}

"""Bad input: each kind gets a clear message or a reason of rejection, and raw rows = kept + rejected."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from jobs.intake.column_paths import refuse_mixed_times
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


def test_a_file_that_changed_is_reported_whichever_pattern_names_it(shop: Shop) -> None:
    source = a_source(files=["web/{date}.csv", "app/{date}.csv"])
    for folder in ("web", "app"):
        (shop.raw / folder).mkdir()
        shop.lines(GOOD, name=f"{folder}/2026-01-06.csv")
        shop.lines(GOOD.replace("01-06", "01-07"), name=f"{folder}/2026-01-07.csv")
    shop.receive(source)
    shop.lines(GOOD, GOOD.replace("u1", "u2"), name="app/2026-01-06.csv")
    notes = shop.receive(source, date(2026, 1, 7), NIGHT)["notes"]
    assert "events: app/2026-01-06.csv changed after it was received; the first delivery counts" in notes


def test_a_file_that_comes_too_late_to_be_read_is_reported(shop: Shop) -> None:
    for day in (1, 5, 6):
        shop.lines(GOOD.replace("01-06", f"01-0{day}"), name=f"2026-01-0{day}.csv")
    for day, previous in ((1, None), (5, 1)):
        shop.receive(night=date(2026, 1, day), previous=previous and date(2026, 1, previous))
    shop.lines(GOOD.replace("01-06", "01-02"), name="2026-01-02.csv")  # late_days is 3
    received = shop.receive(previous=date(2026, 1, 5))
    assert [file["path"] for file in received["events"]["files"]] == ["2026-01-06.csv"]
    assert received["notes"] == [
        "events: 2026-01-02.csv of 2026-01-02 arrived more than clean.late_days = 3 days late: it is not read; with a "
        "larger clean.late_days it would be"
    ]


def test_names_of_files_are_those_of_the_drop(shop: Shop) -> None:
    for name in ("2026-01-06-web+app.csv", "2026-01-06-a=b.csv", "2026-01-06 c.csv"):
        shop.lines(GOOD, name=name)
    files = {row.source_file for row in shop.rows()}
    assert files == {"2026-01-06-web+app.csv", "2026-01-06-a=b.csv", "2026-01-06 c.csv"}


def test_undated_log_gives_each_row_to_one_night(shop: Shop) -> None:
    source = a_source(files="log.csv")
    days = [GOOD.replace("01-06", f"01-0{d}") for d in (4, 5, 6, 6, 7)]
    shop.lines(*days, GOOD.replace("2026-01-06 10:00:00", "soon"), name="log.csv")
    first = shop.rows(source, date(2026, 1, 4))
    assert sorted(str(r.reason) for r in first) == ["None", "bad_time"]
    assert len(shop.rows(source, date(2026, 1, 6), date(2026, 1, 4))) == 3
    path = shop.receive(source, date(2026, 1, 6), date(2026, 1, 4))["events"]["files"][0]["stored"]
    assert path == "raw/shop/date=2026-01-04/log.csv"


def test_an_undated_file_is_copied_again_once_its_copy_was_deleted(shop: Shop) -> None:
    """retention.raw_days deletes the day on which it first came."""
    source = a_source(files="log.csv")
    shop.lines(*(GOOD.replace("01-06", f"01-0{day}") for day in (4, 5, 6)), name="log.csv")
    for day, previous in ((4, None), (5, 4)):
        shop.receive(source, date(2026, 1, day), previous and date(2026, 1, previous))
    shop.lake.delete("raw", "shop", "date=2026-01-04")
    assert [row.event_time.day for row in shop.rows(source, NIGHT, date(2026, 1, 5))] == [6]


# rows ------------------------------------------------------------------------------------------------------------


def test_malformed_lines_are_kept_whole(shop: Shop) -> None:
    shop.lines(GOOD, "u1,i1,view", f"{GOOD},7,8", 'u1,"i1,view,2026-01-06 10:00:00,1')
    rows = shop.rows()
    assert [r.reason for r in rows] == [None, "malformed_row", "malformed_row", "malformed_row"]
    assert json.loads(rows[1].raw_row) == {"line": "u1,i1,view"}


def test_the_name_of_the_list_for_visitors_without_an_account_is_no_account(shop: Shop) -> None:
    """As an account it would get a second list under the same name, and no list could be published."""
    shop.lines(GOOD.replace("u1", "anonymous"), GOOD)
    shop.lines("anonymous,30,", "u1,30,", name="users-2026-01-06.csv", header="uid,age,mail")
    assert [(row.user_id, row.reason) for row in shop.rows()] == [(None, None), ("u1", None)]
    assert [row.reason for row in shop.rows(users_source(), which="users")] == ["missing_user", None]


def test_stars_that_are_none_are_rejected(shop: Shop) -> None:
    """Their sums would not fit, and the night would end."""
    shop.lines(f"{GOOD},5", f"{GOOD},1767693600000", header=f"{HEADER},stars")
    rows = shop.rows(a_source(columns=COLUMNS | {"rating": "stars"}))
    assert [row.detail for row in rows] == [None, "rating: saw '1767693600000'"]


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


def json_line(**more: object) -> str:
    row = {"uid": "u1", "sku": "i1", "what": "view", "at": "2026-01-06T10:00:00Z", "price": 9.9}
    return json.dumps(row | more)


def test_an_id_that_a_json_file_lacks_is_reported(shop: Shop) -> None:
    """All visits would become anonymous, and nothing would be rejected."""
    columns = COLUMNS | {"visitor_id": "cookie", "rating": "stars"}
    shop.drop(json_line(cookie="c1").replace('"uid"', '"userId"') + "\n", "2026-01-06.jsonl")
    assert shop.receive(a_source(format="jsonl", columns=columns))["notes"] == [
        "events: 2026-01-06.jsonl: none of the lines that were looked at has 'uid' (user_id); if the shop has renamed "
        "it, correct the mapping"
    ]


def test_keys_of_json_that_differ_by_case_are_one_key(shop: Shop) -> None:
    other = json_line().replace('"uid": "u1"', '"UID": "u2"')
    shop.drop("\n".join([json_line(), other]) + "\n", "2026-01-06.jsonl")
    for columns in (COLUMNS, COLUMNS | {"user_id": "Uid"}):
        rows = shop.rows(a_source(format="jsonl", columns=columns))
        assert [(row.user_id, row.extra) for row in rows] == [("u1", None), ("u2", None)]


def test_words_of_sql_in_any_case_read_json(shop: Shop) -> None:
    derived = {"slot": "CASE WHEN price > 5 THEN 'dear' END", "order_id": "case when PRICE > 5 then 'o' end"}
    shop.drop(json_line() + "\n", "2026-01-06.jsonl")
    assert [(row.slot, row.order_id) for row in shop.rows(a_source(format="jsonl", derived=derived))] == [("dear", "o")]


def test_a_key_twice_in_one_json_object_does_not_end_the_night(shop: Shop) -> None:
    twice = json_line(client={"id": "c1", "app": "a"}, page=1)[:-1].replace('"app": "a"', '"app": "a", "app": "b"')
    shop.drop(f'{twice}, "page": 2}}\n', "2026-01-06.jsonl")
    (row,) = shop.rows(a_source(format="jsonl", columns=COLUMNS | {"visitor_id": "client.id"}))
    assert (row.visitor_id, row.reason, json.loads(row.extra)) == ("c1", None, {"page": "2", "client.app": "b"})


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


def test_timestamps_as_spark_writes_them(shop: Shop) -> None:
    """Spark, Hive and Impala write INT96, which has no unit; Arrow calls it nanoseconds without a zone."""
    at = pa.array([datetime(2026, 1, 6, 10)], pa.timestamp("us", tz="UTC"))
    pq.write_table(event_table(at=at), shop.raw / "2026-01-06.parquet", use_deprecated_int96_timestamps=True)
    users = pa.table({"uid": ["u1"], "joined": at})
    pq.write_table(users, shop.raw / "users-2026-01-06.parquet", use_deprecated_int96_timestamps=True)
    (row,) = shop.rows(a_source(files="2026*", format="parquet", timezone="Asia/Tokyo"), NIGHT)
    assert str(row.event_time) == "2026-01-06 10:00:00"
    (shop.raw / "2026-01-06.parquet").unlink()
    shop.lines(GOOD)
    (user,) = shop.rows(parquet_users({"registered_on": "joined"}), which="users")
    assert user.registered_on == date(2026, 1, 6)


def event_table(**columns: object) -> pa.Table:
    defaults = {"uid": ["u1"], "sku": ["i1"], "what": ["view"], "at": ["2026-01-06 10:00:00"], "price": [1.0]}
    return pa.table(defaults | columns)


def test_columns_of_parquet_that_differ_by_case_are_named(shop: Shop) -> None:
    pq.write_table(event_table(UID=["u2"]), shop.raw / "2026-01-06.parquet")
    with pytest.raises(DropError, match=r"has the columns 'uid' and 'UID'.*ask the shop to rename"):
        shop.receive(a_source(format="parquet"))


def test_bytes_in_a_text_of_parquet_that_are_not_utf8_reject_their_rows(shop: Shop) -> None:
    names = pa.array([b"caf\xe9", "café".encode(), None]).view(pa.string())  # not every writer checks what it is given
    table = pa.concat_tables([event_table()] * 3).append_column("name", names)
    pq.write_table(table, shop.raw / "2026-01-06.parquet")
    assert [row.reason for row in shop.rows(a_source(format="parquet"))] == ["undecodable_text", None, None]


@pytest.mark.parametrize("kind", [pa.timestamp("us", tz="UTC"), pa.timestamp("us"), pa.date32()])
def test_a_time_in_parquet_far_from_today_is_a_bad_time(shop: Shop, kind: pa.DataType) -> None:
    for number, year in enumerate((1, 9999)):
        at = pa.array([datetime(year, 1, 1)], pa.timestamp("us")).cast(kind)
        pq.write_table(event_table(at=at), shop.raw / f"2026-01-06-{number}.parquet")
    assert [row.reason for row in shop.rows(a_source(format="parquet"))] == ["bad_time", "bad_time"]


@pytest.mark.parametrize("kind", [pa.timestamp("ns"), pa.timestamp("ns", tz="UTC"), pa.timestamp("us"), pa.date32()])
def test_a_date_that_pandas_wrote_is_read(shop: Shop, kind: pa.DataType) -> None:
    joined = pa.array([date(2025, 3, 1), None], pa.date32()).cast(pa.timestamp("ns")).cast(kind)
    pq.write_table(pa.table({"uid": ["u1", "u2"], "joined": joined}), shop.raw / "users-2026-01-06.parquet")
    shop.lines(GOOD)
    source = parquet_users({"registered_on": "joined"})
    assert [row.registered_on for row in shop.rows(source, which="users")] == [date(2025, 3, 1), None]


def parquet_users(columns: dict[str, str]) -> Source:
    users = {"files": "users-{date}.parquet", "format": "parquet", "columns": {"user_id": "uid"} | columns}
    events = {"files": "{date}.csv", "columns": COLUMNS, "time": {"column": "at"}}
    return parse_source({"name": "shop", "events": events, "users": users})


def test_a_column_of_parquet_that_spark_cannot_read_is_named(shop: Shop) -> None:
    pq.write_table(event_table(half=pa.array([1.5], pa.float16())), shop.raw / "2026-01-06.parquet")
    with pytest.raises(DropError, match=r"01-06.parquet has a column that Spark cannot read \(.*'half' is halffloat"):
        shop.rows(a_source(format="parquet"))


def test_a_type_of_parquet_that_fits_no_column_is_named(shop: Shop) -> None:
    joined = pa.array([20250301])
    pq.write_table(pa.table({"uid": ["u1"], "joined": joined}), shop.raw / "users-2026-01-06.parquet")
    shop.lines(GOOD)
    with pytest.raises(MappingError, match=r"registered_on of users is date, and 'joined' is bigint.*users.derived"):
        shop.rows(parquet_users({"registered_on": "joined"}), which="users")


def test_files_of_one_night_whose_types_do_not_go_together_are_named(shop: Shop) -> None:
    for number, tags in enumerate((["a"], [["a"]])):
        pq.write_table(event_table(tags=tags), shop.raw / f"2026-01-06-{number}.parquet")
    with pytest.raises(DropError, match=r"'tags' is string in 2026-01-06-0.parquet and list<.*2026-01-06-1.parquet"):
        shop.rows(a_source(format="parquet"))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris"])
@pytest.mark.parametrize(
    ("kind", "other", "in_utc"),
    [("timestamp[us, tz=UTC]", "string", False), ("timestamp[us, tz=UTC]", "timestamp[ms]", True),
     ("timestamp[ns]", "timestamp[us]", False), ("timestamp[ns]", "int64", False), ("string", "large_string", True)],
)  # fmt: skip
def test_times_of_one_night_in_types_that_do_not_go_together_are_named(
    zone: str, kind: str, other: str, in_utc: bool
) -> None:
    files = [{"path": name, "types": {"At": kind}} for name, kind in (("a.parquet", kind), ("b.parquet", other))]
    source = a_source(format="parquet", timezone=zone)
    if kind == "string" or (in_utc and zone == "UTC"):
        refuse_mixed_times(files, source.events, source)
    else:
        with pytest.raises(DropError, match=r"a.parquet has 'at' as timestamp.*b.parquet has it as .*one type of time"):
            refuse_mixed_times(files, source.events, source)


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


def test_blanks_around_a_personal_text_do_not_change_its_hash(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTMARKET_HMAC_KEY", "k" * 32)
    blanks = [" ", "\t", "\u00a0", "\u3000", "\u2009 \x1f"]
    shop.lines(GOOD)
    shop.lines(*(f"u1,30,{b}a@b.c{b}" for b in blanks), name="users-2026-01-06.csv", header="uid,age,mail")
    expected = hmac.new(b"k" * 32, f"{blanks[-1]}a@b.c".strip().encode(), hashlib.sha256).hexdigest()
    assert {row.email for row in shop.rows(users_source(), which="users")} == {expected}


def test_a_personal_column_that_sql_fills_is_hashed_and_masked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.lines(GOOD)
    shop.lines("u1,30,A@B.c", "u2,old,D@e.f", name="users-2026-01-06.csv", header="uid,age,mail")
    users = {"files": "users-{date}.csv", "columns": {"user_id": "uid", "age": "age"}}
    users |= {"derived": {"email": "lower(mail)"}}
    events = {"files": "{date}.csv", "columns": COLUMNS, "time": {"column": "at"}}
    source = parse_source({"name": "shop", "events": events, "users": users})
    monkeypatch.delenv("NIGHTMARKET_HMAC_KEY", raising=False)
    assert [row.email for row in shop.rows(source, which="users")] == [None, None]
    monkeypatch.setenv("NIGHTMARKET_HMAC_KEY", "k" * 32)
    kept, rejected = shop.rows(source, which="users")
    assert kept.email == hmac.new(b"k" * 32, b"a@b.c", hashlib.sha256).hexdigest()
    assert json.loads(rejected.raw_row) == {"uid": "u2", "age": "old", "mail": "***"}


def test_what_is_personal_for_users_of_the_events_is_masked_in_the_events(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTMARKET_HMAC_KEY", "k" * 32)
    shop.lines(f"{GOOD},a@b.c", f"{GOOD.replace('view', 'hover')},d@e.f", header=f"{HEADER},mail")
    events = {"files": "{date}.csv", "columns": COLUMNS, "time": {"column": "at"}}
    users = {"from": "events", "columns": {"user_id": "uid", "email": "mail"}}
    kept, rejected = shop.rows(parse_source({"name": "shop", "events": events, "users": users}))
    assert (kept.extra, json.loads(rejected.raw_row)["mail"]) == (None, "***")


def test_a_personal_key_of_json_is_not_kept_in_any_case(shop: Shop) -> None:
    shop.drop(json_line(Mail="a@b.c", device="ios") + "\n", "2026-01-06.jsonl")
    (row,) = shop.rows(a_source(format="jsonl", personal=["mail"]))
    assert json.loads(row.extra) == {"device": "ios"}

"""Rows with arrays: one event for each element, in the shapes and formats that different shops write."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import Row, SparkSession

from jobs.intake import clean_events, receive_drop
from jobs.intake.drop_files import receive
from jobs.intake.file_facts import DropError
from jobs.intake.typed_rows import read_rows
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from schemas.sources.mapping import MappingError
from schemas.sources.reading import parse_source
from schemas.tables import CLEAN_EVENTS

NIGHT = date(2026, 3, 2)
ORDERS = [
    {"id": "A1", "customer": {"id": "c1", "email": "c1@shop.example"}, "at": "2026-03-02 09:00:00", "line_items": [
        {"sku": "s1", "qty": 1, "price": 10.0, "colour": "red"}, {"sku": "s1", "qty": 1, "price": 10.0},
        {"sku": "s3", "qty": 2, "price": 9.9}]},
    {"id": "A2", "customer": {"id": "c2", "email": None}, "at": "2026-03-02 10:00:00", "line_items": []},
    {"id": "A3", "customer": {"id": "c2", "email": None}, "at": "2026-03-02 11:00:00", "line_items": None},
]  # fmt: skip
SHOP = {
    "each": "line_items",
    "columns": {"user_id": "customer.id", "item_id": "line_items.sku", "quantity": "line_items.qty", "order_id": "id"},
    "derived": {"price": "CAST(line_items.price AS DOUBLE) * 2"},
    "constants": {"event_type": "purchase"},
    "time": {"column": "at"},
}


class Drop:
    """A folder of one night, read through the real reception and Spark."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark, self.raw, self.lake = spark, folder / "raw", Lake(str(folder / "lake"))
        self.raw.mkdir()

    def write(self, rows: list[dict[str, Any]], format: str) -> None:
        path = self.raw / "2026-03-02"
        if format == "parquet":
            pq.write_table(pa.Table.from_pylist(rows), path)
        elif format == "csv":
            header = list(rows[0])
            cells = [[r[k] if isinstance(r[k], str) else json.dumps(r[k]) for k in header] for r in rows]
            lines = [",".join('"' + c.replace('"', '""') + '"' for c in line) for line in [header, *cells]]
            path.write_text("\n".join(lines) + "\n")
        else:
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def read(self, format: str, events: dict[str, Any], which: str = "events", **inputs: Any) -> list[Row]:
        source = parse_source({"name": "shop", "events": {"files": "{date}", "format": format} | events, **inputs})
        received = receive(source, str(self.raw), NIGHT, None, self.lake, 0)
        read = read_rows(self.spark, source, which, received, self.lake, NIGHT, None)
        rows = read.frame.collect()
        if which == "events":
            assert read.observation.get["raw_rows"] == len(rows)
        return rows


@pytest.fixture
def drop(spark: SparkSession, tmp_path: Path) -> Drop:
    return Drop(spark, tmp_path)


@pytest.mark.parametrize("format", ["jsonl", "parquet", "csv"])
def test_an_order_is_an_event_for_each_line(drop: Drop, format: str) -> None:
    drop.write(ORDERS, format)
    rows = drop.read(format, SHOP)
    good_rows = [row for row in rows if row.reason is None]
    assert [(r.user_id, r.item_id, r.quantity, r.price, r.order_id) for r in good_rows] == [
        ("c1", "s1", 1.0, 20.0, "A1"), ("c1", "s1", 1.0, 20.0, "A1"), ("c1", "s3", 2.0, 19.8, "A1"),
    ]  # fmt: skip
    assert [row.reason for row in rows if row.reason] == ["without_lines", "without_lines"]
    assert "A2" in next(row.raw_row for row in rows if row.reason)
    assert len({row.event_id for row in good_rows}) == 3, "two equal lines of one order are two events"
    second_reading = drop.read(format, SHOP)
    assert sorted(row.event_id for row in second_reading) == sorted(row.event_id for row in rows), (
        "the same order, delivered anew"
    )


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_fields_that_nothing_names_are_kept_and_personal_ones_are_not(drop: Drop, format: str) -> None:
    drop.write(ORDERS, format)
    rows = drop.read(format, SHOP | {"personal": ["customer.email"]})
    assert json.loads(rows[0].extra or "{}") == {"line_items.colour": "red"}
    text = " ".join(str(value) for row in rows for value in row.asDict().values())
    assert "shop.example" not in text


def test_an_id_of_the_order_gets_the_place_and_one_of_the_line_stays(drop: Drop) -> None:
    drop.write(ORDERS[:1], "jsonl")
    of_order = drop.read("jsonl", SHOP | {"columns": SHOP["columns"] | {"event_id": "id"}})
    assert [row.event_id for row in of_order] == ["A1#1", "A1#2", "A1#3"]
    derived = SHOP["derived"] | {"event_id": "concat_ws('/', id, line_items.sku)"}
    of_line = drop.read("jsonl", SHOP | {"derived": derived})
    assert [row.event_id for row in of_line] == ["A1/s1", "A1/s1", "A1/s3"]


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_products_below_properties_and_a_search_without_any(drop: Drop, format: str) -> None:
    """Segment's shape. A search names no item, so it needs no line."""
    drop.write(
        [
            {"event": "Order Completed", "userId": "u1", "ts": "2026-03-02 10:00:00",
             "properties": {"order_id": "o1", "q": None, "products": [{"product_id": "p1", "price": 3.5}]}},
            {"event": "Products Searched", "userId": "u1", "ts": "2026-03-02 10:00:01",
             "properties": {"order_id": None, "q": "lamp", "products": []}},
            {"event": "Page Viewed", "userId": "u1", "ts": "2026-03-02 10:00:02",
             "properties": {"order_id": None, "q": None, "products": []}},
        ],
        format,
    )  # fmt: skip
    mapping = {
        "each": "properties.products",
        "columns": {"user_id": "userId", "event_type": "event", "item_id": "properties.products.product_id",
                    "price": "properties.products.price", "order_id": "properties.order_id", "query": "properties.q"},
        "event_types": {"Order Completed": "purchase", "Products Searched": "search"},
        "time": {"column": "ts"},
    }  # fmt: skip
    rows = drop.read(format, mapping)
    assert [(r.item_id, r.price, r.order_id, r.query, r.reason) for r in rows] == [
        ("p1", 3.5, "o1", None, None), (None, None, None, "lamp", None), (None, None, None, None, "without_lines"),
    ]  # fmt: skip


def test_items_of_an_analytics_export_with_parameters(drop: Drop) -> None:
    """GA4's shape in Parquet: one array of structs is opened; SQL can still read the others."""
    params = [{"key": "transaction_id", "value": {"string_value": "T1"}}]
    drop.write([{"event_name": "purchase", "event_timestamp": 1_772_445_600_000_000, "user_pseudo_id": "v1",
                 "event_params": params, "items": [{"item_id": "a", "price": 2.0}, {"item_id": "b", "price": 3.0}]}],
               "parquet")  # fmt: skip
    mapping = {
        "each": "items",
        "columns": {"visitor_id": "user_pseudo_id", "event_type": "event_name", "item_id": "items.item_id",
                    "price": "items.price"},
        "derived": {"order_id": "filter(event_params, p -> p.key = 'transaction_id')[0].value.string_value"},
        "time": {"column": "event_timestamp", "epoch": "us"},
    }  # fmt: skip
    rows = drop.read("parquet", mapping)
    assert [(r.item_id, r.price, r.order_id, r.reason) for r in rows] == [
        ("a", 2.0, "T1", None),
        ("b", 3.0, "T1", None),
    ]


@pytest.mark.parametrize(
    ("format", "shown", "each"),
    [("jsonl", ["a", "b"], "shown"), ("parquet", ["a", "b"], "shown"), ("csv", ["a", "b"], "shown"),
     ("csv", "a|b", {"column": "shown", "split": "|"}), ("jsonl", [7, 8], "shown"), ("parquet", [7, 8], "shown")],
)  # fmt: skip
def test_impressions_that_list_ids(drop: Drop, format: str, shown: Any, each: Any) -> None:
    drop.write([{"u": "u1", "t": "2026-03-02 10:00:00", "shown": shown}], format)
    mapping = {"each": each, "columns": {"user_id": "u", "item_id": "shown"}, "constants": {"event_type": "impression"},
               "time": {"column": "t"}}  # fmt: skip
    assert [row.item_id for row in drop.read(format, mapping)] == [str(i) for i in shown if i != "|"]


def test_an_empty_place_in_a_list_of_ids_is_no_item(drop: Drop) -> None:
    (drop.raw / "2026-03-02").write_text("u,t,shown\nu1,2026-03-02 10:00:00,a||b|\n")
    mapping = {"each": {"column": "shown", "split": "|"}, "columns": {"user_id": "u", "item_id": "shown"},
               "constants": {"event_type": "impression"}, "time": {"column": "t"}}  # fmt: skip
    rows = drop.read("csv", mapping)
    assert [(row.item_id, row.reason) for row in rows] == [
        ("a", None), (None, "missing_item"), ("b", None), (None, "missing_item")]  # fmt: skip


def test_an_array_that_is_broken_is_a_malformed_row_and_kept_whole(drop: Drop) -> None:
    (drop.raw / "2026-03-02").write_text('u,t,shown\nu1,2026-03-02 10:00:00,"[""a"","\n')
    mapping = {"each": "shown", "columns": {"user_id": "u", "item_id": "shown"}, "constants": {"event_type": "view"},
               "time": {"column": "t"}}  # fmt: skip
    (row,) = drop.read("csv", mapping)
    assert row.reason == "malformed_row"
    assert '[\\"a\\"' in row.raw_row


def test_a_catalogue_made_of_the_lines(drop: Drop) -> None:
    drop.write(ORDERS, "jsonl")
    items = {"from": "events", "columns": {"item_id": "line_items.sku", "price": "line_items.price"}}
    rows = drop.read("jsonl", SHOP, which="items", items=items)
    assert {(row.item_id, row.price) for row in rows} == {("s1", 10.0), ("s3", 9.9)}


def test_a_column_in_an_array_that_is_not_opened_is_refused_with_the_way(drop: Drop) -> None:
    drop.write(ORDERS, "jsonl")
    with pytest.raises(DropError, match=r"'line_items.sku' of \[events\] is in the array 'line_items'.*each = "):
        drop.read("jsonl", {k: v for k, v in SHOP.items() if k not in ("each", "derived")})
    drop.write([{"u": "u1", "t": "2026-03-02 10:00:00", "id": "a", "tags": ["x"]}], "parquet")
    with pytest.raises(DropError, match=r"each = 'id' of .events. holds no array; columns with arrays: tags"):
        drop.read("parquet", {"each": "id", "columns": {"user_id": "u", "item_id": "id"}, "time": {"column": "t"},
                              "constants": {"event_type": "view"}})  # fmt: skip


def test_two_nights_account_for_every_line_and_an_order_sent_again_is_a_duplicate(drop: Drop) -> None:
    mapping = drop.raw.parent / "shop.toml"
    mapping.write_text(
        """
name = "shop"
[events]
files = "{date}"
format = "jsonl"
each = "line_items"
columns = { event_id = "id", user_id = "customer.id", item_id = "line_items.sku", price = "line_items.price" }
constants = { event_type = "purchase" }
time = { column = "at" }
"""
    )
    later = {**ORDERS[0], "id": "A9", "at": "2026-03-03 09:00:00"}
    for day, orders in ((NIGHT, ORDERS), (date(2026, 3, 3), [ORDERS[0], later])):
        (drop.raw / str(day)).write_text("".join(json.dumps(order) + "\n" for order in orders))
        settings = Settings({"clean": {"max_rejected_share": 0.1}})
        night = Night(day, drop.lake, "001", settings, str(mapping), str(drop.raw))
        for job in (receive_drop, clean_events):
            night.begin(job.__name__.rpartition(".")[2])
            with night.reporting():
                job.main(night)
        drop.lake.make_current(night.version(CLEAN_EVENTS))
    facts = [drop.lake.get_json("runs", f"date={day}", "run=001", "clean_events.json") for day in (NIGHT, day)]
    assert [(f["raw"], f["kept"], f["rejected"]) for f in facts] == [
        (5, 3, {"without_lines": 2}), (6, 3, {"duplicate": 3}),
    ]  # fmt: skip


def test_sql_with_a_sum_over_all_rows_is_refused_by_name(drop: Drop) -> None:
    drop.write(ORDERS, "jsonl")
    with pytest.raises(MappingError, match=r"\[events.derived\] price = 'sum\(total\)'"):
        drop.read("jsonl", SHOP | {"derived": {"price": "sum(total)"}})

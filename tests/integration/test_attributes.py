"""Attributes of a catalogue: one JSON object or none is kept, any other value is rejected; a night reads the kept."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import Row, SparkSession

from jobs.intake.drop_files import receive
from jobs.intake.typed_rows import read_rows
from jobs.nights import nightly
from jobs.runtime.lake import Lake
from schemas.sources.reading import parse_source
from schemas.tables import ITEMS, RECOMMENDATIONS, REJECTED_ITEMS
from tests.sample import THIRD, Sample, current, shown

NIGHT = date(2026, 1, 6)
LEGAL = {
    "empty": "{}",
    "of each kind": '{"t": "oak", "n": -1.5e3, "yes": true, "no": null, "list": ["a", 1], "in": {"w": {"cm": 3}}}',
    "blanks around it": ' \n{"colour": "red"}\t',
    "a whole character in two halves": '{"mood": "\\ud83d\\ude00"}',
    "names of any kind": '{"": "x", "a/b": 1, "../up": 2, "颜色": "红", "x.shape": 3, "[size] \\"EU\\": ,": "M"}',
    "a long name": json.dumps({"n" * 5_000: "x"}),
    "a name with NUL": '{"a\\u0000b": "c\\u0000"}',
    "brackets in a text": '{"note": "]}, {[ \\" }"}',
    "a large number": '{"n": 1e999, "m": ' + "1" * 900 + "}",
    "deep, but not too deep": '{"a":' * 450 + "1" + "}" * 450,
}
NONE = ("", "   ", "null", " null ")
WRONG = {
    "a list": '["red"]',
    "a number": "7",
    "a text": '"red"',
    "true": "true",
    "cut short": '{"a":',
    "words": "red, blue",
    "Python's own": "{'a': 'red'}",
    "without quotes": "{a: 1}",
    "NaN": '{"a": NaN}',
    "infinite": '{"a": -Infinity}',
    "NaN inside": '{"a": [1, {"b": NaN}]}',
    "a name twice": '{"a": 1, "a": 2}',
    "a name twice inside": '{"a": {"b": 1, "b": 2}}',
    "two objects": '{"a": 1} {"b": 2}',
    "something behind": '{"a": 1} x',
    "what an object around it would close": '{"a": 1}}, {"b": 2}',
    "what a list around it would close": '{"a": 1}], [{}',
    "another name behind": '{"a": 1}, "b": {}',
    "half a character": '{"a": "\\ud83d"}',
    "half a character in a name": '{"\\ude00": 1}',
    "a comma too many": '{"a": 1,}',
    "a control character": '{"a": "x\ty"}',
    "a comment": '{"a": 1 /* one */}',
    "a mark of byte order": '\ufeff{"a": 1}',
    "more digits than Python reads": '{"a": ' + "9" * 5_000 + "}",
    "deeper than Python reads": '{"a":' * 5_000 + "1" + "}" * 5_000,
    "lists deeper than Python reads": '{"a":' + "[" * 100_000 + "]" * 100_000 + "}",
}  # fmt: skip


def items_of(spark: SparkSession, folder: Path, table: pa.Table | str) -> list[Row]:
    """The item rows of one drop, in the order of the items; a text is the content of a file of JSON lines."""
    raw, lake = folder / "raw", Lake(str(folder / "lake"))
    raw.mkdir()
    is_lines = isinstance(table, str)
    if is_lines:
        (raw / f"{NIGHT}-items.jsonl").write_text(table, "utf-8")
    else:
        pq.write_table(table, raw / f"{NIGHT}-items.parquet")
    (raw / f"{NIGHT}-log.csv").write_text("uid,sku,what,at\nu1,a,view,2026-01-06 10:00:00\n")
    log = {"user_id": "uid", "item_id": "sku", "event_type": "what"}
    source = parse_source({
        "name": "shop",
        "events": {"files": "{date}-log.csv", "columns": log, "time": {"column": "at"}},
        "items": {"files": "{date}-items*", "format": "jsonl" if is_lines else "parquet",
                  "columns": {"item_id": "sku", "attributes": "attrs"}},
    })  # fmt: skip
    received = receive(source, str(raw), NIGHT, None, lake, 3)
    return read_rows(spark, source, "items", received, lake, NIGHT, None).frame.orderBy("item_id").collect()


def test_one_object_or_none_is_kept_and_all_else_is_rejected(spark: SparkSession, tmp_path: Path) -> None:
    texts = [*LEGAL.values(), *NONE, None, *WRONG.values()]
    rows = items_of(spark, tmp_path, pa.table({"sku": [f"{n:03d}" for n in range(len(texts))], "attrs": texts}))
    fine = len(texts) - len(WRONG)
    assert [row.reason for row in rows] == [None] * fine + ["bad_attributes"] * len(WRONG)
    assert [row.attributes for row in rows[:fine]] == [*LEGAL.values()] + [None] * (len(NONE) + 1)
    assert rows[fine].detail == "attributes: saw '[\"red\"]'"
    assert json.loads(rows[fine].raw_row)["attrs"] == '["red"]'
    for text in LEGAL.values():
        assert isinstance(json.loads(text), dict)


def test_columns_that_hold_objects_become_json(spark: SparkSession, tmp_path: Path) -> None:
    struct = pa.struct([("colour", pa.string()), ("cm", pa.float64())])
    inside = pa.array([{"colour": "red", "cm": 1.5}, {"colour": None, "cm": float("nan")}, None], struct)
    (tmp_path / "struct").mkdir()
    rows = items_of(spark, tmp_path / "struct", pa.table({"sku": ["a", "b", "c"], "attrs": inside}))
    assert [row.reason for row in rows] == [None] * 3
    assert [row.attributes and json.loads(row.attributes) for row in rows] == [
        {"colour": "red", "cm": 1.5}, {"cm": "NaN"}, None
    ]  # fmt: skip
    lists = pa.array([["red"], [], None], pa.list_(pa.string()))
    (tmp_path / "list").mkdir()
    rows = items_of(spark, tmp_path / "list", pa.table({"sku": ["a", "b", "c"], "attrs": lists}))
    assert [row.reason for row in rows] == ["bad_attributes", "bad_attributes", None]


def test_json_lines_that_hold_objects(spark: SparkSession, tmp_path: Path) -> None:
    texts = [
        '{"colour": "red", "sizes": ["S", "M"]}',
        "null",
        '""',
        '"{\\"colour\\": \\"red\\"}"',
        '["red"]',
        "7",
        "true",
    ]
    lines = "".join(f'{{"sku": "{n}", "attrs": {text}}}\n' for n, text in enumerate(texts))
    rows = items_of(spark, tmp_path, lines + '{"sku": "9"}\n')
    assert [row.reason for row in rows] == [None] * 4 + ["bad_attributes"] * 3 + [None]
    assert [row.attributes and json.loads(row.attributes) for row in rows if row.reason is None] == [
        {"colour": "red", "sizes": ["S", "M"]}, None, None, {"colour": "red"}, None
    ]  # fmt: skip


def test_an_item_made_from_an_event_gets_no_attributes_that_are_not_an_object(
    spark: SparkSession, tmp_path: Path
) -> None:
    raw, lake = tmp_path / "raw", Lake(str(tmp_path / "lake"))
    raw.mkdir()
    texts = ['["red"]', '{"colour": "red"}', "null", '{"a":', '{"a": NaN}']
    lines = [json.dumps({"uid": "u1", "sku": f"i{n}", "what": "view", "at": "2026-01-06 10:00:00", "attrs": text})
             for n, text in enumerate(texts)]  # fmt: skip
    (raw / f"{NIGHT}-log.jsonl").write_text("\n".join(lines))
    log = {"user_id": "uid", "item_id": "sku", "event_type": "what"}
    source = parse_source({
        "name": "shop",
        "events": {"files": "{date}-log.jsonl", "format": "jsonl", "columns": log, "time": {"column": "at"}},
        "items": {"from": "events", "columns": {"item_id": "sku", "attributes": "attrs"}},
    })  # fmt: skip
    received = receive(source, str(raw), NIGHT, None, lake, 3)
    rows = read_rows(spark, source, "items", received, lake, NIGHT, None).frame.orderBy("item_id").collect()
    assert [(row.item_id, row.attributes) for row in rows] == [
        ("i0", None), ("i1", '{"colour": "red"}'), ("i2", None), ("i3", None), ("i4", None)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def odd(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, list[dict[str, str]]]:
    """(lake, rows of the catalogue) after a night: every item has attributes with odd names, some have invalid ones."""
    folder = tmp_path_factory.mktemp("odd")
    shutil.copytree(sample.raw, folder / "raw")
    shutil.copytree(sample.eve, folder / "lake")
    path = folder / "raw" / str(THIRD) / "items.csv"
    with open(path, newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    strange = (
        json.loads(LEGAL["names of any kind"]) | json.loads(LEGAL["a long name"]) | json.loads(LEGAL["of each kind"])
    )
    for n, row in enumerate(rows):
        row["attrs"] = json.dumps({name: f"{value}{n % 3}" for name, value in strange.items()})
    for row, text in zip(rows, ('["red"]', "7", '{"a":', '{"a": 1} {"b": 2}'), strict=False):
        row["attrs"] = text
    rows[4]["attrs"], rows[5]["attrs"], rows[6]["attrs"] = (
        LEGAL["deep, but not too deep"],
        "null",
        LEGAL["a large number"],
    )
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    night = Sample(folder / "raw", Lake(str(folder / "lake")), sample.eve).night(
        training={"retrain": "always"}, prices={"pool_by": "颜色"}
    )
    nightly.main(night)
    return night.lake, rows


def test_a_night_reads_whatever_it_kept_and_rejects_the_rest(odd: tuple[Lake, list[dict[str, str]]]) -> None:
    lake, rows = odd
    rejected = current(lake, REJECTED_ITEMS).to_pylist()
    assert {json.loads(row["raw_row"])["goods_id"] for row in rejected} == {row["goods_id"] for row in rows[:4]}
    assert {row["reason"] for row in rejected} == {"bad_attributes"}
    items = {row["item_id"]: row for row in current(lake, ITEMS).to_pylist()}
    assert not [row["goods_id"] for row in rows[:4] if items[row["goods_id"]]["is_active"]]
    assert json.loads(items[rows[7]["goods_id"]]["attributes"])["颜色"] == "红1"
    assert shown(lake, RECOMMENDATIONS).num_rows

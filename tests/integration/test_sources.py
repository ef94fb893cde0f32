"""The shipped mappings on the real data for which they were written. Skipped if the data are missing."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.intake import validate_source
from jobs.intake.drop_files import receive
from jobs.intake.typed_rows import read_rows
from jobs.runtime.lake import Lake
from schemas.sources.reading import load_source

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def read_all(spark: SparkSession, name: str, which: str, lake: Lake, night: date) -> tuple[Counter, dict[str, int]]:
    """(rows by reason, observed counts) of everything up to `night`."""
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"the data set {name} is not here")
    source = load_source(name)
    received = receive(source, str(folder), night, None, lake, 0)
    read = read_rows(spark, source, which, received, lake, night, None)
    counts = Counter({row.reason: row["count"] for row in read.frame.groupBy("reason").count().collect()})
    assert counts.total() == read.observation.get["raw_rows"]
    return counts, read.observation.get


def test_online_retail_all_305_days(spark: SparkSession, tmp_path: Path) -> None:
    if not (DATA / "online_retail").is_dir():
        pytest.skip("the data set online_retail is not here")
    text = Path(load_source("online_retail").path).read_text("utf-8")
    mapping = tmp_path / "whole.toml"  # the same mapping over all days at once
    mapping.write_text(text.replace('"{date}.csv.gz"', '"*.csv.gz"'), "utf-8")
    source, lake, night = load_source(str(mapping)), Lake(str(tmp_path / "lake")), date(2011, 12, 9)
    received = receive(source, str(DATA / "online_retail"), night, None, lake, 0)
    read = read_rows(spark, source, "events", received, lake, night, None)
    rows = read.frame.groupBy("reason").count().collect()
    tallies = {"cancellations": 9_288, "no_customer": 135_080, "no_description": 1_454, "negative_prices": 2}
    assert read.observation.get == {"raw_rows": 541_909, **tallies, "hour_missing": 0, "hour_twice": 0}
    assert sum(file["rows"] for file in received["events"]["files"]) == 541_909
    # counted independently with DuckDB
    assert {row.reason: row["count"] for row in rows} == {
        None: 536_530, "not_a_product": 2_912, "stock_adjustment": 2_467,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "which", "night", "counts"),
    [
        ("retailrocket", "events", date(2015, 12, 31), {None: 75_374 + 12_456 + 9_551}),
        ("eshop_clothing", "events", date(2008, 12, 31), {None: 165_474}),
        ("complete_journey", "events", date(2018, 12, 31), {None: 74_584, "no_units": 416}),
        ("complete_journey", "items", date(2018, 12, 31), {None: 92_331}),
        ("complete_journey", "users", date(2018, 12, 31), {None: 801}),
        ("hm", "events", date(2020, 9, 22), {None: 240_311}),
        ("hm", "items", date(2020, 9, 22), {None: 105_542}),
    ],
)
def test_counts(
    spark: SparkSession, tmp_path: Path, name: str, which: str, night: date, counts: dict[str | None, int]
) -> None:
    rows, _ = read_all(spark, name, which, Lake(str(tmp_path)), night)
    assert dict(rows) == counts


def test_eshop_clicks_are_in_their_order(spark: SparkSession, tmp_path: Path) -> None:
    if not (DATA / "eshop_clothing").is_dir():
        pytest.skip("the data set eshop_clothing is not here")
    source, lake, night = load_source("eshop_clothing"), Lake(str(tmp_path)), date(2008, 4, 1)
    received = receive(source, str(DATA / "eshop_clothing"), night, None, lake, 0)
    frame = read_rows(spark, source, "events", received, lake, night, None).frame
    first = frame.where("visitor_id = '1'").orderBy("event_time").limit(3).collect()
    assert [row.item_id for row in first] == ["A13", "A16", "B4"]
    assert json.loads(first[0].extra)["location"] == "5"


def test_validate_source_says_what_is_rejected(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping = tmp_path / "shop.toml"
    mapping.write_text(
        'name = "shop"\n[events]\nfiles = "{date}.csv"\n[events.columns]\nuser_id = "u"\nitem_id = "i"\n'
        'event_type = "e"\nprice = "p"\n[events.time]\ncolumn = "t"\n'
    )
    (tmp_path / "2026-01-06.csv").write_text("u,i,e,p,t\na,b,view,1,2026-01-06\na,b,hover,1,2026-01-06\n")
    args = argparse.Namespace(source=str(mapping), raw=str(tmp_path), date=None, rows=100)
    assert validate_source.main(args) == 1
    output = capsys.readouterr().out
    assert "2 rows read = 1 kept + 1 rejected" in output
    assert "! unknown_event_type: 1" in output
    assert "event_type: saw 'hover'" in output

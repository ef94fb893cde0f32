"""validate_source names faults of a mapping that reject no row, and accepts what propose_source writes."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.intake import propose_source, validate_source

DAY = "2026-03-02"


def validated(capsys: pytest.CaptureFixture[str], folder: Path, mapping: str, rows: int = 1000) -> tuple[int, str]:
    """(exit code, what it printed) for a mapping of the files in `folder`."""
    path = folder.parent / "shop.toml"
    path.write_text(mapping, "utf-8")
    capsys.readouterr()
    status = validate_source.main(argparse.Namespace(source=str(path), raw=str(folder), date=None, rows=rows))
    return status, capsys.readouterr().out


@pytest.fixture
def drop(spark: SparkSession, tmp_path: Path) -> Path:
    (tmp_path / "drop").mkdir()
    return tmp_path / "drop"


def test_faults_that_reject_no_row_are_named(drop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [f"o{n // 3},{DAY if n % 4 else '2026-03-05'} 10:00:{n % 60:02},u{n},sku{n},buy,5" for n in range(60)]
    lines += [f"x{n},{DAY} 11:00:00,u{n},sku{n},hover,5" for n in range(2)]
    lines += [f"y{n},{DAY} 11:00:00,u{n},sku{n},Add To Cart,5" for n in range(1)]
    (drop / f"{DAY}.csv").write_text("order,t,user,sku,what,price\n" + "\n".join(lines) + "\n")
    (drop / "users.csv").write_text("user,city\n" + "".join(f"customer-{n},Kiel\n" for n in range(30)))
    mapping = """
name = "shop"
[events]
files = "{date}.csv"
columns = { event_id = "order", user_id = "user", item_id = "sku", event_type = "what", price = "price" }
event_types = { buy = "purchase" }
time = { column = "t" }
[events.derived]
visitor_id = "'one'"
[users]
files = "users.csv"
columns = { user_id = "user", city = "city" }
"""
    status, output = validated(capsys, drop, mapping)
    assert status == 1
    assert "! unknown_event_type: 3" in output
    assert "not mapped: hover 2, Add To Cart 1" in output
    assert 'add to the mapping: event_types = { "Add To Cart" = "cart" }' in output
    assert "? price: every value is '5.0'" in output
    assert "! future_event: 15" in output
    assert "of 60 different" not in output
    assert "! 0 of 45 different user_ids of the events (0%) are in users: 'u1' in the events, 'customer-0' in" in output


def test_an_id_of_the_order_for_its_lines_and_times_of_another_day(
    drop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"o{n // 3},2026-03-01 10:00:{n:02},u{n // 3},sku{n},{n}" for n in range(60)]
    (drop / f"{DAY}.csv").write_text("order,t,user,sku,price\n" + "\n".join(lines) + "\n")
    mapping = """
name = "shop"
[events]
files = "{date}.csv"
columns = { event_id = "order", user_id = "user", item_id = "sku", price = "price" }
constants = { event_type = "purchase" }
time = { column = "t" }
"""
    status, output = validated(capsys, drop, mapping)
    assert status == 1
    assert "! event_id: 40 rows repeat the id of another row" in output
    assert "? 60 of 60 times lie outside the night 2026-03-02 (60 before, 0 after)" in output


def test_an_event_id_is_proposed_where_one_event_is_written_in_two_ways(
    drop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = "order no,t,user,sku,price,position\n"
    (drop / f"{DAY}.csv").write_text(
        f"{header}1,{DAY} 10:00:00,u1,a,10.50,\n1,{DAY} 10:00:00,u1,a,10.5,7\n2,{DAY} 10:00:00,u1,a,10.5,7\n"
    )
    mapping = """
name = "shop"
[events]
files = "{date}.csv"
columns = { user_id = "user", item_id = "sku", price = "price", order_id = "order no" }
constants = { event_type = "purchase" }
time = { column = "t" }
[events.derived]
"""
    status, output = validated(capsys, drop, mapping)
    assert status == 0
    assert "? 1 rows agree with another in all mapped columns and are written differently" in output
    (line,) = re.findall(r"^ +(event_id = .*)$", output, re.MULTILINE)
    assert line == "event_id = \"concat_ws('/', `order no`, sku)\""
    status, output = validated(capsys, drop, mapping + line)
    assert status == 0
    assert "written differently" not in output


def test_a_proposed_line_works_and_a_sample_is_called_a_sample(drop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    orders = [
        {"id": f"A{n}", "customer": {"id": f"c{n % 5}"}, "created_at": f"{DAY}T10:00:00Z", "currency": "EUR",
         "line_items": [{"sku": f"s{k}", "qty": 1 + k, "price": 2.5 * (k + 1)} for k in range(n % 4)]}
        for n in range(20)
    ]  # fmt: skip
    (drop / f"orders_{DAY}.jsonl").write_text("".join(json.dumps(order) + "\n" for order in orders))
    status, output = validated(capsys, drop, propose_source.propose(str(drop)))
    assert status == 0
    assert "35 rows read = 30 kept + 5 rejected" in output
    assert "    without_lines: 5" in output
    status, output = validated(capsys, drop, propose_source.propose(str(drop)), rows=10)
    assert "the first 10 rows read" in output

"""Reading a mapping: what is accepted, what is refused, and with which message."""

from __future__ import annotations

import copy
import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from schemas.sources.mapping import Input, MappingError, Source, Time
from schemas.sources.reading import load_source, parse_source, shipped_sources

GOOD: dict[str, Any] = {
    "name": "shop",
    "events": {
        "files": "{date}.csv",
        "columns": {"user_id": "uid", "item_id": "sku", "event_type": "what"},
        "time": {"column": "at"},
    },
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """GOOD with one value set; `path` is dotted, and missing tables on it are made."""
    raw = copy.deepcopy(GOOD)
    *tables, key = path.split(".")
    inner = raw
    for table in tables:
        inner = inner.setdefault(table, {})
    inner[key] = value
    return raw


def test_a_good_mapping_is_read() -> None:
    events = parse_source(GOOD).events
    assert events.is_dated
    assert set(events.needed) == {"uid", "sku", "what", "at"}


@pytest.mark.parametrize("name", shipped_sources())
def test_shipped_mappings_load(name: str) -> None:
    assert load_source(name).name == name


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("currency", "EUR", "the source has no 'currency'; it has day, doc, erasures, events, images, items"),
        ("events.seperator", ";", r"\[events\] has no 'seperator'; it has column_names, .*delimiter"),
        ("events.time.zone", "UTC", r"\[events.time\] has no 'zone'; it has column, epoch, format, sql"),
        ("events.columns.usr_id", "x", "events has no column 'usr_id'; it has event_id, user_id"),
        ("events.columns.user_id", {"column": "mail", "secret": True}, "has no 'secret'; it has column, personal"),
        ("users", {"files": "u.csv", "columns": {"user_id": "u", "name": "n"}}, "users has no column 'name'"),
        ("events.constants.user_id", "x", "'user_id' is given in .*columns.* and in .*constants"),
        ("events.constants.currency", "€", r"\[events.constants\] currency is '€'; it must be three letters"),
        ("events.constants.price", "9,90", "price is '9,90'; it must be a number"),
        ("events.constants.slot", ["a"], r"slot is \['a'\]; it must be text"),
        (
            "users",
            {"files": "u.csv", "columns": {"user_id": "u"}, "constants": {"registered_on": "today"}},
            "registered_on is 'today'; it must be a day",
        ),
        (
            "items",
            {"files": "i.csv", "columns": {"item_id": "i"}, "constants": {"is_active": "on sale"}},
            "is_active is 'on sale'; it must be true or false",
        ),
        ("events.event_types", {"buy": "order"}, "'buy' is mapped to 'order'; there are view, cart"),
        ("events.time.epoch", "min", "epoch is 'min'; there are s, ms, us, ns"),
        ("events.time.sql", "now()", "needs one of column and sql"),
        ("events.reject", {"bad_time": "true"}, "'bad_time' is taken"),
        ("events.files", "{day}.csv", "only {date} and"),
        ("events.format", "xlsx", "format is 'xlsx'; there are csv, jsonl, parquet"),
        ("events.encoding", "utf-9", "encoding 'utf-9' is unknown"),
        ("timezone", "London", "timezone 'London' is unknown"),
        ("items", {"from": "events", "delimiter": ";"}, "has from = 'events' with delimiter"),
        ("items", {"files": "i.csv", "columns": {"title": "t"}}, "items lack item_id"),
        ("events.decimal", ";", "decimal is ';'; it must be '.' or ','"),
        ("events.thousands", ".", "thousands and decimal are both '.'; write decimal = ','"),
        ("events.thousands", "_", "thousands is '_'"),
        ("events.time.format", "YYYY-MM-DD", "format 'YYYY-MM-DD' has Y; write Spark's pattern"),
        ("events.time.format", ["iso", "EEE dd"], "'EEE dd' has E;"),
        ("events.time.format", "epoch_ms", "for a column that holds only numbers write epoch = 'ms'"),
        ("items", {"from": "events", "decimal": ","}, "has from = 'events' with decimal"),
        ("text_ids", ["sku"], "text_ids has 'sku'; our id columns are event_id, user_id"),
        ("events.each", {"column": "lines", "by": "|"}, r"\[events.each\] has no 'by'; it has column, split"),
        ("events.each", 3, "it names the column that holds an array"),
        ("items", {"from": "events", "each": "lines"}, "has from = 'events' with each"),
        ("events.derived", {"price": "explode(lines).price"}, r"explode\(...\) makes several rows of one.*each = "),
        ("events.reject", {"none": "POSEXPLODE_OUTER (x) > 1"}, "makes several rows of one"),
        ("events.tallies", {"all": "inline(x)"}, "makes several rows of one"),
        ("events.time", {"sql": "stack(2, a, b)"}, "makes several rows of one"),
        ("events.columns", {}, "lack event_type, item_id, user_id or visitor_id"),
    ],
)
def test_mistakes_are_named(path: str, value: Any, says: str) -> None:
    with pytest.raises(MappingError, match=says):
        parse_source(changed(path, value))


def test_the_mappings_of_the_documents_load() -> None:
    root = Path(__file__).resolve().parents[4]
    for path in (root / "README.md", root / "schemas" / "sources" / "README.md"):
        blocks = re.findall(r"```toml\n(name = .*?)```", path.read_text("utf-8"), re.DOTALL)
        assert [parse_source(tomllib.loads(block)).events.which for block in blocks] == ["events"]


def test_the_guide_names_every_key_of_a_mapping() -> None:
    guide = (Path(__file__).resolve().parents[4] / "schemas" / "sources" / "README.md").read_text("utf-8")
    without_key = {"path", "which", "hashed"}  # attributes that no key of a mapping sets
    keys = {field.name for kind in (Source, Input, Time) for field in fields(kind)} - without_key
    assert {key for key in keys if not re.search(rf"`\[?{key}\b", guide)} == set()


def test_unknown_source_lists_the_shipped_ones() -> None:
    with pytest.raises(FileNotFoundError, match=r"neither a file nor one of the shipped .*online_retail"):
        load_source("no_such_shop")


@pytest.mark.parametrize(
    ("pattern", "is_dated"),
    [
        ("log_{date:%Y-%m}.csv", False),
        ("{date:%Y}/{date:%b}.csv", False),
        ("{date:%Y}/{date:%m}/{date:%d}.csv", True),
        ("{date:%Y}/{date:%j}.csv", True),
        ("{date}.csv", True),
    ],
)
def test_a_pattern_that_names_no_day_is_of_many_nights(pattern: str, is_dated: bool) -> None:
    events = parse_source(GOOD | {"events": GOOD["events"] | {"files": pattern}}).events
    assert events.is_dated is is_dated
    assert ("{" in events.files[0]) is is_dated


def test_a_constant_of_the_right_kind_is_taken() -> None:
    constants = {"currency": "eur", "price": 9.9, "quantity": "2", "slot": "web"}
    assert parse_source(changed("events.constants", constants)).events.constants == constants

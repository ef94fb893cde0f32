"""A folder of unknown files becomes a mapping that load_source takes, whatever language and format they are in."""

from __future__ import annotations

import argparse
import gzip
import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.intake import propose_source
from jobs.intake.source_samples import encoding_of, pattern_of
from jobs.intake.source_words import (
    COLUMN_WORDS,
    EVENT_TYPE_WORDS,
    event_type_of,
    folded,
    likeness,
)
from schemas.sources.mapping import Source
from schemas.sources.reading import load_source
from schemas.tables.events import EVENT_TYPES

SEED = 3


def proposed(folder: Path) -> Source:
    out = folder.parent / "proposed.toml"
    assert propose_source.main(argparse.Namespace(raw=str(folder), out=str(out), name=None)) == 0
    return load_source(str(out))


def table(rows: int, **columns: Any) -> list[dict[str, Any]]:
    """Rows whose values are made by the columns' functions of (random, row number)."""
    draw = random.Random(SEED)
    return [{name: make(draw, n) for name, make in columns.items()} for n in range(rows)]


def write_csv(path: Path, rows: list[dict[str, Any]], delimiter: str = ",", encoding: str = "utf-8") -> None:
    lines = [delimiter.join(rows[0]), *(delimiter.join(str(v) for v in row.values()) for row in rows)]
    data = ("\n".join(lines) + "\n").encode(encoding)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    (tmp_path / "drop").mkdir()
    return tmp_path / "drop"


def test_a_german_shop_with_semicolons_a_catalogue_and_accounts(drop: Path) -> None:
    for day in ("20260302", "20260303"):
        write_csv(drop / f"klicks_{day}.csv", table(
            60, Zeitpunkt=lambda d, n: f"02.03.2026 10:{n:02}:00", Kundennummer=lambda d, n: d.randint(1, 9),
            ArtikelNr=lambda d, n: f"A{d.randint(1, 20)}", Aktion=lambda d, n: d.choice(["Ansicht", "Kauf", "hüpfen"]),
            Preis=lambda d, n: "1.234,50 €", Vorname=lambda d, n: "Åsa"), ";", "windows-1252")  # fmt: skip
        write_csv(drop / f"artikel_{day}.csv", table(
            50, ArtikelNr=lambda d, n: f"A{n}", Bezeichnung=lambda d, n: f"Lampe {n}",
            Kategorie=lambda d, n: "Licht"), ";")  # fmt: skip
    write_csv(drop / "kunden.csv", table(30, Kundennummer=lambda d, n: n, Ort=lambda d, n: "Kiel",
                                         Mail=lambda d, n: f"u{n}@shop.example"))  # fmt: skip
    text = propose_source.propose(str(drop))
    for line in ('files = "klicks_{date:%Y%m%d}.csv"', 'delimiter = ";"', 'encoding = "windows-1252"',
                 'time = { column = "Zeitpunkt", format = "dd.MM.yyyy HH:mm:ss" }', 'user_id = "Kundennummer"',
                 'item_id = "ArtikelNr"', 'event_type = "Aktion"', 'price = "Preis"', 'currency = "EUR"',
                 'Kauf = "purchase"', 'Ansicht = "view"', "hüpfen", 'personal = ["Vorname"]', 'title = "Bezeichnung"',
                 'city = "Ort"', 'email = "Mail"', "snapshot = true", 'decimal = ","', 'thousands = "."'):  # fmt: skip
        assert line in text, line


def test_orders_with_lines_in_json(drop: Path) -> None:
    rows = table(20, id=lambda d, n: f"O{n}", customer=lambda d, n: {"id": f"c{n % 5}", "email": "a@b.example"},
                 created_at=lambda d, n: "2026-03-02T09:00:00Z", currency=lambda d, n: "EUR",
                 total_price=lambda d, n: 99.5, line_items=lambda d, n: [
                     {"sku": f"s{k}", "qty": 1, "price": 9.5, "title": f"Lamp {k}"} for k in range(n % 3)])  # fmt: skip
    (drop / "orders_2026-03-02.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = proposed(drop)
    events = source.events
    assert events.each
    assert events.each.column == "line_items"
    assert dict(events.columns) == {
        "user_id": "customer.id", "item_id": "line_items.sku", "quantity": "line_items.qty",
        "price": "line_items.price", "currency": "currency", "order_id": "id"}  # fmt: skip
    assert dict(events.constants) == {"event_type": "purchase"}
    assert events.personal == {"customer.email"}
    assert source.items
    assert source.items.columns["title"] == "line_items.title"


def test_parquet_with_epochs_and_files_of_one_day(drop: Path) -> None:
    (drop / "2026-03-02").mkdir()
    for part in ("000", "001"):
        rows = table(200, ts=lambda d, n: 1_772_445_600_000 + n, uid=lambda d, n: float(d.randint(1, 50)),
                     goods_id=lambda d, n: d.randint(100, 150),
                     act=lambda d, n: d.choice(["pv", "fav", "pay"]))  # fmt: skip
        pq.write_table(pa.Table.from_pylist(rows), drop / "2026-03-02" / f"log-{part}.parquet")
    events = proposed(drop).events
    assert (events.files, events.format) == (("{date}/log-00*.parquet",), "parquet")
    assert events.time
    assert events.time.epoch == "ms"
    assert dict(events.event_types) == {"pv": "view", "fav": "wishlist", "pay": "purchase"}


def test_returns_by_sign_ages_in_ranges_and_a_total(drop: Path) -> None:
    write_csv(drop / "sales.csv.gz", table(
        80, InvoiceNo=lambda d, n: f"5{n // 4}", ProductCode=lambda d, n: f"p{d.randint(1, 30)}",
        Quantity=lambda d, n: d.choice([1, 2, -1]), line_total=lambda d, n: 12.5,
        InvoiceDate=lambda d, n: f"3/{1 + n % 27}/2026 9:05", CustomerID=lambda d, n: f"k{n // 4}"))  # fmt: skip
    write_csv(drop / "people.csv", table(30, customer_id=lambda d, n: f"k{n}", age=lambda d, n: "45-54"))
    source = proposed(drop)
    assert source.events.time
    assert source.events.time.format == ("M/d/yyyy H:mm",)
    assert "'return'" in source.events.derived["event_type"]
    assert source.events.derived["price"] == "`line_total` / nullif(`Quantity`, 0)"
    assert source.users
    assert "regexp_extract" in source.users.derived["age"]


def test_an_account_that_is_an_address_is_hashed(drop: Path) -> None:
    write_csv(drop / "views_2026-03-02.csv", table(
        30, user=lambda d, n: f"u{n % 7}@shop.example", sku=lambda d, n: f"i{n % 9}",
        time=lambda d, n: "2026-03-02 10:00:00"))  # fmt: skip
    events = proposed(drop).events
    assert events.hashed == {"user_id"}
    assert dict(events.constants) == {"event_type": "view"}


def test_a_folder_without_a_log_says_what_was_seen(drop: Path) -> None:
    write_csv(drop / "stock.csv", table(5, sku=lambda d, n: n, bin=lambda d, n: "A"))
    with pytest.raises(FileNotFoundError, match=r"no file in .* looks like a log.*stock.csv \(sku, bin\)"):
        propose_source.propose(str(drop))


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("log_2026-03-02.csv", "log_{date}.csv"),
        ("2026/03/02/log.json", "{date:%Y/%m/%d}/log.json"),
        ("20260302/clicks-20260302.csv.gz", "{date:%Y%m%d}/clicks-{date:%Y%m%d}.csv.gz"),
        ("sales_2020-09-16_2020-09-22.parquet", "sales_*_*.parquet"),
        ("part-12345678.csv", "part-12345678.csv"),
    ],
)
def test_dates_in_names(path: str, pattern: str) -> None:
    assert pattern_of(path) == pattern


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        (["46083,0064467593", "46084,5"], 'time = { column = "when", format = "excel" }'),
        (
            ["2026-03-02T10:00:00Z", "13.03.2026 10:00"],
            'time = { column = "when", format = ["iso", "dd.MM.yyyy HH:mm"] }',
        ),
        (["02/03/2026 10:00"], 'time = { column = "when", format = "dd/MM/yyyy HH:mm" }  # ? day first or month first'),
        (["Mon Mar 02 2026 10:00:10 GMT+0000"], "`when`, '^(Mon|Tue"),
    ],
)
def test_times_are_proposed_as_they_are_written(drop: Path, texts: list[str], line: str) -> None:
    write_csv(drop / "views.csv", table(30, user=lambda d, n: f"u{n % 7}", sku=lambda d, n: f"i{n % 9}",
                                        when=lambda d, n: texts[n % len(texts)]), ";")  # fmt: skip
    assert line in propose_source.propose(str(drop))
    assert proposed(drop).events.time


def test_a_column_of_five_digits_is_a_time_by_its_name_only(drop: Path) -> None:
    write_csv(drop / "views.csv", table(30, user=lambda d, n: f"u{n % 7}", sku=lambda d, n: f"i{n % 9}",
                                        postcode=lambda d, n: "60311"))  # fmt: skip
    with pytest.raises(FileNotFoundError, match="looks like a log"):
        propose_source.propose(str(drop))


def test_encodings() -> None:
    assert encoding_of("a,b\nTür,Öl\n".encode()) == "utf-8"
    assert encoding_of("a\tb\nx\ty\n".encode("utf-16")) == "utf-16"
    assert encoding_of("名称,价格\n灯,5\n".encode("gb18030")) == "gb18030"
    assert encoding_of("Größe;Öl\n".encode("cp1252")) == "windows-1252"


def test_words_are_ours_and_each_means_one_event_type() -> None:
    assert set(EVENT_TYPE_WORDS) == set(EVENT_TYPES)
    words = [word for words in EVENT_TYPE_WORDS.values() for word in words.split()]
    assert len(words) == len(set(words))
    assert {event_type_of(name) for name in ("Add to Cart", "addToCart", "ADD_TO_CART")} == {"cart"}
    for which, columns in COLUMN_WORDS.items():
        for column, listed in columns.items():
            assert all(folded(word) == word for word in listed.split()), (which, column)
            assert likeness(which, column, column) > 0.9


def test_a_quote_that_is_never_closed_does_not_end_the_search(drop: Path) -> None:
    rows = [f"u{n},i{n},view,2026-03-02 10:00:00,{'x' * 80}" for n in range(3_000)]
    open_quote = 'u0,i0,view,2026-03-02 10:00:00,"5 inch'
    (drop / "notes.csv").write_text("\n".join(["uid,sku,what,at,note", open_quote, *rows]))
    write_csv(drop / "clicks.csv", table(
        60, user_id=lambda d, n: d.randint(1, 9), item_id=lambda d, n: f"A{d.randint(1, 20)}",
        event_type=lambda d, n: d.choice(["view", "purchase"]),
        time=lambda d, n: f"2026-03-02 10:{n:02}:00"))  # fmt: skip
    assert proposed(drop).events.files == ("clicks.csv",)

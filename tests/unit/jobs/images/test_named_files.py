from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.images.named_files import Named, NoList, named_pictures
from jobs.images.picture_files import PictureFiles
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from schemas.arrow import arrow_schema
from schemas.sources.image_reading import image_input
from schemas.tables import ITEMS

DAY = dt.date(2026, 1, 6)


def named(raw: Path, spec: dict[str, Any], *items: dict[str, Any]) -> list[Named]:
    night = Night(DAY, Lake(str(raw / "lake")), "001", Settings(), "", str(raw))
    rows = [{name: row.get(name) for name in ITEMS.names} for row in items]
    night.write_arrow(ITEMS, pa.Table.from_pylist(rows, arrow_schema(ITEMS)))
    known = pa.array([row["item_id"] for row in items], pa.string())
    return named_pictures(night, image_input(spec), PictureFiles(str(raw)), known)


def item(item_id: str, **values: Any) -> dict[str, Any]:
    return {"item_id": item_id, "is_active": True, "updated_on": DAY} | values


def touch(raw: Path, *paths: str) -> None:
    for path in paths:
        (raw / path).parent.mkdir(parents=True, exist_ok=True)
        (raw / path).write_bytes(b"x")


def test_a_folder_names_items_in_natural_order(tmp_path: Path) -> None:
    touch(tmp_path, "pics/b_10.jpg", "pics/b_2.jpg", "pics/a_b_1.jpg", "pics/a_1.jpg", "pics/notes.txt")
    pictures = named(tmp_path, {"files": "pics/{item}_*.jpg"}, item("a"), item("b"), item("a_b"))
    assert {(picture.item_id, picture.source) for picture in pictures} == {
        ("a", "pics/a_1.jpg"), ("a_b", "pics/a_b_1.jpg"), ("b", "pics/b_2.jpg"), ("b", "pics/b_10.jpg")
    }  # fmt: skip
    assert [picture.source for picture in pictures if picture.item_id == "b"] == ["pics/b_2.jpg", "pics/b_10.jpg"]


def test_digits_that_are_no_numbers_are_letters_of_a_name(tmp_path: Path) -> None:
    touch(tmp_path, "pics/a_5²7.jpg", "pics/a_5²10.jpg", "pics/a_①.jpg")
    pictures = named(tmp_path, {"files": "pics/{item}_*.jpg"}, item("a"))
    assert {picture.source for picture in pictures} == {"pics/a_5²7.jpg", "pics/a_5²10.jpg", "pics/a_①.jpg"}


def test_the_longest_id_is_taken_unless_only_a_shorter_one_is_an_item(tmp_path: Path) -> None:
    touch(tmp_path, "pics/a_side_1.jpg")
    assert named(tmp_path, {"files": "pics/{item}_*.jpg"}, item("a"))[0].item_id == "a"


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_list_names_items_with_the_main_picture_first(tmp_path: Path, form: str) -> None:
    rows = [("007", "b.jpg", "no"), ("007", "a.jpg", "Yes"), ("007", "b.jpg", "no"), ("8", "https://x.example/c", "")]
    (tmp_path / "2026-01-06").mkdir()
    path = tmp_path / "2026-01-06" / f"list.{form}"
    table = pa.table({name: [row[column] for row in rows] for column, name in enumerate(("sku", "file", "main"))})
    if form == "csv":
        path.write_text("sku;file;main\n" + "".join(";".join(row) + "\n" for row in rows))
    elif form == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    else:
        pq.write_table(table, path)
    spec = {"manifest": f"{{date}}/list.{form}", "format": form, "folder": "pics",
            "columns": {"item_id": "sku", "path": "file", "is_main": "main"}}  # fmt: skip
    pictures = named(tmp_path, spec | ({"delimiter": ";"} if form == "csv" else {}))
    assert pictures == [
        Named("007", "pics/a.jpg", True),
        Named("007", "pics/b.jpg", False),
        Named("8", "https://x.example/c", False),
    ]


def test_a_night_without_a_list_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoList, match=r"2026-01-06/list\.csv"):
        named(tmp_path, {"manifest": "{date}/list.csv"})


def test_a_list_without_a_column_names_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("sku,file\na,b\n")
    with pytest.raises(ValueError, match=r"list.csv lacks 'item_id', 'path'.*it has sku, file"):
        named(tmp_path, {"manifest": "list.csv"})


def test_a_list_that_cannot_be_read_is_named_with_the_next_step(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("item_id,path\ni1,a.jpg,more\n")
    with pytest.raises(ValueError, match=r"(?s)list\.csv cannot be read as csv: .*correct the list, or `format`"):
        named(tmp_path, {"manifest": "list.csv", "columns": {"item_id": "item_id", "path": "path"}}, item("i1"))


def test_the_catalogue_names_pictures_in_its_column_or_an_attribute(tmp_path: Path) -> None:
    rows = [
        item("a", picture_url="x.jpg| y.jpg |", attributes='{"gallery": ["p.jpg", 7, ""], "one": "q.jpg"}'),
        item("b"),
    ]
    by_url = named(tmp_path / "1", {"from": "items", "split": "|"}, *rows)
    assert [picture.source for picture in by_url] == ["x.jpg", "y.jpg"]
    gallery = named(tmp_path / "2", {"from": "items", "attribute": "gallery"}, *rows)
    assert [picture.source for picture in gallery] == ["p.jpg"]
    single = named(tmp_path / "3", {"from": "items", "attribute": "one", "folder": "f"}, *rows)
    assert [picture.source for picture in single] == ["f/q.jpg"]

from __future__ import annotations

from typing import Any

import pytest

from schemas.sources.image_reading import image_input
from schemas.sources.mapping import MappingError
from schemas.sources.reading import load_source


def test_pictures_are_named_by_a_folder_a_list_or_the_catalogue() -> None:
    folder = image_input({"files": "pictures/{item}_*.jpg"})
    listed = image_input({"manifest": "{date}/p.csv", "columns": {"path": "file"}, "delimiter": ";"})
    catalogue = image_input({"from": "items", "attribute": "gallery", "split": "|", "folder": "pics"})
    assert all(spec.has_pictures for spec in (folder, listed, catalogue))
    assert listed.columns == {"item_id": "item_id", "path": "file"}
    assert (str(folder), str(catalogue)) == ("pictures/{item}_*.jpg", "the items' gallery")
    assert not image_input({"photos": "photos/*"}).has_pictures


def test_the_sample_shop_has_pictures_and_other_sources_have_none() -> None:
    assert load_source("sample_shop").images is not None
    assert load_source("online_retail").images is None


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ([], "must be a table"),
        ({}, "says nowhere which pictures there are"),
        ({"file": "x"}, "has no 'file'; it has"),
        ({"files": 7}, "files must be a text"),
        ({"files": "{item}.jpg", "manifest": "m.csv"}, "files and manifest; pictures are named in one way"),
        ({"files": "pictures/*.jpg"}, "must stand in it once"),
        ({"files": "../{item}.jpg"}, "may not leave it"),
        ({"manifest": "/etc/list.csv"}, "may not leave it"),
        ({"manifest": "{day}.csv"}, "only {date} is known"),
        ({"manifest": "m.csv", "format": "xml"}, "there are csv, jsonl, parquet"),
        ({"manifest": "m.csv", "columns": {"colour": "c"}}, "has no 'colour'"),
        ({"manifest": "m.csv", "columns": {"path": 1}}, "table of ours = theirs"),
        ({"files": "{item}.jpg", "delimiter": ";"}, "only counts beside `manifest`"),
        ({"files": "{item}.jpg", "split": "|"}, "only counts beside `from`"),
        ({"from": "events"}, "only the catalogue names pictures"),
    ],
)
def test_mistakes_are_named(raw: Any, says: str) -> None:
    with pytest.raises(MappingError, match=says):
        image_input(raw)

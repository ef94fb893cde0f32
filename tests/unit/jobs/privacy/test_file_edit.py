"""Every kind of place is decoded and searched; data of other people stay as they were."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.privacy.edit import IdFields
from jobs.privacy.file_edit import edit_file
from jobs.privacy.lake_files import lake_fields, walk
from jobs.privacy.people import People
from jobs.runtime.lake import Lake
from tests.planted_places import PLACES, parquet

FIELDS = IdFields()


@pytest.mark.parametrize("who", ["u0000019", "anna smith", "张三丰"])
@pytest.mark.parametrize("place", PLACES)
def test_a_planted_name_is_found(place: str, who: str, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    PLACES[place](lake, who)
    (find,) = walk(lake, People.named([who]), {}, lake_fields({}))
    assert list(walk(lake, People.named([who[:-1]]), {}, lake_fields({}))) == []
    if (content := find.content()) is not None:
        assert edit_file(find.path, content, People.named([who]), FIELDS) is None


def test_rows_go_and_others_keep_all_but_the_name() -> None:
    rows = pa.table({"user_id": ["ann", "zoe", None], "note": ["a", "ann says hello", None], "n": [1, 2, 3]})
    edit = edit_file("a.parquet", parquet(rows), People.named(["ann"]), FIELDS)
    assert edit is not None
    assert edit.content is not None
    assert edit.removed == [{"user_id": "ann", "note": "a", "n": 1}]
    edited = pq.read_table(io.BytesIO(edit.content))
    assert edited.to_pylist() == [
        {"user_id": "zoe", "note": "erased says hello", "n": 2},
        {"user_id": None, "note": None, "n": 3},
    ]


def test_an_id_that_is_a_number_is_found_in_its_column_only() -> None:
    rows = pa.table({"user_id": [17850, 17851], "stock": [17851, 17850]})
    edit = edit_file("a.parquet", parquet(rows), People.named(["17850"]), FIELDS)
    assert edit is not None
    assert edit.removed == [{"user_id": 17850, "stock": 17851}]


def test_a_visitors_rows_go_only_without_another_account() -> None:
    rows = pa.table({"user_id": [None, "u2", "u1"], "visitor_id": ["c1", "c1", "c5"]})
    edit = edit_file("a.parquet", parquet(rows), People(frozenset({"u1"}), frozenset({"visitor_id:c1"})), FIELDS)
    assert edit is not None
    assert [row["user_id"] for row in edit.removed] == [None, "u1"]


def test_an_answer_goes_with_the_question_but_not_with_a_visitor_of_the_same_name() -> None:
    rows = pa.table({"question_id": ["7", "8"], "answer": ["Size 40.", "Size 41."]})
    people = People(frozenset({"ann"}), frozenset({"question_id:7"}))
    edit = edit_file("a.parquet", parquet(rows), people, FIELDS)
    assert edit is not None
    assert [row["question_id"] for row in edit.removed] == ["7"]
    assert edit_file("a.parquet", parquet(pa.table({"visitor_id": ["7"]})), people, FIELDS) is None

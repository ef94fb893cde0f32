"""The file for the help desk: every row of the published table, and no cell that a spreadsheet would run."""

from __future__ import annotations

import argparse
import csv
import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from jobs.runtime import published
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from jobs.service import export_answers
from schemas.tables import ITEM_ANSWERS
from tests.sample import put
from tests.unit.jobs.service.small_shop import FIRST


def exported(folder: Path, *texts: str) -> list[dict[str, Any]]:
    lake = Lake(str(folder / "lake"))
    night = Night(FIRST, lake, "001", Settings())
    until = dt.datetime(2026, 1, 3, tzinfo=dt.UTC)
    put(night, ITEM_ANSWERS, [
        {"item_id": f"g{n}", "topic": "colour", "language": "en", "answer": text, "source_column": "colour",
         "source_hash": "h", "valid_until": until} for n, text in enumerate(texts)
    ])  # fmt: skip
    run = f"{FIRST}-001"
    entry = published.copy(lake, ITEM_ANSWERS, night.version(ITEM_ANSWERS), run)
    lake.put_json({"run": run, "tables": {ITEM_ANSWERS.name: entry}, "products": {}}, *published.POINTER)
    arguments = argparse.ArgumentParser()
    export_answers.add_arguments(arguments)
    out = folder / "answers.csv"
    where = ["--out", str(out), "--lake", lake.root]
    assert export_answers.main(arguments.parse_args(["--of", "items", *where])) == 0
    with pytest.raises(ValueError, match=r"published run 2026-01-01-001 has no suggested_answers: "):
        export_answers.main(arguments.parse_args(where))
    with out.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_row_is_exported_unchanged(tmp_path: Path) -> None:
    texts = ["It is red.", 'Size "M", 5 cm;\nwashable', "颜色：红 😀", "5 - 3", "a=b"]
    rows = exported(tmp_path, *texts)
    assert [row["answer"] for row in rows] == texts
    assert list(rows[0]) == list(ITEM_ANSWERS.shown_names)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "＠SUM", "=HYPERLINK(1)"]
)
def test_no_exported_cell_is_a_formula(tmp_path: Path, text: str) -> None:
    assert [row["answer"] for row in exported(tmp_path, text)] == [f"'{text}"]

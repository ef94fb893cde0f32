"""The README's four ways to read what is published, run as they stand there; all give the same list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from schemas.tables import RECOMMENDATIONS
from tests.sample import Sample, shown

README = Path(__file__).resolve().parents[2] / "README.md"

FILES = """\
import json

with open(f"{lake}/published/current.json") as pointer:
    now = json.load(pointer)
files = [
    f"{lake}/published/run={now['run']}/recommendations/{file['name']}"
    for file in now["tables"]["recommendations"]["files"]
]
"""
SNIPPETS = {
    "duckdb": """\
import duckdb

top = duckdb.execute(
    "select item_id, reason from read_parquet($files) where user_id = $user and not is_spare order by rank",
    {"files": files, "user": user},
).df()
""",
    "pandas": """\
import pandas as pd

top = pd.read_parquet(files, filters=[("user_id", "==", user), ("is_spare", "==", False)])
top = top.sort_values("rank")[["item_id", "reason"]]
""",
    "polars": """\
import polars as pl

mine = (pl.col("user_id") == user) & ~pl.col("is_spare")
top = pl.scan_parquet(files).filter(mine).sort("rank").select("item_id", "reason").collect()
""",
    "spark": """\
lists = spark.read.parquet(*files)
top = lists.where((lists.user_id == user) & ~lists.is_spare).orderBy("rank").select("item_id", "reason")
""",
}


def rows(top: Any) -> list[tuple[str, str]]:
    if hasattr(top, "collect"):
        return [tuple(row) for row in top.collect()]
    return list(top.itertuples(index=False, name=None)) if hasattr(top, "itertuples") else top.rows()


@pytest.mark.parametrize("reader", SNIPPETS)
@pytest.mark.parametrize("user", ["anonymous", "somebody"])
def test_a_reader_sees_the_list_that_was_published(sample: Sample, spark: SparkSession, reader: str, user: str) -> None:
    lists = shown(sample.lake, RECOMMENDATIONS)
    if user == "somebody":
        user = max(lists["user_id"].to_pylist())
    mine = [r for r in lists.to_pylist() if r["user_id"] == user and r["rank"] <= 12]
    scope = {"lake": sample.lake.root, "user": user, "spark": spark}
    exec(FILES + SNIPPETS[reader], scope)
    assert rows(scope["top"]) == [(r["item_id"], r["reason"]) for r in sorted(mine, key=lambda r: r["rank"])]
    assert len(mine) == 12


@pytest.mark.parametrize("snippet", [FILES, *SNIPPETS.values()], ids=["files", *SNIPPETS])
def test_the_readme_shows_it(snippet: str) -> None:
    assert snippet in README.read_text("utf-8")

"""Runs the code of jobs/publishing/README.md as it is written there; four ways of reading give the same list."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.runtime import published
from jobs.runtime.lake import Lake
from schemas.tables import COPY, ITEMS, RECOMMENDATIONS, USER_COPY
from tests.sample import THIRD, Sample, current, shown

ROOT = Path(__file__).resolve().parents[2]
FRONT = ROOT / "README.md"
README = ROOT / "jobs" / "publishing" / "README.md"

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

FRESH = """\
from pathlib import Path

overlay = Path(f"{lake}/published/fresh.json")  # there is none before the first refresh
fresh = json.loads(overlay.read_text()) if overlay.exists() else {"over": None}
newer = []
if fresh["over"] == now["run"]:
    newer = [
        f"{lake}/published/run={fresh['run']}/recommendations/{file['name']}"
        for file in fresh["tables"]["recommendations"]["files"]
    ]
"""
SHOWN = '''\
def files_of(table):
    return [f"{lake}/published/run={now['run']}/{table}/{file['name']}" for file in now["tables"][table]["files"]]


cards = duckdb.execute(
    """
    select place.item_id, item.shown_title, item.price, item.currency, item.picture_url, item.is_sold_out
    from read_parquet($lists) place join read_parquet($items) item using (item_id)
    where place.user_id = $user and not place.is_spare order by place.rank
    """,
    {"lists": files, "items": files_of("items"), "user": user},
).df()

texts = duckdb.execute(
    """
    select told.item_id, coalesce(told.text, copy.text) as text
    from read_parquet($told) told join read_parquet($copy) copy using (copy_id)
    where told.user_id = $user and told.channel = 'card'
    """,
    {"told": files_of("user_copy"), "copy": files_of("copy"), "user": user},
).df()
'''


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
    user_list = [r for r in lists.to_pylist() if r["user_id"] == user and r["rank"] <= 12]
    scope = {"lake": sample.lake.root, "user": user, "spark": spark}
    exec(FILES + SNIPPETS[reader], scope)
    assert rows(scope["top"]) == [(r["item_id"], r["reason"]) for r in sorted(user_list, key=lambda r: r["rank"])]
    assert len(user_list) == 12


def test_the_front_page_reads_the_list_that_was_published(sample: Sample) -> None:
    text = FRONT.read_text("utf-8").partition("```python\n")[2].partition("```")[0]
    scope: dict[str, Any] = {}
    exec(text.replace('"lake/', f'"{sample.lake.root}/').replace('"u0000019"', '"anonymous"'), scope)
    lists = [r for r in shown(sample.lake, RECOMMENDATIONS).to_pylist() if r["user_id"] == "anonymous"]
    anonymous_list = sorted((r for r in lists if not r["is_spare"]), key=lambda r: r["rank"])
    assert rows(scope["top"]) == [(r["item_id"], r["reason"]) for r in anonymous_list]
    assert anonymous_list


@pytest.mark.parametrize(
    "snippet", [FILES, *SNIPPETS.values(), FRESH, SHOWN], ids=["files", *SNIPPETS, "fresh", "shown"]
)
def test_the_readme_shows_the_code_that_is_tested(snippet: str) -> None:
    assert snippet in README.read_text("utf-8")


def test_titles_and_prices_are_the_catalogues_and_texts_are_those_of_the_user(sample: Sample) -> None:
    items = {row["item_id"]: row for row in current(sample.lake, ITEMS).to_pylist()}
    user_cards = [row for row in shown(sample.lake, USER_COPY).to_pylist() if row["channel"] == "card"]
    user = user_cards[0]["user_id"]
    scope: dict[str, Any] = {"lake": sample.lake.root, "user": user}
    exec(FILES + SNIPPETS["duckdb"] + SHOWN, scope)
    cards = scope["cards"].to_dict("records")
    assert [card["item_id"] for card in cards] == scope["top"]["item_id"].tolist()
    for card in cards:
        item = items[card["item_id"]]
        for name in ("shown_title", "price", "currency"):
            assert card[name] == item[name]
        assert not card["is_sold_out"]
    words = {row["copy_id"]: row["text"] for row in shown(sample.lake, COPY).to_pylist()}
    texts = {row["item_id"]: row["text"] or words[row["copy_id"]] for row in user_cards if row["user_id"] == user}
    assert dict(zip(scope["texts"]["item_id"], scope["texts"]["text"], strict=True)) == texts


def test_published_items_hold_every_item_and_nothing_inner(sample: Sample) -> None:
    items, published_items = current(sample.lake, ITEMS), shown(sample.lake, ITEMS)
    assert published_items.equals(
        items.select(ITEMS.shown_names).sort_by([(name, "ascending") for name in ITEMS.shown_names])
    )
    assert not {"cost", "stock", "attributes"} & set(published_items.column_names)
    assert items["is_sold_out"].to_pylist() == [None if s is None else s <= 0 for s in items["stock"].to_pylist()]


def test_the_code_for_refreshed_lists_works_without_a_refresh_and_over_another_night(
    sample: Sample, tmp_path: Path
) -> None:
    scope: dict[str, Any] = {"lake": str(tmp_path)}
    (tmp_path / "published").mkdir()
    shutil.copy(Path(sample.lake.root) / "published" / "current.json", tmp_path / "published")
    exec(FILES + FRESH, scope)
    assert scope["newer"] == []
    now = published.pointed(Lake(str(tmp_path)))
    fresh = {"run": "fresh-1", "over": now["run"], "tables": {"recommendations": {"files": [{"name": "a.parquet"}]}}}
    for night_run, newer_lists in ((now["run"], 1), ("another", 0)):
        Lake(str(tmp_path)).put_json(fresh | {"over": night_run}, *published.FRESH)
        exec(FILES + FRESH, scope)
        assert len(scope["newer"]) == newer_lists


def test_the_readme_says_until_when_a_list_may_be_shown(sample: Sample) -> None:
    until = sample.night().valid_until("lists")
    text = f"For the lists of night D it is {until:%H:%M} UTC of D+{(until.date() - THIRD).days},"
    assert text in README.read_text("utf-8")
    lists = shown(sample.lake, RECOMMENDATIONS)
    assert lists["valid_until"].unique().to_pylist() == [until]

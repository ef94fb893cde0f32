"""Ten texts of a night for the terminal: both languages, many kinds, each with its facts and its verdict."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.runtime import published
from jobs.runtime.lake import Lake
from schemas.arrow import arrow_schema
from schemas.tables.copywriting import CHANNELS, REJECTED_COPY

_ORDER = ("recommendation", "price_drop", "coupon_win_back", "member_exclusive", "new_arrival", "seasonal_event",
          "replenishment", "coupon", "coupon_first_purchase", "similar_to_bought")  # fmt: skip


def copy_examples(lake: Lake, pointed: dict[str, Any], texts: int = 10) -> list[str]:
    """Lines about the copy of the published night; none where it has none."""
    if "copy" not in pointed["tables"]:
        return []
    day = dt.date.fromisoformat(pointed["date"])
    copy = _read(lake, [lake.path(file) for file in published.files(pointed, "copy")])
    version = lake.current(REJECTED_COPY, day)
    refused = _read(lake, lake.file_paths(version)) if version else arrow_schema(REJECTED_COPY).empty_table()
    page = lake.path("reports", f"date={day}", "copy.html")
    lines = ["", f"copy: {copy.num_rows} texts, {refused.num_rows} drafts refused; to read, approve and block: {page}"]
    languages = sorted(set(copy["language"].to_pylist()))
    chosen = [row for language in languages for row in _several(copy, language, (texts - 2) // len(languages))]
    given = _given(lake, pointed)
    for row in chosen:
        kind = f"{row['language']}, {row['channel']}, {row['strategy']}, voice {row['style']}, by {row['source']}"
        lines += [f"  {given.get(row['copy_id'], row['text'])}", f"    published: {kind}"]
        lines += [f"      {line}" for line in _facts(row)]
    other = refused.filter(pc.is_valid(refused["text"])).to_pylist()
    for row in other[:: max(1, len(other) // 2)][: texts - len(chosen)]:
        why = f"{row['strategy']}: {row['reason']} ({row['detail']})"
        lines += [f"  {row['text']}", f"    refused: {row['language']}, {row['channel']}, {why}"]
    return lines


def _several(copy: pa.Table, language: str, most: int) -> Iterator[dict[str, Any]]:
    """One text of each strategy in the order of `_ORDER`, each in another channel where there is one."""
    rows = copy.filter(pc.equal(copy["language"], language)).sort_by("copy_id")
    found = 0
    for at, strategy in enumerate(_ORDER):
        those = rows.filter(pc.equal(rows["strategy"], strategy))
        if not those.num_rows or found == most:
            continue
        there = those["channel"].to_pylist()
        turn = [*CHANNELS[at % len(CHANNELS) :], *CHANNELS]
        yield those.slice(there.index(next(channel for channel in turn if channel in there)), 1).to_pylist()[0]
        found += 1


def _given(lake: Lake, pointed: dict[str, Any]) -> dict[str, str]:
    """copy_id -> the whole text as one user gets it, of texts with the user's own terms."""
    told = _read(lake, [lake.path(file) for file in published.files(pointed, "user_copy")])
    own = told.filter(pc.is_valid(told["text"]))
    return dict(zip(own["copy_id"].to_pylist(), own["text"].to_pylist(), strict=True))


def _facts(row: dict[str, Any]) -> Iterator[str]:
    for fact in json.loads(row["facts"]):
        if fact["slot"] != "shop":
            yield f"{fact['slot']} {fact['value']} <- {fact['table']}, {fact['row']}, {fact['column']}"


def _read(lake: Lake, paths: list[str]) -> pa.Table:
    return pa.concat_tables([pq.read_table(path, filesystem=lake.fs) for path in paths])

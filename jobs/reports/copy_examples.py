"""Ten texts of a night for the terminal, published and refused, in both languages, each with its facts."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.runtime import published
from jobs.runtime.lake import Lake
from jobs.runtime.parquet_files import read_table
from schemas.arrow import arrow_schema
from schemas.tables.copywriting import CHANNELS, REJECTED_COPY

_ORDER = (
    "recommendation",
    "price_drop",
    "coupon_win_back",
    "member_exclusive",
    "new_arrival",
    "seasonal_event",
    "replenishment",
    "coupon",
    "coupon_first_purchase",
    "similar_to_bought",
)


def copy_examples(lake: Lake, pointed: dict[str, Any], texts: int = 10) -> list[str]:
    """Lines about the texts of the published night; empty where it has none."""
    if "copy" not in pointed["tables"]:
        return []
    day = dt.date.fromisoformat(pointed["date"])
    copy = _read(lake, [lake.path(file) for file in published.files(pointed, "copy")])
    version = lake.current(REJECTED_COPY, day)
    refused = _read(lake, lake.file_paths(version)) if version else arrow_schema(REJECTED_COPY).empty_table()
    page = lake.path("reports", f"date={day}", "copy.html")
    lines = [
        "",
        f"copy: {copy.num_rows} texts, {refused.num_rows} drafts refused; read and approve them in {page}",
    ]
    languages = sorted(set(copy["language"].to_pylist()))
    chosen = [row for language in languages for row in _several(copy, language, (texts - 2) // len(languages))]
    filled_in = _filled_in(lake, pointed)
    for row in chosen:
        kind = f"{row['language']}, {row['channel']}, {row['strategy']}, voice {row['style']}, by {row['source']}"
        lines += [f"  {filled_in.get(row['copy_id'], row['text'])}", f"    published: {kind}"]
        lines += [f"      {line}" for line in _facts(row)]
    with_text = refused.filter(pc.is_valid(refused["text"])).to_pylist()
    for row in with_text[:: max(1, len(with_text) // 2)][: texts - len(chosen)]:
        why = f"{row['strategy']}: {row['reason']} ({row['detail']})"
        lines += [f"  {row['text']}", f"    refused: {row['language']}, {row['channel']}, {why}"]
    return lines


def _several(copy: pa.Table, language: str, most: int) -> Iterator[dict[str, Any]]:
    """Up to `most` texts, one of each strategy in the order of `_ORDER`, with changing channels where possible."""
    rows = copy.filter(pc.equal(copy["language"], language)).sort_by("copy_id")
    chosen = 0
    for turn, strategy in enumerate(_ORDER):
        texts = rows.filter(pc.equal(rows["strategy"], strategy))
        if not texts.num_rows or chosen == most:
            continue
        channels = texts["channel"].to_pylist()
        order = [*CHANNELS[turn % len(CHANNELS) :], *CHANNELS]
        first = channels.index(next(channel for channel in order if channel in channels))
        yield texts.slice(first, 1).to_pylist()[0]
        chosen += 1


def _filled_in(lake: Lake, pointed: dict[str, Any]) -> dict[str, str]:
    """copy_id -> the text as one user gets it, for texts with the user's own terms."""
    texts = _read(lake, [lake.path(file) for file in published.files(pointed, "user_copy")])
    with_terms = texts.filter(pc.is_valid(texts["text"]))
    return dict(zip(with_terms["copy_id"].to_pylist(), with_terms["text"].to_pylist(), strict=True))


def _facts(row: dict[str, Any]) -> Iterator[str]:
    for fact in json.loads(row["facts"]):
        if fact["slot"] != "shop":
            yield f"{fact['slot']} {fact['value']} <- {fact['table']}, {fact['row']}, {fact['column']}"


def _read(lake: Lake, paths: list[str]) -> pa.Table:
    return pa.concat_tables([read_table(lake, path) for path in paths])

"""The review page: tonight's copy as one HTML file that works offline and never runs code from a row."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.common.safe_page import page_with
from jobs.common.thumbnails import item_thumbnails
from jobs.copywriting.briefs import MODEL
from jobs.copywriting.item_words import ItemWords
from jobs.copywriting.review_page_words import CHINESE
from jobs.copywriting.rules import CopyRules
from jobs.runtime.night import Night
from schemas.tables.copywriting import USER_COPY

_PAGE = Path(__file__).with_name("review_page.html")
_SIDE = 72  # pixels of an item's picture
_LONGEST = 1_000  # characters; longer texts are cut
_KIND = ["strategy", "channel", "language"]
_REJECTED_PART = 3  # at most one row in three is a rejected one
# The page holds rows and facts as lists in this order: with their names they would take twice the bytes.
_COLUMNS = (*("verdict", "copy_id", "item_id", *_KIND, "style", "text", "source", "wording", "told", "made_on"),
            *("facts", "reason", "detail"))  # fmt: skip
_FACT_COLUMNS = ("slot", "table", "column", "start", "end", "row", "value")


def write_page(
    night: Night, rules: CopyRules, copy: pa.Table, rejected: pa.Table, items: Mapping[str, ItemWords]
) -> str:
    """Writes reports/date=D/copy.html into the lake and returns its path; tonight's USER_COPY must be written."""
    html = page_of(
        str(night.date),
        copy,
        rejected,
        items,
        _users_by_text(night),
        rules.config.review_rows,
        lambda shown: item_thumbnails(night, shown, _SIDE),
    )
    folder = ("reports", f"date={night.date}")
    night.lake.fs.create_dir(night.lake.path(*folder), recursive=True)
    path = night.lake.path(*folder, "copy.html")
    with night.lake.fs.open_output_stream(path) as stream:
        stream.write(html.encode())
    return path


def _users_by_text(night: Night) -> Counter[str]:
    """copy_id -> number of users who get the text."""
    users: Counter[str] = Counter()
    for part in night.versions(USER_COPY).tonight().each(["copy_id"]):
        counts = pc.value_counts(part["copy_id"])
        users.update(dict(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True)))
    return users


def page_of(
    date: str,
    copy: pa.Table,
    rejected: pa.Table,
    items: Mapping[str, ItemWords],
    users_of: Mapping[str, int],
    most: int,
    pictures_of: Callable[[set[str]], Mapping[str, str]] = lambda items: {},
) -> str:
    """The page as HTML with at most `most` rows. Texts that most users get come first (users_of: copy_id -> users).

    Refused drafts come last: some of each reason, strategy, channel and language. pictures_of: item ids -> data: URLs
    of the items that have a picture.
    """
    few = _evenly(rejected, ["reason", *_KIND], most // _REJECTED_PART).to_pylist()
    users = pa.array([users_of.get(text, 0) for text in copy["copy_id"].to_pylist()], pa.int64())
    ordered = copy.append_column("told", users).sort_by([("told", "descending"), ("copy_id", "ascending")])
    many = ordered.slice(0, max(0, most - len(few))).to_pylist()
    shown = {row["item_id"] for row in (*few, *many)} & items.keys()
    data = {
        "date": date,
        "texts": copy.num_rows,
        "by_model": pc.sum(pc.equal(copy["source"], MODEL)).as_py() or 0,
        "written": sum(str(day) == date for day in copy["made_on"].to_pylist()),
        "refused": rejected.num_rows,
        "reasons": Counter(rejected["reason"].to_pylist()).most_common(),
        "chinese": CHINESE,
        "pictures": dict(pictures_of(shown)),
        "titles": {item_id: _titles(items[item_id]) for item_id in sorted(shown)},
        "columns": _COLUMNS,
        "fact_columns": _FACT_COLUMNS,
        "rows": [*map(_published, many), *map(_rejected, few)],
    }
    return page_with(_PAGE.read_text("utf-8"), data, pictures=True)


def _published(row: Mapping[str, Any]) -> list[Any]:
    facts = [_fact(row, fact) for fact in json.loads(row["facts"])]
    return _listed({**row, "verdict": "published", "made_on": str(row["made_on"]), "facts": facts})


def _rejected(row: Mapping[str, Any]) -> list[Any]:
    text = row["text"]
    cut = {"text": text and text[:_LONGEST], "detail": row["detail"][:_LONGEST]}
    return _listed({**row, **cut, "verdict": "rejected", "facts": []})


def _listed(row: Mapping[str, Any]) -> list[Any]:
    return [row.get(name) for name in _COLUMNS]


def _fact(row: Mapping[str, Any], fact: Mapping[str, Any]) -> list[Any]:
    """The fact in the order of _FACT_COLUMNS. Null where the page knows the value: the item's row, or a part of the
    text."""
    start, end = fact["start"], fact["end"]
    is_in_text = start is not None and row["text"][start:end] == fact["value"]
    is_implied = {"row": fact["row"] == row["item_id"], "value": is_in_text}
    return [None if is_implied.get(name) else fact[name] for name in _FACT_COLUMNS]


def _titles(item: ItemWords) -> dict[str, str]:
    """Language -> title, for each language in which the item has a title."""
    titles = {name: item.title(name) for name in item.dictionary.languages if item.has_title_in(name)}
    return {language: title[:_LONGEST] for language, title in titles.items() if title}


def _evenly(rows: pa.Table, kind: list[str], most: int) -> pa.Table:
    """Takes the first row of each kind, then the second of each, and so on, up to `most` rows."""
    kinds: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for row, key in enumerate(zip(*(rows[name].to_pylist() for name in kind), strict=True)):
        kinds[key].append(row)
    chosen: list[int] = []
    deep = 0
    while len(chosen) < min(most, rows.num_rows):
        chosen += [rows_of_kind[deep] for rows_of_kind in kinds.values() if len(rows_of_kind) > deep]
        deep += 1
    return rows.take(pa.array(chosen[:most], pa.int64()))

"""Reads the files of policies, questions and replies: rows with our column names, and rejected rows."""

from __future__ import annotations

import csv
import fnmatch
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs as pafs

from jobs.common.raw_drop import for_night, opened, root_of
from jobs.runtime.night import Night
from schemas.arrow import arrow_schema
from schemas.sources.service import NEEDED, OPTIONAL, ServiceInput
from schemas.table import Table

Row = dict[str, Any]
_LONGEST_FIELD = 1 << 24
_LONGEST_ID = 256


class Received(NamedTuple):
    """rows: our columns -> text or None, and `source_file`. rejected: rows of REJECTED_SERVICE_ROWS."""

    rows: list[Row]
    rejected: list[Row]


def received(night: Night, which: str) -> Received | None:
    """Tonight's rows of an input; None where the mapping has no such input or the drop has no file of it."""
    spec: ServiceInput | None = getattr(night.source, which)
    if spec is None:
        return None
    fs, base = opened(root_of(night.raw))
    paths = list(_matching(fs, base, for_night(spec.files, night.date)))
    if not paths:
        return None
    rows: list[Row] = []
    rejected: list[Row] = []
    for path in paths:
        name = path.removeprefix(f"{base}/")
        with fs.open_input_stream(path) as stream:
            data = stream.read()
        for raw in _parsed(data, spec, name):
            row = _with_our_names(raw, which, spec, name)
            (rejected if "reason" in row else rows).append(row)
    return Received(*_without_repeats(rows, rejected, which))


def rejection(which: str, row_id: str | None, file: str, reason: str, detail: str = "") -> Row:
    """A row of REJECTED_SERVICE_ROWS. The detail never holds the row's text."""
    return {"input": which, "row_id": row_id, "source_file": file, "reason": reason, "detail": detail}


def write_rows(night: Night, table: Table, rows: Iterable[Row]) -> None:
    """Writes the rows as tonight's version of the table; columns that a row lacks are null."""
    columns = [{name: row.get(name) for name in table.names} for row in rows]
    night.write_arrow(table, pa.Table.from_pylist(columns, arrow_schema(table)))


def _matching(fs: pafs.FileSystem, base: str, pattern: str) -> Iterator[str]:
    folder = re.split(r"[*?\[]", pattern, maxsplit=1)[0].rpartition("/")[0]
    selector = pafs.FileSelector(f"{base}/{folder}".rstrip("/"), recursive=True, allow_not_found=True)
    for info in sorted(fs.get_file_info(selector), key=lambda info: info.path):
        name = info.path.removeprefix(f"{base}/")
        same_depth = name.count("/") == pattern.count("/")
        if info.type == pafs.FileType.File and same_depth and fnmatch.fnmatchcase(name, pattern):
            yield info.path


def _parsed(data: bytes, spec: ServiceInput, name: str) -> Iterator[Row | None]:
    """Each row as the shop's column -> value; None for a row that cannot be read."""
    if spec.format == "parquet":
        try:
            table = pq.read_table(pa.BufferReader(data))
        except pa.ArrowException as error:
            raise ValueError(
                f"{name} is no Parquet file that can be read: {error}; ask for it again, or correct `format`"
            ) from error
        _check_columns(table.column_names, spec, name)
        yield from table.to_pylist()
        return
    text = data.decode(spec.encoding, errors="replace").removeprefix("\ufeff").replace("\0", "")
    if spec.format == "jsonl":
        yield from (_json_row(line) for line in text.split("\n") if line.strip())
        return
    rows = _csv_rows(text, spec.delimiter)
    head = next(rows, None) or []
    _check_columns(head, spec, name)
    for row in rows:
        if row is None or len(row) == len(head):
            yield row and dict(zip(head, row, strict=True))
        elif row:
            yield None


def _csv_rows(text: str, delimiter: str) -> Iterator[list[str] | None]:
    """The rows; None for one that the csv module refuses, such as one with a field above `_LONGEST_FIELD`."""
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:  # the reader goes on at the next line
            yield None


def _check_columns(present: list[str], spec: ServiceInput, name: str) -> None:
    if missing := [column for column in spec.columns.values() if column not in present]:
        raise ValueError(
            f"{name} lacks {', '.join(map(repr, missing))}, which the mapping names; it has {present[:40]}; correct "
            "`columns` in the mapping, or ask the shop"
        )


def _json_row(line: str) -> Row | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):  # ValueError also for a figure of thousands of digits
        return None
    return row if isinstance(row, dict) else None


def _with_our_names(raw: Row | None, which: str, spec: ServiceInput, name: str) -> Row:
    """The row with our column names, or its rejection. An empty question is not rejected: it goes to a person."""
    if raw is None:
        return rejection(which, None, name, "malformed_row")
    row: Row = {our_column: _text(raw.get(shop_column)) for our_column, shop_column in spec.columns.items()}
    row |= {column: None for column in (*NEEDED[which], *OPTIONAL[which]) if column not in row}
    if spec.language:
        row["language"] = spec.language
    key = NEEDED[which][0]
    row_id = row[key]
    if not row_id or len(row_id) > _LONGEST_ID or not row_id.isprintable():
        return rejection(which, None, name, "bad_id", "no id" if not row_id else f"{len(row_id)} characters")
    if which != "questions":
        for column in NEEDED[which]:
            if not row[column]:
                return rejection(which, row_id, name, f"missing_{column}")
    row["text"] = row["text"] or ""
    return row | {"source_file": name}


def _text(value: Any) -> str | None:
    if value is None or value != value:  # Parquet has NaN where a number is missing
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str).strip('"')
    return text.encode("utf-8", "replace").decode("utf-8").strip() or None  # half a surrogate pair would break Parquet


def _without_repeats(rows: list[Row], rejected: list[Row], which: str) -> tuple[list[Row], list[Row]]:
    """(kept rows, rejected rows). A row that comes again unchanged counts once. If two policies under one id differ,
    even only in a date, both are rejected: nobody can tell which is valid. Of other inputs the first row counts."""
    key = NEEDED[which][0]
    contents: dict[str, set[tuple[str | None, ...]]] = {}
    for row in rows:
        contents.setdefault(row[key], set()).add(tuple(row[name] for name in (*NEEDED[which], *OPTIONAL[which])))
    kept: dict[str, Row] = {}
    for row in rows:
        if which == "policies" and len(contents[row[key]]) > 1:
            detail = f"{len(contents[row[key]])} policies under one id"
            rejected.append(rejection(which, row[key], row["source_file"], "contested_id", detail))
        elif row[key] in kept:
            rejected.append(rejection(which, row[key], row["source_file"], "duplicate", "the id came before"))
        else:
            kept[row[key]] = row
    return list(kept.values()), rejected

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
from jobs.service.config import ServiceConfig
from jobs.service.private_text import beginning
from schemas.arrow import arrow_schema
from schemas.sources.mapping import Source
from schemas.sources.service import NEEDED, OPTIONAL, ServiceInput
from schemas.table import Table

Row = dict[str, Any]
_LONGEST_FIELD = 1 << 24
_LONGEST_ID = 256
_SHOWN = 40  # characters of a column's name in an error, and columns of a file
_IDS = ("question_id", "user_id", "item_id")  # ids that other inputs have too
_PRINTED_FLOAT = re.compile(r"-?(?:0|[1-9]\d*)\.0+")  # how programs print the id 17 once a column of ids has a gap


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
            row = _with_our_names(raw, which, spec, name, night.source)
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
            yield dict(zip(head, row, strict=True)) if row else None
        elif row:
            yield None


def _csv_rows(text: str, delimiter: str) -> Iterator[list[str] | None]:
    """The rows; None for one that the csv module refuses, such as one with a field above `_LONGEST_FIELD`.

    A quotation mark that is never closed must not join a row with the rows of other customers: what breaks the rules of
    quotation is read as a row of its first line alone, and the next line begins another row.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    lines = list(io.StringIO(text, newline=""))
    begin = 0
    while begin < len(lines):
        reader = csv.reader((lines[place] for place in range(begin, len(lines))), delimiter=delimiter, strict=True)
        read = 0  # lines of whole rows
        try:
            for row in reader:
                yield row
                read = reader.line_num
            return
        except csv.Error:
            begin += read
            yield _row_of_line(lines[begin], delimiter)
            begin += 1


def _row_of_line(line: str, delimiter: str) -> list[str] | None:
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except csv.Error:
        return None


def _check_columns(present: list[str], spec: ServiceInput, name: str) -> None:
    """The error is stored. In a file without a head the first row would be its columns, so their names are masked."""
    if missing := [column for column in spec.columns.values() if column not in present]:
        shown = [beginning(column, _SHOWN, ServiceConfig()).text for column in present[:_SHOWN]]
        raise ValueError(
            f"{name} lacks {', '.join(map(repr, missing))}, which the mapping names; it has {shown}; correct "
            "`columns` in the mapping, or ask the shop"
        )


def _json_row(line: str) -> Row | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):  # ValueError also for a figure of thousands of digits
        return None
    return row if isinstance(row, dict) else None


def _with_our_names(raw: Row | None, which: str, spec: ServiceInput, name: str, source: Source) -> Row:
    """The row with our column names, or its rejection. An empty question is not rejected: it goes to a person."""
    if raw is None:
        return rejection(which, None, name, "malformed_row")
    row: Row = {our: _value(our, raw.get(shop_column), source) for our, shop_column in spec.columns.items()}
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


def _value(our_column: str, value: Any, source: Source) -> str | None:
    """The text of a value; None where it is one of the mapping's `null_tokens`. An id is written as jobs/intake writes
    it: a whole number that arrived as a float loses its `.0`, unless the mapping's `text_ids` keep it."""
    text = _text(value)
    if text is None or text in source.null_tokens:
        return None
    is_number = our_column in _IDS and our_column not in source.text_ids and _PRINTED_FLOAT.fullmatch(text)
    return text.partition(".")[0] if is_number else text


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

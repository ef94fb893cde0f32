"""Removes people's lines from a shop's text file (CSV or JSON lines). Lines that name nobody stay byte for byte."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from jobs.privacy.edit import Edit, IdFields, values_at
from jobs.privacy.parquet_edit import mask_text, names_in_row
from jobs.privacy.people import People
from schemas.sources.mapping import Input

PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2"}


def edit_log(data: bytes, people: People, fields: IdFields, spec: Input, encoding: str) -> Edit | None:
    """The edit that removes `people` from a file; None where it has none of them. `spec` says how the file is read.

    A line that cannot be read is removed if it names one of them. Their names in other people's lines are replaced.
    """
    text = data.decode(encoding, "surrogateescape")
    counts: Counter[str] = Counter()
    kept_records: list[str] = []
    removed: list[dict[str, Any]] = []
    for record, row in records(text, spec):
        if row is None:
            if names_in_row(record, people, fields):
                counts["a broken line"] += 1
                removed.append({"line": record})
                continue
        elif fields.row_belongs_to(row, people):
            counts[_field_of(row, people, fields)] += 1
            removed.append(row)
            continue
        masked = _masked(record, row, people, fields) if row is not None and people.anywhere_in(record) else record
        counts["text"] += masked != record
        kept_records.append(masked)
    counts = +counts
    if not counts:
        return None
    return Edit(dict(counts), "".join(kept_records).encode(encoding, "surrogateescape"), removed)


def _masked(record: str, row: dict[str, Any], people: People, fields: IdFields) -> str:
    """Another person's record without these names. That person's id stays, even if it contains a name: `ann smith`."""
    account_ids = {
        str(account)
        for name in fields.accounts
        for account in values_at(row, name)
        if account and people.anywhere_in(str(account))
    }
    escaped = {
        json.dumps(account, ensure_ascii=is_ascii)[1:-1] for account in account_ids for is_ascii in (True, False)
    }
    own_ids = account_ids | escaped | {account.replace('"', '""') for account in account_ids}
    end = record[len(record.rstrip("\r\n")) :]
    parts = re.split(f"({'|'.join(map(re.escape, own_ids))})" if own_ids else "$^", record.removesuffix(end))
    return "".join(part if part in own_ids else mask_text(part, people) for part in parts) + end


def unpacked(data: bytes) -> bytes:
    """The content of a file, whether it is packed or not."""
    for magic, codec in PACKED.items():
        if data.startswith(magic):
            return bytes(pa.input_stream(pa.BufferReader(data), compression=codec).read())
    return data


def _field_of(row: dict[str, Any], people: People, fields: IdFields) -> str:
    for name in (*fields.accounts, *fields.bound):
        if IdFields((name,), (), is_log=True).row_belongs_to(row, people) or IdFields((), (name,)).row_belongs_to(
            row, people
        ):
            return name
    return "row"


def records(text: str, spec: Input) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """(the text of a record with its line break, its fields by name; None where it cannot be read)."""
    if spec.format == "jsonl":
        for line in _lines(text):
            yield line, _object(line)
        return
    names = list(spec.column_names)
    for record in _csv_records(text, spec):
        if spec.header and not names:
            names = _fields(record.lstrip("\ufeff"), spec) or []
            yield record, {}
            continue
        values = _fields(record, spec)
        yield record, dict(zip(names, values, strict=True)) if values and len(values) == len(names) else None


def _lines(text: str) -> Iterator[str]:
    """Lines with their line breaks, as the intake reads them. U+2028 and the like do not end a line here."""
    yield from io.StringIO(text, newline="")


def _object(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line.lstrip("\ufeff")) if line.strip() else {}
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def _csv_records(text: str, spec: Input) -> Iterator[str]:
    """The records of a CSV text; with `multiline`, a quoted field may go over several lines."""
    pending = ""
    for line in _lines(text):
        pending += line
        if spec.multiline and pending.count(spec.quote) % 2:
            continue
        yield pending
        pending = ""
    if pending:
        yield pending


def _fields(record: str, spec: Input) -> list[str] | None:
    doubled = spec.escape == spec.quote
    try:
        (fields,) = csv.reader(
            [record.rstrip("\r\n")] if not spec.multiline else [record],
            delimiter=spec.delimiter,
            quotechar=spec.quote or None,
            doublequote=doubled,
            escapechar=None if doubled else spec.escape,
        )
    except (csv.Error, ValueError):
        return None
    return fields

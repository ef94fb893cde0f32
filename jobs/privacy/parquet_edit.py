"""Removes people from a Parquet file: their rows are removed, and their names in texts of other rows are replaced.

The search covers all values, nested ones too, the dictionaries (they may hold values that no row has), the statistics
and the metadata of the file.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.privacy.edit import Edit, IdFields, kind_of
from jobs.privacy.people import ERASED, People, plain_id


def edit_parquet(data: bytes, people: People, fields: IdFields, decryption: Any = None) -> Edit | None:
    """The edit that removes `people` from a file; None where it has none of them. Reads the whole file into memory."""
    rows, dictionaries = read_whole(data, decryption)
    file = pq.ParquetFile(pa.BufferReader(data), decryption_properties=decryption)
    counts = Counter(_in_metadata(file.metadata, people, fields))
    is_theirs, row_counts = _rows_of_people(rows, people, fields)
    counts.update(row_counts)
    removed = rows.filter(pa.array(is_theirs)).to_pylist() if is_theirs.any() else []
    kept_rows = rows.filter(pa.array(~is_theirs)) if is_theirs.any() else rows
    for number, name in enumerate(kept_rows.column_names):
        if name in fields.accounts:
            continue  # the rows that stay have other ids, even if one contains a name: `ann smith` is not `ann`
        masked, count = _masked(kept_rows.column(number), people)
        if count:
            counts[f"{name} (text)"] += count
            kept_rows = kept_rows.set_column(number, kept_rows.schema.field(number), masked)
    in_dictionaries: set[str] = set()
    for name, values in dictionaries.items():
        if name in fields.accounts:
            in_dictionaries |= people.accounts.intersection(map(plain_id, values))
        if name not in counts and any(_names_person(name, value, people, fields) for value in values):
            counts[f"{name} (dictionary)"] += 1
    if not counts:
        return None
    sink = pa.BufferOutputStream()
    pq.write_table(_without_names(kept_rows, people), sink, compression="zstd")
    return Edit(dict(counts), sink.getvalue().to_pybytes(), removed, frozenset(in_dictionaries))


def read_whole(data: bytes, decryption: Any = None) -> tuple[pa.Table, dict[str, list[str]]]:
    """(the rows without dictionaries; the dictionary of each text column, with values that no row uses)."""
    schema = pq.read_schema(pa.BufferReader(data), decryption_properties=decryption)
    texts = [top.name for top in schema if pa.types.is_string(top.type) or pa.types.is_large_string(top.type)]
    coded = pq.read_table(
        pa.BufferReader(data), read_dictionary=texts, partitioning=None, decryption_properties=decryption
    )
    dictionaries: dict[str, list[str]] = {}
    plain, kinds = [], []
    for field, column in zip(schema, coded.columns, strict=True):
        kind = field.type
        if pa.types.is_dictionary(column.type):
            values = {value for chunk in column.chunks for value in chunk.dictionary.to_pylist()}
            dictionaries[field.name] = sorted(value for value in values if isinstance(value, str))
            kind = kind.value_type if pa.types.is_dictionary(kind) else kind
            column = column.cast(kind)
        plain.append(column)
        kinds.append(field.with_type(kind))
    return pa.table(plain, schema=pa.schema(kinds, metadata=schema.metadata)), dictionaries


def _rows_of_people(rows: pa.Table, people: People, fields: IdFields) -> tuple[np.ndarray, Counter[str]]:
    """(which rows are these people's, how many by column)."""
    counts: Counter[str] = Counter()
    is_theirs, has_account = np.zeros(rows.num_rows, bool), np.zeros(rows.num_rows, bool)
    tests: list[tuple[str, Callable[[list[Any]], set[Any]], bool]] = [
        *((name, lambda values: people.accounts_among(values, fields.is_log), False) for name in fields.accounts),
        *((name, functools.partial(people.bound_among, kind=kind_of(name)), True) for name in fields.bound),
        *((name, lambda values: _foreign_rows(values, people, fields), False) for name in fields.rows),
    ]
    for name, test, needs_no_account in tests:
        column = _column_at(rows, name)
        if column is None:
            continue
        matches = _equal_any(column, test(column.unique().to_pylist()))
        if name in fields.accounts:
            has_account |= pc.fill_null(pc.not_equal(column.cast(pa.string()), ""), False).to_numpy()
        if needs_no_account:
            matches &= ~has_account
        if matches.any():
            counts[name] += int(matches.sum())
            is_theirs |= matches
    return is_theirs, counts


def _foreign_rows(values: list[Any], people: People, fields: IdFields) -> set[Any]:
    """Texts of whole rows that name one of these people."""
    return {value for value in values if value and names_in_row(value, people, fields)}


def names_in_row(text: str, people: People, fields: IdFields) -> bool:
    """Whether a row that is kept as text, JSON or a broken line, is one of these people's."""
    if people.anywhere_in(text):
        return True
    try:
        row = json.loads(text)
    except ValueError:
        row = {"line": text}
    if not isinstance(row, dict):
        return False
    inner = IdFields(fields.foreign + fields.accounts, fields.bound, is_log=True)
    if inner.row_belongs_to(row, people):
        return True
    line = row.get("line")  # a broken line cannot be cut into fields: any of its parts may be the id
    if not isinstance(line, str):
        return False
    return bool(people.accounts_among((part for part in _parts_of(line) if not people.is_own_word(part)), True))


def _parts_of(line: str) -> list[str]:
    for separator in ";\t|\"'{}[]: ":
        line = line.replace(separator, ",")
    return [part for part in line.split(",") if part]


def _column_at(rows: pa.Table, path: str) -> pa.ChunkedArray | None:
    """The column of a path; None where it is missing or an array."""
    if path in rows.column_names:
        column = rows[path]
        return None if pa.types.is_nested(column.type) else column
    head, dot, inner_path = path.partition(".")
    if not dot or head not in rows.column_names or not pa.types.is_struct(rows[head].type):
        return None
    names = [field.name for field in rows[head].type]
    values = [chunk.flatten() for chunk in rows[head].chunks]
    inner = pa.table(
        {
            name: pa.chunked_array([arrays[number] for arrays in values], rows[head].type[number].type)
            for number, name in enumerate(names)
        }
    )
    return _column_at(inner, inner_path)


def _equal_any(column: pa.ChunkedArray, values: set[Any]) -> np.ndarray:
    wanted_values = pa.array(sorted(values, key=str), column.type)
    return (
        np.asarray(pc.fill_null(pc.is_in(column, wanted_values), False).to_numpy())
        if values
        else np.zeros(len(column), bool)
    )


def _names_person(column: str, value: str, people: People, fields: IdFields) -> bool:
    """Whether a value from outside the rows names one of them: as a whole in a column of accounts, else as text."""
    return plain_id(value) in people.accounts if column in fields.accounts else people.in_text(value)


def _masked(column: pa.ChunkedArray, people: People) -> tuple[pa.ChunkedArray, int]:
    """(the column without these names, how many rows had one)."""
    kind = column.type
    if pa.types.is_nested(kind):
        values = column.to_pylist()
        masked = [mask_json(value, people) for value in values]
        count = sum(original != masked_value for original, masked_value in zip(values, masked, strict=True))
        return (pa.chunked_array([pa.array(masked, kind)]), count) if count else (column, 0)
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind)):
        return column, 0
    named = {}
    for value in column.unique().to_pylist():
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        if text and people.anywhere_in(text):
            named[value] = mask_text(text, people)
    if not named:
        return column, 0
    count = int(_equal_any(column, set(named)).sum())
    values = [named.get(value, value) for value in column.to_pylist()]
    return pa.chunked_array([pa.array(values, kind)]), count


def mask_text(text: str, people: People) -> str:
    """The text without these names. A line that has a name in an escaped form is replaced as a whole."""
    lines = [people.masked(line) if people.anywhere_in(line) else line for line in text.splitlines(keepends=True)]
    return "".join(ERASED + line[len(line.rstrip("\r\n")) :] if people.anywhere_in(line) else line for line in lines)


def mask_json(value: Any, people: People) -> Any:
    """A JSON value without these names: a key or list element that is one is removed; in texts names are replaced."""
    if isinstance(value, dict):
        return {key: mask_json(inner, people) for key, inner in value.items() if not people.anywhere_in(str(key))}
    if isinstance(value, list | tuple):
        return [
            mask_json(element, people)
            for element in value
            if not (isinstance(element, str) and people.is_account(element))
        ]
    if isinstance(value, str) and (people.is_account(value) or people.anywhere_in(value)):
        return ERASED if people.is_account(value) else mask_text(value, people)
    return value


def _in_metadata(metadata: pq.FileMetaData, people: People, fields: IdFields) -> dict[str, int]:
    """Names in the file's own key-value metadata, and in the least and greatest values of its column chunks."""
    counts: Counter[str] = Counter()
    for key, value in (metadata.metadata or {}).items():
        if key != b"ARROW:schema" and people.anywhere_in((key + b" " + value).decode("utf-8", "replace")):
            counts["metadata"] += 1
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(number)
            if chunk.is_stats_set and chunk.statistics.has_min_max:
                bounds = (chunk.statistics.min, chunk.statistics.max)
                if any(
                    isinstance(bound, str) and _names_person(chunk.path_in_schema, bound, people, fields)
                    for bound in bounds
                ):
                    counts[f"{chunk.path_in_schema} (statistics)"] += 1
    return counts


def _without_names(rows: pa.Table, people: People) -> pa.Table:
    """The table without metadata that names somebody."""
    entries = {
        key: value
        for key, value in (rows.schema.metadata or {}).items()
        if not people.anywhere_in((key + b" " + value).decode("utf-8", "replace"))
    }
    return rows.replace_schema_metadata(entries or None)

"""A Parquet file without some people: their rows go, and their names in other rows' texts are replaced.

Looked at are all values, nested ones too, the dictionaries (they may hold values that no row has), the statistics and
the metadata of the file.
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
    """None where nobody of `people` is in the file. The whole file is in memory while it is read."""
    rows, dictionaries = read_whole(data, decryption)
    file = pq.ParquetFile(pa.BufferReader(data), decryption_properties=decryption)
    found = Counter(_in_metadata(file.metadata, people, fields))
    theirs, where = _rows_of(rows, people, fields)
    found.update(where)
    removed = rows.filter(pa.array(theirs)).to_pylist() if theirs.any() else []
    kept = rows.filter(pa.array(~theirs)) if theirs.any() else rows
    for number, name in enumerate(kept.column_names):
        if name in fields.accounts:
            continue  # whoever is left has another id, also where it contains one of these: `ann smith` is not `ann`
        masked, count = _masked(kept.column(number), people)
        if count:
            found[f"{name} (text)"] += count
            kept = kept.set_column(number, kept.schema.field(number), masked)
    listed: set[str] = set()
    for name, values in dictionaries.items():
        if name in fields.accounts:
            listed |= people.accounts.intersection(map(plain_id, values))
        if name not in found and any(_names(name, value, people, fields) for value in values):
            found[f"{name} (dictionary)"] += 1
    if not found:
        return None
    sink = pa.BufferOutputStream()
    pq.write_table(_without_names(kept, people), sink, compression="zstd")
    return Edit(dict(found), sink.getvalue().to_pybytes(), removed, frozenset(listed))


def read_whole(data: bytes, decryption: Any = None) -> tuple[pa.Table, dict[str, list[str]]]:
    """(the rows, plain; the dictionary of each text column, whether its values are used or not)."""
    schema = pq.read_schema(pa.BufferReader(data), decryption_properties=decryption)
    texts = [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
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


def _rows_of(rows: pa.Table, people: People, fields: IdFields) -> tuple[np.ndarray, Counter[str]]:
    """(which rows are these people's, how many by column)."""
    found: Counter[str] = Counter()
    theirs, has_account = np.zeros(rows.num_rows, bool), np.zeros(rows.num_rows, bool)
    tests: list[tuple[str, Callable[[list[Any]], set[Any]], bool]] = [
        *((name, lambda values: people.accounts_among(values, fields.is_log), False) for name in fields.accounts),
        *((name, functools.partial(people.bound_among, kind=kind_of(name)), True) for name in fields.bound),
        *((name, lambda values: _foreign_rows(values, people, fields), False) for name in fields.rows),
    ]
    for name, test, needs_no_account in tests:
        column = _at(rows, name)
        if column is None:
            continue
        is_theirs = _equal_any(column, test(column.unique().to_pylist()))
        if name in fields.accounts:
            has_account |= pc.fill_null(pc.not_equal(column.cast(pa.string()), ""), False).to_numpy()
        if needs_no_account:
            is_theirs &= ~has_account
        if is_theirs.any():
            found[name] += int(is_theirs.sum())
            theirs |= is_theirs
    return theirs, found


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
    if inner.are_of(row, people):
        return True
    line = row.get("line")  # a broken line has no fields any more: any of its parts may be the id
    return isinstance(line, str) and bool(people.accounts_among(_parts(line), True))


def _parts(line: str) -> list[str]:
    for separator in ";\t|\"'{}[]: ":
        line = line.replace(separator, ",")
    return [part for part in line.split(",") if part]


def _at(rows: pa.Table, path: str) -> pa.ChunkedArray | None:
    """The column of a path; None where it is missing or an array."""
    if path in rows.column_names:
        column = rows[path]
        return None if pa.types.is_nested(column.type) else column
    head, dot, rest = path.partition(".")
    if not dot or head not in rows.column_names or not pa.types.is_struct(rows[head].type):
        return None
    names = [f.name for f in rows[head].type]
    values = [chunk.flatten() for chunk in rows[head].chunks]
    inner = pa.table(
        {n: pa.chunked_array([v[i] for v in values], rows[head].type[i].type) for i, n in enumerate(names)}
    )
    return _at(inner, rest)


def _equal_any(column: pa.ChunkedArray, values: set[Any]) -> np.ndarray:
    wanted = pa.array(sorted(values, key=str), column.type)
    return (
        np.asarray(pc.fill_null(pc.is_in(column, wanted), False).to_numpy()) if values else np.zeros(len(column), bool)
    )


def _names(column: str, value: str, people: People, fields: IdFields) -> bool:
    """Whether a value that is not of a row names one of these people: whole in a column of accounts, else as text."""
    return plain_id(value) in people.accounts if column in fields.accounts else people.in_text(value)


def _masked(column: pa.ChunkedArray, people: People) -> tuple[pa.ChunkedArray, int]:
    """(the column without these names, how many rows had one)."""
    kind = column.type
    if pa.types.is_nested(kind):
        values = column.to_pylist()
        masked = [mask_json(value, people) for value in values]
        count = sum(one != other for one, other in zip(values, masked, strict=True))
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
    """The text without these names, line by line; a line that has one in an escaped form goes whole."""
    lines = [people.masked(line) if people.anywhere_in(line) else line for line in text.splitlines(keepends=True)]
    return "".join(ERASED + line[len(line.rstrip("\r\n")) :] if people.anywhere_in(line) else line for line in lines)


def mask_json(value: Any, people: People) -> Any:
    """A JSON value without these names: keys and the rows of lists that are a name go, in texts they are replaced."""
    if isinstance(value, dict):
        return {k: mask_json(v, people) for k, v in value.items() if not people.anywhere_in(str(k))}
    if isinstance(value, list | tuple):
        return [mask_json(one, people) for one in value if not (isinstance(one, str) and one in people.accounts)]
    if isinstance(value, str) and (value in people.accounts or people.anywhere_in(value)):
        return mask_text(value, people) if value not in people.accounts else ERASED
    return value


def _in_metadata(metadata: pq.FileMetaData, people: People, fields: IdFields) -> dict[str, int]:
    """Names in the file's own key-value metadata, and in the least and greatest values of its column chunks."""
    found: Counter[str] = Counter()
    for key, value in (metadata.metadata or {}).items():
        if key != b"ARROW:schema" and people.anywhere_in((key + b" " + value).decode("utf-8", "replace")):
            found["metadata"] += 1
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(number)
            if chunk.is_stats_set and chunk.statistics.has_min_max:
                bounds = (chunk.statistics.min, chunk.statistics.max)
                if any(isinstance(one, str) and _names(chunk.path_in_schema, one, people, fields) for one in bounds):
                    found[f"{chunk.path_in_schema} (statistics)"] += 1
    return found


def _without_names(rows: pa.Table, people: People) -> pa.Table:
    """The table without metadata that names somebody."""
    kept = {
        key: value
        for key, value in (rows.schema.metadata or {}).items()
        if not people.anywhere_in((key + b" " + value).decode("utf-8", "replace"))
    }
    return rows.replace_schema_metadata(kept or None)

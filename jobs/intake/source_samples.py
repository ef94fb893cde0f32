"""Takes samples of a shop's unknown files: their format and the values of their columns. It guesses no meaning."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.intake.drop_folder import Drop
from jobs.intake.source_words import folded
from jobs.intake.text_inspection import utf16_of

_BYTES = 1 << 18  # read of each file
_ROWS = 2_000
_SUFFIXES = re.compile(r"\.(csv|tsv|txt|json|jsonl|ndjson|parquet|pq|log|dat)(\.(gz|zst|bz2))?$", re.IGNORECASE)
_NO_TABLES = re.compile(r"(^|/)(readme|license|licence)[^/]*$|(^|/)[._]", re.IGNORECASE)
_NUMBER = re.compile(r"-?[\d.,' ]*\d")
# Dates in the names of files: their form, and how a mapping writes it.
_DATES = (
    (r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)", "%Y-%m-%d"),
    (r"(?<!\d)\d{4}_\d\d_\d\d(?!\d)", "%Y_%m_%d"),
    (r"(?<!\d)\d{4}/\d\d/\d\d(?!\d)", "%Y/%m/%d"),
    (r"(?<!\d)\d{4}\.\d\d\.\d\d(?!\d)", "%Y.%m.%d"),
    (r"(?<!\d)\d\d-\d\d-\d{4}(?!\d)", "%d-%m-%Y"),
    (r"(?<!\d)\d\d\.\d\d\.\d{4}(?!\d)", "%d.%m.%Y"),
    (r"(?<!\d)\d{8}(?!\d)", "%Y%m%d"),
)


@dataclass
class Sample:
    """Files of one kind. columns: name or path -> its values, None if missing; the values of CSV files are texts."""

    pattern: str
    paths: list[str]
    format: str = "csv"
    delimiter: str = ","
    encoding: str = "utf-8"
    header: bool = True
    names: list[str] = field(default_factory=list)
    columns: dict[str, list[Any]] = field(default_factory=dict)
    arrays: dict[str, bool] = field(default_factory=dict)  # path -> whether its elements are objects
    rows: int = 0
    note: str = ""

    @property
    def is_dated(self) -> bool:
        return "{date" in self.pattern


def samples(drop: Drop) -> list[Sample]:
    """One sample for each kind of file in the drop."""
    paths = sorted(name for name in drop.sizes("*") if _SUFFIXES.search(name) and not _NO_TABLES.search(name))
    groups: dict[str, list[str]] = {}
    for path in paths:
        groups.setdefault(pattern_of(path), []).append(path)
    by_pattern = [_sample(drop, pattern, group) for pattern, group in groups.items()]
    return _merged([sample for sample in by_pattern if sample.rows or sample.note])


def pattern_of(path: str) -> str:
    """The path with a placeholder for its date. Several different dates become `*`, since they name no single night."""
    for regex, form in _DATES:
        dates = [match[0] for match in re.finditer(regex, path) if _is_date(match[0], form)]
        if dates:
            named = "{date}" if form == "%Y-%m-%d" else f"{{date:{form}}}"
            return re.sub(regex, lambda _: named if len(set(dates)) == 1 else "*", path)  # noqa: B023
    return path


def _is_date(text: str, form: str) -> bool:
    try:
        return 1990 < dt.datetime.strptime(text, form).year < 2100
    except ValueError:
        return False


def _merged(by_pattern: list[Sample]) -> list[Sample]:
    """Merges samples with the same columns, suffix and kind of date. The merged pattern is a glob that matches all."""
    groups: dict[tuple, list[Sample]] = {}
    for sample in by_pattern:
        suffix = _SUFFIXES.search(sample.pattern)
        shape = (tuple(sorted(folded(name) for name in sample.names)), suffix[0] if suffix else "", sample.is_dated)
        groups.setdefault(shape, []).append(sample)
    merged = []
    for group in groups.values():
        first = group[0]
        for other in group[1:]:
            first.pattern = common(first.pattern, other.pattern)
            first.paths += other.paths
        merged.append(first)
    return merged


def common(first: str, second: str) -> str:
    """The glob that matches both texts: their common beginning, `*`, and their common end."""
    head = 0
    while head < min(len(first), len(second)) and first[head] == second[head]:
        head += 1
    tail = 0
    while tail < min(len(first), len(second)) - head and first[-1 - tail] == second[-1 - tail]:
        tail += 1
    return f"{first[:head]}*{first[len(first) - tail :]}"


def _sample(drop: Drop, pattern: str, paths: list[str]) -> Sample:
    """Reads rows of the first, middle and last file. The first of them that is not empty decides the format."""
    sample = Sample(pattern, paths)
    array_counts: Counter[str] = Counter()  # path -> rows that hold an array there
    for path in dict.fromkeys((paths[0], paths[len(paths) // 2], paths[-1])):
        try:
            rows = _rows(drop, path, sample)
        except (OSError, ValueError, EOFError, pa.ArrowInvalid, csv.Error) as error:  # csv: a quote is never closed
            sample.note = sample.note or f"{path} cannot be read: {error}"
            continue
        for row in rows:
            flat: dict[str, Any] = {}
            _flatten(row, "", flat, sample.arrays, array_counts)
            for name, value in flat.items():
                sample.columns.setdefault(name, [None] * sample.rows).append(value)
            sample.rows += 1
            for values in sample.columns.values():
                values += [None] * (sample.rows - len(values))
    sample.arrays = {
        array_path: of_objects
        for array_path, of_objects in sample.arrays.items()
        if 2 * array_counts[array_path] > sample.rows
    }
    return sample


def _rows(drop: Drop, path: str, sample: Sample) -> list[dict[str, Any]]:
    full = f"{drop.base}/{path}"
    with drop.fs.open_input_file(full) as stream:
        magic = stream.read(4)
        if magic == b"PAR1":
            stream.seek(0)
            file = pq.ParquetFile(stream)
            sample.format, sample.names = "parquet", list(file.schema_arrow.names)
            return [row for batch in _first(file.iter_batches(_ROWS)) for row in batch.to_pylist()]
    kinds = {b"\x1f\x8b": "gzip", b"\x28\xb5": "zstd", b"BZ": "bz2"}
    with drop.fs.open_input_stream(full, compression=kinds.get(magic[:2])) as stream:
        data = stream.read(_BYTES)
    is_cut = len(data) == _BYTES
    if not data.strip():
        return []
    sample.encoding = encoding_of(data)
    lines = data.decode(sample.encoding, "ignore").lstrip("\ufeff").splitlines()
    lines = [line for line in (lines[:-1] if is_cut and len(lines) > 1 else lines) if line.strip()][: _ROWS + 1]
    if lines[0].lstrip()[:1] in "{[":
        return _json_rows(lines, path, sample)
    return _csv_rows(lines, sample)


def _first(batches: Any) -> list[Any]:
    return [batch for batch in [next(batches, None)] if batch is not None]


def _json_rows(lines: list[str], path: str, sample: Sample) -> list[dict[str, Any]]:
    sample.format = "jsonl"
    rows = []
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            rows.append(row)
            sample.names += [key for key in row if key not in sample.names]
    if not rows:
        sample.note = f"{path} is one JSON document; it must have one object on each line"
    return rows


def _csv_rows(lines: list[str], sample: Sample) -> list[dict[str, Any]]:
    if not sample.names:
        sample.delimiter = delimiter_of(lines[:60])
    rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=sample.delimiter))
    if not sample.names:
        sample.header = not any(_NUMBER.fullmatch(cell.strip()) or _looks_like_time(cell) for cell in rows[0])
        sample.names = (
            [title.strip() for title in rows[0]]
            if sample.header
            else [f"c{number + 1}" for number in range(len(rows[0]))]
        )
    names = [cell.strip() for cell in rows[0]] if sample.header else sample.names
    sample_names = {name.casefold(): name for name in sample.names}
    names = [sample_names.get(name.casefold(), name) for name in names]  # another day may write them in another case
    body = rows[1:] if sample.header else rows
    return [dict(zip(names, row, strict=False)) for row in body if len(row) == len(names)]


def _looks_like_time(cell: str) -> bool:
    return re.match(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}", cell.strip()) is not None


def _flatten(value: Any, path: str, flat: dict[str, Any], arrays: dict[str, bool], array_counts: Counter[str]) -> None:
    """Puts the fields of objects into `flat` by their path. An array gives its first element, under its own path."""
    if isinstance(value, list):
        array_counts[path] += 1
        arrays[path] = arrays.get(path, False) or any(isinstance(element, dict) for element in value)
        value = value[0] if value else None
    if isinstance(value, dict):
        for key, inner in value.items():
            _flatten(inner, f"{path}.{key}" if path else key, flat, arrays, array_counts)
    elif path:
        flat[path] = value


def delimiter_of(lines: list[str]) -> str:
    """The delimiter that cuts the most lines into the same number (above 1) of fields."""
    best, best_share = ",", (0.0, 0)
    for delimiter in (",", ";", "\t", "|"):
        counts = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter))
        fields, rows = counts.most_common(1)[0]
        if fields > 1 and (rows / len(lines), fields) > best_share:
            best, best_share = delimiter, (rows / len(lines), fields)
    return best


def encoding_of(data: bytes) -> str:
    """The encoding: UTF-16 by zeros or a byte order mark, UTF-8 if valid, else guessed by runs of bytes above 127."""
    if utf16 := utf16_of(data):
        return utf16
    try:
        data[: data.rfind(b"\n") + 1 or None].decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        pass
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", data)]
    if sum(run % 2 == 0 for run in runs) > 0.9 * len(runs):  # a Chinese character is two such bytes
        return "gb18030"
    return "windows-1252" if sum(runs) < 3 * len(runs) else "windows-1251"

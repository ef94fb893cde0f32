"""Writes Spark frames as versions of tables: Arrow batches go straight into Parquet in one pass and are counted.

One pass may fill several tables, so kept and rejected rows need only one shuffle. Names of files contain a token of
the write. The files that the tasks report to the driver are the version: no rename, no _SUCCESS, no second job.
"""

from __future__ import annotations

import functools
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark import TaskContext
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.runtime.lake import Lake, Version
from jobs.runtime.parquet_files import layout, write_table, writer
from schemas.arrow import arrow_schema
from schemas.table import Table

TABLE_COLUMN = "_table"
Split = Callable[[Iterator[pa.RecordBatch]], Iterator[tuple[str, pa.Table]]]
_GROUP_ROWS = 32_768  # a row group has at least so many rows, except the last one of a file
_REPORT = "table string, name string, rows bigint, bytes bigint, counts string"


def write_tables(
    frame: DataFrame,
    tables: Sequence[Table],
    lake: Lake,
    date: str,
    run: str,
    count_by: Sequence[str] = (),
    split: Split | None = None,
) -> dict[str, Version]:
    """Writes `frame` as one version of each of `tables`, in one Spark job.

    `split` turns the batches of a partition into (table name, rows). Without it, `frame` has the columns of all tables
    and, for several tables, a string column `_table` with the table of each row. Rows are counted by the columns
    `count_by`; the counts are in the version's `facts["counts"]`, a list of [value, ..., rows].
    """
    token = uuid.uuid4().hex[:8]
    if split is None:
        types = {name: column_type for t in tables for name, column_type in zip(t.names, t.spark_types, strict=True)}
        extra_names = [name for name in count_by if name not in types]
        label = [TABLE_COLUMN] if len(tables) > 1 else []
        frame = frame.select(*label, *[F.col(n).cast(t).alias(n) for n, t in types.items()], *extra_names)
        split = functools.partial(_by_label, tuple(t.name for t in tables))
    targets = {t.name: (t, date) for t in tables}
    return _write(frame, targets, lake, run, tuple(count_by), token, split)


def write_nights(
    frame: DataFrame,
    targets: Mapping[str, tuple[Table, str]],
    lake: Lake,
    run: str,
    count_by: Sequence[str],
    split: Split,
) -> dict[str, Version]:
    """As `write_tables`, for versions of many dates at once. targets: key -> (table, date).

    `split` turns the batches of a partition into (key, rows), and gives each key once. So each file is closed at once,
    and a history of any length needs few open files.
    """
    token = uuid.uuid4().hex[:8]
    return _write(frame, targets, lake, run, tuple(count_by), token, split, comes_once=True)


def _write(
    frame: DataFrame,
    targets: Mapping[str, tuple[Table, str]],
    lake: Lake,
    run: str,
    count_by: tuple[str, ...],
    token: str,
    split: Split,
    comes_once: bool = False,
) -> dict[str, Version]:
    paths = {}
    for name, (table, date) in targets.items():
        paths[name] = lake.path(Version(table.name, date, run, 0, (), 0, table.version).folder)
        lake.fs.create_dir(paths[name], recursive=True)
    tables = {name: table for name, (table, _) in targets.items()}
    sink = _sink(lake.root, paths, tables, count_by, token, split, comes_once)
    parts: dict[str, list[Any]] = {name: [] for name in targets}
    for row in frame.mapInArrow(sink, _REPORT).collect():
        parts[row.table].append(row)
    return {name: _version(*targets[name], run, parts[name], lake, token) for name in targets}


def _by_label(table_names: tuple[str, ...], batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[str, pa.Table]]:
    for batch in batches:
        rows = pa.Table.from_batches([batch])
        for name in table_names:
            yield name, rows if len(table_names) == 1 else rows.filter(pc.equal(rows[TABLE_COLUMN], name))


def write_arrow(data: pa.Table, table: Table, lake: Lake, date: str, run: str) -> Version:
    """Writes rows that are in the driver's memory as a version."""
    name = f"part-00000-{uuid.uuid4().hex[:8]}.parquet"
    version = Version(table.name, date, run, data.num_rows, (name,), data.nbytes, table.version)
    lake.fs.create_dir(lake.path(version.folder), recursive=True)
    write_table(lake, data.select(table.names).cast(arrow_schema(table)), lake.path(version.folder, name), table)
    return lake.commit(version)


def _version(table: Table, date: str, run: str, parts: list[Any], lake: Lake, token: str) -> Version:
    counts: Counter[tuple[Any, ...]] = Counter()
    for part in parts:
        for *values, rows in json.loads(part.counts):
            counts[tuple(values)] += rows
    files = [report for report in parts if report.name]
    names = tuple(sorted(report.name for report in files))
    if not names:  # readers need a file with the schema, also without rows
        empty = f"part-00000-{token}-empty.parquet"
        folder = Version(table.name, date, run, 0, (), 0, table.version).folder
        write_table(lake, arrow_schema(table).empty_table(), lake.path(folder, empty), table)
        names = (empty,)
    ordered = sorted(counts.items(), key=lambda kv: [str(v) for v in kv[0]])
    facts = {"counts": [[*key, rows] for key, rows in ordered]} if counts else {}
    total, size = sum(report.rows for report in files), sum(report.bytes for report in files)
    return lake.commit(Version(table.name, date, run, total, names, size, table.version, facts))


def _sink(
    root: str,
    folders: dict[str, str],
    tables: dict[str, Table],
    count_by: tuple[str, ...],
    token: str,
    split: Split,
    comes_once: bool,
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        lake = Lake(root)
        context = TaskContext.get()
        suffix = f"{context.partitionId():05d}-{token}-{context.attemptNumber()}" if context else token
        files: dict[str, _File] = {}
        counts: dict[str, Counter[tuple[Any, ...]]] = {name: Counter() for name in tables}
        for name, part in split(batches):
            if part.num_rows == 0:
                continue
            if name not in files:
                files[name] = _File(lake, f"{folders[name]}/part-{suffix}.parquet", tables[name])
            files[name].add(part)
            if comes_once:
                files[name].close()
            if count_by:
                counts[name].update(_count(part, count_by))
        report = []
        for name, file in files.items():
            file.close()
            size = lake.fs.get_file_info(file.path).size
            flat = json.dumps([[*key, n] for key, n in counts[name].items()])
            report.append(
                {"table": name, "name": f"part-{suffix}.parquet", "rows": file.rows, "bytes": size, "counts": flat}
            )
        if report:
            yield pa.RecordBatch.from_pylist(report)

    return write


class _File:
    """One file of a table, written part by part: small parts wait until they make a row group together."""

    def __init__(self, lake: Lake, path: str, table: Table) -> None:
        self.path, self.rows = path, 0
        self._lake, self._table, self._schema = lake, table, arrow_schema(table)
        self._held: list[pa.Table] = []
        self._writer: pq.ParquetWriter | None = None

    def add(self, part: pa.Table) -> None:
        self._held.append(part.select(self._schema.names).cast(self._schema))
        self.rows += part.num_rows
        if sum(held_part.num_rows for held_part in self._held) >= _GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        if self._held:
            self._flush()
        if self._writer is not None:
            self._writer.close()

    def _flush(self) -> None:
        if self._writer is None:  # the file has these rows only, or so many that more would not change the layout
            self._writer = writer(self._lake, self.path, self._schema, **layout(self._table, self.rows))
        self._writer.write_table(pa.concat_tables(self._held))
        self._held = []


def _count(part: pa.Table, names: tuple[str, ...]) -> Counter[tuple[Any, ...]]:
    """Values of the columns `by` -> number of rows; '' for a column that the table lacks."""
    columns = [name for name in names if name in part.column_names]
    if not columns:
        return Counter({("",) * len(names): part.num_rows})
    grouped = part.select(columns).group_by(columns).aggregate([([], "count_all")])
    return Counter({tuple(row.get(name, "") for name in names): row["count_all"] for row in grouped.to_pylist()})

"""Packs: Parquet files that hold many pictures, or their vectors, by the picture's name. A pack is never changed.

    pictures/date=D/run=R/part-*.parquet    (picture, data): clean JPEGs of the pictures that night D first received
    vectors/date=D/run=R/part-*.parquet     (picture, data): float16 vectors of the pictures that night D embedded

A table names the pack of each picture (IMAGES, IMAGE_VECTORS). So a night writes only new pictures, a million pictures
are a few hundred files, and a pack may be deleted when no kept version of its table names it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from jobs.runtime.lake import Lake
from jobs.runtime.parquet_files import parquet_file, read_table, writer
from schemas.table import Table
from schemas.tables import IMAGE_DRAFTS, IMAGE_VECTORS, IMAGES

PICTURES, VECTORS, DRAFTS = "pictures", "vectors", "drafts"
# Folder of the lake -> the table and the column that name its files. Each draft is a separate file, so that a person
# can open it.
NAMED_BY: dict[str, tuple[Table, str]] = {
    PICTURES: (IMAGES, "pack"),
    VECTORS: (IMAGE_VECTORS, "pack"),
    DRAFTS: (IMAGE_DRAFTS, "file"),
}
_SCHEMA = pa.schema([("picture", pa.string()), ("data", pa.binary())])
_PART = {PICTURES: 4_000, VECTORS: 200_000}  # rows of one file of 200 to 600 MB
_GROUP = {PICTURES: 64, VECTORS: 4_096}  # rows that are read at once


class PackWriter:
    """Writes packs of one kind; `add` returns the pack that will hold the picture once the writer is closed.

    A pack is named by its first picture. part: tells apart the packs of writers of one run whose first pictures may be
    the same.
    """

    def __init__(self, lake: Lake, kind: str, date: dt.date | str, run: str, part: str = "") -> None:
        self._lake, self._kind, self._part = lake, kind, part
        self._folder = f"{kind}/date={date}/run={run}"
        self._rows: list[tuple[str, bytes]] = []
        self._file: pq.ParquetWriter | None = None
        self._name, self._written = "", 0

    def __enter__(self) -> PackWriter:
        return self

    def __exit__(self, *failure: object) -> None:
        self._flush()
        self._close()

    def add(self, picture: str, data: bytes) -> str:
        if self._file is None:
            self._open(picture)
        self._rows.append((picture, data))
        name = self._name
        if len(self._rows) >= _GROUP[self._kind]:
            self._flush()
        if self._written >= _PART[self._kind]:
            self._close()
        return name

    def _open(self, first: str) -> None:
        self._lake.fs.create_dir(self._lake.path(self._folder), recursive=True)
        self._name, self._written = f"{self._folder}/part-{self._part}{first[:16]}.parquet", 0
        # JPEGs and float16 numbers do not shrink
        self._file = writer(self._lake, self._lake.path(self._name), _SCHEMA, compression="NONE", use_dictionary=False)

    def _flush(self) -> None:
        if self._rows and self._file is not None:
            pictures, data = zip(*self._rows, strict=True)
            columns = [pa.array(pictures, pa.string()), pa.array(data, pa.binary())]
            self._file.write_table(pa.table(columns, schema=_SCHEMA))
            self._written += len(self._rows)
            self._rows = []

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def read_packed(lake: Lake, pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    """(picture, its bytes) for each distinct (picture, pack), pack by pack, in small groups of rows.

    Raises FileNotFoundError where a pack is missing, and KeyError where a pack lacks one of the pictures.
    """
    by_pack: dict[str, set[str]] = defaultdict(set)
    for picture, pack in pairs:
        by_pack[pack].add(picture)
    for pack, pictures in by_pack.items():
        with parquet_file(lake, lake.path(pack)) as file:
            yield from _of_pack(file, pack, pictures)


def _of_pack(file: pq.ParquetFile, pack: str, pictures: set[str]) -> Iterator[tuple[str, bytes]]:
    missing = set(pictures)
    for group in range(file.num_row_groups):
        names = file.read_row_group(group, columns=["picture"])["picture"].to_pylist()
        rows = [row for row, name in enumerate(names) if name in missing]
        if not rows:
            continue
        data = file.read_row_group(group, columns=["data"])["data"].combine_chunks()
        for row in rows:
            missing.discard(names[row])
            yield names[row], data[row].as_py()
        if not missing:
            return
    if missing:
        raise KeyError(
            f"{pack} lacks {len(missing)} of the pictures that its table names, such as {min(missing)}; bring the pack "
            "back from a backup"
        )


def read_vectors(lake: Lake, rows: pa.Table) -> tuple[list[str], NDArray[np.float16]]:
    """(pictures, their vectors (n, width) float16) of rows of IMAGE_VECTORS, sorted by picture. (0, 0) without rows."""
    pairs = zip(rows["picture"].to_pylist(), rows["pack"].to_pylist(), strict=True)
    data_of = dict(read_packed(lake, pairs))
    pictures = sorted(data_of)
    if not pictures:
        return [], np.zeros((0, 0), np.float16)
    vectors = np.frombuffer(b"".join(data_of[picture] for picture in pictures), np.float16)
    return pictures, vectors.reshape(len(pictures), -1)


def unnamed_packs(lake: Lake, before: dt.date) -> list[tuple[str, ...]]:
    """Packs and drafts, written before a night, that no version of their table names; failed versions count, too."""
    unnamed: list[tuple[str, ...]] = []
    for kind, (table, column) in NAMED_BY.items():
        dates = [name for name in lake.list_dir(kind) if name.removeprefix("date=") < str(before)]
        if not dates:
            continue
        named = _named(lake, table, column)
        for date in dates:
            for run in lake.list_dir(kind, date):
                parts = [(kind, date, run, name) for name in lake.list_dir(kind, date, run)]
                unused = [part for part in parts if "/".join(part) not in named]
                unnamed += [(kind, date, run)] if len(unused) == len(parts) else unused
    return unnamed


def _named(lake: Lake, table: Table, column: str) -> set[str]:
    """The files that any version of the table names."""
    packs: set[str] = set()
    for day in lake.dates(table):
        for run in lake.list_dir("tables", table.name, f"date={day}"):
            version = lake.version(table, day, run.removeprefix("run=")) if run.startswith("run=") else None
            for path in lake.file_paths(version) if version else ():
                packs.update(read_table(lake, path, [column])[column].unique().to_pylist())
    return packs

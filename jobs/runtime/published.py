"""Published nights: published/run=R/ holds one whole night, and the pointer names the night that is shown."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from jobs.runtime.lake import Lake, Version
from jobs.runtime.lake_keys import keys_of
from jobs.runtime.parquet_files import as_bytes, read_table
from schemas.arrow import arrow_schema
from schemas.table import Table

POINTER = ("published", "current.json")
FRESH = ("published", "fresh.json")  # newer lists of today, on top of one published night
_BLOCK = 8 << 20  # bytes copied at a time


def runs(lake: Lake) -> list[str]:
    """Published runs in order of date and run, without those that were only partly copied."""
    names = [name.removeprefix("run=") for name in lake.list_dir("published") if name.startswith("run=")]
    return [name for name in names if lake.exists("published", f"run={name}", "manifest.json")]


def manifest(lake: Lake, run: str) -> dict[str, Any]:
    return lake.get_json("published", f"run={run}", "manifest.json")


def seen_before(lake: Lake, run: str) -> dict[str, Any] | None:
    """The manifest that readers see before the night `run` is published; None where there is none.

    This is the manifest that is shown now, also after a rollback. If its run is not before `run`, it is the manifest of
    the newest run before `run`.
    """
    shown = current(lake)
    if shown is not None and shown["run"] < run:
        return shown
    earlier = [name for name in runs(lake) if name < run]
    return manifest(lake, earlier[-1]) if earlier else None


def last_before(lake: Lake, night: dt.date) -> dict[str, Any] | None:
    """The manifest of the last good night before `night`: the one that is shown, also after a rollback.

    If that is not before `night`, it is the newest night published before `night`; None where there is none.
    """
    shown = current(lake)
    if shown is not None and shown["date"] < str(night):
        return shown
    for run in reversed(runs(lake)):
        if run[:10] < str(night):
            return manifest(lake, run)
    return None


def current(lake: Lake) -> dict[str, Any] | None:
    """The manifest that the storefront reads now; None before the first night."""
    return lake.get_json(*POINTER) if lake.exists(*POINTER) else None


def pointed(lake: Lake) -> dict[str, Any]:
    """The manifest that the storefront reads now. Raises FileNotFoundError before the first night."""
    manifest = current(lake)
    if manifest is None:
        raise FileNotFoundError(f"{lake.path(*POINTER)} does not exist: nothing was ever published here")
    return manifest


def files(published: dict[str, Any], table: str) -> list[str]:
    """Paths of a published table's files, relative to the lake."""
    return [f"published/run={published['run']}/{table}/{f['name']}" for f in published["tables"][table]["files"]]


def copy(lake: Lake, table: Table, version: Version, run: str) -> dict[str, Any]:
    """Copies a version's files into the published run, without inner columns; returns the table's manifest entry.

    A file that is already copied completely is not written again: a reader may have it open.
    """
    folder = f"published/run={run}/{table.name}"
    lake.fs.create_dir(lake.path(folder), recursive=True)
    entries = []
    for name in version.files:
        with _shown(lake, table, f"{version.folder}/{name}") as source:
            facts = _facts(source)
            if not _is_copied(lake, f"{folder}/{name}", facts):
                source.seek(0)
                with lake.fs.open_output_stream(lake.path(folder, name)) as target:
                    while block := source.read(_BLOCK):
                        target.write(block)
        entries.append({"name": name, **facts})
    return {"rows": version.rows, "schema_version": version.schema_version, "files": entries}


def _shown(lake: Lake, table: Table, path: str) -> pa.NativeFile:
    """The file for readers: as it is or, where it is encrypted or has inner columns, a plain copy without them."""
    if table.shown_names == table.names and keys_of(lake) is None:
        return lake.fs.open_input_file(lake.path(path))
    rows = read_table(lake, lake.path(path), list(table.shown_names))
    return pa.BufferReader(as_bytes(lake, rows, lake.path("published", path), table))


def put(lake: Lake, table: Table, parts: Iterable[pa.Table], run: str) -> dict[str, Any]:
    """Writes `parts` of a table into the published run, one file each; returns the table's manifest entry.

    A file is named by its content: writing it again gives the same file, so a reader may have it open.
    """
    folder, rows = f"published/run={run}/{table.name}", 0
    entries: list[dict[str, Any]] = []
    lake.fs.create_dir(lake.path(folder), recursive=True)
    for part in parts:
        data = as_bytes(lake, part.select(table.names).cast(arrow_schema(table)), lake.path(folder), table)
        digest = hashlib.sha256(data).hexdigest()
        facts = {"bytes": len(data), "sha256": digest}
        name = f"carried-{len(entries):05d}-{digest[:16]}.parquet"
        if not _is_copied(lake, f"{folder}/{name}", facts):
            with lake.fs.open_output_stream(lake.path(folder, name)) as target:
                target.write(data)
        entries.append({"name": name, **facts})
        rows += part.num_rows
    return {"rows": rows, "schema_version": table.version, "files": entries}


def _is_copied(lake: Lake, path: str, facts: dict[str, Any]) -> bool:
    if not lake.exists(path):
        return False
    with lake.fs.open_input_stream(lake.path(path)) as stream:
        return _facts(stream) == facts


def _facts(stream: pa.NativeFile) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    while block := stream.read(_BLOCK):
        digest.update(block)
        size += len(block)
    return {"bytes": size, "sha256": digest.hexdigest()}

"""What the storefront sees: published/run=R/, one whole night each, and the pointer that names one of them."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from jobs.runtime.lake import Lake, Version

POINTER = ("published", "current.json")


def runs(lake: Lake) -> list[str]:
    """Published runs in order of date and run; only those that were published whole."""
    names = [n.removeprefix("run=") for n in lake.list_dir("published") if n.startswith("run=")]
    return [n for n in names if lake.exists("published", f"run={n}", "manifest.json")]


def manifest(lake: Lake, run: str) -> dict[str, Any]:
    return lake.get_json("published", f"run={run}", "manifest.json")


def last_before(lake: Lake, night: dt.date) -> dict[str, Any] | None:
    """The manifest of the newest night published before `night`; None where there is none."""
    for run in reversed(runs(lake)):
        if run[:10] < str(night):
            return manifest(lake, run)
    return None


def current(lake: Lake) -> dict[str, Any] | None:
    """What the storefront reads now; None before the first night."""
    return lake.get_json(*POINTER) if lake.exists(*POINTER) else None


def files(published: dict[str, Any], table: str) -> list[str]:
    """Paths of a published table's files, relative to the lake."""
    return [f"published/run={published['run']}/{table}/{f['name']}" for f in published["tables"][table]["files"]]


def copy(lake: Lake, version: Version, run: str) -> dict[str, Any]:
    """Copy a version's files into the published run; returns the table's entry in the manifest."""
    lake.fs.create_dir(lake.path("published", f"run={run}", version.table), recursive=True)
    entries = []
    for name in version.files:
        digest, size = hashlib.sha256(), 0
        with (
            lake.fs.open_input_stream(lake.path(version.folder, name)) as source,
            lake.fs.open_output_stream(lake.path("published", f"run={run}", version.table, name)) as target,
        ):
            while block := source.read(8 << 20):
                digest.update(block)
                target.write(block)
                size += len(block)
        entries.append({"name": name, "bytes": size, "sha256": digest.hexdigest()})
    return {"rows": version.rows, "schema_version": version.schema_version, "files": entries}

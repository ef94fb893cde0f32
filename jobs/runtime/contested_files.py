"""Small files that several processes may write at once, such as a pointer: only one of them wins.

A process that wants to write reads the file first, and writes only if the file has not changed since. Object stores
call this a conditional write. pyarrow.fs does not offer it, but obstore does (S3, Google Cloud Storage, Azure). On a
local or shared folder a file lock makes comparing and writing one step. HDFS has neither: there the file is compared
and then written, so that two processes can still both win within the same moment.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
import os
from typing import Any, NamedTuple

import obstore
from obstore.exceptions import AlreadyExistsError, PreconditionError
from obstore.store import ObjectStore, from_url

from jobs.runtime.lake import Lake, json_text

LOCK = "contested.lock"  # at the root of a lake in a folder
_CONDITIONAL = ("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az")


class Overtaken(RuntimeError):
    """Another process wrote the file after this one had read it."""

    may_come = True  # see jobs/runtime/exit_status.py


class Seen(NamedTuple):
    """What a file held; both are None where there was no file. `stamp`: the store's ETag, or a hash of the content."""

    content: Any
    stamp: str | None


def look(lake: Lake, *parts: str) -> Seen:
    """The JSON content of a small file, with the stamp that `put_if_unchanged` compares."""
    store = _store(lake.root)
    try:
        if store is None:
            with lake.fs.open_input_stream(lake.path(*parts)) as stream:
                data = stream.read()
            return Seen(json.loads(data), hashlib.sha256(data).hexdigest())
        answer = obstore.get(store, "/".join(parts))
        return Seen(json.loads(bytes(answer.bytes())), answer.meta["e_tag"])
    except FileNotFoundError:
        return Seen(None, None)


def put_if_unchanged(lake: Lake, seen: Seen, obj: Any, *parts: str) -> None:
    """Writes a small JSON file only if it still holds what `seen` says. Raises Overtaken where it does not."""
    store = _store(lake.root)
    if store is None:
        _put_in_folder(lake, seen, obj, *parts)
        return
    try:
        mode: Any = "create" if seen.stamp is None else {"e_tag": seen.stamp}
        obstore.put(store, "/".join(parts), json_text(obj).encode(), mode=mode)
    except (AlreadyExistsError, PreconditionError, FileNotFoundError):
        raise _overtaken(lake, *parts) from None


def _put_in_folder(lake: Lake, seen: Seen, obj: Any, *parts: str) -> None:
    if not lake.is_local:  # HDFS
        if look(lake, *parts).stamp != seen.stamp:
            raise _overtaken(lake, *parts)
        lake.put_json(obj, *parts)
        return
    path = lake.path(LOCK)
    lake.fs.create_dir(os.path.dirname(path), recursive=True)
    with open(path, "a") as file:  # the lock file is never deleted: a lock on a deleted file would exclude nobody
        fcntl.flock(file, fcntl.LOCK_EX)
        if look(lake, *parts).stamp != seen.stamp:
            raise _overtaken(lake, *parts)
        lake.put_json(obj, *parts)


def _overtaken(lake: Lake, *parts: str) -> Overtaken:
    return Overtaken(
        f"{lake.path(*parts)} was written by another process since this one looked at it; nothing was changed. See "
        "what it says now, and run this again if it is still wanted"
    )


@functools.lru_cache(maxsize=8)
def _store(root: str) -> ObjectStore | None:
    """The object store that holds a lake, with the credentials of the environment; None for a folder or HDFS."""
    scheme, separator, _ = root.partition("://")
    return from_url(root) if separator and scheme in _CONDITIONAL else None

"""Reads one raw file to its end, once, and tells its facts. Refuses a file that is incomplete or not as mapped."""

from __future__ import annotations

import hashlib
import io
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.intake.file_facts import DropError, FileFacts, UnfinishedFile
from jobs.intake.text_inspection import TextInspection
from schemas.sources.mapping import Input

_CHUNK = 1 << 20
_AS_SPARK_READS_INT96 = "timestamp[us, tz=UTC]"  # Arrow reads nanoseconds without a zone, which Spark reads as int64
_MAGIC = {b"\x1f\x8b": "gz", b"\x28\xb5\x2f\xfd": "zst", b"BZh": "bz2"}


class _Hashed(io.RawIOBase):
    """A stream that hashes and counts the bytes that are read from it."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.sha, self.count = stream, hashlib.sha256(), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.stream.read(len(buffer))
        buffer[: len(data)] = data
        self.sha.update(data)
        self.count += len(data)
        return len(data)


def inspect_file(stream: Any, name: str, spec: Input, utf8: IO[bytes] | None = None) -> FileFacts:
    """Reads `stream` (a pyarrow input file) to its end. Writes a text in another encoding as UTF-8 to `utf8`.

    Raises DropError where the file is empty, truncated, corrupt or an archive, or where its encoding or format differs
    from the mapping.
    """
    hashed = _Hashed(stream)
    buffered = io.BufferedReader(hashed, _CHUNK)
    magic = buffered.peek(8)[:8]
    facts = FileFacts(compression=next((kind for head, kind in _MAGIC.items() if magic.startswith(head)), ""))
    if not magic:
        raise UnfinishedFile(
            f"{name} is empty (0 bytes); ask for it again, or remove it if the shop was closed that day"
        )
    if magic.startswith(b"PK\x03\x04"):
        raise DropError(f"{name} is a zip archive; unpack it, or send it as .gz or .zst")
    if magic.startswith(b"PAR1") != (spec.format == "parquet"):
        raise DropError(
            f"{name} is {'' if magic[:4] == b'PAR1' else 'not '}Parquet, and the mapping's format is {spec.format}; "
            f"correct `format` in [{spec.which}], or ask the shop"
        )
    if spec.format == "parquet":
        while buffered.read(_CHUNK):
            pass
        _parquet(stream, name, facts)
    else:
        TextInspection(name, spec, facts, utf8).read(buffered)
    facts.sha256, facts.bytes = hashed.sha.hexdigest(), hashed.count
    return facts


def _parquet(stream: Any, name: str, facts: FileFacts) -> None:
    """Fills `facts` from the footer of a Parquet file."""
    try:
        stream.seek(0)
        file = pq.ParquetFile(stream)
    except (pa.ArrowInvalid, OSError) as error:
        raise UnfinishedFile(f"{name} is a broken Parquet file ({error}); ask for it again") from None
    facts.rows = facts.lines = file.metadata.num_rows
    facts.header = [field.name for field in file.schema_arrow]
    columns = (file.schema.column(number) for number in range(len(file.schema)))
    int96 = {column.path for column in columns if column.physical_type == "INT96"}  # how Spark writes a timestamp
    facts.types = {
        field.name: _AS_SPARK_READS_INT96 if field.name in int96 else str(field.type) for field in file.schema_arrow
    }
    for top in file.schema_arrow:
        _type_paths(top.name, top.type, facts)
    spellings: dict[str, list[str]] = {}
    for column in (*facts.header, *facts.paths):
        spellings.setdefault(column.casefold(), []).append(column)
    for alike in spellings.values():
        if len(alike) > 1:
            raise DropError(
                f"{name} has the columns {' and '.join(map(repr, alike))}, and Spark does not tell names apart by "
                "case; ask the shop to rename one of them"
            )


def _type_paths(path: str, kind: pa.DataType, facts: FileFacts) -> None:
    """Adds the paths below one column to `facts`: fields of structs, and which of them are arrays."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        facts.arrays.append(path)
        kind = kind.value_type
    if pa.types.is_struct(kind):
        for inner in kind:
            facts.paths.append(f"{path}.{inner.name}")
            _type_paths(f"{path}.{inner.name}", inner.type, facts)

"""One raw file, read to its end once: is it whole, what is its text, how many lines, which columns.

What is known of the bytes here (no control character, no undecodable byte) need not be tested row by row in Spark.
"""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.sources.mapping import Input

_CHUNK = 1 << 20
_MAX_REST = 64 << 20  # a "line" longer than this is cut for counting only
_MAGIC = {b"\x1f\x8b": "gz", b"\x28\xb5\x2f\xfd": "zst", b"BZh": "bz2"}
_CONTROLS = bytes(b for b in (*range(0x20), 0x7F) if b not in b"\r\n\t")
_DELIMITERS = {",": "','", ";": "';'", "\t": "tab", "|": "'|'"}
_MOST_PATHS = 1_000  # of objects whose keys are ids there is no end
_JSON_SAMPLE = 1_000  # lines looked at for the keys of JSON lines; `extra` sees them all, later


class DropError(ValueError):
    """A drop that cannot be used: what was seen, in which file, and what to do. Nothing has been received."""


class UnfinishedFile(DropError):
    """A file that is not whole: it may still be on its way."""

    may_come = True


@dataclass
class FileFacts:
    """What a file is. `rows` is None where only a parser can tell (CSV whose fields hold line breaks)."""

    sha256: str = ""
    bytes: int = 0
    lines: int = 0
    blank_lines: int = 0
    rows: int | None = None
    compression: str = ""  # gz, zst, bz2 or none, by content
    header: list[str] = field(default_factory=list)
    types: dict[str, str] = field(default_factory=dict)  # Parquet only
    paths: list[str] = field(default_factory=list)  # dotted: fields of objects in Parquet and JSON
    arrays: list[str] = field(default_factory=list)  # columns and paths that hold arrays
    undecodable: int = 0  # U+FFFD in the decoded text
    has_controls: bool = False


class _Hashed(io.RawIOBase):
    """The bytes of a stream as they pass, hashed and counted."""

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
    """Read `stream` (a pyarrow input file) to its end. `utf8` takes the text as UTF-8 where it is in another encoding.

    Raises DropError: empty, truncated or corrupt, an archive, another encoding, another format than the mapping says.
    """
    hashed = _Hashed(stream)
    buffered = io.BufferedReader(hashed, _CHUNK)
    magic = buffered.peek(8)[:8]
    facts = FileFacts(compression=next((kind for head, kind in _MAGIC.items() if magic.startswith(head)), ""))
    if not magic:
        raise UnfinishedFile(f"{name} is empty (0 bytes); ask for it again, or remove it if the shop was closed")
    if magic.startswith(b"PK\x03\x04"):
        raise DropError(f"{name} is a zip archive; unpack it, or send it as .gz or .zst")
    if magic.startswith(b"PAR1") != (spec.format == "parquet"):
        raise DropError(f"{name} is {'' if magic[:4] == b'PAR1' else 'not '}Parquet; format says {spec.format}")
    if spec.format == "parquet":
        while buffered.read(_CHUNK):
            pass
        _parquet(stream, name, facts)
    else:
        _Text(name, spec, facts, utf8).read(buffered)
    facts.sha256, facts.bytes = hashed.sha.hexdigest(), hashed.count
    return facts


def _parquet(stream: Any, name: str, facts: FileFacts) -> None:
    try:
        stream.seek(0)
        file = pq.ParquetFile(stream)
    except (pa.ArrowInvalid, OSError) as error:
        raise UnfinishedFile(f"{name} is a broken Parquet file ({error}); ask for it again") from None
    facts.rows = facts.lines = file.metadata.num_rows
    facts.header = [f.name for f in file.schema_arrow]
    facts.types = {f.name: str(f.type) for f in file.schema_arrow}
    for top in file.schema_arrow:
        _type_paths(top.name, top.type, facts)


def _type_paths(path: str, kind: pa.DataType, facts: FileFacts) -> None:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        facts.arrays.append(path)
        kind = kind.value_type
    if pa.types.is_struct(kind):
        for inner in kind:
            facts.paths.append(f"{path}.{inner.name}")
            _type_paths(f"{path}.{inner.name}", inner.type, facts)


def json_paths(path: str, value: Any, paths: list[str], arrays: dict[str, int]) -> None:
    """Note the paths in one value of a JSON line, and of each how often it held an array more than something else.

    Of an array the first element speaks for all.
    """
    if value is None:
        return
    arrays[path] = arrays.get(path, 0) + (1 if isinstance(value, list) else -1)
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        for key, inner in value.items():
            below = f"{path}.{key}"
            if below not in paths and len(paths) < _MOST_PATHS:
                paths.append(below)
            json_paths(below, inner, paths, arrays)


class _Text:
    """The pass over one text file (CSV or JSON lines)."""

    def __init__(self, name: str, spec: Input, facts: FileFacts, utf8: IO[bytes] | None) -> None:
        self.name, self.spec, self.facts, self.utf8 = name, spec, facts, utf8
        self.controls = _CONTROLS if spec.delimiter == "\t" else _CONTROLS + b"\t"
        self.sampled = self.parsed = 0
        self.arrays: dict[str, int] = {}

    def read(self, buffered: IO[bytes]) -> None:
        facts, first = self.facts, True
        try:
            for block in _blocks(self._utf8_chunks(_plain(buffered, facts.compression))):
                if first:
                    block = block.removeprefix(codecs.BOM_UTF8)
                    self._header(block)
                self._count(block)
                first = False
        except (EOFError, zlib.error, gzip.BadGzipFile, OSError, pa.ArrowInvalid) as error:
            raise UnfinishedFile(
                f"{self.name} is truncated or corrupt ({facts.compression or 'text'}: {error}); {facts.lines:,} whole "
                "lines could be read; ask for the file again, nothing of it has been received"
            ) from None
        if first:
            raise UnfinishedFile(f"{self.name} is empty once decompressed; ask for it again, or remove it")
        if self.spec.format == "jsonl" and not self.parsed:
            raise DropError(f"{self.name}: none of the first {self.sampled} lines is a JSON object; {self._json_hint}")
        facts.arrays = [path for path, surplus in self.arrays.items() if surplus > 0]
        if not self.spec.multiline:
            facts.rows = facts.lines - facts.blank_lines - (self.spec.format == "csv" and self.spec.header)

    def _refuse_other_utf16(self, start: bytes) -> None:
        given = codecs.lookup(self.spec.encoding).name
        seen = utf16_of(start) if is_utf8(self.spec) or given.startswith("utf-16") else None
        if seen and seen != given:
            mark = "with" if seen == "utf-16" else "without"
            raise DropError(
                f"{self.name}: its bytes are UTF-16, {mark} a byte order mark, and the mapping "
                f"says '{self.spec.encoding}'; set encoding = '{seen}' in [{self.spec.which}]"
            )

    def _utf8_chunks(self, plain: Any) -> Iterator[bytes]:
        """The text as UTF-8 bytes; counts what cannot be decoded."""
        decoder = codecs.getincrementaldecoder(self.spec.encoding)(errors="replace")
        while True:
            chunk = plain.read(_CHUNK)
            if self.facts.lines == 0:
                self._refuse_other_utf16(chunk)
            text = decoder.decode(chunk, final=not chunk)
            if not text.isascii():
                self.facts.undecodable += text.count("\ufffd")
            if not is_utf8(self.spec):
                encoded = text.encode("utf-8")
                if self.utf8 is not None:
                    self.utf8.write(encoded)
                if encoded:
                    yield encoded
            elif chunk:
                yield bytes(chunk)
            if not chunk:
                return

    def _header(self, block: bytes) -> None:
        line = block.splitlines()[0] if block.strip() else b""
        if self.spec.format == "jsonl":
            self._json_hint = f"the first is {line[:80].decode('utf-8', 'replace')!r}"
            if line.lstrip().startswith(b"["):
                self._json_hint += "; the file is one JSON array, write one object a line"
            return
        fields = split_csv(line.decode("utf-8", "replace"), self.spec)
        if self.spec.header:
            self.facts.header = _distinct(fields)
            return
        self.facts.header = list(self.spec.column_names)
        if len(fields) != len(self.facts.header):
            raise DropError(
                f"{self.name}: the first line has {len(fields)} fields, column_names has {len(self.facts.header)}"
                f"{delimiter_hint(fields, self.spec)}; first line: {line[:120].decode('utf-8', 'replace')!r}"
            )

    def _count(self, block: bytes) -> None:
        facts = self.facts
        facts.lines += block.count(b"\n") + block.count(b"\r") - block.count(b"\r\n")
        facts.lines += not block.endswith((b"\n", b"\r"))
        if any(pair in block for pair in (b"\n\n", b"\n\r", b"\n ", b"\n\t")) or block[:1] in b"\r\n \t":
            facts.blank_lines += sum(not line.strip() for line in block.splitlines())
        if not facts.has_controls:
            facts.has_controls = self.spec.multiline or len(block.translate(None, self.controls)) < len(block)
        if self.spec.format == "jsonl":
            self._sample_keys(block)

    def _sample_keys(self, block: bytes) -> None:
        """Keys of the first lines of the file and of each block's first: enough to know what the mapping may name."""
        count = max(1, _JSON_SAMPLE - self.sampled)
        for line in block.split(b"\n", count)[:count]:
            if not line.strip():
                continue
            self.sampled += 1
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict):
                self.parsed += 1
                self.facts.header += [key for key in row if key not in self.facts.header]
                for key, value in row.items():
                    json_paths(key, value, self.facts.paths, self.arrays)


def _plain(buffered: Any, compression: str) -> Any:
    if compression == "gz":
        return gzip.GzipFile(fileobj=buffered)
    if compression == "bz2":
        return bz2.BZ2File(buffered)
    if compression == "zst":
        return pa.CompressedInputStream(pa.PythonFile(buffered, mode="r"), "zstd")
    return buffered


def _blocks(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Regroup chunks so that each ends at a line end, the last one excepted."""
    rest = b""
    for chunk in chunks:
        cut = chunk.rfind(b"\n") + 1
        if cut == 0 and len(rest) < _MAX_REST:
            rest += chunk
            continue
        yield rest + chunk[:cut]
        rest = chunk[cut:]
    if rest:
        yield rest


def utf16_of(data: bytes) -> str | None:
    """The encoding that reads the first bytes of a UTF-16 text; None where they are no UTF-16."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    start = data[:4096]
    if start.count(0) <= len(start) // 8:
        return None
    return "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"


def is_utf8(spec: Input) -> bool:
    return codecs.lookup(spec.encoding).name in ("utf-8", "utf-8-sig", "ascii")


def split_csv(line: str, spec: Input) -> list[str]:
    """The fields of one CSV line, as the mapping's delimiter and quote cut them."""
    if not spec.quote:
        return line.split(spec.delimiter)
    if len(spec.delimiter) > 1:
        return [part.strip(spec.quote) for part in line.split(spec.delimiter)]
    return next(csv.reader([line], delimiter=spec.delimiter, quotechar=spec.quote), [])


def delimiter_hint(fields: list[str], spec: Input) -> str:
    """' (the delimiter is ','; it looks like ';')' where one field holds another usual delimiter, else ''."""
    joined = spec.delimiter.join(fields)
    best = max(_DELIMITERS, key=joined.count)
    if spec.format != "csv" or best == spec.delimiter or joined.count(best) < max(1, 2 * (len(fields) - 1)):
        return ""
    return f" (delimiter is {_DELIMITERS.get(spec.delimiter, repr(spec.delimiter))}; it looks like {_DELIMITERS[best]})"


def _distinct(names: list[str]) -> list[str]:
    """Header names without outer spaces; an empty one gets its place, a repeated one a number (Spark ignores case)."""
    out: list[str] = []
    for place, raw in enumerate(names, 1):
        name = base = raw.strip() or f"column_{place}"
        number = 2
        while name.casefold() in {n.casefold() for n in out}:
            name, number = f"{base}_{number}", number + 1
        out.append(name)
    return out

"""Reads one text file (CSV or JSON lines) to its end. Checks its encoding and that it is complete; counts its lines."""

from __future__ import annotations

import bz2
import codecs
import gzip
import json
import zlib
from collections.abc import Iterator
from typing import IO, Any

import pyarrow as pa

from jobs.intake.csv_header import delimiter_hint, distinct_names, split_csv
from jobs.intake.file_facts import DropError, FileFacts, UnfinishedFile
from schemas.sources.mapping import Input

_CHUNK = 1 << 20
_MAX_UNFINISHED = 64 << 20  # a "line" longer than this is cut, for counting only
_CONTROLS = bytes(b for b in (*range(0x20), 0x7F) if b not in b"\r\n\t")
_MAX_PATHS = 1_000  # an object whose keys are ids would have an endless number of paths
_JSON_SAMPLE = 1_000  # lines whose keys become columns; `extra` later gets the other keys of all lines


class TextInspection:
    """One pass over a text file. It fills `facts`, and writes the text as UTF-8 to `utf8` unless that is None."""

    def __init__(self, name: str, spec: Input, facts: FileFacts, utf8: IO[bytes] | None) -> None:
        self.name, self.spec, self.facts, self.utf8 = name, spec, facts, utf8
        self.controls = _CONTROLS if spec.delimiter == "\t" else _CONTROLS + b"\t"
        self.sampled = self.parsed = 0  # JSON lines that were sampled, and how many of them are objects
        self.arrays: dict[str, int] = {}

    def read(self, buffered: IO[bytes]) -> None:
        facts, is_first = self.facts, True
        try:
            for block in _blocks(self._utf8_chunks(_plain(buffered, facts.compression))):
                if is_first:
                    block = block.removeprefix(codecs.BOM_UTF8)
                    self._header(block)
                self._count(block)
                is_first = False
        except (EOFError, zlib.error, gzip.BadGzipFile, OSError, pa.ArrowInvalid) as error:
            raise UnfinishedFile(
                f"{self.name} is truncated or corrupt ({facts.compression or 'text'}: {error}); {facts.lines:,} whole "
                "lines could be read; ask for the file again, nothing of it was received"
            ) from None
        if is_first:
            raise UnfinishedFile(f"{self.name} is empty after decompression; ask for it again, or remove it")
        if self.spec.format == "jsonl" and not self.parsed:
            raise DropError(f"{self.name}: none of the first {self.sampled} lines is a JSON object; {self._json_hint}")
        facts.arrays = [path for path, surplus in self.arrays.items() if surplus > 0]
        if not self.spec.multiline:
            facts.rows = facts.lines - facts.blank_lines - (self.spec.format == "csv" and self.spec.header)

    def _refuse_other_utf16(self, start: bytes) -> None:
        mapped_encoding = codecs.lookup(self.spec.encoding).name
        seen_encoding = utf16_of(start) if is_utf8(self.spec) or mapped_encoding.startswith("utf-16") else None
        if seen_encoding and seen_encoding != mapped_encoding:
            mark = "with" if seen_encoding == "utf-16" else "without"
            raise DropError(
                f"{self.name} is UTF-16, {mark} a byte order mark, and the mapping "
                f"says '{self.spec.encoding}'; set encoding = '{seen_encoding}' in [{self.spec.which}]"
            )

    def _utf8_chunks(self, plain: Any) -> Iterator[bytes]:
        """The text as UTF-8 bytes; counts characters that cannot be decoded."""
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
                self._json_hint += "; the file is one JSON array, but it must have one object on each line"
            return
        fields = split_csv(line.decode("utf-8", "replace"), self.spec)
        if self.spec.header:
            self.facts.header = distinct_names(fields)
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
        """Collects the keys of the file's first lines, and of the first line of each later block."""
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


def json_paths(path: str, value: Any, paths: list[str], arrays: dict[str, int]) -> None:
    """Adds the paths within one value of a JSON line to `paths`. Looks only at the first element of an array.

    Counts in `arrays`, at the path of each value, +1 for an array and -1 for any other value.
    """
    if value is None:
        return
    arrays[path] = arrays.get(path, 0) + (1 if isinstance(value, list) else -1)
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        for key, inner in value.items():
            below = f"{path}.{key}"
            if below not in paths and len(paths) < _MAX_PATHS:
                paths.append(below)
            json_paths(below, inner, paths, arrays)


def _plain(buffered: Any, compression: str) -> Any:
    if compression == "gz":
        return gzip.GzipFile(fileobj=buffered)
    if compression == "bz2":
        return bz2.BZ2File(buffered)
    if compression == "zst":
        return pa.CompressedInputStream(pa.PythonFile(buffered, mode="r"), "zstd")
    return buffered


def _blocks(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Regroups chunks so that each one but the last ends with a whole line."""
    unfinished = b""
    for chunk in chunks:
        line_end = chunk.rfind(b"\n") + 1
        if line_end == 0 and len(unfinished) < _MAX_UNFINISHED:
            unfinished += chunk
            continue
        yield unfinished + chunk[:line_end]
        unfinished = chunk[line_end:]
    if unfinished:
        yield unfinished


def utf16_of(data: bytes) -> str | None:
    """The UTF-16 encoding of the first bytes of a text; None if they are not UTF-16."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    start = data[:4096]
    if start.count(0) <= len(start) // 8:
        return None
    return "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"


def is_utf8(spec: Input) -> bool:
    """Whether Spark can read the files of this input as they are."""
    return codecs.lookup(spec.encoding).name in ("utf-8", "utf-8-sig", "ascii")

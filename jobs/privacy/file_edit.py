"""Removes people from a file of any kind: Parquet, JSON, text, pages, arrays, weights, and compressed files.

The first bytes of a file tell its kind, not its name. A file of no known kind is searched as bytes.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.privacy.edit import Edit, IdFields
from jobs.privacy.log_edit import PACKED, edit_log, unpacked
from jobs.privacy.parquet_edit import edit_parquet, mask_json, mask_text
from jobs.privacy.people import People
from jobs.runtime.lake import json_text
from jobs.runtime.parquet_files import ENCRYPTED, PLAIN
from schemas.sources.mapping import Input


def edit_file(
    name: str,
    data: bytes,
    people: People,
    fields: IdFields,
    log: Input | None = None,
    encoding: str = "utf-8",
    decryption: Any = None,
) -> Edit | None:
    """The edit that removes `people` from a file; None where neither the file nor its name has one of them.

    log: how a shop's own text file is read. decryption: opens an encrypted Parquet file; its new content is plain.
    """
    if people.anywhere_in(name.replace("/", " ").replace("=", " ").replace("-", " ")) or _names_a_part(name, people):
        inner = _edit_content(name, data, people, fields, log, encoding, decryption)
        inner = inner or Edit({}, None)
        return replace(inner, counts={"the file's name": 1, **inner.counts}, content=None)
    return _edit_content(name, data, people, fields, log, encoding, decryption)


def _names_a_part(name: str, people: People) -> bool:
    parts = {part.partition(".")[0].rpartition("=")[2] for part in name.split("/")}
    return any(people.in_text(part) for part in parts)


def _edit_content(
    name: str, data: bytes, people: People, fields: IdFields, log: Input | None, encoding: str, decryption: Any = None
) -> Edit | None:
    for magic, codec in PACKED.items():
        if data.startswith(magic):
            return _edit_packed(name, data, codec, people, fields, log, encoding)
    if data.startswith((PLAIN, ENCRYPTED)):
        return edit_parquet(data, people, fields, decryption)
    if data.startswith(b"PK\x03\x04"):
        return _edit_zip(data, people)
    if data.startswith(b"\x93NUMPY"):
        return _edit_arrays({"array": data}, people)
    if _is_safetensors(data):
        return _deleted_if(
            people.anywhere_in(data[8 : 8 + struct.unpack("<Q", data[:8])[0]].decode("utf-8")), "metadata"
        )
    if log is not None:
        return edit_log(data, people, fields, log, encoding)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        forms = (data.decode(code, "replace") for code in ("latin-1", "utf-16-le", "utf-16-be"))
        return _deleted_if(any(people.in_text(form) for form in forms), "bytes")
    return _edit_text(text, people, fields)


def _deleted_if(is_found: bool, where: str) -> Edit | None:
    """Deletes the whole file where a person is in it: the person's part cannot be cut out."""
    return Edit({where: 1}, None) if is_found else None


def _edit_packed(
    name: str, data: bytes, codec: str, people: People, fields: IdFields, log: Input | None, encoding: str
) -> Edit | None:
    plain = unpacked(data)
    edit = _edit_content(name, plain, people, fields, log, encoding)
    if edit is None or edit.content is None:
        return edit
    if codec == "gzip":  # without the time of packing, so that the same rows give the same file
        packed = gzip.compress(edit.content, mtime=0)
    else:
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, codec) as out:
            out.write(edit.content)
        packed = sink.getvalue().to_pybytes()
    return replace(edit, content=packed)


def _edit_text(text: str, people: People, fields: IdFields) -> Edit | None:
    """JSON loses the names only. A page is deleted, since it is about the person. Other text loses single words."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if isinstance(value, dict | list):
        masked = mask_json(_without_ids(value, people, fields), people)
        return Edit({"JSON": 1}, json_text(masked).encode()) if masked != value else None
    if not people.anywhere_in(text):
        return None
    is_page = "<html" in text[:2000].lower() or "<!doctype" in text[:200].lower()
    return Edit({"page": 1}, None) if is_page else Edit({"text": 1}, mask_text(text, people).encode())


def _without_ids(value: object, people: People, fields: IdFields) -> object:
    """The value without the objects of lists whose account field names one of these people, also by a mere number."""
    if isinstance(value, dict):
        return {key: _without_ids(element, people, fields) for key, element in value.items()}
    if isinstance(value, list):
        return [
            _without_ids(element, people, fields)
            for element in value
            if not (isinstance(element, dict) and fields.row_belongs_to(element, people))
        ]
    return value


def _edit_zip(data: bytes, people: People) -> Edit | None:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return _edit_arrays({name: packed.read(name) for name in packed.namelist()}, people)


def _edit_arrays(members: dict[str, bytes], people: People) -> Edit | None:
    """Text arrays hold ids of rows; other arrays hold no names. A model cannot lose one row: its file is deleted."""
    counts: Counter[str] = Counter()
    for name, data in members.items():
        if data.startswith(b"\x93NUMPY"):
            array = np.load(io.BytesIO(data), allow_pickle=False)
            texts = array.ravel().tolist() if array.dtype.kind in "US" else []
            words = {text.decode("utf-8", "replace") if isinstance(text, bytes) else text for text in texts}
            is_named = bool(people.accounts_among(words)) or any(people.anywhere_in(word) for word in words)
        else:
            is_named = people.anywhere_in(data.decode("utf-8", "replace"))
        if is_named or people.anywhere_in(name.removesuffix(".npy")):
            counts[name.removesuffix(".npy")] += 1
    return Edit(dict(counts), None) if counts else None


def _is_safetensors(data: bytes) -> bool:
    if len(data) < 10 or data[8:9] != b"{":
        return False
    (length,) = struct.unpack("<Q", data[:8])
    return bool(2 <= length <= min(len(data) - 8, 100_000_000))

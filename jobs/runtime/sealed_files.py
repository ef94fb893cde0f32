"""Files of an encrypted lake that are sealed as a whole: raw copies and the files of models. In memory they are plain.

    "NMSEAL1\\n" | length of the head, 4 bytes | name of the key "\\n" the file's own key, wrapped by it | blocks

The head is the part between the length and the blocks. Each block of 256 KiB is encrypted by AES-256-GCM, and the head
is bound to it. Its nonce is its number and a byte, which is 1 in the last block and 0 before: a file that was cut, or
whose blocks were moved, does not open. Any block can be read alone, by Spark too (java/SealedFiles.java). A file that
is not sealed is read as it is.
"""

from __future__ import annotations

import binascii
import contextlib
import io
import secrets
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from jobs.runtime.lake import Lake
from jobs.runtime.lake_keys import LakeKeys, key_name, keys_of, unwrap, wrap

MAGIC = b"NMSEAL1\n"
_BLOCK, _TAG = 1 << 18, 16
_LENGTH = 4  # bytes of the number with the head's length
# These files of a model stay plain. They say what it was made of and how good it is, and they name nobody.
_OPEN = ("manifest.json", "fitted_to.json", "wordings.json")


class Damaged(ValueError):
    """A sealed file was cut or changed, or the key is not the file's."""


def sealed(data: bytes, keys: LakeKeys, name: str) -> bytes:
    """`data` as a sealed file, with the key called `name`."""
    sink = io.BytesIO()
    with _Sealing(sink, keys, name) as out:
        out.write(data)
        out.finish()
    return sink.getvalue()


def opened(data: bytes, keys: LakeKeys | None) -> bytes:
    """The content of a file that is in memory. Raises Damaged, and KeyGone where its key was destroyed."""
    return b"".join(_plain(io.BytesIO(data), keys))


def blocks(lake: Lake, path: str) -> Iterator[bytes]:
    """The plain content of a file of the lake, part by part. Raises the same errors as `opened`."""
    with lake.fs.open_input_stream(lake.path(path), compression=None) as stream:
        yield from _plain(stream, keys_of(lake))


def read(lake: Lake, path: str) -> bytes:
    """The plain content of a file of the lake. Raises the same errors as `opened`."""
    return b"".join(blocks(lake, path))


def open_input(lake: Lake, path: str) -> BinaryIO:
    """The plain content of a file of the lake as a stream that cannot seek. Raises the same errors as `opened`."""
    return io.BufferedReader(_Opening(blocks(lake, path)), _BLOCK)


def plain_size(lake: Lake, path: str) -> int:
    """Number of bytes of the plain content."""
    size = int(lake.fs.get_file_info(lake.path(path)).size)
    with lake.fs.open_input_stream(lake.path(path), compression=None) as stream:
        if stream.read(len(MAGIC)) != MAGIC:
            return size
        body = size - len(MAGIC) - _LENGTH - len(_head(stream))
    return body - _TAG * max(1, -(-body // (_BLOCK + _TAG)))


def is_sealed(lake: Lake, path: str) -> bool:
    with lake.fs.open_input_stream(lake.path(path), compression=None) as stream:
        return bool(stream.read(len(MAGIC)) == MAGIC)


@contextlib.contextmanager
def open_output(lake: Lake, path: str) -> Iterator[Any]:
    """A new file of the lake, sealed where the lake has keys. If the `with` block raises, nobody can open the file."""
    keys, name = keys_of(lake), key_name(path)
    lake.fs.create_dir(lake.path(path.rpartition("/")[0]), recursive=True)
    with lake.fs.open_output_stream(lake.path(path), compression=None) as sink:
        if keys is None or name is None:
            yield sink
        else:
            with _Sealing(sink, keys, name) as out:
                yield out
                out.finish()


def upload(lake: Lake, local: str, *parts: str) -> None:
    """Copies a local folder into the lake, sealed where the lake has keys."""
    if keys_of(lake) is None:
        lake.upload(local, *parts)
        return
    for file in sorted(Path(local).rglob("*")):
        path = "/".join((*parts, file.relative_to(local).as_posix()))
        if file.is_file() and file.name in _OPEN:
            lake.put_text(file.read_text("utf-8"), path)
        elif file.is_file():
            with file.open("rb") as source, open_output(lake, path) as out:
                while block := source.read(_BLOCK):
                    out.write(block)


@contextlib.contextmanager
def local_copy(lake: Lake, *parts: str) -> Iterator[str]:
    """A local path of a folder of the lake: the folder itself, or a plain copy that lasts as long as the block."""
    with lake.local_copy(*parts) as path:
        if keys_of(lake) is None:
            yield path
            return
        with tempfile.TemporaryDirectory() as plain:  # closed to others, and gone when the model is loaded
            for file in Path(path).rglob("*"):
                target = Path(plain) / file.relative_to(path)
                target.parent.mkdir(parents=True, exist_ok=True)
                if file.is_file():
                    target.write_bytes(opened(file.read_bytes(), keys_of(lake)))
            yield plain


def _plain(stream: BinaryIO, keys: LakeKeys | None) -> Iterator[bytes]:
    start = stream.read(len(MAGIC))
    if start != MAGIC or keys is None:
        while start:
            yield start
            start = stream.read(_BLOCK)
        return
    head = _head(stream)
    name, _, wrapped = head.decode("utf-8", "replace").partition("\n")
    try:
        cipher, number = AESGCM(unwrap(wrapped, keys.of(name), name)), 0
        block = stream.read(_BLOCK + _TAG)
        while True:
            after = stream.read(_BLOCK + _TAG)
            yield cipher.decrypt(_nonce(number, not after), block, head)
            if not after:
                return
            block, number = after, number + 1
    except (InvalidTag, binascii.Error):
        raise _damaged(f"a file sealed by the key {name}") from None


def _head(stream: BinaryIO) -> bytes:
    """The name of the file's key and the file's own key, wrapped. The stream stands behind MAGIC."""
    length = stream.read(_LENGTH)
    head = stream.read(struct.unpack(">I", length)[0]) if len(length) == _LENGTH else b""
    if b"\n" not in head:
        raise _damaged("a sealed file")
    return head


def _damaged(file: str) -> Damaged:
    return Damaged(
        f"{file} was cut or changed, or its key is another one; bring it back from a backup, or make it again"
    )


class _Opening(io.RawIOBase):
    """Reads parts of a file as one stream."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts, self._rest = parts, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            if (part := next(self._parts, None)) is None:
                return 0
            self._rest = part
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


class _Sealing(io.RawIOBase):
    """Takes plain bytes and writes sealed blocks. `finish` writes the last one."""

    def __init__(self, sink: BinaryIO, keys: LakeKeys, name: str) -> None:
        file_key = secrets.token_bytes(32)
        self._head = f"{name}\n{wrap(file_key, keys.made(name), name)}".encode()
        self._sink, self._cipher = sink, AESGCM(file_key)
        self._held, self._number = bytearray(), 0
        sink.write(MAGIC + struct.pack(">I", len(self._head)) + self._head)

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._held += data
        while len(self._held) > _BLOCK:  # the rest waits: the last block is sealed differently
            self._put(bytes(self._held[:_BLOCK]), False)
            del self._held[:_BLOCK]
        return len(data)

    def finish(self) -> None:
        self._put(bytes(self._held), True)
        self._held.clear()

    def _put(self, block: bytes, is_last: bool) -> None:
        self._sink.write(self._cipher.encrypt(_nonce(self._number, is_last), block, self._head))
        self._number += 1


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])

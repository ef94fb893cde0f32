"""The keys of an encrypted lake: one for each table, raw day and model, as a small file, wrapped by the master key.

    LAKE/keys/check.json                        says whether a master key is this lake's
    LAKE/keys/tables/clean_events.json          {"wrapped": ...}: AES-GCM by the master key, base64
    LAKE/keys/raw/SOURCE/date=D.json            the key of one day of raw files; it is deleted with the day, and then no
                                                copy of these files can be opened either

Each file of the lake names the key that opens it, never the master key. So a change of the master key rewrites only
these small files. The master key is in the environment, or a service keeps it (NIGHTMARKET_KMS). A reader without the
master key may have a key ring, a file with some of the keys (NIGHTMARKET_KEY_RING).
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from weakref import WeakKeyDictionary

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pyarrow import fs as pafs

from jobs.runtime.contested_files import Overtaken, look, put_if_unchanged
from jobs.runtime.lake import REFRESH, Lake
from jobs.runtime.progress import Progress

FOLDER = "keys"
CHECK = (FOLDER, "check.json")
KEY_VARIABLE = "NIGHTMARKET_MASTER_KEY"
FILE_VARIABLE = "NIGHTMARKET_MASTER_KEY_FILE"
KMS_VARIABLE = "NIGHTMARKET_KMS"
RING_VARIABLE = "NIGHTMARKET_KEY_RING"
_BYTES = 32  # of every key: AES-256
_NONCE = 12


class WrongMasterKey(ValueError):
    """The master key is missing or malformed, or it belongs to another lake."""


class KeyGone(RuntimeError):
    """The key of a file is not in the lake: it was destroyed with its day, or lost. Nobody can read the file."""

    refused = True  # see jobs/runtime/exit_status.py: another try would fail as well


@dataclass(frozen=True)
class EncryptionConfig:
    """Whether a night encrypts the files that it writes; a lake that has keys stays encrypted, whatever this says."""

    on: bool = False


class MasterKey(Protocol):
    """What wraps a lake's keys. A key management service is a class with these methods, named by NIGHTMARKET_KMS."""

    def wrap(self, key: bytes, name: str) -> str: ...

    def unwrap(self, wrapped: str, name: str) -> bytes:
        """The key. Raises WrongMasterKey where this master key does not open it."""


@dataclass(frozen=True)
class HeldKey:
    """A master key in this process's memory."""

    secret: bytes

    def wrap(self, key: bytes, name: str) -> str:
        return wrap(key, self.secret, name)

    def unwrap(self, wrapped: str, name: str) -> bytes:
        try:
            return unwrap(wrapped, self.secret, name)
        except InvalidTag:
            raise WrongMasterKey(
                f"the master key does not open {name}: its file in {FOLDER}/ is of another lake, or was changed; bring "
                "it back from a backup"
            ) from None


def wrap(key: bytes, by: bytes, name: str) -> str:
    """`key`, encrypted by the key `by` and bound to its name: base64 of nonce, ciphertext and tag, as in Java."""
    nonce = secrets.token_bytes(_NONCE)
    return base64.b64encode(nonce + AESGCM(by).encrypt(nonce, key, name.encode())).decode()


def unwrap(wrapped: str, by: bytes, name: str) -> bytes:
    """The key that `wrap` wrapped. Raises cryptography's InvalidTag where `by` or `name` is not the one of `wrap`."""
    data = base64.b64decode(wrapped)
    return AESGCM(by).decrypt(data[:_NONCE], data[_NONCE:], name.encode())


def master_key(variable: str = KEY_VARIABLE) -> MasterKey:
    """The master key that the environment names. Raises WrongMasterKey where it is missing or malformed."""
    if variable == KEY_VARIABLE and (kms := os.environ.get(KMS_VARIABLE)):
        module, _, name = kms.partition(":")
        service: Callable[[], MasterKey] = getattr(importlib.import_module(module), name)
        return service()
    text, source = os.environ.get(variable, ""), variable
    if not text and (path := os.environ.get(file_variable := f"{variable}_FILE")):
        source = f"{path} ({file_variable})"
        if not Path(path).is_file():
            raise WrongMasterKey(f"{source}: no such file; it should hold the lake's master key")
        text = Path(path).read_text("ascii", "replace")
    try:
        secret = bytes.fromhex(text.strip())
    except ValueError:
        secret = b""
    if len(secret) != _BYTES:
        fault = (
            f"{source} has {len(text.strip())} characters" if text else f"neither {variable} nor {variable}_FILE is set"
        )
        raise WrongMasterKey(
            f"{fault}; the lake is encrypted, and its master key is 64 hexadecimal digits: set the key that the lake "
            "was made with, or make the first one with `openssl rand -hex 32` and keep it safe"
        )
    return HeldKey(secret)


def key_paths() -> dict[str, str]:
    """Environment variable that names a file with keys -> its absolute path, for Spark's processes elsewhere."""
    return {name: os.path.abspath(path) for name in (FILE_VARIABLE, RING_VARIABLE) if (path := os.environ.get(name))}


class LakeKeys:
    """The keys of a lake; each process unwraps a key once."""

    def __init__(self, lake: Lake, master: MasterKey) -> None:
        self._lake, self._master = lake, master
        self._known: dict[str, bytes] = {}

    def of(self, name: str) -> bytes:
        """The key of this name. Raises KeyGone where there is none."""
        if name not in self._known:
            try:
                wrapped = self._lake.get_json(*place(name))["wrapped"]
            except FileNotFoundError:
                raise KeyGone(
                    f"{self._lake.path(*place(name))} is not there: the key was destroyed when its day was, or it is "
                    "lost. Nobody can read the files that name it; delete them, or bring the key back from a backup"
                ) from None
            self._known[name] = self._master.unwrap(wrapped, name)
        return self._known[name]

    def has(self, name: str) -> bool:
        return name in self._known or self._lake.exists(*place(name))

    def forget(self, name: str) -> None:
        """Deletes the key for good."""
        self._known.pop(name, None)
        self._lake.delete(*place(name))

    def made(self, name: str) -> bytes:
        """The key of this name; a new one where there is none. If two processes make it, both use the first one."""
        seen = look(self._lake, *place(name))
        if seen.content is None:
            wrapped = self._master.wrap(secrets.token_bytes(_BYTES), name)
            with suppress(Overtaken):  # another process made it just now
                put_if_unchanged(self._lake, seen, {"wrapped": wrapped}, *place(name))
            self._known.pop(name, None)
        return self.of(name)


class KeyRing(LakeKeys):
    """Some keys of a lake, for a reader without the master key: a file with {name: key in hexadecimal digits}."""

    def __init__(self, lake: Lake, path: str) -> None:
        self._lake, self._path = lake, path
        self._known = {name: bytes.fromhex(key) for name, key in json.loads(Path(path).read_text()).items()}

    def has(self, name: str) -> bool:
        return name in self._known

    def of(self, name: str) -> bytes:
        if name not in self._known:
            raise WrongMasterKey(
                f"the key ring {self._path} does not open {name}: its role may not read it, or the table is newer than "
                "the ring; ask an operator, who makes a new one with `python -m jobs show_access --ring`"
            )
        return self._known[name]

    def made(self, name: str) -> bytes:
        return self.of(name)


def ring_of(lake: Lake, names: Iterable[str]) -> dict[str, str]:
    """The content of a key ring: the keys of these names that the lake has. ValueError where it is not encrypted."""
    keys = keys_of(lake)
    if keys is None:
        raise ValueError(f"{lake.root} is not encrypted: whoever may read its files needs no key")
    return {name: keys.of(name).hex() for name in names if keys.has(name)}


_HELD: WeakKeyDictionary[Lake, LakeKeys | None] = WeakKeyDictionary()


def keys_of(lake: Lake) -> LakeKeys | None:
    """The keys of a lake; None where it is not encrypted. A refresh has the keys of the lake in which it lies.

    Raises WrongMasterKey where the master key is missing or wrong, and while a change of it is unfinished.
    """
    if ring := os.environ.get(RING_VARIABLE):
        return _HELD.setdefault(lake, KeyRing(lake, ring))
    if lake not in _HELD:
        owner = lake.of_nights
        _HELD[lake] = _verified(owner) if owner.exists(*CHECK) else None
    return _HELD[lake]


def begin_encryption(lake: Lake, config: EncryptionConfig) -> None:
    """Before a night: checks an encrypted lake's master key. Encrypts a plain lake from now on if `config` says so."""
    if keys_of(lake) is None and config.on:
        master, owner = master_key(), lake.of_nights
        owner.put_json(_check(master), *CHECK)
        _HELD[lake] = LakeKeys(owner, master)


def key_name(path: str) -> str | None:
    """The name of the key for a file, given by its path below the lake; None for files that stay plain."""
    parts = path.removeprefix(f"{REFRESH}/").split("/")
    if parts[0] == "published":
        return None
    if parts[0] == "raw":
        day = next(part for part in parts if part.startswith("date="))
        return f"raw/{parts[1]}/{day}"
    return "/".join([part for part in parts[:-1] if not part.startswith(("date=", "run="))][:2])


def destroy(lake: Lake, folder: tuple[str, ...]) -> None:
    """Deletes the key of a raw day's `folder`. From then on nobody can open its files, nor any copy of them."""
    keys = keys_of(lake)
    if (folder[0] == "raw" or folder[:2] == (REFRESH, "raw")) and keys is not None:
        name = key_name("/".join((*folder, "file")))
        assert name is not None
        keys.forget(name)


def rotate(lake: Lake, old: MasterKey, new: MasterKey) -> int:
    """Wraps every key by `new`; returns their number. After a stop in the middle, the same call finishes the change.

    Raises WrongMasterKey where neither `old` nor `new` opens a key.
    """
    check = lake.get_json(*CHECK)
    if not _opens(old, check) and not _opens(new, check):
        raise WrongMasterKey(
            f"the old master key is not that of {lake.path(FOLDER)}; nothing was changed: set "
            "NIGHTMARKET_OLD_MASTER_KEY to the key that the lake has now"
        )
    names = _names(lake)
    lake.put_json(_check(new) | {"unfinished": True}, *CHECK)
    with Progress("wrapping", len(names), "keys") as doing:
        for name in doing.over(names, None):
            wrapped = lake.get_json(*place(name))["wrapped"]
            try:
                lake.put_json({"wrapped": new.wrap(old.unwrap(wrapped, name), name)}, *place(name))
            except WrongMasterKey:
                new.unwrap(wrapped, name)  # an earlier try wrapped it by `new`
    lake.put_json(_check(new), *CHECK)
    return len(names)


def place(name: str) -> tuple[str, ...]:
    return (FOLDER, *f"{name}.json".split("/"))


def _names(lake: Lake) -> list[str]:
    infos = lake.fs.get_file_info(pafs.FileSelector(lake.path(FOLDER), recursive=True))
    root = len(lake.path(FOLDER, ""))
    paths = [info.path[root:] for info in infos if info.type == pafs.FileType.File and info.path.endswith(".json")]
    return sorted(path.removesuffix(".json") for path in paths if path != CHECK[1])


def _check(master: MasterKey) -> dict[str, object]:
    return {"check": master.wrap(bytes(_BYTES), "check")}


def _opens(master: MasterKey, check: dict[str, str]) -> bool:
    try:
        return master.unwrap(check["check"], "check") == bytes(_BYTES)
    except WrongMasterKey:
        return False


def _verified(lake: Lake) -> LakeKeys:
    check, master = lake.get_json(*CHECK), master_key()
    if not _opens(master, check):
        raise WrongMasterKey(
            f"the master key is not that of {lake.path(FOLDER)}: with it nothing of the lake could be read; set "
            f"{KEY_VARIABLE} to the key that the lake was made with"
        )
    if "unfinished" in check:
        raise WrongMasterKey(
            f"the change of the master key of {lake.path(FOLDER)} was cut off; run `python -m jobs rotate_keys` again "
            "with the same two keys"
        )
    return LakeKeys(lake, master)

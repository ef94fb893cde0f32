"""The keys of an encrypted lake: one for each table, raw day and model, as a small file, wrapped by the master key.

    LAKE/keys/check.json                        says whether a master key is this lake's
    LAKE/keys/tables/clean_events.json          {"wrapped": ...}: AES-GCM by the master key, base64
    LAKE/keys/raw/SOURCE/date=D.json            of one day of raw files: deleted with the day, it opens no copy either

Files of the lake name the key that opens them, never the master key. So a new master key only wraps these small files
again, and no other file is touched. The master key is in the environment, or a service keeps it (NIGHTMARKET_KMS).
A reader without it may have a ring of some keys (NIGHTMARKET_KEY_RING).
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
from jobs.runtime.lake import Lake
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
    """The master key is missing, malformed, or not that of the lake."""


class KeyGone(RuntimeError):
    """The key of a file is not in the lake: it was destroyed with its day, or lost. Nobody can read the file."""

    refused = True  # see jobs/runtime/exit_status.py: the same try would fail again


@dataclass(frozen=True)
class EncryptionConfig:
    """Whether what a night writes is encrypted; a lake that has keys goes on with them, whatever this says."""

    on: bool = False


class MasterKey(Protocol):
    """What wraps a lake's keys. A key management service is a class with these methods, named by NIGHTMARKET_KMS."""

    def wrap(self, key: bytes, name: str) -> str: ...

    def unwrap(self, wrapped: str, name: str) -> bytes:
        """Raises WrongMasterKey where it cannot be opened."""


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
            raise WrongMasterKey(f"the master key does not open {name}") from None


def wrap(key: bytes, by: bytes, name: str) -> str:
    """`key` encrypted `by` another, bound to its name: base64 of nonce, ciphertext, tag, as Parquet's Java has it."""
    nonce = secrets.token_bytes(_NONCE)
    return base64.b64encode(nonce + AESGCM(by).encrypt(nonce, key, name.encode())).decode()


def unwrap(wrapped: str, by: bytes, name: str) -> bytes:
    """Raises cryptography's InvalidTag where `by` is another key, or the name another one."""
    data = base64.b64decode(wrapped)
    return AESGCM(by).decrypt(data[:_NONCE], data[_NONCE:], name.encode())


def master_key(variable: str = KEY_VARIABLE) -> MasterKey:
    """The master key that the environment names. Raises WrongMasterKey where there is none, or no key."""
    if variable == KEY_VARIABLE and (kms := os.environ.get(KMS_VARIABLE)):
        module, _, name = kms.partition(":")
        service: Callable[[], MasterKey] = getattr(importlib.import_module(module), name)
        return service()
    text, where = os.environ.get(variable, ""), variable
    if not text and (path := os.environ.get(file_variable := f"{variable}_FILE")):
        where = f"{path} ({file_variable})"
        if not Path(path).is_file():
            raise WrongMasterKey(f"{where}: no such file; it should hold the lake's master key")
        text = Path(path).read_text("ascii", "replace")
    try:
        secret = bytes.fromhex(text.strip())
    except ValueError:
        secret = b""
    if len(secret) != _BYTES:
        seen = (
            f"{where} has {len(text.strip())} characters" if text else f"neither {variable} nor {variable}_FILE is set"
        )
        raise WrongMasterKey(
            f"{seen}; the lake is encrypted, and its master key is 64 hexadecimal digits: set the key that the lake "
            "was made with, or make the first one with `openssl rand -hex 32` and keep it safe"
        )
    return HeldKey(secret)


def key_paths() -> dict[str, str]:
    """The variables that name a file with keys -> its absolute path, for processes of the same kind elsewhere."""
    return {name: os.path.abspath(path) for name in (FILE_VARIABLE, RING_VARIABLE) if (path := os.environ.get(name))}


class LakeKeys:
    """The keys of a lake, unwrapped once a process."""

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
        """The same, after making one where there is none; of two processes that make it, both use the first one's."""
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
    """What a key ring holds of these names: those keys that the lake has. ValueError where it is not encrypted."""
    keys = keys_of(lake)
    if keys is None:
        raise ValueError(f"{lake.root} is not encrypted: whoever may read its files needs no key")
    return {name: keys.of(name).hex() for name in names if keys.has(name)}


_HELD: WeakKeyDictionary[Lake, LakeKeys | None] = WeakKeyDictionary()


def keys_of(lake: Lake) -> LakeKeys | None:
    """The keys of a lake, or of the lake around a refresh; None where it is not encrypted.

    Raises WrongMasterKey where the master key is missing or another one, and while a change of it is unfinished.
    """
    if ring := os.environ.get(RING_VARIABLE):
        return _HELD.setdefault(lake, KeyRing(lake, ring))
    if lake not in _HELD:
        around = _around(lake)
        _HELD[lake] = _verified(around) if around.exists(*CHECK) else None
    return _HELD[lake]


def begin_encryption(lake: Lake, config: EncryptionConfig) -> None:
    """Before a night: checks the master key of an encrypted lake, or makes the lake one where the setting says so."""
    if keys_of(lake) is None and config.on:
        master, around = master_key(), _around(lake)
        around.put_json(_check(master), *CHECK)
        _HELD[lake] = LakeKeys(around, master)


def key_name(path: str) -> str | None:
    """The name of the key of a file, by its path below the lake; None for files that stay plain."""
    parts = path.removeprefix(f"{_REFRESH[1:]}/").split("/")
    if parts[0] == "published":
        return None
    if parts[0] == "raw":
        day = next(part for part in parts if part.startswith("date="))
        return f"raw/{parts[1]}/{day}"
    return "/".join([part for part in parts[:-1] if not part.startswith(("date=", "run="))][:2])


def destroy(lake: Lake, folder: tuple[str, ...]) -> None:
    """Deletes the key of a raw day with the day: nobody opens its files any more, wherever there are copies of them."""
    keys = keys_of(lake)
    if (folder[0] == "raw" or folder[:2] == ("refresh", "raw")) and keys is not None:
        name = key_name("/".join((*folder, "file")))
        assert name is not None
        keys.forget(name)


def rotate(lake: Lake, old: MasterKey, new: MasterKey) -> int:
    """Wraps every key by `new`; returns their number. One that was cut off is finished by the same call.

    Raises WrongMasterKey where `old` opens a key no more than `new` does.
    """
    check = lake.get_json(*CHECK)
    if not _opens(old, check) and not _opens(new, check):
        raise WrongMasterKey(f"the old master key is not that of {lake.path(FOLDER)}; nothing was changed")
    names = _names(lake)
    lake.put_json(_check(new) | {"unfinished": True}, *CHECK)
    with Progress("wrapping", len(names), "keys") as doing:
        for name in doing.over(names, None):
            wrapped = lake.get_json(*place(name))["wrapped"]
            try:
                lake.put_json({"wrapped": new.wrap(old.unwrap(wrapped, name), name)}, *place(name))
            except WrongMasterKey:
                new.unwrap(wrapped, name)  # an earlier try wrapped it
    lake.put_json(_check(new), *CHECK)
    return len(names)


def place(name: str) -> tuple[str, ...]:
    return (FOLDER, *f"{name}.json".split("/"))


_REFRESH = "/refresh"


def _around(lake: Lake) -> Lake:
    return Lake(lake.root.removesuffix(_REFRESH)) if lake.root.endswith(_REFRESH) else lake


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

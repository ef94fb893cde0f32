"""Finds and reads the TOML files in which people declare things, and refuses keys that nobody reads."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def shipped(folder: Path) -> list[str]:
    """The names of the TOML files in a folder of the project, without `.toml`."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def find(what: str, folder: Path, name_or_path: str, otherwise: str = "") -> Path:
    """The path of a shipped file by its name, or of any file by its path.

    Raises FileNotFoundError, "no WHAT 'NAME': ...", with the shipped names; `otherwise` is added at its end.
    """
    path = folder / f"{name_or_path}.toml"
    if not re.fullmatch(r"\w+", name_or_path) or not path.exists():
        path = Path(name_or_path)
    if not path.is_file():
        raise FileNotFoundError(
            f"no {what} '{name_or_path}': neither a file nor one of the shipped {', '.join(shipped(folder))}{otherwise}"
        )
    return path


def read(path: Path, refusal: type[ValueError]) -> str:
    """The text of a file. Raises `refusal` where it is not UTF-8."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        saw = f"byte 0x{error.object[error.start]:02x} at offset {error.start}"
        raise refusal(f"{path} is not UTF-8: {saw}; save it as UTF-8") from None


def stamp(path: Path | None) -> tuple[int, ...]:
    """A value that changes when the file changes. A caller keeps what it made from the file until the stamp changes."""
    if path is None:
        return ()
    facts = path.stat()
    return facts.st_ino, facts.st_mtime_ns, facts.st_size


def parse(text: str, path: Path, refusal: type[ValueError]) -> dict[str, Any]:
    """The content of a TOML file. Raises `refusal` where the text is not TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise refusal(f"{path} is not TOML: {error}") from None


def load(path: Path, make: Callable[[dict[str, Any], str], T], refusal: type[ValueError]) -> T:
    """`make(content, path)` of a TOML file. If `make` raises `refusal`, the path is put before the message."""
    raw = parse(read(path, refusal), path, refusal)
    try:
        return make(raw, str(path))
    except refusal as error:
        raise refusal(f"{path}: {error}") from None


def refuse_unknown(where: str, keys: Iterable[str], known: Iterable[str], refusal: type[ValueError]) -> None:
    """Raises `refusal` for the first key that is not known; the message lists the known keys."""
    known = sorted(known)
    for key in keys:
        if key not in known:
            raise refusal(f"{where} has no '{key}'; it has {', '.join(known)}")

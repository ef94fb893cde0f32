"""The facts of a raw file that was read to its end, and the errors of a drop that cannot be used."""

from __future__ import annotations

from dataclasses import dataclass, field


class DropError(ValueError):
    """A drop that cannot be used; nothing was received. The message says what was seen, where, and what to do."""


class UnfinishedFile(DropError):
    """A file that is not whole: its delivery may not have ended."""

    may_come = True


@dataclass
class FileFacts:
    """Size, rows, columns and defects of one file.

    `rows` is None where only a parser can count them (CSV whose fields hold line breaks). If the bytes have no control
    character or no undecodable byte, Spark need not test each row for it.
    """

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

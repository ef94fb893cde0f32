"""Reads [policies], [questions] and [replies] of a mapping, and refuses mistakes in them."""

from __future__ import annotations

import re
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from schemas.sources.checks import is_encoding
from schemas.sources.mapping import FORMATS, MappingError
from schemas.sources.service import NEEDED, OPTIONAL, ServiceInput
from schemas.toml_files import refuse_unknown


def service_input(which: str, raw: Any) -> ServiceInput:
    """The input of a parsed table of the mapping. Raises MappingError for the first mistake."""
    where = f"[{which}]"
    if not isinstance(raw, dict):
        raise MappingError(f"{where} must be a table")
    known = {f.name for f in fields(ServiceInput)} - (set() if which == "policies" else {"language"})
    refuse_unknown(where, raw, known, MappingError)
    for key, value in raw.items():
        if key != "columns" and not isinstance(value, str):
            raise MappingError(f"{where} {key} must be a text, saw {value!r}")
    _check_files(where, raw.get("files", ""))
    if raw.get("format", "csv") not in FORMATS:
        raise MappingError(f"{where} format is {raw['format']!r}; there are {', '.join(FORMATS)}")
    if raw.get("format", "csv") != "csv" and "delimiter" in raw:
        raise MappingError(f"{where} has delimiter, which only csv files have; format is {raw['format']}")
    if len(raw.get("delimiter", ",")) != 1:
        raise MappingError(f"{where} delimiter is {raw['delimiter']!r}; it must be one character")
    if not is_encoding(encoding := raw.get("encoding", "utf-8")):
        raise MappingError(f"{where} encoding {encoding!r} is unknown; write it like 'utf-8', 'gb18030', 'cp1252'")
    columns = _columns(which, raw)
    values = {key: value for key, value in raw.items() if key != "columns"}
    return ServiceInput(**values, columns=MappingProxyType(columns))


def _check_files(where: str, pattern: str) -> None:
    if not pattern:
        raise MappingError(f'{where} has no files; write for example files = "{{date}}/{where[1:-1]}.csv"')
    if pattern.startswith("/") or ".." in pattern.split("/"):
        raise MappingError(f"{where} files is {pattern!r}; it counts from the folder --raw and may not leave it")
    if re.search(r"[{}]", re.sub(r"\{date(:[^{}]+)?\}", "", pattern)):
        raise MappingError(f"{where} files is {pattern!r}; in braces only {{date}} is known")


def _columns(which: str, raw: dict[str, Any]) -> dict[str, str]:
    """Our column -> the shop's column; a needed column that the mapping does not name has our name in the file."""
    columns = raw.get("columns", {})
    if not isinstance(columns, dict) or not all(isinstance(value, str) for value in columns.values()):
        raise MappingError(f"[{which}.columns] must be a table of ours = theirs, saw {columns!r}")
    refuse_unknown(f"[{which}.columns]", columns, {*NEEDED[which], *OPTIONAL[which]}, MappingError)
    needed = {name: name for name in NEEDED[which] if not (name == "language" and raw.get("language"))}
    return needed | columns

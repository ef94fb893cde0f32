"""Reads [images] of a mapping, and refuses mistakes in it."""

from __future__ import annotations

import re
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from schemas.sources.images import ITEM, ImageInput
from schemas.sources.mapping import FORMATS, MappingError
from schemas.toml_files import refuse_unknown

_OURS = ("item_id", "path", "is_main")
_OF_LISTS = ("format", "delimiter", "encoding", "columns")
_OF_ITEMS = ("attribute", "split")
_PATTERNS = ("files", "manifest", "folder", "photos")


def image_input(raw: Any) -> ImageInput:
    """The input of a parsed [images]. Raises MappingError for the first mistake."""
    if not isinstance(raw, dict):
        raise MappingError("[images] must be a table")
    known = {f.name for f in fields(ImageInput)} - {"from_items"} | {"from"}
    refuse_unknown("[images]", raw, known, MappingError)
    for key, value in raw.items():
        if key != "columns" and not isinstance(value, str):
            raise MappingError(f"[images] {key} must be a text, saw {value!r}")
    _check_ways(raw)
    for key in _PATTERNS:
        _check_pattern(key, raw.get(key, ""))
    values = {key: value for key, value in raw.items() if key not in ("from", "columns")}
    return ImageInput(**values, columns=MappingProxyType(_columns(raw)), from_items="from" in raw)


def _check_ways(raw: dict[str, Any]) -> None:
    """Pictures are named in one way, and each key belongs to the way that is used."""
    ways = [key for key in ("files", "manifest", "from") if key in raw]
    if len(ways) > 1:
        raise MappingError(f"[images] has {' and '.join(ways)}; pictures are named in one way, so keep one of them")
    if not ways and "photos" not in raw:
        raise MappingError(
            '[images] says nowhere which pictures there are; write files = "pictures/{item}_*.jpg", '
            'manifest = "{date}/pictures.csv" or from = "items"'
        )
    if raw.get("from", "items") != "items":
        raise MappingError(f'[images] from is {raw["from"]!r}; only the catalogue names pictures: from = "items"')
    for way, keys in (("manifest", _OF_LISTS), ("from", _OF_ITEMS)):
        misplaced = [key for key in keys if key in raw and way not in raw]
        if misplaced:
            raise MappingError(f"[images] has {', '.join(misplaced)}, which only counts beside `{way}`")
    if "files" in raw and raw["files"].count(ITEM) != 1:
        raise MappingError(f"[images] files is {raw['files']!r}; {ITEM} must stand in it once, where the item's id is")
    if raw.get("format", "csv") not in FORMATS:
        raise MappingError(f"[images] format is {raw['format']!r}; there are {', '.join(FORMATS)}")


def _check_pattern(key: str, pattern: str) -> None:
    if pattern.startswith("/") or ".." in pattern.split("/"):
        raise MappingError(f"[images] {key} is {pattern!r}; it counts from the folder --raw and may not leave it")
    without_date = re.sub(r"\{date(:[^{}]+)?\}", "", pattern).replace(ITEM if key == "files" else "", "")
    if re.search(r"[{}]", without_date):
        braces = f"{{date}}{f' and {ITEM}' if key == 'files' else ''}"
        raise MappingError(f"[images] {key} is {pattern!r}; in braces only {braces} is known")


def _columns(raw: dict[str, Any]) -> dict[str, str]:
    """Our name -> the column of the lists; by default the same names."""
    columns = raw.get("columns", {})
    if not isinstance(columns, dict) or not all(isinstance(value, str) for value in columns.values()):
        raise MappingError(f"[images.columns] must be a table of ours = theirs, saw {columns!r}")
    refuse_unknown("[images.columns]", columns, _OURS, MappingError)
    if "manifest" not in raw:
        return {}
    return {"item_id": "item_id", "path": "path", **columns}

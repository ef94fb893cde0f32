"""Which pictures the drop names tonight, for which items and in which order: in a folder, a list or the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq

from jobs.common.raw_drop import for_night
from jobs.images.picture_files import PictureFiles, is_url
from jobs.runtime.attributes import read_attributes
from jobs.runtime.night import Night
from schemas.sources.images import ITEM, PICTURE_URL, ImageInput
from schemas.tables import ITEMS

_TRUE = {"1", "true", "yes", "y", "t", "main", "x"}


class Named(NamedTuple):
    """One picture that the drop names for an item."""

    item_id: str
    source: str  # a path below the drop, or a URL
    is_main: bool


class NoList(FileNotFoundError):
    """The drop has no list of pictures for tonight."""


def named_pictures(night: Night, spec: ImageInput, files: PictureFiles, item_ids: pa.Array) -> list[Named]:
    """The pictures of all items, grouped by item: the main one first, then in the order of the drop.

    A file that is named twice for an item is returned once.
    item_ids: of the catalogue. Raises NoList where the mapping names lists and tonight has none.
    """
    if spec.files:
        named = _of_folder(night, spec, files, set(item_ids.to_pylist()))
    elif spec.manifest:
        named = _of_lists(night, spec, files)
    else:
        named = _of_items(night, spec)
    folder = for_night(spec.folder, night.date).strip("/") if not spec.files else ""
    by_item: dict[str, dict[str, bool]] = {}
    for item, source, is_main in named:
        path = source if is_url(source) or not folder else f"{folder}/{source}"
        shown = by_item.setdefault(item, {})
        shown[path] = shown.get(path, False) or is_main
    return [
        Named(item, source, is_main)
        for item, sources in by_item.items()
        for source, is_main in sorted(sources.items(), key=lambda pair: not pair[1])  # stable: others keep their order
    ]


def matching(files: PictureFiles, pattern: str) -> list[re.Match[str]]:
    """A match for each file below the drop whose path fits a glob, in natural order: 2.jpg before 10.jpg."""
    folder = re.split(r"[*?\[{]", pattern, maxsplit=1)[0].rpartition("/")[0]
    glob = re.compile(_glob(pattern))
    matches = [match for path in files.below(folder) if (match := glob.fullmatch(path))]
    return sorted(matches, key=lambda match: _natural(match[0]))


def _of_folder(night: Night, spec: ImageInput, files: PictureFiles, item_ids: set[str]) -> Iterator[Named]:
    """`{item}` matches as much as possible, or as little as possible where only that is an item's id."""
    pattern = for_night(spec.files, night.date)
    shortest = re.compile(_glob(pattern, "+?"))
    for match in matching(files, pattern):
        item = match["item"]
        if item not in item_ids and (short_match := shortest.fullmatch(match[0])) and short_match["item"] in item_ids:
            item = short_match["item"]
        yield Named(item, match[0], False)


def _of_lists(night: Night, spec: ImageInput, files: PictureFiles) -> Iterator[Named]:
    pattern = for_night(spec.manifest, night.date)
    lists = matching(files, pattern)
    if not lists:
        raise NoList(f"no file matches {pattern}")
    names = dict(spec.columns)
    for match in lists:
        rows = _read_list(spec, files, match[0])
        missing = [column for column in names.values() if column not in rows.column_names]
        if missing:
            raise ValueError(
                f"{match[0]} lacks {', '.join(map(repr, missing))}, which [images] of the mapping needs; it has "
                f"{', '.join(rows.column_names[:40])}; correct `columns` in [images], or ask the shop"
            )
        columns = [_texts(rows[names[name]]) for name in ("item_id", "path")]
        main = _texts(rows[names["is_main"]]) if "is_main" in names else [""] * rows.num_rows
        for item, path, flag in zip(*columns, main, strict=True):
            yield Named(item, path, flag.lower() in _TRUE)


def _read_list(spec: ImageInput, files: PictureFiles, path: str) -> pa.Table:
    data, _ = files.read_whole(path)
    try:
        return _parsed_list(spec, data)
    except pa.ArrowInvalid as error:
        raise ValueError(
            f"{path} cannot be read as {spec.format}: {error}; correct the list, or `format` in [images] of the mapping"
        ) from error


def _parsed_list(spec: ImageInput, data: bytes) -> pa.Table:
    stream = pa.BufferReader(data)
    if spec.format == "parquet":
        return pq.read_table(stream)
    if spec.format == "jsonl":
        return pyarrow.json.read_json(stream)
    head = pyarrow.csv.ParseOptions(delimiter=spec.delimiter)
    names = pyarrow.csv.open_csv(
        pa.BufferReader(data), pyarrow.csv.ReadOptions(encoding=spec.encoding), parse_options=head
    ).schema.names
    texts = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))  # else 007 would become 7
    return pyarrow.csv.read_csv(stream, pyarrow.csv.ReadOptions(encoding=spec.encoding), head, texts)


def _of_items(night: Night, spec: ImageInput) -> Iterator[Named]:
    column = PICTURE_URL if spec.attribute == PICTURE_URL else "attributes"
    items = night.versions(ITEMS).tonight().arrow(["item_id", column])
    values: Iterable[Any] = items[column].to_pylist()
    if column != PICTURE_URL:
        values = (attributes.get(spec.attribute) for attributes in read_attributes(values))
    for item, value in zip(items["item_id"].to_pylist(), values, strict=True):
        for source in value if isinstance(value, list) else [value]:
            parts = source.split(spec.split) if isinstance(source, str) and spec.split else [source]
            yield from (Named(item, part.strip(), False) for part in parts if isinstance(part, str) and part.strip())


def _texts(column: pa.ChunkedArray) -> list[str]:
    return [value or "" for value in pc.utf8_trim_whitespace(column.cast(pa.string())).to_pylist()]


def _natural(path: str) -> list[tuple[int, str]]:
    parts = re.split(r"([0-9]+)", path)  # each second part is a number; digits such as ² are not
    return [(int(part), "") if place % 2 else (-1, part) for place, part in enumerate(parts)]


def _glob(pattern: str, length: str = "+") -> str:
    """A glob as a regular expression: * and ? match within one folder, ** across folders; {item} is a named group."""
    signs = {"**": ".*", "**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]", ITEM: f"(?P<item>[^/]{length})"}
    parts = re.split(r"(\*\*/?|\*|\?|\{item\})", pattern)
    return "".join(signs.get(part) or re.escape(part) for part in parts)

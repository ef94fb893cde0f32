"""Walks all files of a lake, and says where each names some people. `find_person` and `forget` use the same walk.

Declarations say which columns are personal: in tables the account ids (schemas/columns.py), in raw files the columns
that the shop's mapping reads these ids from. A new table with an account id is covered without any code here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
from pyarrow import fs as pafs

from jobs.common.erased_people import FOLDER, LIST
from jobs.privacy.edit import Edit, IdFields
from jobs.privacy.file_edit import edit_file
from jobs.privacy.people import People, plain_id
from jobs.runtime import sealed_files
from jobs.runtime.lake import Lake
from jobs.runtime.lake_keys import FOLDER as KEY_FOLDER
from jobs.runtime.lake_keys import KeyGone, key_name, keys_of
from jobs.runtime.log import get_logger
from jobs.runtime.parquet_files import ENCRYPTED, as_bytes, read_table, to_read
from jobs.runtime.progress import Progress
from schemas.columns import ACCOUNT_IDS, BOUND_IDS, VISITOR_ID
from schemas.sources.mapping import Input, Source
from schemas.sources.reading import load_source, shipped_sources
from schemas.tables import BY_NAME

KEYS = f"{KEY_FOLDER}/"
STAGED, RECEIPTS = f"{FOLDER}/staged/", f"{FOLDER}/receipts/"
_OF_TABLE = re.compile(r"(?:refresh/)?tables/(?P<table>[^/]+)/.+\.parquet")
_LAKE_HAS = ("raw", "tables", "published", "models", FOLDER)
_PLAIN_NAME = re.compile(r"[\w.]+")


class UnknownSource(ValueError):
    """The mapping of a source with raw files is not known, so nobody can say which of their columns hold ids."""


@dataclass(frozen=True)
class Hit:
    """A file that names one of the people. `place`: the kind of place, such as `tables/interest`."""

    path: str
    place: str
    edit: Edit


def lake_at(root: str) -> Lake:
    """The lake at `root`. Raises FileNotFoundError where the folder is no lake: a wrong folder must stay untouched."""
    lake = Lake(root)
    if lake.fs.get_file_info(lake.path()).type == pafs.FileType.Directory:
        if any(lake.exists(folder) for folder in _LAKE_HAS):
            return lake
        raise FileNotFoundError(
            f"{lake.root} is no lake: it has none of the folders {', '.join(_LAKE_HAS)}; give the folder that the "
            "nights were written to"
        )
    raise FileNotFoundError(f"there is no lake {lake.root}; give the folder that the nights were written to")


def place_of(path: str) -> str:
    """The kind of place that a file is in: its top folder and its table, model or page, without dates and runs."""
    parts = [part for part in path.split("/") if not part.startswith(("date=", "run="))]
    if parts[0] == "refresh" and len(parts) > 1:
        return f"refresh/{place_of('/'.join(parts[1:]))}"
    if parts[0] in ("runs", "reports", "answers") or len(parts) == 1:
        return parts[0]
    if parts[0] == "raw":
        return f"raw/{parts[1]}/{parts[-1]}" if len(parts) > 2 else "raw"
    return "/".join(parts[:2])


def all_paths(lake: Lake) -> list[str]:
    """Every file of the lake, sorted, as paths below the lake's folder."""
    infos = lake.fs.get_file_info(pafs.FileSelector(lake.path(), recursive=True, allow_not_found=True))
    root = len(lake.path(""))
    return sorted(info.path[root:] for info in infos if info.type == pafs.FileType.File)


def read_bytes(lake: Lake, path: str) -> bytes:
    """The file as it is stored."""
    with lake.fs.open_input_stream(lake.path(path)) as stream:
        return bytes(stream.read())


def walk(lake: Lake, people: People, logs: Mapping[str, tuple[Input, str]], fields: IdFields) -> Iterator[Hit]:
    """Each file that names one of `people`, in the order of paths. `logs`, `fields`: from `raw_logs` and `lake_fields`.

    Two kinds of files are left out. The list of the forgotten has hashes of another key. The lake's keys could contain
    a short id by chance, and must not be damaged.
    """
    paths = list(all_paths(lake))
    with Progress("looking into the lake", len(paths), "files") as doing:
        for path in doing.over(paths, None):
            if path == "/".join(LIST) or path.startswith((STAGED, KEYS)) or path == "contested.lock":
                continue
            if hit := hit_in(lake, path, people, logs, fields):
                yield hit


def hit_in(
    lake: Lake, path: str, people: People, logs: Mapping[str, tuple[Input, str]], fields: IdFields
) -> Hit | None:
    """The file as a hit if it names one of `people`, else None."""
    spec, encoding = logs.get(path, (None, "utf-8"))
    of_file = fields if spec is None else fields_of(spec)
    as_text = None if spec is None or spec.format == "parquet" else spec
    stored = read_bytes(lake, path)
    try:
        content = sealed_files.opened(stored, keys_of(lake))
    except KeyGone as gone:
        if "raw" not in path.split("/")[:2]:
            raise
        get_logger("lake_files").warning("%s is left out, nobody can read it: %s", path, gone)
        return None
    edit = edit_file(path, content, people, of_file, as_text, encoding, to_read(lake))
    return Hit(path, place_of(path), _as_stored(lake, path, stored, edit)) if edit else None


def _as_stored(lake: Lake, path: str, stored: bytes, edit: Edit) -> Edit:
    """The edit with its new content encrypted, if the stored file was."""
    keys, name = keys_of(lake), key_name(path)
    if edit.content is None or keys is None or name is None:
        return edit
    if stored.startswith(sealed_files.MAGIC):
        return replace(edit, content=sealed_files.sealed(edit.content, keys, name))
    if stored.startswith(ENCRYPTED):
        rows = read_table(lake, pa.BufferReader(edit.content))
        return replace(edit, content=as_bytes(lake, rows, lake.path(path)))
    return edit


def fields_of(spec: Input) -> IdFields:
    """Where the rows of a shop's file name a person: the columns that the mapping reads our ids from."""
    accounts = tuple(shop_column for our_column in ACCOUNT_IDS for shop_column in _shop_columns(spec, our_column))
    return IdFields(accounts, tuple(_shop_columns(spec, VISITOR_ID)), is_log=True)


def _shop_columns(spec: Input, our_column: str) -> list[str]:
    if our_column in spec.columns:
        return [spec.columns[our_column]]
    sql = spec.derived.get(our_column, "")
    if not sql or _PLAIN_NAME.fullmatch(sql):
        return [sql] if sql else []
    only_this = replace(spec, derived={our_column: sql}, reject={}, tallies={}, time=None)
    return sorted(only_this.sql_words)


def lake_fields(sources: Mapping[str, Source]) -> IdFields:
    """Where the lake's own tables name a person; `foreign`: the shops' names of account fields."""
    shop_columns = {
        column for source in sources.values() for spec in source.inputs for column in fields_of(spec).accounts
    }
    return IdFields(ACCOUNT_IDS, BOUND_IDS, foreign=tuple(sorted(shop_columns)))


def sources_of(lake: Lake, source_name: str = "") -> dict[str, Source]:
    """The mapping of each source with raw files in the lake. Raises UnknownSource where a mapping is not known."""
    sources = {mapping.name: mapping for mapping in ([load_source(source_name)] if source_name else [])}
    for name in {*lake.list_dir("raw"), *lake.list_dir("refresh", "raw")} - set(sources):
        if name not in shipped_sources():
            raise UnknownSource(
                f"{lake.path('raw', name)} has files of the source '{name}', whose mapping is not one of those that "
                f"come with the project: give it with --source FILE.toml, so that the columns with ids are known"
            )
        sources[name] = load_source(name)
    return sources


def raw_logs(lake: Lake, sources: Mapping[str, Source]) -> dict[str, tuple[Input, str]]:
    """Path of a shop's file in the lake -> (the input that it is read as, its encoding)."""
    logs: dict[str, tuple[Input, str]] = {}
    for root in ("raw", "refresh/raw"):
        for name, source in sources.items():
            for day in lake.list_dir(root, name):
                if lake.exists(root, name, day, "_received.json"):
                    received = lake.get_json(root, name, day, "_received.json")
                    logs.update(_of_night(received, source, root.removesuffix("raw")))
    return logs


def _of_night(received: dict[str, Any], source: Source, below: str) -> dict[str, tuple[Input, str]]:
    logs = {}
    for spec in source.inputs:
        for file in received.get(spec.which, {}).get("files", []):
            as_read = replace(spec, column_names=spec.column_names) if spec.header else spec
            logs[below + file["stored"]] = (as_read, spec.encoding)
            if file["readable"] != file["stored"]:
                logs[below + file["readable"]] = (as_read, "utf-8")
    return logs


def bound_ids(lake: Lake, people: People) -> frozenset[str]:
    """Ids that tables have only in rows with accounts of these people, such as `visitor_id:c1`.

    They are needed since a device of theirs may have visited without an account, and an answer names only the question.
    """
    owners: dict[str, set[bool]] = defaultdict(set)
    for path in all_paths(lake):
        table = BY_NAME.get(match["table"]) if (match := _OF_TABLE.fullmatch(path)) else None
        if table is None:
            continue
        for account in set(table.names) & set(ACCOUNT_IDS):
            for kind in set(table.names) & set(BOUND_IDS):
                for owner, value in _pairs(lake, path, account, kind):
                    owners[f"{kind}:{plain_id(value)}"].add(plain_id(owner) in people.accounts)
    return frozenset(bound_id for bound_id, are_theirs in owners.items() if are_theirs == {True})


def _pairs(lake: Lake, path: str, account: str, kind: str) -> list[tuple[str, str]]:
    rows = read_table(lake, lake.path(path), [account, kind])
    distinct = rows.group_by([account, kind]).aggregate([]).select([account, kind])
    pairs = zip(*(column.to_pylist() for column in distinct.columns), strict=True)
    return [(owner, value) for owner, value in pairs if owner and value]

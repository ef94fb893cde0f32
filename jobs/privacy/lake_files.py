"""Walks all files of a lake, and says where each names some people. `find_person` and `forget` use the same walk.

Declarations say which columns are personal: in tables the account ids (schemas/columns.py), in raw files the columns
that the shop's mapping reads these ids from. A new table with an account id is covered without any code here.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import pyarrow as pa
from pyarrow import fs as pafs

from jobs.common.erased_people import FOLDER, LIST
from jobs.privacy.edit import Edit, IdFields
from jobs.privacy.file_edit import edit_file
from jobs.privacy.people import People, plain_id
from jobs.runtime import contested_files, sealed_files
from jobs.runtime.lake import Lake
from jobs.runtime.lake_keys import FOLDER as KEY_FOLDER
from jobs.runtime.lake_keys import KeyGone, WrongMasterKey, key_name, keys_of
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
_VERSION = re.compile(r"(?P<date>(?:refresh/)?tables/[^/]+/date=[^/]+)/(?P<run>run=[^/]+)/(?P<name>[^/]+)")
_PUBLISHED = re.compile(r"(?P<run>published/run=[^/]+)/.+")
# Files that a task writes part by part; what names them is written when they are whole.
_WRITTEN_IN_PARTS = ("raw/", "refresh/", "models/", "pictures/", "vectors/", "drafts/", "privacy/")
_OF_PERSONS = ("raw/", "refresh/", "tables/", "published/")  # what a killed task leaves here may have rows of anybody
_CANNOT_BE_DECODED = (pa.ArrowException, OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error)
_log = get_logger("lake_files")
_LAKE_HAS = ("raw", "tables", "published", "models", FOLDER)
_PLAIN_NAME = re.compile(r"[\w.]+")


class UnknownSource(ValueError):
    """The mapping of a source with raw files is not known, so nobody can say which of their columns hold ids."""


class Unreadable(ValueError):
    """A file that readers use cannot be decoded, so nobody can say whom it names."""


@dataclass(frozen=True)
class Hit:
    """A file that names one of the people. `place`: the kind of place, such as `tables/interest`.

    edit: its content is left out (empty, or None where the whole file is deleted), since the files that name a thousand
    people would not fit into memory. `content` makes it again, from the file as it is then.
    """

    path: str
    place: str
    edit: Edit
    _edit_again: Callable[[], Edit | None] = field(repr=False, compare=False)

    def content(self) -> bytes | None:
        """The file without the people; None where the whole file is deleted."""
        if self.edit.content is None:
            return None
        edit = self._edit_again()
        assert edit is not None, f"{self.path} has changed since it was searched, though this process holds the lake"
        return edit.content


class Found(NamedTuple):
    """hits: the files that name one of the people. left_behind: files with rows that nobody can decode or uses."""

    hits: list[Hit]
    left_behind: list[str]


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
    """The file as it is stored; pyarrow would unpack a file whose name ends in .gz."""
    with lake.fs.open_input_stream(lake.path(path), compression=None) as stream:
        return bytes(stream.read())


def walk(
    lake: Lake,
    people: People,
    logs: Mapping[str, tuple[Input, str]],
    fields: IdFields,
    left_behind: list[str] | None = None,
) -> Iterator[Hit]:
    """Each file that names one of `people`, in the order of paths. `logs`, `fields`: from `raw_logs` and `lake_fields`.

    left_behind: gets files with rows that cannot be decoded and that no reader uses. Raises Unreadable for one that is
    used.

    Two kinds of files are left out. The list of the forgotten has hashes of another key. The lake's keys could contain
    a short id by chance, and must not be damaged.
    """
    paths = list(all_paths(lake))
    with Progress("looking into the lake", len(paths), "files") as doing:
        for path in doing.over(paths, None):
            if path == "/".join(LIST) or path.startswith((STAGED, KEYS)) or path == contested_files.LOCK:
                continue
            if hit := hit_in(lake, path, people, logs, fields, left_behind):
                yield hit


def hit_in(
    lake: Lake,
    path: str,
    people: People,
    logs: Mapping[str, tuple[Input, str]],
    fields: IdFields,
    left_behind: list[str] | None = None,
) -> Hit | None:
    """The file as a hit if it names one of `people`, else None. left_behind, Raises: as `walk`."""

    def edited() -> Edit | None:
        return _edited(lake, path, people, logs, fields)

    try:
        edit = edited()
    except KeyGone as gone:
        if "raw" not in path.split("/")[:2]:
            raise
        _log.warning("%s is left out, nobody can read it: %s", path, gone)
        return None
    except WrongMasterKey:
        raise
    except _CANNOT_BE_DECODED as problem:
        if path in logs or _is_used(lake, path):
            raise Unreadable(
                f"{lake.path(path)} cannot be decoded, so nobody can say whom it names ({problem}); bring it back from "
                "a backup, or delete the version, the published night or the raw day that has it, then run the same "
                "command again"
            ) from problem
        _log.warning("%s is left out: nobody can decode it, no reader uses it; a killed task leaves such files", path)
        if left_behind is not None and path.startswith(_OF_PERSONS):
            left_behind.append(path)
        return None
    if edit is None:
        return None
    return Hit(path, place_of(path), replace(edit, content=None if edit.content is None else b""), edited)


def _edited(
    lake: Lake, path: str, people: People, logs: Mapping[str, tuple[Input, str]], fields: IdFields
) -> Edit | None:
    spec, encoding = logs.get(path, (None, "utf-8"))
    of_file = fields if spec is None else fields_of(spec)
    as_text = None if spec is None or spec.format == "parquet" else spec
    stored = read_bytes(lake, path)
    content = sealed_files.opened(stored, keys_of(lake))
    edit = edit_file(_chosen_name(path, spec), content, people, of_file, as_text, encoding, to_read(lake))
    return _as_stored(lake, path, stored, edit) if edit else None


def _chosen_name(path: str, spec: Input | None) -> str:
    """The part of a path that may name a person: the lake chose its folders, the mapping the words of its patterns."""
    name = path.rpartition("/date=")[2].partition("/")[2] if "raw" in path.split("/")[:2] else path.rpartition("/")[2]
    words = {word for pattern in spec.files for word in re.findall(r"\w+", pattern)} if spec else set()
    return "".join(piece for piece in re.split(r"(\W)", name) if piece not in words)


def _is_used(lake: Lake, path: str) -> bool:
    """Whether a reader may open the file. A model or pack that cannot be decoded was cut off, so nothing names it."""
    if match := _PUBLISHED.fullmatch(path):
        return lake.exists(match["run"], "manifest.json")
    if match := _VERSION.fullmatch(path):
        notes = ((match["date"], match["run"], "_version.json"), (match["date"], "_current.json"))
        versions = [lake.get_json(*note) for note in notes if lake.exists(*note)]
        return any(match["run"] == f"run={v['run']}" and match["name"] in v["files"] for v in versions)
    return not path.startswith(_WRITTEN_IN_PARTS)


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


def own_words(lake: Lake) -> frozenset[str]:
    """The names of the lake's sources and models: as a word of a text they name nobody."""
    return frozenset((*lake.list_dir("raw"), *lake.list_dir("refresh", "raw"), *lake.list_dir("models")))


def bound_ids(lake: Lake, people: People) -> frozenset[str]:
    """Ids that tables have only in rows with accounts of these people, such as `visitor_id:c1`.

    They are needed since a device of theirs may have visited without an account, and an answer names only the question.
    The tables are read twice, so that only the ids of these people's own rows are ever in memory, not those of a shop.
    """
    columns = [
        (path, account, kind)
        for path in all_paths(lake)
        if (table := BY_NAME.get(match["table"]) if (match := _OF_TABLE.fullmatch(path)) else None)
        for account in ACCOUNT_IDS
        for kind in BOUND_IDS
        if {account, kind} <= set(table.names)
    ]
    theirs: set[str] = set()
    for path, account, kind in columns:
        pairs = _pairs(lake, path, account, kind)
        theirs.update(f"{kind}:{plain_id(value)}" for owner, value in pairs if plain_id(owner) in people.accounts)
    for path, account, kind in columns if theirs else []:
        pairs = _pairs(lake, path, account, kind)
        theirs.difference_update(
            f"{kind}:{plain_id(value)}" for owner, value in pairs if plain_id(owner) not in people.accounts
        )
    return frozenset(theirs)


def _pairs(lake: Lake, path: str, account: str, kind: str) -> list[tuple[str, str]]:
    try:
        rows = read_table(lake, lake.path(path), [account, kind])
    except (pa.ArrowException, OSError):
        return []  # `walk` says what is wrong with the file
    distinct = rows.group_by([account, kind]).aggregate([]).select([account, kind])
    pairs = zip(*(column.to_pylist() for column in distinct.columns), strict=True)
    return [(owner, value) for owner, value in pairs if owner and value]

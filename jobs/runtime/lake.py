"""The lake: immutable versions of table partitions, and the pointers that say which version readers use.

    tables/<table>/date=D/run=R/*.parquet      files of one version
    tables/<table>/date=D/run=R/_version.json  the version: its files and row counts; written last
    tables/<table>/date=D/_current.json        the version that passed its gate; replaced in one atomic write

Files that no `_version.json` lists are ignored, so readers never see what a killed or retried task left behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from pyarrow import ArrowInvalid
from pyarrow import fs as pafs

from schemas.table import Table

REFRESH = "refresh"  # folder of the lake in which a refresh reads the day so far, below the lake of the nights
ANSWERS = "answers"  # folder of an endpoint's answers, by date
_READS = 8  # tries to read a small file that is being replaced; a file that is no JSON each time is damaged


@dataclass(frozen=True)
class Version:
    """One immutable version of a table for one date. `files` are names in `folder`, a path below the lake."""

    table: str
    date: str
    run: str
    rows: int
    files: tuple[str, ...]
    bytes: int
    schema_version: int
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        return f"tables/{self.table}/date={self.date}/run={self.run}"


def file_system(root: str) -> tuple[pafs.FileSystem, str]:
    """(file system, path in it) of an absolute path or URL. Raises ValueError for an unknown kind of URL."""
    try:
        files, base = pafs.FileSystem.from_uri(root)
    except ArrowInvalid as problem:
        kinds = "write an absolute path, or a URL that starts with file, s3, gs, abfs or hdfs"
        raise ValueError(f"{root} is no folder or URL that can be read ({problem}); {kinds}") from None
    return files, base


def json_text(obj: Any) -> str:
    """The text of every JSON file of a lake."""
    return json.dumps(obj, ensure_ascii=False, indent=1, sort_keys=True)


class Lake:
    """A local folder, or any URL that both Spark and pyarrow.fs read (s3, gs, abfs, hdfs)."""

    def __init__(self, root: str) -> None:
        self.root = root if "://" in root else os.path.abspath(root)
        self.fs, self._base = file_system(self.root)
        self._base = self._base.rstrip("/")

    @property
    def is_local(self) -> bool:
        return isinstance(self.fs, pafs.LocalFileSystem)

    @property
    def refresh(self) -> Lake:
        """The lake of the day so far, below this lake of the nights."""
        return Lake(f"{self.root}/{REFRESH}")

    @property
    def of_nights(self) -> Lake:
        """The lake of the nights: the one above, if this is the lake of a refresh; else this one."""
        return Lake(self.root.removesuffix(f"/{REFRESH}")) if self.root.endswith(f"/{REFRESH}") else self

    def path(self, *parts: str) -> str:
        """The path that `self.fs` takes."""
        return "/".join((self._base, *parts))

    def url(self, *parts: str) -> str:
        """The path that Spark takes."""
        root = f"file://{self.root}" if "://" not in self.root else self.root.rstrip("/")
        return "/".join((root, *parts))

    def exists(self, *parts: str) -> bool:
        return self.fs.get_file_info(self.path(*parts)).type != pafs.FileType.NotFound

    def list_dir(self, *parts: str) -> list[str]:
        """Names directly below a folder, sorted; empty where the folder does not exist."""
        selector = pafs.FileSelector(self.path(*parts), allow_not_found=True)
        return sorted(info.base_name for info in self.fs.get_file_info(selector))

    def put_json(self, obj: Any, *parts: str) -> None:
        self.put_text(json_text(obj), *parts)

    def put_text(self, text: str, *parts: str) -> None:
        """Replaces one small file atomically: readers see the old content or the new one, never a part."""
        data = text.encode()
        path = self.path(*parts)
        if self.is_local:
            self.fs.create_dir(os.path.dirname(path), recursive=True)
            temporary = f"{path}.{uuid.uuid4().hex}.tmp"
            with open(temporary, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            os.replace(temporary, path)
        else:  # an object store shows an object only once its upload is complete
            with self.fs.open_output_stream(path) as out:
                out.write(data)

    def get_json(self, *parts: str) -> Any:
        """The content of one small file, also while it is replaced. Raises ValueError where it is no JSON.

        pyarrow asks an object store for an object's size first, then reads that many bytes. If a longer object has
        replaced it in between, pyarrow gives only the beginning, which is no JSON.
        """
        for attempt in range(_READS):
            with self.fs.open_input_stream(self.path(*parts)) as stream:
                text = stream.read()
            try:
                return json.loads(text)
            except ValueError:
                if attempt == _READS - 1:
                    raise

    def delete(self, *parts: str) -> None:
        info = self.fs.get_file_info(self.path(*parts))
        if info.type == pafs.FileType.Directory:
            self.fs.delete_dir(info.path)
        elif info.type == pafs.FileType.File:
            self.fs.delete_file(info.path)

    def move(self, path: str, to: str) -> None:
        """Moves a file of the lake; it replaces the file at `to`, if any. In a local folder this is one atomic step."""
        self.fs.create_dir(self.path(to.rpartition("/")[0]), recursive=True)
        self.fs.move(self.path(path), self.path(to))

    def upload(self, local: str, *parts: str) -> None:
        """Copies a local folder into the lake."""
        self.fs.create_dir(self.path(*parts), recursive=True)
        pafs.copy_files(
            local, self.path(*parts), source_filesystem=pafs.LocalFileSystem(), destination_filesystem=self.fs
        )

    @contextlib.contextmanager
    def local_copy(self, *parts: str) -> Iterator[str]:
        """A local path of a folder of the lake: the folder itself, or a copy that lasts as long as the block."""
        if self.is_local:
            yield self.path(*parts)
            return
        with tempfile.TemporaryDirectory() as local:
            pafs.copy_files(
                self.path(*parts), local, source_filesystem=self.fs, destination_filesystem=pafs.LocalFileSystem()
            )
            yield local

    # versions -----------------------------------------------------------------------------------------------------

    def commit(self, version: Version) -> Version:
        """Lists the version's files in _version.json; deletes other files that an earlier try of the same run left.

        Where that try passed its gate, its files stay: readers use them until this version has passed, too.
        """
        self.put_json(asdict(version), version.folder, "_version.json")
        self._delete_unlisted(version)
        return version

    def _delete_unlisted(self, version: Version) -> None:
        """Deletes the files of the folder that neither this version nor the run's current version lists."""
        listed = {*version.files, "_version.json"}
        if not (unlisted := [name for name in self.list_dir(version.folder) if name not in listed]):
            return
        current = self._load(version.folder.rpartition("/")[0], "_current.json")
        used = current.files if current is not None and current.run == version.run else ()
        for name in unlisted:
            if name not in used:
                self.delete(version.folder, name)

    def version(self, table: Table, night: date, run: str) -> Version | None:
        """The version that `run` wrote, whether it passed its gate or not; None where it wrote none."""
        folder = f"tables/{table.name}/date={night}/run={run}"
        return self._load(folder, "_version.json")

    def current(self, table: Table, night: date) -> Version | None:
        """The version of this date that readers use; None where none has passed its gate."""
        return self._load(f"tables/{table.name}/date={night}", "_current.json")

    def make_current(self, version: Version) -> None:
        """From now on readers use the version. Deletes the files that an earlier try of its run had made current."""
        self.put_json(asdict(version), f"tables/{version.table}/date={version.date}", "_current.json")
        self._delete_unlisted(version)

    def dates(self, table: Table) -> list[date]:
        """Dates with a folder of the table, ascending; some may have no version that passed its gate."""
        names = self.list_dir("tables", table.name)
        return [date.fromisoformat(name.removeprefix("date=")) for name in names if name.startswith("date=")]

    def before(self, table: Table, night: date) -> Version | None:
        """The newest version of an earlier date that passed its gate; None without one."""
        for day in reversed(self.dates(table)):
            if day < night and (version := self.current(table, day)) is not None:
                return version
        return None

    def model_before(self, model: str, night: date, including: bool = False) -> tuple[str, ...] | None:
        """The folder of the newest model of an earlier date (or of this one, if `including`); None without one."""
        for name in reversed(self.list_dir("models", model)):
            day = date.fromisoformat(name.removeprefix("date="))
            if (day < night or (including and day == night)) and self.exists("models", model, name, "_current.json"):
                run = self.get_json("models", model, name, "_current.json")["run"]
                return ("models", model, name, f"run={run}")
        return None

    def file_paths(self, version: Version) -> list[str]:
        return [self.path(version.folder, name) for name in version.files]

    def file_urls(self, version: Version) -> list[str]:
        return [self.url(version.folder, name) for name in version.files]

    def _load(self, folder: str, name: str) -> Version | None:
        try:
            raw = self.get_json(folder, name)
        except FileNotFoundError:
            return None
        return Version(**{**raw, "files": tuple(raw["files"])})

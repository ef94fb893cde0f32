"""The bytes of a picture that a drop names: from a file within the drop, or from a host that the settings name."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import urllib3
from pyarrow import fs as pafs

from jobs.common.raw_drop import opened, root_of
from models.images.reading import PictureRefused

_REDIRECTS = 3
_KEY = ("user-agent", "nightmarket")


class Unchanged(Exception):
    """The host says that its picture has not changed since it had the known tag."""


class NotReached(PictureRefused):
    """The host does not answer tonight, or cannot. That says nothing about its picture."""


def is_url(source: str) -> bool:
    return source.lower().startswith(("http://", "https://"))


@dataclass
class PictureFiles:
    """Pictures of one drop. It can be sent to Spark's workers, since connections are opened where they are used.

    root: the folder of the drop, a path or a URL of pyarrow.fs. hosts: hosts from which pictures may be fetched.
    """

    root: str
    hosts: tuple[str, ...] = ()
    seconds: float = 20.0
    max_bytes: int = 20_000_000
    _local: threading.local | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.root = root_of(self.root)

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_local": None}

    def tags(self, sources: Iterable[str]) -> dict[str, str | None]:
        """Path below the drop -> its size and time, without opening it; None where there is no such file."""
        fs, base = opened(self.root)
        paths = [source for source in sources if not is_url(source) and not leaves_drop(source)]
        try:
            infos = fs.get_file_info([f"{base}/{path}" for path in paths])
        except OSError:  # one name is too long, or its folder may not be read: the other files have their tags
            return {path: _tag_or_none(fs, f"{base}/{path}") for path in paths}
        return {path: _tag(info) for path, info in zip(paths, infos, strict=True)}

    def below(self, folder: str) -> dict[str, str]:
        """Path below the drop -> its size and time, for all files in a folder of the drop."""
        fs, base = opened(self.root)
        selector = pafs.FileSelector(f"{base}/{folder}".rstrip("/"), recursive=True, allow_not_found=True)
        infos = fs.get_file_info(selector)
        return {info.path[len(base) + 1 :]: tag for info in infos if (tag := _tag(info)) is not None}

    def read(self, source: str, known_tag: str | None = None) -> tuple[bytes, str]:
        """(bytes, tag) of a picture. Of a longer file only `max_bytes` and one byte more are read.

        Raises PictureRefused with a reason of schemas/picture_reasons.py; NotReached where the host does not answer;
        Unchanged where the host says so.
        """
        if is_url(source):
            return self._fetch(source, known_tag)
        self.check_path(source)
        fs, base = opened(self.root)
        tag = self.tags([source])[source] or ""  # before the bytes: a file that is replaced meanwhile is read again
        try:
            with fs.open_input_stream(f"{base}/{source}", compression=None) as stream:
                data = stream.read(self.max_bytes + 1)
        except (OSError, ValueError) as error:
            raise PictureRefused("missing_file", str(error)[:200]) from None
        return data, tag

    def read_whole(self, path: str) -> tuple[bytes, str]:
        """(all bytes, tag) of a file of the drop that is not a picture, such as a list of pictures."""
        self.check_path(path)
        fs, base = opened(self.root)
        with fs.open_input_stream(f"{base}/{path}", compression="detect") as stream:
            return stream.read(), self.tags([path])[path] or ""

    def check_path(self, source: str) -> None:
        """Raises PictureRefused where a path leaves the drop, or a link leads out of it."""
        if leaves_drop(source):
            raise PictureRefused("outside_drop", f"the path is {source[:200]!r}")
        if "://" not in self.root:
            root = os.path.realpath(self.root)
            real = os.path.realpath(os.path.join(root, source))
            if os.path.commonpath([root, real]) != root:
                raise PictureRefused("outside_drop", f"{source[:200]!r} is a link out of the drop")

    def check_host(self, url: str) -> None:
        """Raises PictureRefused where the settings do not name the URL's host, or the URL has none."""
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:  # such as http://[x.jpg
            host = ""
        if host not in self.hosts:
            raise PictureRefused("host_not_named", f"{host or url[:100]!r} is not among images.hosts")

    def _fetch(self, url: str, known_tag: str | None) -> tuple[bytes, str]:
        for _ in range(_REDIRECTS + 1):
            self.check_host(url)  # also for each redirect
            answer = self._ask(url, known_tag)
            if isinstance(answer, tuple):
                return answer
            try:
                url = urljoin(url, answer)
            except ValueError:
                detail = f"the host redirects to {answer[:100]!r}, which is no URL"
                raise PictureRefused("not_fetched", detail) from None
        raise PictureRefused("not_fetched", f"more than {_REDIRECTS} redirects")

    def _ask(self, url: str, known_tag: str | None) -> tuple[bytes, str] | str:
        """(bytes, tag) that the host sends, or the URL to which it redirects."""
        headers = dict([_KEY])
        if known_tag:
            headers |= {"If-None-Match": known_tag} if known_tag[:1] in '"W' else {"If-Modified-Since": known_tag}
        try:
            with self._pool().request(
                "GET",
                url,
                headers=headers,
                timeout=urllib3.Timeout(total=self.seconds),
                retries=False,
                redirect=False,
                preload_content=False,
            ) as answer:
                if answer.status == 304 and known_tag:
                    raise Unchanged
                if answer.status in (301, 302, 303, 307, 308) and (location := answer.headers.get("Location")):
                    return location
                if answer.status == 429 or answer.status >= 500:
                    raise NotReached("not_fetched", f"HTTP {answer.status}")
                if answer.status != 200:
                    raise PictureRefused("not_fetched", f"HTTP {answer.status}")
                data = answer.read(self.max_bytes + 1)
        except urllib3.exceptions.HTTPError as error:
            raise NotReached("not_fetched", f"{type(error).__name__}: {str(error)[:150]}") from None
        return data, answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""

    def _pool(self) -> urllib3.PoolManager:
        if self._local is None:
            self._local = threading.local()
        if not hasattr(self._local, "pool"):
            self._local.pool = urllib3.PoolManager()
        return self._local.pool


def leaves_drop(path: str) -> bool:
    """Whether a path does not stay below the drop: it is empty, absolute, of another system, or has `..` in it."""
    parts = path.replace("\\", "/").split("/")
    return not path or path.startswith(("/", "\\", "~")) or ".." in parts or ":" in parts[0] or "\0" in path


def _tag_or_none(fs: pafs.FileSystem, path: str) -> str | None:
    try:
        return _tag(fs.get_file_info(path))
    except OSError:
        return None


def _tag(info: pafs.FileInfo) -> str | None:
    return f"{info.size}-{info.mtime_ns}" if info.type == pafs.FileType.File else None

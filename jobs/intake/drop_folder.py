"""The folder that a shop delivers into. Finds its files by the patterns of a mapping, and the dates in their names."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from datetime import date, datetime

from pyarrow import fs as pafs

from jobs.common.raw_drop import DATE, for_night, opened, root_of
from schemas.sources.mapping import Input

_SHOWN = 5  # names listed in an error
_STRPTIME = {"%Y": r"\d{4}", "%m": r"\d{2}", "%d": r"\d{2}", "%y": r"\d{2}", "%j": r"\d{3}", "%b": "[A-Za-z]{3}"}


class Drop:
    """A local folder, or any URL that pyarrow.fs reads."""

    def __init__(self, root: str) -> None:
        self.root = root_of(root)
        self.fs, self.base = opened(self.root)
        self._listed: dict[str, dict[str, int]] = {}

    def must_exist(self) -> None:
        """Raises FileNotFoundError if there is no folder: waiting for a file in it would be no use."""
        if self.fs.get_file_info(self.base or "/").type != pafs.FileType.Directory:
            raise FileNotFoundError(f"no folder {self.root}; --raw names the folder that the shop delivers into")

    def sizes(self, pattern: str) -> dict[str, int]:
        """Path below the drop -> bytes, for all files in the folder that `pattern` begins with."""
        folder = re.split(r"[*?\[{]", pattern, maxsplit=1)[0].rpartition("/")[0]
        if folder not in self._listed:
            selector = pafs.FileSelector(f"{self.base}/{folder}".rstrip("/"), recursive=True, allow_not_found=True)
            files = [info for info in self.fs.get_file_info(selector) if info.type == pafs.FileType.File]
            self._listed[folder] = {info.path[len(self.base) + 1 :]: info.size for info in files}
        return self._listed[folder]

    def matching(self, patterns: Iterable[str], night: date) -> list[str]:
        """The paths that match one of the patterns for that night, in the order of the patterns, then by name."""
        paths: dict[str, None] = {}
        for pattern in patterns:
            glob = re.compile(_glob(for_night(pattern, night)))
            paths.update(dict.fromkeys(path for path in sorted(self.sizes(pattern)) if glob.fullmatch(path)))
        return list(paths)

    def dates(self, spec: Input) -> list[date]:
        """The dates for which there are files, ascending."""
        return sorted(
            {day for pattern in spec.files for path in self.sizes(pattern) if (day := _date_of(pattern, path))}
        )

    def seen(self, spec: Input) -> str:
        """Some names of files in the drop, for an error message."""
        names = sorted({path for pattern in spec.files for path in self.sizes(pattern)})
        if not names:
            return f"no files in {self.root}"
        rest_note = f" and {len(names) - _SHOWN} more, the last {names[-1]}" if len(names) > _SHOWN else ""
        return f"{', '.join(names[:_SHOWN])}{rest_note} in {self.root}"


def _glob(pattern: str) -> str:
    """A glob as a regular expression in which * and ? stop at folders and ** does not."""
    parts = re.split(r"(\*\*/?|\*|\?|\[[^\]]*\])", pattern)
    signs = {"**": ".*", "**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        signs.get(part) or (fnmatch.translate(part)[4:-3] if part[:1] == "[" else re.escape(part)) for part in parts
    )


def _date_of(pattern: str, path: str) -> date | None:
    """The date in a path that a dated pattern matches; None where it does not match."""
    formats = [placeholder[1] or "%Y-%m-%d" for placeholder in DATE.finditer(pattern)]
    pieces = [_glob(piece) for piece in DATE.split(pattern)[::2]]
    groups = [
        "(" + re.sub(r"%\w", lambda code: _STRPTIME.get(code[0], ".+?"), date_format) + ")" for date_format in formats
    ]
    regex = "".join(piece + group for piece, group in zip(pieces, [*groups, ""], strict=True))
    match = re.fullmatch(regex, path)
    if not match or not formats:
        return None
    try:
        return datetime.strptime(" ".join(match.groups()), " ".join(formats)).date()
    except ValueError:
        return None

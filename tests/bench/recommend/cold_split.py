"""Reads folders of logs and attributes and holds out whole items, for `tests.bench.recommend.cold`.

A folder has sequences.txt (`user item item ...` in time order), maybe with item_attributes.json (item -> tags); or
articles.parquet (article_id and its attributes) with transactions*.parquet (t_dat, customer_id, article_id).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

Bools = NDArray[np.bool_]
HELD = 5  # one in HELD items is held out, and so is one in HELD of each user's other items


@dataclass(frozen=True)
class Log:
    """Distinct pairs in the order of a user's first touch: user, item (n,) codes; one attribute value per item."""

    user: NDArray[np.int64]
    item: NDArray[np.int64]
    users: int
    item_ids: NDArray[np.str_]
    columns: dict[str, list[Any]]


@dataclass(frozen=True)
class Split:
    """`train` (U, I) on warm items only; `truth` of `valid` and `test`, (U, I) each, on warm items and on cold ones.

    warm (I,), cold["valid"] (I,) and cold["test"] (I,) divide the items into three parts.
    """

    train: sparse.csr_matrix
    warm: Bools
    cold: dict[str, Bools]
    truth: dict[str, sparse.csr_matrix]


def read_log(folder: Path, seed: int) -> Log:
    """The log of a folder in one of the two formats; item codes are shuffled, since they decide ties.

    (Amazon's item ids ascend by first event: ties by id would reveal which items are popular.)
    Raises FileNotFoundError naming what the folder lacks.
    """
    if (folder / "sequences.txt").is_file():
        pairs, attributes = _sequences(folder)
    elif (folder / "articles.parquet").is_file() and any(folder.glob("transactions*.parquet")):
        pairs, attributes = _transactions(folder)
    else:
        raise FileNotFoundError(
            f"{folder} holds neither sequences.txt nor articles.parquet with transactions*.parquet; see {__name__}"
        )
    pairs = pairs.drop_duplicates(ignore_index=True)
    users, item_ids = pd.factorize(pairs["user"])[0], np.unique(pairs["item"].to_numpy(np.str_))
    item_ids = np.random.default_rng(seed).permutation(item_ids)
    order = np.argsort(item_ids)
    items = order[np.searchsorted(item_ids, pairs["item"].to_numpy(np.str_), sorter=order)]
    columns = {name: values.tolist() for name, values in attributes.reindex(item_ids).items()}
    return Log(users, items, int(users.max()) + 1, item_ids, columns)


def split_log(log: Log, seed: int) -> Split:
    """Holds out one in five items (cold), half of them for validation, and the last fifth of each user's warm items.

    A user's number of held-out warm items is rounded; chance decides for each whether it is for validation or test.
    """
    rng = np.random.default_rng(seed)
    place = rng.permutation(len(log.item_ids))
    valid_end, cold_end = len(place) // (2 * HELD), len(place) // HELD
    cold = {"valid": place < valid_end, "test": (place >= valid_end) & (place < cold_end)}
    warm = place >= cold_end
    is_warm_pair = warm[log.item]
    user, item = log.user[is_warm_pair], log.item[is_warm_pair]
    order = np.argsort(user, kind="stable")
    count = np.bincount(user, minlength=log.users)
    rank = np.empty(len(user), np.int64)
    rank[order] = np.arange(len(user)) - np.repeat(np.cumsum(count) - count, count)
    is_held_out = rank >= (count - np.rint(count / HELD).astype(np.int64))[user]
    toss = rng.random(len(user)) < 0.5
    truth = {}
    for name, in_part in (("valid", is_held_out & toss), ("test", is_held_out & ~toss)):
        of_cold = cold[name][log.item]
        truth[name] = _matrix(
            log, np.append(user[in_part], log.user[of_cold]), np.append(item[in_part], log.item[of_cold])
        )
    return Split(_matrix(log, user[~is_held_out], item[~is_held_out]), warm, cold, truth)


def _matrix(log: Log, user: NDArray[np.int64], item: NDArray[np.int64]) -> sparse.csr_matrix:
    ones = np.ones(len(user), np.float32)
    matrix = sparse.csr_matrix((ones, (user, item)), shape=(log.users, len(log.item_ids)))
    matrix.sort_indices()
    return matrix


def _sequences(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    lines = [line.split() for line in (folder / "sequences.txt").read_text("utf-8").splitlines() if line.strip()]
    users = np.repeat([line[0] for line in lines], [len(line) - 1 for line in lines])
    pairs = pd.DataFrame({"user": users, "item": [item for line in lines for item in line[1:]]})
    path = folder / "item_attributes.json"
    tags = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return pairs, pd.DataFrame({"tags": pd.Series(tags, dtype=object)})


def _transactions(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    names = ["t_dat", "customer_id", "article_id"]
    parts = [pd.read_parquet(path, columns=names) for path in sorted(folder.glob("transactions*.parquet"))]
    log = pd.concat(parts).sort_values("t_dat", kind="stable")
    pairs = pd.DataFrame({"user": log["customer_id"].astype(str), "item": _ids(log["article_id"])})
    articles = pd.read_parquet(folder / "articles.parquet")
    articles.index = pd.Index(_ids(articles.pop("article_id")))
    return pairs, articles[~articles.index.duplicated()].astype(object)


def _ids(column: pd.Series) -> pd.Series:
    """The ids as str without leading zeros: H&M's catalogue writes 0108775015, and copies of its log have a number."""
    return column.astype(str).str.lstrip("0")

"""Reads folders of pictures for `tests.bench.pictures.seen`: train, val and test Parquet, labels, shop pictures.

`train.parquet`, `val.parquet` and `test.parquet` have a column `image` (the file's bytes) and label columns. More
labels may be in `labels.parquet` of the folder or, for a folder called `<name>_images`, in `<name>/articles.parquet`
beside it (H&M); they are joined by the first column that both have. `product_code` or `group` names the product shown.
`catalogue.parquet` may have one shop picture of each item; it has a label column that the photographs have too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.images.reading import PictureLimits, PictureRefused, read_picture
from models.images.vectors import U8

SPLITS = ("train", "val", "test")
NO_LABELS = {"image", "split", "path", "width", "height", "group", "product_code", "article_id"}
PRODUCT = ("group", "product_code")  # the first of these that a set has; `group` also joins files with equal bytes
MOST_VALUES = 200  # a column with more values is a name or a text, and no attribute
LIMITS = PictureLimits(min_side=1)  # the pictures of these sets are thumbnails already


@dataclass(frozen=True)
class PictureSet:
    """Pictures (n), their labels (column -> (n,) str, "" if unknown), and the product shown (n,), or None."""

    pictures: list[U8]
    labels: dict[str, NDArray[np.str_]]
    product: NDArray[np.str_] | None
    refused: int


def read_sets(folder: Path) -> tuple[dict[str, PictureSet], PictureSet | None]:
    """(split -> set, the shop's own pictures if there are any); all have the label columns that were found in `train`.

    Raises FileNotFoundError naming the missing file; ValueError if no column is a label.
    """
    missing = [f"{name}.parquet" for name in SPLITS if not (folder / f"{name}.parquet").is_file()]
    if missing:
        raise FileNotFoundError(f"{folder} lacks {', '.join(missing)}; see {__name__}")
    tables = {name: _with_labels(pd.read_parquet(folder / f"{name}.parquet"), folder) for name in SPLITS}
    names = label_columns(tables["train"])
    if not names:
        raise ValueError(f"{folder}/train.parquet has no label column, and no labels file lies beside; see {__name__}")
    sets = {name: _read(table, names) for name, table in tables.items()}
    shop = folder / "catalogue.parquet"
    return sets, _read(pd.read_parquet(shop), names) if shop.is_file() else None


def label_columns(train: pd.DataFrame) -> list[str]:
    """Columns with 2 to MOST_VALUES values, fewer than half the rows; the first of columns with the same content."""
    names: list[str] = []
    for name in train.columns:
        column = train[name]
        if name in NO_LABELS or not (column.dtype == object or str(column.dtype).startswith(("str", "int"))):
            continue
        values = column.nunique()
        if not 2 <= values <= min(MOST_VALUES, len(train) / 2):
            continue
        twin = any(len(train[[name, other]].drop_duplicates()) == values == train[other].nunique() for other in names)
        if not twin:
            names.append(name)
    return names


def _with_labels(pictures: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """The pictures with the attributes in words of a labels file; a row that the file lacks has no attributes."""
    beside = folder.parent / folder.name.removesuffix("_images") / "articles.parquet"
    path = next((p for p in (folder / "labels.parquet", beside) if p.is_file()), None)
    if path is None:
        return pictures
    labels = pd.read_parquet(path)
    key = next((name for name in pictures.columns if name in labels.columns and name != "product_code"), None)
    if key is None:
        raise ValueError(f"{path} has no column in common with the pictures: {', '.join(pictures.columns)}")
    words = [
        name for name in labels if name not in pictures.columns and not pd.api.types.is_numeric_dtype(labels[name])
    ]
    labels = labels[[key, *words]].drop_duplicates(key)
    return pictures.assign(**{key: pictures[key].astype(str)}).merge(
        labels.assign(**{key: labels[key].astype(str)}), on=key, how="left"
    )


def read_pictures(table: pd.DataFrame) -> tuple[list[U8], pd.DataFrame]:
    """The readable pictures, and their rows."""
    pictures: list[U8] = []
    readable: list[int] = []
    for row, data in enumerate(table["image"].tolist()):
        try:
            pictures.append(read_picture(data, LIMITS).pixels)
        except PictureRefused:
            continue
        readable.append(row)
    return pictures, table.iloc[readable]


def _read(table: pd.DataFrame, names: list[str]) -> PictureSet:
    pictures, rows = read_pictures(table)
    labels = {name: _words(rows[name]) for name in names if name in rows}
    product = next((_words(rows[name]) for name in PRODUCT if name in rows), None)
    return PictureSet(pictures, labels, product, len(table) - len(rows))


def _words(column: pd.Series) -> NDArray[np.str_]:
    return np.array(["" if value is None or value != value else str(value) for value in column.tolist()], np.str_)

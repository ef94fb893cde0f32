"""Folders of pictures as the bench reads them: which columns are labels, where more labels are, what is refused."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.bench.pictures.picture_sets import label_columns, read_sets
from tests.unit.models.images.drawn import drawn


def jpeg(seed: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(drawn("disc", "red", seed, 30, 20)).save(file, "JPEG")
    return file.getvalue()


def write(folder, name="shop_images", **more):
    """Writes train, val and test of four pictures each (the last is broken), with `more` columns."""
    (folder / name).mkdir()
    columns = {"article_id": ["01", "02", "03", "04"], "image": [jpeg(1), jpeg(2), jpeg(3), b"no picture"], **more}
    for split in ("train", "val", "test"):
        pd.DataFrame(columns).to_parquet(folder / name / f"{split}.parquet")
    return folder / name


def test_labels_are_columns_of_few_values_and_twins_count_once() -> None:
    kind = np.arange(40) % 4
    table = pd.DataFrame({"image": [b""] * 40, "kind": kind, "kind_name": [f"kind {k}" for k in kind],
                          "title": [str(number) for number in range(40)], "constant": "x", "width": kind})  # fmt: skip
    assert label_columns(table) == ["kind"]


def test_broken_pictures_are_counted_and_their_rows_left_out(tmp_path) -> None:
    sets, shop = read_sets(write(tmp_path, kind=["a", "b", "a", "b"], group=[1, 1, 2, 2]))
    assert shop is None
    assert sets["test"].refused == 1
    assert len(sets["test"].pictures) == 3
    assert sets["test"].labels["kind"].tolist() == ["a", "b", "a"]
    assert sets["test"].product.tolist() == ["1", "1", "2"]


def test_labels_come_from_the_catalogue_beside(tmp_path) -> None:
    folder = write(tmp_path)
    (tmp_path / "shop").mkdir()
    articles = pd.DataFrame(
        {"article_id": ["01", "02", "03"], "colour": ["red", "blue", "red"], "colour_no": [1, 2, 1]}
    )
    articles.to_parquet(tmp_path / "shop" / "articles.parquet")
    sets, _ = read_sets(folder)
    assert {name: values.tolist() for name, values in sets["val"].labels.items()} == {"colour": ["red", "blue", "red"]}


def test_a_folder_that_lacks_a_split_or_labels_is_refused(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match=r"lacks train\.parquet, val\.parquet, test\.parquet"):
        read_sets(tmp_path)
    with pytest.raises(ValueError, match="has no label column"):
        read_sets(write(tmp_path))

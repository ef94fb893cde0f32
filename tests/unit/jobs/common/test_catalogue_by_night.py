"""The catalogue of a night: each item's last facts up to that night, and no item before its first night."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from jobs.common.catalogue_by_night import CatalogueByNight
from jobs.runtime.history import NIGHT

CATALOGUE = CatalogueByNight(
    pa.table(
        {"item_id": ["a", "a", "a", "b"], NIGHT: pa.array([-1, 3, 9, 5], pa.int32()), "price": [1.0, 2.0, 3.0, 4.0]}
    )
)


def prices(night: int) -> list[float]:
    return CATALOGUE.facts["price"].take(pa.array(CATALOGUE.on(night))).to_pylist()


def test_an_item_has_its_latest_description() -> None:
    assert [prices(night) for night in (0, 3, 4, 5, 100)] == [[1.0], [2.0], [2.0], [2.0, 4.0], [3.0, 4.0]]


def test_items_that_are_unknown_or_not_yet_there_have_no_row() -> None:
    codes = CATALOGUE.codes(pa.chunked_array([["b", "c", "b", "a"]]))
    assert codes.tolist() == [1, -1, 1, 0]
    assert CATALOGUE.rows_at(codes, np.array([4, 5, 5, 9])).tolist() == [-1, -1, 3, 2]


def test_an_empty_catalogue_has_no_items() -> None:
    empty = CatalogueByNight(CATALOGUE.facts.slice(0, 0))
    assert empty.on(5).tolist() == []
    assert empty.codes(pa.chunked_array([["a"]])).tolist() == [-1]

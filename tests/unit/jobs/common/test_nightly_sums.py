"""Sums over many nights in one pass: rounded as every night rounds; each key counts from its own first night."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa

from jobs.common.decay import UNIT
from jobs.common.nightly_sums import NEVER, Rows, as_dates, as_float, fade
from jobs.runtime.history import NIGHT


def rows(*added: tuple[int | None, str, str, int]) -> Rows:
    night, user, item, units = zip(*added, strict=True)
    table = pa.table(
        {NIGHT: pa.array(night, pa.int32()).cast(pa.date32()), "user": user, "item": item, "units": pa.array(units)}
    )
    return Rows(iter(table.to_batches()), ("user", "item"))


def test_a_night_rounds_decayed_sums_to_a_unit() -> None:
    units = np.array([3, 5, -3])
    fade(units, 0.5)
    assert units.tolist() == [2, 2, -2]  # halves go to the even unit, as Spark's rint does
    fade(units, 1.0)
    assert units.tolist() == [2, 2, -2]
    assert as_float(np.array([2**30])).tolist() == [1.0]
    assert UNIT == 2**30


def test_keys_are_numbered_as_they_appear() -> None:
    of = rows((7, "u", "b", 1), (5, "v", "a", 2), (None, "u", "a", 3), (7, "v", "a", 4))
    assert len(of) == 3
    assert [of.known(of.of(night)) for night in (-1, 5, 6, 7)] == [1, 2, 2, 3]
    assert of.code[of.of(7)].tolist() == [2, 1] or of.code[of.of(7)].tolist() == [1, 2]
    assert of.keys(["user", "item"], np.array([0, 2]))["item"].to_pylist() == ["a", "b"]
    assert of.ints("units")[of.of(-1)].tolist() == [3]


def test_pairs_of_texts_are_not_mixed_up() -> None:
    assert len(rows((1, "a", "bc", 1), (1, "ab", "c", 1), (2, "a", "bc", 1))) == 2


def test_a_date_that_never_was_is_null() -> None:
    assert as_dates(np.array([0, NEVER], np.int32)).to_pylist() == [dt.date(1970, 1, 1), None]

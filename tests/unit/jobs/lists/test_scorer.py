"""jobs.lists.scorer: the codes of users in the sources."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest

from jobs.lists.scorer import Loaded

KNOWN = ["a", "b1", "b12", "é", "中文"]


@pytest.mark.parametrize(
    ("ids", "codes"),
    [
        (["b1", "a", "中文", "é"], [1, 0, 4, 3]),
        (["b", "b123", "b12 and more", "", "zz", "中", "中文字"], [-1] * 7),
        ([], []),
    ],
)
def test_a_user_has_the_place_of_its_own_id_only(ids: list[str], codes: list[int]) -> None:
    loaded = Loaded(cast(Any, None), None, np.array(KNOWN))
    assert loaded.codes_of(pa.array(ids, pa.string())).tolist() == codes


def test_sources_that_know_nobody_have_no_codes() -> None:
    loaded = Loaded(cast(Any, None), None, np.array([], np.str_))
    assert loaded.codes_of(pa.array(["a"])).tolist() == [-1]

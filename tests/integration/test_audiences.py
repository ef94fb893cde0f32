"""Audiences of the sample shop: items on sale alone, users who have not bought them, best first, published."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from jobs.runtime.shelf import can_be_shown
from models.als import ALS
from schemas.tables import AUDIENCES, INTEREST, ITEMS
from tests.sample import THIRD, Sample, current, shown


def test_an_audience_is_of_those_who_would_want_it_and_have_not_got_it(sample: Sample) -> None:
    rows = shown(sample.lake, AUDIENCES).to_pylist()
    items, pairs = current(sample.lake, ITEMS), current(sample.lake, INTEREST)
    assert rows
    assert {row["item_id"] for row in rows} <= set(items.filter(can_be_shown(items))["item_id"].to_pylist())
    bought = pairs.filter(pc.greater(pairs["purchases"], 0))
    owners = set(zip(bought["user_id"].to_pylist(), bought["item_id"].to_pylist(), strict=True))
    assert owners
    assert not owners & {(row["user_id"], row["item_id"]) for row in rows}


def test_ranks_follow_the_scores_of_the_nights_model(sample: Sample) -> None:
    folder = sample.lake.model_before("als", THIRD, including=True)
    assert folder is not None
    with sample.lake.local_copy(*folder) as path:
        model = ALS.load(path)
    rows = sorted(shown(sample.lake, AUDIENCES).to_pylist(), key=lambda row: (row["item_id"], row["rank"]))
    item = rows[0]["item_id"]
    audience = [row for row in rows if row["item_id"] == item]
    assert [row["rank"] for row in audience] == list(range(1, len(audience) + 1))
    scores = [row["score"] for row in audience]
    assert scores == sorted(scores, reverse=True)
    code = int(np.searchsorted(model.item_ids, item))
    for row in audience[:5]:
        user = int(np.searchsorted(model.user_ids, row["user_id"]))
        assert np.isclose(model.user_factors[user] @ model.item_factors[code], row["score"], rtol=1e-4)

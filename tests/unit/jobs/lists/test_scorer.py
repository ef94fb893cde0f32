"""The ranker and the sources of a night: which ranker is used, and the codes of users."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest

from jobs.lists.scorer import Loaded, Scorer
from models.core.shop_log import ShopLog
from models.ranking.backtest import sources_at
from models.ranking.ranked_lists import rank_users
from tests.unit.models.ranking.test_ranker import SOURCES, fitted, shop_log

KNOWN = ["a", "b1", "b12", "é", "中文"]
MODELS = {name: ("models", name, "date=2026-01-06", "run=001") for name in ("sources", "ranker")}


def loaded(lake: Path, log: ShopLog) -> Loaded:
    """Sources of the log, and a ranker of `shop_log`, from their folders in a lake."""
    sources_at(SOURCES, log, 49.0, 7.0).save(lake.joinpath(*MODELS["sources"]))
    ids = np.array([f"u{code:02}" for code in range(60)])
    np.savez(lake.joinpath(*MODELS["sources"], "ids.npz"), user_ids=ids, item_ids=ids[:40])
    fitted().save(lake.joinpath(*MODELS["ranker"]))
    models = Scorer(str(lake), MODELS["sources"], MODELS["ranker"]).load()
    assert models is not None
    return models


def test_a_ranker_of_the_same_features_is_used(tmp_path: Path) -> None:
    models = loaded(tmp_path, shop_log())
    assert models.ranker is not None
    assert models.ranker.names == models.sources.features


def test_lists_come_from_als_where_the_catalogue_has_lost_an_attribute(tmp_path: Path) -> None:
    models = loaded(tmp_path, replace(shop_log(), attributes={}))
    assert models.ranker is None
    assert (rank_users(models.sources, models.ranker, np.arange(60), 3).codes >= 0).any()


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

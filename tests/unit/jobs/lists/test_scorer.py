"""The ranker and the sources of a night: a ranker that needs what the sources do not give is not used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from jobs.lists.scorer import Loaded, Scorer
from models.core.shop_log import ShopLog
from models.ranking.backtest import sources_at
from models.ranking.ranked_lists import rank_users
from tests.unit.models.ranking.test_ranker import SOURCES, fitted, shop_log

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

"""When no ranker can be trained the night goes on, and a running one is judged by weeks that it does not know."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.lists import train_ranker
from jobs.runtime.lake import Lake
from jobs.runtime.model_store import save_judged
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from models.ranking.backtest import Cut
from tests.unit.models.ranking.test_ranker import cut, fitted

DAY = dt.date(1970, 2, 18)  # its night ends with day 49 of the small shop
WEEK = dt.timedelta(days=7)
SMALL = {"rounds": 5, "patience": 2, "leaves": 7, "least_rows": 5, "threads": 1}


def trained(
    lake: Path, monkeypatch: pytest.MonkeyPatch, training: list[Cut], validation: list[Cut]
) -> tuple[dict[str, Any], Night]:
    """(the facts of a training on these cuts, its night)."""
    settings = Settings({"ranker": SMALL, "training": {"retrain": "always"}})
    night = Night(DAY, Lake(str(lake)), "001", settings)
    monkeypatch.setattr(train_ranker, "cuts_of", lambda *_: (training, validation))
    config, features = train_ranker.TrainRankerConfig(), set(cut().candidates.names)
    nothing: Any = None
    return train_ranker.train(night, config, nothing, nothing, features), night


def test_a_week_in_which_no_buyer_touched_a_candidate_trains_no_ranker_and_lists_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    untouched = replace(cut(6), grades=np.zeros_like(cut(6).grades))
    for training, validation in (([cut(5)], [untouched]), ([untouched], [cut(5)])):
        facts, night = trained(tmp_path, monkeypatch, training, validation)
        assert facts["start"].endswith("none of the users did anything with a candidate: nothing to learn from")
        assert night.lake.model_before("ranker", DAY, including=True) is None


def test_the_running_ranker_is_not_judged_by_a_week_that_it_was_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = Night(DAY - WEEK, Lake(str(tmp_path)), "001", Settings())
    save_judged(last, "ranker", fitted(), {"promoted": True})
    facts, _ = trained(tmp_path, monkeypatch, [cut(4)], [cut(6), cut(5)])
    assert facts["running"] == f"models/ranker/date={DAY - WEEK}/run=001"
    assert facts["weeks"] == {"teaching": 1, "validating": 2, "judging": 1}
    assert facts["ndcg@12"]["users"] == len(cut(6).users)


def test_a_ranker_of_yesterday_knows_every_week_and_is_judged_by_all() -> None:
    assert train_ranker.unseen([cut(6), cut(5)], DAY - WEEK) == [cut(6)]
    assert train_ranker.unseen([cut(6), cut(5)], DAY - dt.timedelta(days=1)) == [cut(6), cut(5)]

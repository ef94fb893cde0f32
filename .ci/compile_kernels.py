"""Fits a tiny ranker and makes lists with it, so that numba compiles the kernels of lists and keeps them on disk.

Otherwise the first night would wait for this: some 15 s of one core.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from models.core.shop_log import KINDS, PURCHASE, ShopLog
from models.ranking.backtest import RollingConfig, cut_at, sources_at
from models.ranking.candidate_sources import SourcesConfig
from models.ranking.ranker import Ranker, RankerConfig
from models.recommenders.als import ALSConfig

RANKER = RankerConfig(rounds=5, patience=5, leaves=7, least_rows=5, threads=1)
SOURCES = SourcesConfig(candidates=10, neighbours=10, als=ALSConfig(factors=4, iterations=2, threads=1))
USERS, ITEMS, DAYS, EVENTS = 60, 40, 28, 4000


def main() -> None:
    log = made_up_log()
    cuts = [
        cut_at(RollingConfig(judge_users=10), RANKER, log, sources_at(SOURCES, log, float(day), 7.0))
        for day in (DAYS - 14, DAYS - 7)
    ]
    pairs = [(cut.candidates, cut.grades) for cut in cuts]
    ranker = Ranker.fit(RANKER, pairs[:1], pairs[1:])
    ranker.recommend(cuts[1].candidates, 5, ITEMS)
    ranker.contributions(cuts[1].candidates)


def made_up_log() -> ShopLog:
    """Random views and purchases; each user's items are from one half of the catalogue."""
    rng = np.random.default_rng(7)
    user = np.sort(rng.integers(USERS, size=EVENTS)).astype(np.int32)
    item = ((rng.integers(ITEMS // 2, size=EVENTS) * 2 + user % 2) % ITEMS).astype(np.int32)
    kind = np.where(rng.random(EVENTS) < 0.3, PURCHASE, KINDS.index("view")).astype(np.int8)
    price = (1.0 + item).astype(np.float32)
    halves = {"category": (np.arange(ITEMS) % 2).astype(np.int32)}
    return ShopLog(user, item, kind, DAYS * rng.random(EVENTS), price, USERS, ITEMS, halves)


if __name__ == "__main__":
    main()

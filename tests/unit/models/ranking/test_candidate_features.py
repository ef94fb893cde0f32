"""The table of candidates, for a shop that is small enough to count by hand."""

import numpy as np
import pytest

from models.core.shop_log import KINDS, PURCHASE, ShopLog
from models.ranking.candidate_features import union
from models.ranking.candidate_sources import Sources, SourcesConfig
from models.ranking.candidates import candidates_at
from models.recommenders.als import ALSConfig

CONFIG = SourcesConfig(candidates=4, neighbours=4, als=ALSConfig(factors=2, iterations=1, threads=1))
VIEW = KINDS.index("view")


def table():
    """User 0 looked at item 0 twice and bought it on two days; user 1 looked at item 1; user 2 did nothing."""
    rows = [
        (0, 0, VIEW, 1.25, 10.0),
        (0, 0, PURCHASE, 1.5, 10.0),
        (1, 1, VIEW, 2.0, np.nan),
        (0, 0, PURCHASE, 3.25, 20.0),
        (0, 0, PURCHASE, 3.5, 20.0),
        (0, 2, VIEW, 4.0, 5.0),
    ]
    user, item, kind, time, price = (np.array(column) for column in zip(*rows, strict=True))
    log = ShopLog(
        user.astype(np.int32),
        item.astype(np.int32),
        kind.astype(np.int8),
        time,
        price.astype(np.float32),
        3,
        4,
        {"brand": np.array([7, 7, 2, -1], np.int32)},
    )
    sources = Sources.fit(CONFIG, log, 5.0, 1.0)
    lists = {
        "own": (np.array([[0, 2], [3, 1], [-1, 3]], np.int32), np.array([[9, 8], [7, 6], [-np.inf, 5]], np.float32))
    }
    return sources, candidates_at(sources, np.arange(3), lists | {"als": lists["own"]})


def cell(name, user, item):
    candidates = table()[1]
    row = np.flatnonzero((candidates.user == user) & (candidates.item == item))
    assert len(row) == 1
    return float(candidates.features[row[0], candidates.names.index(name)])


@pytest.mark.parametrize(
    ("name", "user", "item", "wanted"),
    [
        ("own.rank", 0, 2, 2),
        ("own.score", 1, 3, 7),
        ("sources.count", 1, 3, 2),
        ("sources.reciprocal", 0, 2, 2 / 11),
        ("own.views", 0, 0, 1),
        ("own.purchases", 0, 0, 3),
        ("own.purchases", 1, 3, 0),
        ("own.bought_on", 0, 0, 2),
        ("own.days", 0, 0, 1.5),
        ("own.days_bought", 0, 2, np.nan),
        ("own.days", 2, 3, np.nan),
        ("own.long", 1, 3, 0),
        ("user.events", 0, 0, 5),
        ("user.bought", 0, 2, 3),
        ("user.active_days", 0, 0, 3),
        ("user.days", 0, 0, 1),
        ("user.since", 0, 0, 3.75),
        ("user.events", 2, 3, 0),
        ("user.days", 2, 3, np.nan),
        ("price.item", 0, 0, np.log(20)),
        ("price.distance", 1, 1, np.nan),
        ("affinity.brand", 1, 1, 1),
        ("affinity.brand", 1, 3, np.nan),
        ("affinity.brand", 2, 3, np.nan),
    ],
)
def test_each_feature_says_what_happened(name, user, item, wanted):
    assert cell(name, user, item) == pytest.approx(wanted, nan_ok=True, rel=1e-6)


def test_interest_and_interval_are_those_of_the_sources():
    sources, _ = table()
    assert cell("own.long", 0, 0) == sources.long[0, 0]
    assert cell("own.short", 0, 2) == sources.short[0, 2]
    assert cell("own.elapsed", 0, 0) == pytest.approx(1.5 / sources.gap[0])
    assert cell("affinity.brand", 0, 0) == pytest.approx(sources.long[0, 0] / sources.long[0].sum())


def test_an_item_that_several_sources_list_is_one_row_of_its_user():
    codes = np.array([[[3, 1, -1], [0, -1, -1]], [[1, 2, 3], [-1, -1, -1]]], np.int32)
    first, item = union(codes, 5)
    assert first.tolist() == [0, 3, 4]
    assert item.tolist() == [1, 2, 3, 0]


def test_users_in_another_order_are_refused():
    sources, _ = table()
    with pytest.raises(ValueError, match="ascending codes, each once"):
        candidates_at(sources, np.array([1, 0]), sources.lists(np.array([1, 0])))

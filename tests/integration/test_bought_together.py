"""Pairs bought together: the figures compared with a count by hand, and which baskets and pairs are left out."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from itertools import combinations, permutations

import numpy as np
import pyarrow.compute as pc
import pytest
from pyspark.sql import SparkSession

from jobs.lists.find_bought_together import TogetherConfig, baskets, count_pairs, rank
from schemas.tables import BOUGHT_TOGETHER
from tests.sample import Sample, shown

UNTIL = dt.datetime(2026, 1, 6, 12, tzinfo=dt.UTC)


def orders(spark: SparkSession, order_items: list[list[str]], kind: str = "purchase"):
    rows = [(f"o{n}", "s", f"u{n % 3}", item, kind) for n, items in enumerate(order_items) for item in items]
    return spark.createDataFrame(
        rows, "order_id string, session_id string, user_id string, item_id string, event_type string"
    )


def pairs_of(spark: SparkSession, order_items: list[list[str]], **settings: int) -> dict[tuple[str, str], dict]:
    config = TogetherConfig(**({"min_baskets": 2} | settings))
    of_baskets = baskets(orders(spark, order_items), config.max_basket)
    rows = rank(count_pairs(of_baskets, config.min_baskets), len(order_items), config, UNTIL).collect()
    return {(row["target_item_id"], row["item_id"]): row.asDict() for row in rows}


def test_figures_equal_a_count_by_hand(spark: SparkSession) -> None:
    rng = np.random.default_rng(0)
    order_items = [[f"i{n}" for n in np.flatnonzero(rng.random(8) < 0.3)] for _ in range(60)]
    order_items += [["i0", "i1", "i1"]] * 10  # an item on two lines counts once
    order_items = [basket for basket in order_items if basket]
    item_baskets = Counter(item for basket in order_items for item in set(basket))
    pair_baskets = Counter(pair for basket in order_items for pair in combinations(sorted(set(basket)), 2))
    rows = pairs_of(spark, order_items)
    expected = set()
    for a, b in permutations(sorted(item_baskets), 2):
        count = pair_baskets[min(a, b), max(a, b)]
        lift = count * len(order_items) / (item_baskets[a] * item_baskets[b])
        if count >= 2 and lift > 1:
            expected.add((a, b))
            row = rows[a, b]
            assert row["baskets"] == count
            assert row["support"] == pytest.approx(count / len(order_items))
            assert row["confidence"] == pytest.approx(count / item_baskets[a])
            assert row["lift"] == pytest.approx(lift)
    assert set(rows) == expected
    for target in item_baskets:
        gains = sorted(
            (r["rank"], r["confidence"] - item_baskets[b] / len(order_items))
            for (a, b), r in rows.items()
            if a == target
        )
        assert [place for place, _ in gains] == list(range(1, len(gains) + 1))
        assert [gain for _, gain in gains] == sorted((gain for _, gain in gains), reverse=True)


def test_a_wholesalers_basket_does_not_count(spark: SparkSession) -> None:
    large = [[f"i{n}" for n in range(12)]] * 5
    small = [["a", "b"]] * 3 + [["c"]] * 3
    assert set(pairs_of(spark, large + small, max_basket=10)) == {("a", "b"), ("b", "a")}


def test_an_item_that_everybody_buys_is_not_bought_together_with_any(spark: SparkSession) -> None:
    assert pairs_of(spark, [["bag", f"i{n % 4}"] for n in range(40)]) == {}


def test_few_baskets_prove_nothing(spark: SparkSession) -> None:
    order_items = [["a", "b"]] * 3 + [["c"]] * 9
    assert pairs_of(spark, order_items, min_baskets=4) == {}


def test_other_events_are_no_baskets(spark: SparkSession) -> None:
    assert baskets(orders(spark, [["a", "b"]] * 4, kind="view"), 10).count() == 0


def test_the_sample_shop_publishes_them(sample: Sample) -> None:
    rows = shown(sample.lake, BOUGHT_TOGETHER)
    assert tuple(rows.column_names) == BOUGHT_TOGETHER.names
    assert pc.all(pc.greater(rows["lift"], 1)).as_py() in (True, None)  # None: a shop as small as this may have no pair


@pytest.mark.parametrize("name", ["window_days", "max_basket", "min_baskets", "neighbours"])
def test_settings_below_their_minimum_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be"):
        TogetherConfig(**{name: 0})

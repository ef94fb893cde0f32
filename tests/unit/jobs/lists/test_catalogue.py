"""The popularity lists that fill up a user's list."""

import pyarrow as pa

from jobs.lists.catalogue import OVERALL, SEGMENT, TRENDING, ladders_from


def popular(**segments: list[str]) -> pa.Table:
    rows = [
        {"segment": name.replace("__", "="), "item_id": item, "rank": place, "score": 1.0 / place}
        for name, items in segments.items()
        for place, item in enumerate(items, 1)
    ]
    return pa.Table.from_pylist(rows[::-1])  # in any order


def levels_and_items(lists):
    return [(popular_list.level, popular_list.item_ids.to_pylist()) for popular_list in lists]


def test_a_segment_falls_back_on_its_own_list_then_a_few_trending_items_then_everybodys():
    table = popular(all=["a", "b"], trending=["c", "d", "e"], country__France=["f"], city__Paris=["g"])
    ladders = ladders_from(table, "country", 2)
    common = [(TRENDING, ["c", "d"]), (OVERALL, ["a", "b"])]
    assert levels_and_items(ladders["France"]) == [(SEGMENT, ["f"]), *common]
    assert levels_and_items(ladders[None]) == common
    assert set(ladders) == {None, "France"}


def test_a_shop_without_trending_items_has_no_such_rung():
    assert levels_and_items(ladders_from(popular(all=["a"]), "country", 2)[None]) == [(OVERALL, ["a"])]

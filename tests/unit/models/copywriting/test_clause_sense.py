"""Which clauses can stand alone, and which contradict an item."""

from __future__ import annotations

import pytest

from models.copywriting.clause_sense import against, contraries, leans, stands


@pytest.mark.parametrize(
    "clause",
    [
        "穿着舒适的同时，",
        "不仅舒适，",
        "给孩子带来温暖，",
        "三彩的这款连衣裙，",
        "与任何上衣都能轻松搭配。",
        "百搭的外套让。",
    ],
)
def test_a_clause_that_needs_another_or_tells_of_others_is_not_taken(clause: str) -> None:
    assert not stands(clause, ["红色"])


@pytest.mark.parametrize("clause", ["这款连衣裙，", "红色的这款连衣裙，", "不仅舒适还很百搭。", "让你更显气质。"])
def test_a_clause_that_stands_by_itself_is_taken(clause: str) -> None:
    assert stands(clause, ["红色"])


def test_clauses_that_need_another_and_clauses_that_contradict() -> None:
    assert leans(["而腰间的系带，", "腰间的系带，"]).tolist() == [True, False]
    assert contraries(["宽松的版型，", "修身的版型，"]).tolist() == [[True, False], [False, True]]
    assert against(["裙", "宽松"]) == [1]
    assert against(["宽松", "修身"]) == against(["裙"]) == []

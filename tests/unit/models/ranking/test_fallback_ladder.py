"""models.ranking.fallback_ladder: filling lists from a ladder, and naming the item that a recommendation comes because
of."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from models.ranking.fallback_ladder import FilledLists, Rung, because, fill

ITEMS = 12


def a_rung(level: int, *codes: int) -> Rung:
    return Rung(np.array(codes, np.int32), -np.arange(len(codes), dtype=np.float32), level)


def rows_of(*rows: list[int]) -> sparse.csr_matrix:
    indptr = np.cumsum([0, *[len(r) for r in rows]])
    indices = np.array([c for r in rows for c in r], np.int32)
    return sparse.csr_matrix((np.ones(len(indices), np.float32), indices, indptr), shape=(len(rows), ITEMS))


def filled(own: list[int], refused: list[int], ladder: list[Rung], last: Rung) -> FilledLists:
    codes = np.array([own], np.int32)
    return fill(codes, np.where(codes >= 0, 1, 0).astype(np.float32), rows_of(refused), [ladder], last)


def test_own_places_stay_and_rungs_follow_in_order() -> None:
    lists = filled([4, 7, -1, -1, -1], [2], [a_rung(1, 7, 2, 5), a_rung(3, 5, 0)], a_rung(3, 0, 1, 2))
    assert lists.codes.tolist() == [[4, 7, 5, 0, 1]]  # 7 is there already, 2 is refused
    assert lists.levels.tolist() == [[0, 0, 1, 3, 3]]
    assert lists.scores[0, :2].tolist() == [1, 1]


def test_refused_items_come_only_if_no_other_item_is_left() -> None:
    lists = filled([-1, -1, -1], [0, 1], [a_rung(3, 0, 1, 2)], a_rung(3, 0, 1, 2))
    assert lists.codes.tolist() == [[2, 0, 1]]


def test_what_nobody_touched_comes_before_what_is_refused() -> None:
    lists = filled([-1, -1, -1], [0, 1], [a_rung(3, 0, 1)], a_rung(3, 0, 1, 5, 6))
    assert lists.codes.tolist() == [[5, 6, 0]]


def test_a_catalogue_that_is_too_small_leaves_gaps() -> None:
    assert filled([-1, -1, -1], [], [], a_rung(3, 5)).codes.tolist() == [[5, -1, -1]]


def test_the_lists_given_are_not_changed() -> None:
    codes, scores = np.full((1, 2), -1, np.int32), np.zeros((1, 2), np.float32)
    fill(codes, scores, rows_of([]), [[a_rung(2, 1, 2)]], a_rung(3))
    assert (codes == -1).all()
    assert not scores.any()


CODES = st.lists(st.integers(0, ITEMS - 1), unique=True, max_size=6)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(CODES, CODES), min_size=1, max_size=4), st.lists(CODES, max_size=3), st.integers(1, 6))
def test_full_and_without_repeats(users: list[tuple[list[int], list[int]]], rungs: list[list[int]], k: int) -> None:
    ladder = [a_rung(level + 1, *codes) for level, codes in enumerate(rungs)]
    own_items = [[c for c in liked if c not in refused][:k] for liked, refused in users]
    codes = np.array([o + [-1] * (k - len(o)) for o in own_items], np.int32)
    refused = [r for _, r in users]
    lists = fill(
        codes, np.zeros(codes.shape, np.float32), rows_of(*refused), [ladder] * len(users), a_rung(9, *range(ITEMS))
    )
    for user, row in enumerate(lists.codes.tolist()):
        assert -1 not in row
        assert len(set(row)) == k
        assert row[: len(own_items[user])] == own_items[user]
        if ITEMS - len(refused[user]) >= k:
            assert not set(row) & set(refused[user])


FACTORS = np.array([[1, 0], [9, 1], [0, 1], [0, 0], [-1, 0]], np.float32)


def test_the_reason_names_the_nearest_item_of_the_history_by_angle() -> None:
    history = sparse.csr_matrix(np.array([[1, 0, 1, 0, 0]], np.float32))
    assert because(history, FACTORS, np.array([[1, 2, -1]], np.int32)).tolist() == [[0, 0, -1]]


def test_the_reason_names_another_item_of_the_history_or_none() -> None:
    history = sparse.csr_matrix(np.array([[0, 1, 0, 0, 0], [0, 0, 0, 0, 0]], np.float32))
    assert because(history, FACTORS, np.array([[1, 0], [1, 0]], np.int32)).tolist() == [[-1, 1], [-1, -1]]


def test_without_history_there_is_no_reason_item() -> None:
    nothing = sparse.csr_matrix((2, 5), dtype=np.float32)
    assert because(nothing, FACTORS, np.zeros((2, 3), np.int32)).tolist() == [[-1] * 3] * 2

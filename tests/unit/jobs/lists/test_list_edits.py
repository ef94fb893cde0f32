"""Edits of lists by the user's own history: each puts items at their place and returns new lists."""

import numpy as np

from jobs.lists.list_edits import OwnLists, _listed_or_new, add_new_items, place


def lists_of(*rows):
    lists = OwnLists.empty(len(rows), 4)
    lists.codes[:] = rows
    lists.source[lists.codes >= 0] = "als"
    return lists


def put(lists, codes, source, chance, rank):
    """As `put_first` and `explore` do, once they know the items (n, 1)."""
    return place(lists, _listed_or_new(lists, np.array(codes, np.int32), source, chance), rank)


def test_new_items_take_their_places():
    before = lists_of([5, 6, 7, 8], [5, -1, -1, -1], [-1, -1, -1, -1])
    new = np.array([[1, 2], [1, -1], [1, 2]], np.int32), np.array([[0.5, 0.25], [1, -np.inf], [2, 1]], np.float32)
    lists = add_new_items(before, new, 2)
    assert lists.codes.tolist() == [[5, 6, 1, 2], [5, 1, -1, -1], [1, 2, -1, -1]]
    assert lists.source[0].tolist() == ["als", "als", "new_item", "new_item"]
    assert lists.scores[0].tolist() == [0, 0, 0.5, 0.25]
    assert lists.parts[1].tolist() == ["", "als +1.00", "", ""]
    assert before.codes.tolist() == [[5, 6, 7, 8], [5, -1, -1, -1], [-1, -1, -1, -1]]


def test_without_a_new_item_the_lists_stay_the_same():
    none = np.full((1, 2), -1, np.int32), np.full((1, 2), -np.inf, np.float32)
    assert add_new_items(lists_of([5, 6, -1, -1]), none, 1).codes.tolist() == [[5, 6, -1, -1]]


def test_an_item_from_further_down_moves_up_and_leaves_no_gap():
    lists = lists_of([5, 6, 7, 8], [5, 6, 7, 8], [5, 6, -1, -1])
    lists.scores[:] = [4, 3, 2, 1]
    source, chance = np.full((3, 1), "own", object), np.full((3, 1), 0.25)
    lists = put(lists, [[8], [9], [-1]], source, chance, 1)
    assert lists.codes.tolist() == [[5, 8, 6, 7], [5, 9, 6, 7], [5, 6, -1, -1]]
    assert lists.scores[:2].tolist() == [[4, 1, 3, 2], [4, 0, 3, 2]]
    assert lists.source[:2].tolist() == [["als", "own", "als", "als"]] * 2
    assert lists.chance.tolist() == [[1, 0.25, 1, 1], [1, 0.25, 1, 1], [1, 1, 1, 1]]


def test_an_item_goes_behind_a_shorter_list():
    lists = put(lists_of([5, 6, -1, -1]), [[5]], np.array([["own"]], object), np.ones((1, 1)), 3)
    assert lists.codes.tolist() == [[6, 5, -1, -1]]


def test_lists_of_some_users_are_spread_over_all():
    lists = lists_of([5, 6, 7, 8], [1, 2, -1, -1]).spread(np.array([2, 0]), 3)
    assert lists.codes.tolist() == [[1, 2, -1, -1], [-1, -1, -1, -1], [5, 6, 7, 8]]
    assert lists.source[1].tolist() == ["", "", "", ""]

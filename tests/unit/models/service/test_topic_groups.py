"""Groups of alike questions, and the numbers that they keep."""

from __future__ import annotations

import time

import pytest

from models.service.topic_groups import groups_of

VEGAN = [["vegan", "glue"], ["vegan", "glue", "shoe"], ["glue", "vegan"]]
DRONE = [["drone", "rent"], ["rent", "drone", "weekend"]]


def members(grams: list[list[str]], **kept: int) -> list[list[int]]:
    return [group.members for group in groups_of(grams, 0.35, {}, **kept)]


def test_alike_questions_are_one_group_and_the_largest_is_first() -> None:
    assert members([*DRONE, *VEGAN, ["engraved"]]) == [[2, 3, 4], [0, 1], [5]]
    assert members([*DRONE, *VEGAN, ["engraved"]], least=2) == [[2, 3, 4], [0, 1]]
    assert members([]) == []


def test_the_order_and_repeats_within_a_question_change_nothing() -> None:
    assert members([["a", "b", "a"], ["b", "a"]]) == [[0, 1]]


def test_questions_without_ngrams_are_like_no_other() -> None:
    assert members([[], [], ["a"], []]) == [[0], [1], [2], [3]]
    assert members([[], []], least=2) == []


def test_a_group_keeps_its_number_whatever_its_place() -> None:
    first = {group.number: group.words for group in groups_of([*DRONE, *VEGAN], 0.35, {}, 2)}
    assert sorted(first) == [1, 2]
    again = groups_of([*DRONE, *DRONE, *VEGAN, ["drone", "rent"]], 0.35, first, 2)
    assert {group.number: group.words[0] for group in again} == {number: words[0] for number, words in first.items()}


def test_a_new_group_never_has_the_number_of_another() -> None:
    before = {7: ["drone", "rent"], 3: ["vegan", "glue"]}
    numbers = [group.number for group in groups_of([*VEGAN, ["engraved"], ["engraved"]], 0.35, before, 2)]
    assert numbers == [3, 8]


def test_a_single_question_takes_no_number_from_a_topic() -> None:
    """`least` is applied before numbers are given: else topics that are not shown would use up numbers."""
    grams = [["drone", "rent", "a", "b"], ["drone", "rent", "c", "d"], ["drone"]]
    (group,) = groups_of(grams, 0.3, {4: ["drone"], 9: ["drone", "rent", "c", "d"]}, 2)
    assert group.number == 9


def test_two_groups_never_share_an_earlier_number() -> None:
    grams = [["a", "b"], ["a", "b"], ["c", "d"], ["c", "d"]]
    numbers = [group.number for group in groups_of(grams, 0.9, {5: ["a", "b", "c", "d"]}, 2)]
    assert sorted(numbers) == [5, 6]


@pytest.mark.parametrize("words", [[], ["zebra"]])
def test_an_earlier_topic_without_common_words_gives_no_number(words: list[str]) -> None:
    (group,) = groups_of(VEGAN, 0.35, {2: words}, 2)
    assert group.number == 3


def test_many_topics_are_matched_in_seconds() -> None:
    grams = [[f"w{n}", f"v{n}"] for n in range(4_000) for _ in range(2)]
    before = {n: [f"w{n}", f"v{n}"] for n in range(1, 4_001)}
    began = time.process_time()
    assert all(
        group.words == [f"v{group.number}", f"w{group.number}"]
        for group in groups_of(grams, 0.9, before, 2)
        if group.number < 4_000
    )
    assert time.process_time() - began < 10

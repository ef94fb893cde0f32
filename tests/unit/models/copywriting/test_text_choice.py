"""The compiled choice of texts equals the plain choice: place after place, round after round."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from models.copywriting.text_choice import Codes, choose_texts

MOST, ROUNDS = 2, 4


def plain(ends: list[int], said: Codes, wordings: Codes) -> list[int]:
    """The rows chosen in one list; ends: the first row of each of its places, then the end of the last."""
    chosen: dict[int, int] = {}
    for place in [*range(len(ends) - 1)] * ROUNDS:
        others = [row for other, row in chosen.items() if other != place]

        def repeats(row: int, others: list[int] = others, place: int = place) -> tuple[bool, int, bool, int]:
            too_often = max(0, 1 + sum(wordings[other] == wordings[row] for other in others) - MOST)
            is_said = any(said[other] == said[row] for other in others)
            return is_said, too_often, too_often > 0 and chosen.get(place) == row, row

        chosen[place] = min(range(ends[place], ends[place + 1]), key=repeats)
    return [chosen[place] for place in range(len(ends) - 1)]


@pytest.mark.parametrize("seed", range(5))
def test_all_lists_at_once_are_chosen_like_one_list_after_another(seed: int) -> None:
    random = np.random.default_rng(seed)
    places = [random.integers(1, 9) for _ in range(40)]  # of each list
    texts = [random.integers(1, 5) for _ in range(sum(places))]  # of each place
    ends_of_places = np.r_[0, np.cumsum(texts)]
    ends_of_lists = ends_of_places[np.r_[0, np.cumsum(places)]]
    said, wordings = random.integers(0, 6, (2, ends_of_places[-1]))
    chosen = choose_texts(ends_of_lists, ends_of_places, said, wordings, MOST, ROUNDS)
    expected = []
    for first, last in itertools.pairwise(ends_of_lists):
        ends = [int(end) for end in ends_of_places if first <= end <= last]
        expected += plain(ends, said, wordings)
    assert chosen.tolist() == expected


def test_no_texts_make_no_choice() -> None:
    nothing = np.zeros(0, np.int64)
    assert choose_texts(np.zeros(1, np.int64), np.zeros(1, np.int64), nothing, nothing, MOST, ROUNDS).tolist() == []

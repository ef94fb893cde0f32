"""Which of its texts each place of a list takes, so that the list does not repeat itself; all lists at once, compiled.

Places choose one after another, and again once all have chosen. A place takes the text that repeats least: first one
that no other place says, then one whose wording stands less than `most` times, then another than it has, so that other
places give way to it; of those the first in its order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

Codes = np.ndarray[Any, np.dtype[np.int64]]


def choose_texts(
    ends_of_lists: Codes, ends_of_places: Codes, said: Codes, wordings: Codes, most: int, rounds: int
) -> Codes:
    """The row chosen for each place, by list and place: row numbers, int64.

    A row is a text. ends_of_lists, ends_of_places: the rows at which lists and places begin, then the number of rows;
    the rows of a place stand in the order of its draw. said, wordings: of each row, what it says and its wording, as
    codes. rounds: how often each place chooses.
    """
    chosen = np.full(len(ends_of_places) - 1, -1, np.int64)
    _choose_all(np.searchsorted(ends_of_places, ends_of_lists), ends_of_places, said, wordings, most, rounds, chosen)
    return chosen


@njit(cache=True, nogil=True)
def _choose_all(
    ends_of_lists: Codes, ends_of_places: Codes, said: Codes, wordings: Codes, most: int, rounds: int, chosen: Codes
) -> None:
    for one in range(len(ends_of_lists) - 1):
        first, last = ends_of_lists[one], ends_of_lists[one + 1]
        for _ in range(rounds):
            for place in range(first, last):
                before = chosen[place]
                best, least = -1, -1
                for row in range(ends_of_places[place], ends_of_places[place + 1]):
                    is_said, times = 0, 1
                    for other in range(first, last):
                        if other != place and chosen[other] >= 0:
                            is_said |= said[chosen[other]] == said[row]
                            times += wordings[chosen[other]] == wordings[row]
                    too_often = max(times - most, 0)
                    is_stuck = too_often > 0 and row == before
                    repeats = (is_said * (last - first + 2) + too_often) * 2 + is_stuck
                    if best < 0 or repeats < least:
                        best, least = row, repeats
                chosen[place] = best

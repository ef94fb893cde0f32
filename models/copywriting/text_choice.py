"""Chooses a text for each place of each list so that a list does not repeat itself; all lists at once, compiled.

The places of a list choose one after another, in several rounds. A place takes the text that repeats least. First, it
avoids a message that another place has. Second, it avoids a wording that the list would then have more than `most`
times. If it cannot, it prefers another text than its current one, so that other places can change. Of equal texts it
takes the first in its order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

Codes = np.ndarray[Any, np.dtype[np.int64]]


def choose_texts(
    ends_of_lists: Codes, ends_of_places: Codes, messages: Codes, wordings: Codes, most: int, rounds: int
) -> Codes:
    """The row chosen for each place, by list and place: row numbers, int64.

    A row is a text. ends_of_lists, ends_of_places: the rows at which lists and places begin, then the number of rows;
    the rows of a place are in the order of its draw. messages, wordings: codes of what each row says, and in which
    words. rounds: how often each place chooses.
    """
    chosen = np.full(len(ends_of_places) - 1, -1, np.int64)
    _choose_all(
        np.searchsorted(ends_of_places, ends_of_lists), ends_of_places, messages, wordings, most, rounds, chosen
    )
    return chosen


@njit(cache=True, nogil=True)
def _choose_all(
    ends_of_lists: Codes, ends_of_places: Codes, messages: Codes, wordings: Codes, most: int, rounds: int, chosen: Codes
) -> None:
    for list_number in range(len(ends_of_lists) - 1):
        first, last = ends_of_lists[list_number], ends_of_lists[list_number + 1]
        for _ in range(rounds):
            for place in range(first, last):
                current = chosen[place]
                best, least = -1, -1
                for row in range(ends_of_places[place], ends_of_places[place + 1]):
                    is_said, times = 0, 1
                    for other in range(first, last):
                        if other != place and chosen[other] >= 0:
                            is_said |= messages[chosen[other]] == messages[row]
                            times += wordings[chosen[other]] == wordings[row]
                    too_often = max(times - most, 0)
                    is_stuck = too_often > 0 and row == current
                    repeats = (is_said * (last - first + 2) + too_often) * 2 + is_stuck
                    if best < 0 or repeats < least:
                        best, least = row, repeats
                chosen[place] = best

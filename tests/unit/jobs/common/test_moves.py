"""A row of BANDIT_MOVES: its bounds, why it stays, and that it has the table's columns."""

from __future__ import annotations

import datetime as dt

import pytest

from jobs.common.moves import Move, moves_table, share_bounds, stay, too_few
from schemas.tables import BANDIT_MOVES

NIGHT = dt.date(2026, 1, 2)
MOVE = Move("campaign", "main", "a", NIGHT, 0.3, 0.35, 0.25, 0.35, 100, 7, "moved", 0.5)


def test_a_move_has_the_columns_of_the_table() -> None:
    assert set(Move._fields) == set(BANDIT_MOVES.names)
    assert moves_table([MOVE]).to_pylist() == [MOVE._asdict()]
    assert moves_table([]).num_rows == 0


@pytest.mark.parametrize(
    ("share", "bounds"),
    [(0.5, (0.45, 0.55)), (0.12, (0.1, 0.17)), (0.98, (0.93, 1.0)), (0.07, (0.07, 0.12))],
)
def test_a_share_moves_within_its_bounds(share: float, bounds: tuple[float, float]) -> None:
    assert share_bounds(share, 0.1, 0.05) == pytest.approx(bounds)
    assert share_bounds(share, 0.1, 0.0) == (share, share)


def test_why_a_share_stays_names_the_setting() -> None:
    assert too_few(49, 50, "an arm has {} users", "least_trials") == "an arm has 49 users of least_trials = 50"
    assert too_few(50, 50, "an arm has {} users", "least_trials") == ""


def test_a_night_that_learns_nothing_leaves_the_share_where_it_was_put() -> None:
    move = stay(MOVE._asdict(), NIGHT + dt.timedelta(days=1), "no offers")
    assert (move.before, move.after, move.low, move.high, move.reason) == (0.35, 0.35, 0.35, 0.35, "no offers")
    assert move.night == NIGHT + dt.timedelta(days=1)

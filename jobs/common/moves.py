"""A row of BANDIT_MOVES: one figure that learning may change overnight, its bounds and why it moved or stayed.

Four learners write such rows: the arms of experiments, the sources of the explored place, the campaigns of a budget
line, and the weights of events.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, NamedTuple

import pyarrow as pa

from schemas.arrow import arrow_schema
from schemas.tables import BANDIT_MOVES


class Move(NamedTuple):
    """The columns of BANDIT_MOVES by name; see schemas/tables/experiments.py for what each means."""

    kind: str
    name: str
    what: str
    night: dt.date
    before: float
    after: float
    low: float
    high: float
    trials: int
    wins: int
    reason: str
    declared: float
    weight: float = 0.0  # this column and the next one: for sources only
    weighted: float = 0.0
    places: str = ""  # this column and the next one: for arms only
    core: str = ""


def share_bounds(share: float, least: float, most_change: float) -> tuple[float, float]:
    """(lowest, highest) share of tomorrow: within `most_change` of tonight's, at least `least`, at most 1.

    A share that is below `least` already is not forced up, but falls no further. With most_change 0 the share stays.
    """
    return max(min(least, share), share - most_change), min(1.0, share + most_change)


def too_few(trials: int, least: int, counted: str, setting: str) -> str:
    """Why a figure stays: there are fewer trials than the setting asks for. Empty where there are enough.

    counted: a phrase that says what has too few trials and what a trial is, such as "an arm has {} users".
    """
    return f"{counted.format(trials)} of {setting} = {least}" if trials < least else ""


def stay(row: dict[str, Any], night: dt.date, reason: str) -> Move:
    """The move of a night that learns nothing: the figure keeps the value of `row`, from last night's BANDIT_MOVES."""
    share = row["after"]
    return Move(**(row | {"night": night, "before": share, "low": share, "high": share, "reason": reason}))


def nightly_seed(seed: int, night: dt.date) -> int:
    """A different seed for each night, so that a rerun of a night draws the same numbers and another night does not."""
    return seed * 1_000_003 + night.toordinal()


def moves_table(moves: Iterable[Move]) -> pa.Table:
    return pa.Table.from_pylist([move._asdict() for move in moves], arrow_schema(BANDIT_MOVES))

"""Settings of the composer, and the names they had in models saved earlier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ComposerConfig:
    """How clauses are chosen. Gains and costs are in points, the unit in which a text is scored.

    The defaults were chosen on a tenth of AdvertiseGen's 5,000 training pairs.
    """

    ridge_penalty: float = 30.0
    order_weights: tuple[float, ...] = (1.0, 3.0, 6.0, 10.0)  # points for an n-gram of 1, 2, 3, 4 units, if foreseen
    ngram_repeat_share: float = 0.5  # cost of repeating an n-gram of 2 or more units, as a share of its worth
    pair_repeat_cost: float = 4.0  # points for repeating a pair of units, times the pair's rarity, 0..1
    value_gain: float = 3.0  # points when a value of the item is named for the first time
    value_repeat_cost: float = 4.0  # points when it is named a second time; twice that for the third time, and so on
    doubt_cost: float = 12.0  # points for a unit or a pair of units that people hardly write for such an item
    doubt_share: float = 0.35  # an n-gram is doubted if its forecast is below this share of its frequency in all texts
    follow_gain_per_unit: float = 0.6  # points for a clause that followed the one before it in some text
    joint_gain_per_nat: float = 5.0  # points per nat of association between a clause's ending and the next beginning
    lean_cost: float = 15.0  # points for a clause that needs another before it, and has one that no text had there
    place_cost_per_unit: float = 0.5  # points times the distance, 0..1, from where the clause usually stands
    noise_share: float = 0.08  # standard deviation of a clause's random factor, so that candidates differ
    cut_cost_units: float = 8.0  # units by which every clause counts as longer; a higher cost makes for longer clauses
    familiar_share: float = 0.0005  # share of texts that must have each pair of a clause's units, values left out
    wear_cost_per_unit: float = 0.8  # points, times log(1 + uses), for a clause that earlier texts of the call have
    copied_run_cost: float = 4.0  # points for each copied run of 8 units, in a clause or across a joint of some text
    least_length_share: float = 0.85  # of the usual length; a shorter text is scored as if it were this long
    pool_clauses: int = 200  # clauses that one search looks at
    pool_clauses_per_value: int = 10  # of these at least so many name each value of the item
    beam_states: int = 6


FORMER_NAMES = {
    "ridge": "ridge_penalty",
    "again": "ngram_repeat_share",
    "echo": "pair_repeat_cost",
    "value": "value_gain",
    "value_again": "value_repeat_cost",
    "doubt": "doubt_cost",
    "doubtful": "doubt_share",
    "follows": "follow_gain_per_unit",
    "joint": "joint_gain_per_nat",
    "lean": "lean_cost",
    "place": "place_cost_per_unit",
    "noise": "noise_share",
    "pause": "cut_cost_units",
    "familiar": "familiar_share",
    "wear": "wear_cost_per_unit",
    "least": "least_length_share",
    "pool": "pool_clauses",
    "per_value": "pool_clauses_per_value",
    "beam": "beam_states",
}


def with_new_names(saved: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a saved composer under today's names; they may have been saved under old or new names."""
    return {FORMER_NAMES.get(name, name): value for name, value in saved.items()}

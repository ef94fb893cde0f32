"""The arms of experiments on lists: which users are in which arm, and the rules of each arm."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from jobs.common.declared_experiments import Changes, Experiment, allotments, recorded, source_mix
from jobs.runtime.night import Night
from models.experiments.assignment import places
from models.experiments.traffic_split import Allotment
from schemas.tables.lists import ANONYMOUS

ALL = "all"


@dataclass(frozen=True)
class Explored:
    """The explored place, which a random draw gives to one source. shares: of the sources; salt: of the draws."""

    shares: dict[str, float]
    salt: str


@dataclass(frozen=True)
class Group:
    """Users of one arm: their rows in the block, the arm's published label, its probability, and its changes."""

    rows: np.ndarray
    arm: str = ALL
    probability: float = 1.0
    changes: Changes = field(default_factory=Changes)


@dataclass(frozen=True)
class Arms:
    """Tonight's experiments with their traffic, and the explored place. It is small enough to send to the workers."""

    running: tuple[tuple[Experiment, Allotment], ...] = ()
    explored: Explored | None = None

    def groups(self, user_ids: list[str]) -> Iterator[Group]:
        """Splits the users (n,) into groups, each user into one. Anonymous visitors are in no experiment."""
        if not self.running:
            yield Group(np.arange(len(user_ids)))
            return
        arms = np.stack(
            [
                allotted.arm_of(places(user_ids, experiment.name, experiment.salt))
                for experiment, allotted in self.running
            ],
            axis=1,
        )
        arms[np.array(user_ids) == ANONYMOUS] = -1
        combinations, combination = np.unique(arms, axis=0, return_inverse=True)
        for number, arm_numbers in enumerate(combinations.tolist()):
            rows = np.flatnonzero(combination.reshape(-1) == number)
            yield self._group(rows, arm_numbers) if min(arm_numbers) >= 0 else Group(rows)

    def _group(self, rows: np.ndarray, arm_numbers: list[int]) -> Group:
        labels, probability, changes = [], 1.0, Changes()
        for (experiment, allotted), number in zip(self.running, arm_numbers, strict=True):
            arm = experiment.arms[number]
            labels.append(experiment.label(arm))
            probability *= allotted.shares[arm.name]
            changes = changes.also(arm.changes)
        return Group(rows, ";".join(labels), probability, changes)

    def most_trending(self, places: int) -> int:
        """The largest number of trending places in any arm; `places` if no arm changes it."""
        arms = [arm.changes for experiment, _ in self.running for arm in experiment.arms]
        return max([places, *(changes.trending_places for changes in arms if changes.trending_places is not None)])


def arms_of(night: Night) -> Arms:
    """The arms of the night's lists: declared in the settings, with the shares that earlier nights moved.

    Raises ValueError where an arm's settings contradict the night's.
    """
    config, rules = night.settings.section("experiments"), night.settings.section("recommend")
    nights_kept = night.settings.section("publish").keep_runs
    late_days = night.settings.section("clean").late_days
    if config.most_days + late_days > nights_kept:
        raise ValueError(
            f"experiments: a window of {config.most_days} days and clean.late_days = {late_days} reach back further "
            f"than the publish.keep_runs = {nights_kept} nights that are kept; shorten window_days or keep more"
        )
    moves = recorded(night.lake, night.date) if config.running or config.explore_places else []
    traffic = allotments(config, moves, night.date)
    running = tuple((experiment, traffic[experiment.name]) for experiment in config.on(night.date))
    for experiment, _ in running:
        for arm in experiment.arms:
            new_places = ruled(rules, arm.changes).new_places
            if new_places + config.explore_places + bool(arm.changes.first) > rules.k:
                raise ValueError(
                    f"experiments: {experiment.name}, arm {arm.name}: {new_places} new places, "
                    f"{config.explore_places} explored and {int(bool(arm.changes.first))} first are more than "
                    f"recommend.k = {rules.k}; lower new_places, or raise recommend.k"
                )
    explored = Explored(source_mix(config, moves), _salt(config.seed, night.date)) if config.explore_places else None
    return Arms(running, explored)


def ruled(rules: Any, changes: Changes) -> Any:
    """The settings `recommend` with the changes of an arm."""
    return dataclasses.replace(rules, **changes.of("new_places", "trending_places"))


def _salt(seed: int, date: dt.date) -> str:
    return f"{seed} {date}"  # different draws each night, the same in every run of a night

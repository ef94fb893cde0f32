"""Experiments as the settings declare them, and their arms' shares on a night.

    [[experiments.running]]
    name = "more_new"
    salt = "spring"
    starts_on = "2026-03-01"
    metric = "buys"
    window_days = 3
    planned_users = 4000
    arms = [{ name = "control", share = 0.5 }, { name = "two", share = 0.5, changes = { new_places = 2 } }]

The first arm is the control. Shares that move are read from BANDIT_MOVES of the last night.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass, field, fields
from typing import Any

from jobs.runtime.lake import Lake
from jobs.runtime.parquet_files import read_table
from models.core.config import check_bounds
from models.experiments.traffic_split import Allotment
from models.ranking.diversity_config import DiversityConfig
from models.ranking.source_names import SOURCE_NAMES
from schemas.tables import BANDIT_MOVES
from schemas.tables.copywriting import COPY_SOURCES
from schemas.tables.experiments import METRICS

OF_DIVERSITY = ("most_per_category", "most_per_brand", "mmr", "tail_bonus")  # of diversity.*, an arm may change these
_NAME = re.compile(r"[a-z0-9_]+")


@dataclass(frozen=True)
class Changes:
    """What an arm changes in the settings; an experiment can change nothing else."""

    new_places: int | None = field(default=None, metadata={"doc": "recommend.new_places", "least": 0})
    trending_places: int | None = field(default=None, metadata={"doc": "recommend.trending_places", "least": 0})
    most_per_category: int | None = None  # diversity.*
    most_per_brand: int | None = None
    mmr: float | None = None
    tail_bonus: float | None = None
    without: tuple[str, ...] = ()  # sources that propose nothing
    first: str = ""  # the source whose best item takes the first place
    copy: tuple[str, ...] = ()  # the only writers of the texts that users see: 'model', 'template', templates by name

    def __post_init__(self) -> None:
        strange = sorted({*self.without, self.first} - {*SOURCE_NAMES, ""})
        if strange:
            raise ValueError(f"no source {strange}; there are {', '.join(SOURCE_NAMES)}")
        if self.first in self.without:
            raise ValueError(f"'{self.first}' cannot be both first and left out; take it out of `first` or `without`")
        if unknown := [writer for writer in self.copy if writer not in COPY_SOURCES and not writer.startswith("t-")]:
            raise ValueError(
                f"copy has {unknown}; it may have {', '.join(COPY_SOURCES)} and templates by name, "
                "such as 't-3f2a9b01cd', from column wording of the table copy"
            )
        check_bounds(self)
        DiversityConfig(**self.of(*OF_DIVERSITY))

    def of(self, *names: str) -> dict[str, Any]:
        """The named settings that this arm changes, with their values."""
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    @property
    def changed(self) -> set[str]:
        return {f.name for f in fields(self) if getattr(self, f.name) not in (None, (), "")}

    def also(self, other: Changes) -> Changes:
        """Both changes together; `ExperimentsConfig` refuses two experiments that change the same thing."""
        return Changes(**{name: getattr(part, name) for part in (self, other) for name in part.changed})


@dataclass(frozen=True)
class Arm:
    """One variant of the lists, and the share of users who get it."""

    name: str
    share: float
    changes: Changes = field(default_factory=Changes)


@dataclass(frozen=True)
class Experiment:
    """Arms compared on the shop's users. planned_users: how many each arm needs before the result counts."""

    name: str
    salt: str
    starts_on: str
    planned_users: int
    arms: tuple[Arm, ...]
    metric: str = "buys"
    window_days: int = 3  # an event counts for a list that is at most so many days older
    learns: bool = False  # each night may move its shares

    def __post_init__(self) -> None:
        for name in (self.name, *(arm.name for arm in self.arms)):
            if not _NAME.fullmatch(name):
                raise ValueError(f"'{name}' must be lower-case letters, digits and _, since rows hold this name")
        if len({arm.name for arm in self.arms}) < max(2, len(self.arms)):
            raise ValueError(f"{self.name} needs two arms or more, each once; saw {[arm.name for arm in self.arms]}")
        if self.arms[0].changes.changed:
            raise ValueError(f"{self.name}: the first arm is the control and changes nothing")
        if self.metric not in METRICS:
            raise ValueError(f"{self.name}: metric must be one of {', '.join(METRICS)}, not '{self.metric}'")
        if self.window_days < 1 or self.planned_users < 2:
            raise ValueError(
                f"{self.name}: window_days must be 1 or more, planned_users 2 or more; saw {self.window_days} and "
                f"{self.planned_users}"
            )
        Allotment.first(self.shares)
        try:
            dt.date.fromisoformat(self.starts_on)
        except ValueError:
            raise ValueError(
                f"{self.name}: starts_on must be a date, such as 2026-03-01; saw '{self.starts_on}'"
            ) from None

    @property
    def shares(self) -> dict[str, float]:
        return {arm.name: arm.share for arm in self.arms}

    def label(self, arm: Arm) -> str:
        """The arm as rows of RECOMMENDATIONS name it, in column `arm`, between semicolons."""
        return f"{self.name}={arm.name}"

    @property
    def changed(self) -> set[str]:
        return set().union(*(arm.changes.changed for arm in self.arms))


@dataclass(frozen=True)
class ExperimentsConfig:
    """Experiments on lists and texts, and how their shares may move; without any, all users get the same settings."""

    running: tuple[Experiment, ...] = field(default=(), metadata={"doc": "see jobs/common/declared_experiments.py"})
    level: float = field(default=0.05, metadata={"doc": "false alarms that are accepted; intervals hold 1 - level"})
    least_share: float = field(
        default=0.1, metadata={"doc": "least share of an arm or source: no night moves a share below it", "above": 0}
    )
    most_change: float = field(default=0.05, metadata={"doc": "most that a share moves in a night", "least": 0})
    least_trials: int = field(default=200, metadata={"doc": "trials that each arm or source needs for a share to move"})
    seed: int = field(default=7, metadata={"doc": "random seed of the draws that move shares"})
    explore_places: int = field(
        default=0, metadata={"doc": "places of a list, before the new items, filled by chance", "least": 0, "most": 1}
    )
    explore_sources: tuple[str, ...] = field(
        default=("als", "item_item", "covisitation", "user_user"),
        metadata={"doc": "sources that chance may give an explored place; each begins with the same share"},
    )

    def __post_init__(self) -> None:
        check_bounds(self)
        twice = [name for name, count in Counter(e.name for e in self.running).items() if count > 1]
        if twice:
            raise ValueError(f"running must have each experiment once; saw {twice} again")
        contested = [key for key, count in Counter(n for e in self.running for n in e.changed).items() if count > 1]
        if contested:
            raise ValueError(f"running must not have two experiments that change the same: {', '.join(contested)}")
        small = [e.name for e in self.running if e.learns and min(e.shares.values()) < self.least_share]
        if small:
            raise ValueError(f"least_share must not be above a share that an experiment starts with: {small}")
        strange = sorted(set(self.explore_sources) - set(SOURCE_NAMES))
        if strange or len(set(self.explore_sources)) < 2 or len(set(self.explore_sources)) < len(self.explore_sources):
            raise ValueError(
                f"explore_sources must be two or more of {', '.join(SOURCE_NAMES)}, each once; saw "
                f"{', '.join(self.explore_sources) or 'none'}"
            )
        groups = [len(self.explore_sources), *(len(e.arms) for e in self.running if e.learns)]
        if self.least_share * max(groups) > 1:
            raise ValueError(f"least_share must leave room for {max(groups)} shares, not {self.least_share}")

    def on(self, night: dt.date) -> tuple[Experiment, ...]:
        """The experiments whose arms are in the lists of that night."""
        return tuple(e for e in self.running if dt.date.fromisoformat(e.starts_on) <= night)

    def copy_on(self, night: dt.date) -> dict[str, tuple[str, ...]]:
        """Label of each arm that changes the copy -> the writers whose texts it may show."""
        return {e.label(arm): arm.changes.copy for e in self.on(night) for arm in e.arms if arm.changes.copy}

    @property
    def most_days(self) -> int:
        return max((e.window_days for e in self.running), default=0)


def recorded(lake: Lake, night: dt.date) -> list[dict[str, Any]]:
    """BANDIT_MOVES of the last night before `night`: the current value of every figure that may move."""
    version = lake.before(BANDIT_MOVES, night)
    paths = lake.file_paths(version) if version else []
    return [row for path in paths for row in read_table(lake, path).to_pylist()]


def allotments(config: ExperimentsConfig, rows: list[dict[str, Any]], night: dt.date) -> dict[str, Allotment]:
    """Experiment -> the allotment of users to its arms on `night`; rows: what `recorded` returned.

    Raises ValueError where the settings no longer declare the arms or shares that the experiment began with.
    """
    allotted = {}
    for experiment in config.on(night):
        moves = {r["what"]: r for r in rows if (r["kind"], r["name"]) == ("arm_share", experiment.name)}
        declared = {arm: row["declared"] for arm, row in moves.items()}
        if not moves:
            allotted[experiment.name] = Allotment.first(experiment.shares)
            continue
        if declared != experiment.shares:
            raise ValueError(
                f"experiments.running: {experiment.name} began with shares {declared}, the settings now say "
                f"{experiment.shares}; users would change arms: declare a new experiment, under another name"
            )
        arms = {arm: (moves[arm]["places"], moves[arm]["core"]) for arm in experiment.shares}
        allotted[experiment.name] = Allotment.of_ranges(arms)
    return allotted


def source_mix(config: ExperimentsConfig, rows: list[dict[str, Any]]) -> dict[str, float]:
    """The share of each source in the explored place."""
    shares = {row["what"]: row["after"] for row in rows if row["kind"] == "source_mix"}
    if set(shares) == set(config.explore_sources):
        return {source: shares[source] for source in config.explore_sources}
    return dict.fromkeys(config.explore_sources, 1 / len(config.explore_sources))

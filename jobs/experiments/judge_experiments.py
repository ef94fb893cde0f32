"""The night's events + the lists of the nights before -> experiment_outcomes, experiment_results, bandit_moves.

What a user did counts for the arm of the list that the user had at that time (jobs/experiments/outcomes.py). Results
compare users who were always in one arm, by CUPED with their earlier purchases as covariate. If the p-value of the
sample ratio is below 0.001, users were lost on the way, and there is no result. Where an experiment learns, Thompson
sampling moves its shares for tomorrow's lists, within the bounds of the settings. In the same way it moves the share of
each source in the explored place, the share of each campaign in a budget line that learns (campaign_outcomes), and the
event weights where `interest.learns` is set. Every figure that may move has a row in bandit_moves, with its evidence
and the reason. Lists that a refresh made during the day are not read, since they have the same arms.
"""

from __future__ import annotations

import datetime as dt
import functools
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.special import ndtri

from jobs.common.declared_experiments import Experiment, ExperimentsConfig, allotments, recorded
from jobs.common.moves import Move, moves_table, nightly_seed, share_bounds, stay, too_few
from jobs.experiments.explored_place import explored_counts, mix_moves
from jobs.experiments.outcomes import TERMS, advance, listed, published_on
from jobs.features import event_weights
from jobs.offers import campaign_shares
from jobs.runtime.night import Night
from models.experiments.analysis import Effect, compare, ratio, sample_ratio
from models.experiments.assignment import places
from models.experiments.thompson import next_shares
from models.experiments.traffic_split import Allotment
from schemas.arrow import arrow_schema
from schemas.tables import (
    BANDIT_MOVES,
    CAMPAIGN_OUTCOMES,
    CLEAN_EVENTS,
    EXPERIMENT_OUTCOMES,
    EXPERIMENT_RESULTS,
    USER_FEATURES,
)

NOT_ENOUGH, FAILED, COLLECTING, REACHED = "not enough data", "sample ratio failed", "collecting", "planned size reached"


def main(night: Night) -> None:
    config: ExperimentsConfig = night.settings.section("experiments")
    running = config.on(night.date)
    rows = recorded(night.lake, night.date)
    standing = allotments(config, rows, night.date)
    results: list[dict[str, Any]] = []
    moves: list[Move] = []
    if not running:
        night.write_arrow(EXPERIMENT_OUTCOMES, arrow_schema(EXPERIMENT_OUTCOMES).empty_table())
    else:
        refuse_other_metrics(night, running)
        write_outcomes(night, config)
        outcomes = night.versions(EXPERIMENT_OUTCOMES).tonight().arrow()
        for experiment in running:
            own_outcomes = outcomes.filter(pc.equal(outcomes["experiment"], experiment.name))
            judged = Judged.of(experiment, standing[experiment.name], own_outcomes)
            results += judged.results(config.level)
            moves += judged.moves(config, night.date)
    if config.explore_places:
        moves += mix_moves(config, rows, explored_counts(night), night)
    moves += campaign_moves(night, config, rows)
    if night.settings.section("interest").learns:
        moves += event_weights.moves(night, config, rows)
    night.write_arrow(EXPERIMENT_RESULTS, pa.Table.from_pylist(results, arrow_schema(EXPERIMENT_RESULTS)))
    night.write_arrow(BANDIT_MOVES, moves_table(moves))
    reported = [
        {name: value for name, value in move._asdict().items() if name not in ("places", "core", "night")}
        for move in moves
    ]
    night.report(results=results, moves=reported)
    for row in results:
        night.log.info("%s, %s: %s, %d users", row["experiment"], row["arm"], row["status"], row["users"])


def refuse_other_metrics(night: Night, running: tuple[Experiment, ...]) -> None:
    """Raises ValueError where an experiment has another metric than last night: its sums would add up both."""
    last = night.versions(EXPERIMENT_RESULTS).previous().arrow(["experiment", "metric"]).to_pylist()
    metrics = {row["experiment"]: row["metric"] for row in last}
    for experiment in running:
        if (metric := metrics.get(experiment.name, experiment.metric)) != experiment.metric:
            raise ValueError(
                f"experiments.running: {experiment.name} began with the metric {metric}, the settings now say "
                f"{experiment.metric}; its weighted sums would mix both: declare a new experiment, under another name"
            )


def campaign_moves(night: Night, config: ExperimentsConfig, rows: list[dict[str, Any]]) -> list[Move]:
    """BANDIT_MOVES of campaigns; rows: last night's. On a night without offers the shares do not move."""
    outcomes = night.versions(CAMPAIGN_OUTCOMES).passed()
    if outcomes is None:
        why = "no offers have passed their gate tonight, so the share stays"
        night.log.info("%s", why)
        return [stay(row, night.date, why) for row in rows if row["kind"] == campaign_shares.CAMPAIGN]
    offers = night.settings.section("offers")
    return campaign_shares.moves(outcomes.arrow().to_pylist(), offers, config.seed, night.date)


def write_outcomes(night: Night, config: ExperimentsConfig) -> None:
    """Writes EXPERIMENT_OUTCOMES: last night's rows of experiments that are still declared, plus the events since."""
    started = min(dt.date.fromisoformat(e.starts_on) for e in config.running)
    since = max(night.versions(EXPERIMENT_OUTCOMES).previous_date() or started, started)  # no list had an arm before
    reach = config.most_days + night.settings.section("clean").late_days
    manifests = published_on(night.lake, max(started, since - dt.timedelta(days=reach)), night.date)
    names = [e.name for e in config.on(night.date)]
    if not manifests:  # the first night: no list had an arm yet, and Spark need not start
        last = night.versions(EXPERIMENT_OUTCOMES).previous().arrow()
        night.write_arrow(
            EXPERIMENT_OUTCOMES,
            last.filter(pc.is_in(last["experiment"], pa.array(names, pa.string()))),
        )
        return
    terms = [
        (e.name, arm, day, share, e.window_days, e.metric)
        for day in manifests
        for e, allotted in _standing_on(night, config, day)
        for arm, share in allotted.shares.items()
    ]
    night.size_for(CLEAN_EVENTS, EXPERIMENT_OUTCOMES)
    previous = night.versions(EXPERIMENT_OUTCOMES).previous().spark()
    before = night.versions(USER_FEATURES).as_of(since).spark().selectExpr("user_id", "recent_purchases as before")
    outcomes = advance(
        previous.where(previous.experiment.isin(names)),
        arrivals(night, since),
        listed(night, manifests),
        night.spark.createDataFrame(terms, TERMS),
        before,
    )
    night.write(EXPERIMENT_OUTCOMES, outcomes)


def arrivals(night: Night, since: dt.date) -> DataFrame:
    """CLEAN_EVENTS that arrived after the night `since`, with `arrived`: the night of the drop that had the row."""
    nights = night.versions(CLEAN_EVENTS).after(since).by_date()
    return functools.reduce(
        DataFrame.unionByName, [events.spark().withColumn("arrived", F.lit(day)) for day, events in nights]
    )


def _standing_on(night: Night, config: ExperimentsConfig, day: dt.date) -> list[tuple[Experiment, Allotment]]:
    standing = allotments(config, recorded(night.lake, day), day)
    return [(experiment, standing[experiment.name]) for experiment in config.on(day)]


class Judged:
    """One experiment's outcomes: for each arm, metric and covariate of the users who were never in another arm."""

    def __init__(
        self,
        experiment: Experiment,
        allotted: Allotment,
        value: dict[str, np.ndarray],
        before: dict[str, np.ndarray],
        weights: dict[str, tuple[np.ndarray, np.ndarray]],
    ) -> None:
        self.experiment, self.allotted = experiment, allotted
        self.value, self.before, self.weights = value, before, weights
        self.users = {arm: len(values) for arm, values in value.items()}
        core = allotted.core_shares
        shares = {arm: share / sum(core.values()) for arm, share in core.items()}
        self.split_p = sample_ratio(self.users, shares)[0] if sum(self.users.values()) else None
        self.split_holds = self.split_p is None or sample_ratio(self.users, shares)[1]

    @classmethod
    def of(cls, experiment: Experiment, allotted: Allotment, outcomes: pa.Table) -> Judged:
        """outcomes: EXPERIMENT_OUTCOMES of this experiment, in any order."""
        outcomes = outcomes.sort_by([("user_id", "ascending"), ("arm", "ascending")])
        user_places = places(outcomes["user_id"].to_pylist(), experiment.name, experiment.salt)
        # A user with two arms was not always in one, whatever its place says: another salt gives all users new places.
        core = np.where(_has_one_row(outcomes["user_id"]), allotted.core_of(user_places), -1)
        arm = np.array([allotted.arms.index(name) for name in outcomes["arm"].to_pylist()], np.int64)
        value, before = value_of(outcomes, experiment.metric), outcomes["before"].to_numpy()
        weights = outcomes["weighted"].to_numpy(), outcomes["weight"].to_numpy()
        values, befores, sums = {}, {}, {}
        for number, name in enumerate(allotted.arms):
            in_arm = arm == number
            stayed = in_arm & (core == number)
            values[name], befores[name] = value[stayed], before[stayed]
            sums[name] = weights[0][in_arm], weights[1][in_arm]
        return cls(experiment, allotted, values, befores, sums)

    @property
    def status(self) -> str:
        if not self.split_holds:
            return FAILED
        if min(self.users.values()) < 2:
            return NOT_ENOUGH
        return REACHED if min(self.users.values()) >= self.experiment.planned_users else COLLECTING

    def results(self, level: float) -> list[dict[str, Any]]:
        """EXPERIMENT_RESULTS, a row for each arm."""
        return [self._row(arm, level) for arm in self.allotted.arms]

    def _row(self, arm: str, level: float) -> dict[str, Any]:
        control = self.allotted.arms[0]
        row: dict[str, Any] = {
            "experiment": self.experiment.name,
            "arm": arm,
            "metric": self.experiment.metric,
            "status": self.status,
            "users": self.users[arm],
            "planned_users": self.experiment.planned_users,
            "sample_ratio_p": self.split_p,
        }
        if self.status in (FAILED, NOT_ENOUGH):
            return row
        estimate, error = ratio(*self.weights[arm])
        reach = float(ndtri(1 - level / 2)) * error
        row |= {"mean": float(self.value[arm].mean()), "snips": estimate}
        row |= {"snips_low": estimate - reach, "snips_high": estimate + reach}
        if arm != control:
            pair = self.value[control], self.value[arm]
            effect: Effect = compare(*pair, (self.before[control], self.before[arm]), level)
            row |= {"difference": effect.difference, "low": effect.low, "high": effect.high, "p": effect.p}
            row |= {"variance_kept": effect.variance_kept}
        return row

    def moves(self, config: ExperimentsConfig, night: dt.date) -> list[Move]:
        """BANDIT_MOVES, a row for each arm: the shares of tomorrow's lists, or why they stay."""
        shares = self.allotted.shares
        wins = {arm: int((values > 0).sum()) for arm, values in self.value.items()}
        why_unmoved = self._stays(config)
        change = 0.0 if why_unmoved else config.most_change
        after = self.allotted
        if not why_unmoved:
            seed = nightly_seed(config.seed, night)
            after = after.moved(next_shares(wins, self.users, config.least_share, change, shares, seed))
        moves = []
        for arm, (places_held, core) in zip(after.arms, after.ranges(), strict=True):
            low, high = share_bounds(shares[arm], config.least_share, change)
            moves.append(
                Move(
                    kind="arm_share",
                    name=self.experiment.name,
                    what=arm,
                    night=night,
                    before=shares[arm],
                    after=after.shares[arm],
                    low=low,
                    high=high,
                    trials=self.users[arm],
                    wins=wins[arm],
                    reason=why_unmoved or f"Thompson sampling over users with {self.experiment.metric} above 0",
                    declared=self.experiment.shares[arm],
                    places=places_held,
                    core=core,
                )
            )
        return moves

    def _stays(self, config: ExperimentsConfig) -> str:
        """Why no share moves; empty where the shares may move."""
        if not self.experiment.learns:
            return "the shares are fixed"
        if not self.split_holds:
            return FAILED
        return too_few(min(self.users.values()), config.least_trials, "an arm has {} users", "least_trials")


def _has_one_row(user: pa.ChunkedArray) -> np.ndarray:
    """(n,) whether the user of a row has no other row; user: sorted."""
    ids = user.combine_chunks()
    has_one = np.ones(len(ids), bool)
    is_as_next = pc.equal(ids[:-1], ids[1:]).to_numpy(zero_copy_only=False).astype(bool)
    has_one[:-1] &= ~is_as_next
    has_one[1:] &= ~is_as_next
    return has_one


def value_of(outcomes: pa.Table, metric: str) -> np.ndarray:
    """(n,) the metric of each row; schemas/tables/experiments.py says what each metric counts."""
    column = {"buys": "purchases", "listed_clicks": "clicks"}.get(metric, metric)
    counted = outcomes[column].to_numpy().astype(np.float64)
    return np.minimum(counted, 1.0) if metric == "buys" else counted

"""Learns the weights of views, wish-list and cart additions relative to a purchase, from what users do after them.

A trial is a (user, item, day) with such an event, where the user had not bought the item before. The trial is won if a
purchase of the item follows on that day or within `interest.learn_days`. The weight of an event is the weight of a
purchase times the chance that a purchase follows. A day's trials are counted once: `clean.late_days` after the end of
its window, when all events have arrived. BANDIT_MOVES carries the counts, so a night reads only a few weeks of events.
A click counts as a view and has the same weight.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.common.declared_experiments import ExperimentsConfig, recorded
from jobs.common.moves import Move, too_few
from jobs.features.interest import InterestConfig
from jobs.runtime.night import Night
from models.experiments.posteriors import next_weight
from schemas.tables import CLEAN_EVENTS, INTEREST

EVENT_WEIGHT = "event_weight"  # the kind in BANDIT_MOVES
MOVED = ("view", "wishlist", "cart")


def weights_of(night: Night) -> InterestConfig:
    """The night's interest settings, with the weights learned so far."""
    config: InterestConfig = night.settings.section("interest")
    return moved(config, recorded(night.lake, night.date)) if config.learns else config


def moved(config: InterestConfig, rows: list[dict[str, Any]]) -> InterestConfig:
    """`config` with the weights of `rows`, BANDIT_MOVES of the last night, limited to tonight's bounds."""
    last = {row["what"]: row["after"] for row in _moves_of(config, rows)}
    shares = {}
    for kind in MOVED:
        low, high = _bounds(config, kind)
        shares[kind] = float(np.clip(last.get(kind, getattr(config, kind) / config.purchase), low, high))
    weights: dict[str, Any] = {kind: share * config.purchase for kind, share in shares.items()}
    # learns=False: the bounds depend on the weights of the settings, so these weights must not be moved a second time.
    return dataclasses.replace(config, **weights, click=config.click * weights["view"] / config.view, learns=False)


def moves(night: Night, config: ExperimentsConfig, rows: list[dict[str, Any]]) -> list[Move]:
    """BANDIT_MOVES of the event weights: last night's `rows` plus tonight's trials, and tomorrow's weights."""
    interest: InterestConfig = night.settings.section("interest")
    last = {row["what"]: row for row in _moves_of(interest, rows)}
    tonight = _closing(night, interest, max((row["night"] for row in last.values()), default=None))
    now, weight_moves = moved(interest, rows), []
    for kind in MOVED:
        before, added = last.get(kind, {}), tonight.get(kind, (0, 0))
        trials, wins = before.get("trials", 0) + added[0], before.get("wins", 0) + added[1]
        weight = float(np.clip(getattr(now, kind) / interest.purchase, *_bounds(interest, kind)))
        why_unmoved = too_few(trials, config.least_trials, "{} trials", "least_trials")
        rng = np.random.default_rng([config.seed, night.date.toordinal(), *kind.encode()])
        change = 0.0 if why_unmoved else interest.most_change
        after, low, high = next_weight(wins, trials, weight, _bounds(interest, kind), change, rng)
        weight_moves.append(
            Move(
                kind=EVENT_WEIGHT,
                name=_name(interest),
                what=kind,
                night=night.date,
                before=weight,
                after=after,
                low=low,
                high=high,
                trials=trials,
                wins=wins,
                reason=why_unmoved or "a draw of the chance that a purchase follows",
                declared=getattr(interest, kind) / interest.purchase,
            )
        )
    return weight_moves


def closed(events: DataFrame, interest: DataFrame, first: dt.date, last: dt.date, days: int) -> DataFrame:
    """(kind, trials, wins) of the events from `first` to `last`. A trial is won by a purchase within `days` days.

    events: at least all CLEAN_EVENTS from `first` to `days` after `last`. interest: INTEREST of tonight, which counts
    these events and all earlier ones.
    """
    user_events = events.where("user_id is not null and item_id is not null").where(F.col("event_date") >= F.lit(first))
    kind = F.when(F.col("event_type") == "click", "view").otherwise(F.col("event_type"))
    window_events = user_events.where(F.col("event_date") <= F.lit(last)).select(
        "user_id", "item_id", "event_date", "event_time", kind.alias("kind")
    )
    window_events = window_events.where(F.col("kind").isin(*MOVED))
    tries = window_events.groupBy("user_id", "item_id", "kind", "event_date").agg(F.min("event_time").alias("at"))
    bought = (
        user_events.where("event_type = 'purchase'")
        .groupBy("user_id", "item_id")
        .agg(F.min(F.struct("event_time", "event_date")).alias("bought"), F.count("*").alias("orders"))
    )
    pairs = interest.select("user_id", "item_id", "purchase_orders")
    judged = tries.join(bought, ["user_id", "item_id"], "left").join(pairs, ["user_id", "item_id"], "left")
    before = F.coalesce("purchase_orders", F.lit(0)) > F.coalesce("orders", F.lit(0))  # bought before `first`, too
    after = F.col("bought.event_time") >= F.col("at")
    won = after & (F.datediff("bought.event_date", "event_date") <= days)
    trials = judged.where(~before & F.coalesce(after, F.lit(True)))
    wins = F.sum(F.coalesce(won, F.lit(False)).cast("bigint"))
    return trials.groupBy("kind").agg(F.count("*").alias("trials"), wins.alias("wins"))


def _closing(night: Night, config: InterestConfig, before: dt.date | None) -> dict[str, tuple[int, int]]:
    """Kind -> (trials, wins) of the days whose window has ended since the night `before`, late events included."""
    wait = dt.timedelta(days=config.learn_days + night.settings.section("clean").late_days)
    last = night.date - wait
    first = last if before is None else before - wait + dt.timedelta(days=1)
    # An event of the day after the night may arrive with the night, see `decay.age_weight`.
    events = night.versions(CLEAN_EVENTS).after(first - dt.timedelta(days=2)).spark()
    counts = closed(events, night.read(INTEREST), first, last, config.learn_days)
    return {row["kind"]: (row["trials"], row["wins"]) for row in counts.collect()}


def _moves_of(config: InterestConfig, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of event weights whose trials had the same window as in these settings."""
    return [row for row in rows if row["kind"] == EVENT_WEIGHT and row["name"] == _name(config)]


def _name(config: InterestConfig) -> str:
    return f"bought within {config.learn_days} days"


def _bounds(config: InterestConfig, kind: str) -> tuple[float, float]:
    declared = getattr(config, kind) / config.purchase
    return declared / config.learn_factor, declared * config.learn_factor

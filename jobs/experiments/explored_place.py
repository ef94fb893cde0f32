"""The explored place of a list: what each source's items in it were worth to those who came, and the next mix.

A trial is a user who came on the day of a list whose explored place chance had filled; it is won where he clicked,
carted or bought that item on that day. Only events that came with their own night count.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from pyspark.sql import functions as F

from jobs.common.decay import exact, from_exact
from jobs.common.declared_experiments import ExperimentsConfig, source_mix
from jobs.experiments.outcomes import listed, published_on
from jobs.runtime.night import Night
from models.experiments.analysis import next_shares
from schemas.tables import CLEAN_EVENTS

WON_BY = ("click", "cart", "purchase")
_SURE = 1 - 1e-6  # propensities are float32
COUNTS = ("trials", "wins", "weight", "weighted")


def explored_counts(night: Night) -> dict[str, dict[str, float]]:
    """Source -> COUNTS of tonight: weights are 1 / the probability of the source."""
    manifests = published_on(night.lake, dt.date.min, night.date)
    if not manifests:
        return {}
    last = {day: manifest for day, manifest in manifests.items() if day == max(manifests)}
    lists = listed(night, last)
    arm = lists.where("rank = 1").select("user_id", F.col("propensity").alias("of_arm"))
    explored = (
        lists.join(arm, "user_id", "inner")
        .withColumn("probability", F.col("propensity").cast("double") / F.col("of_arm").cast("double"))
        .where((F.col("probability") < _SURE) & ~F.col("is_spare"))
    )
    events = night.read(CLEAN_EVENTS).where(F.col("event_date") == F.lit(night.date))
    came = events.select("user_id").distinct()
    won = events.where(F.col("event_type").isin(*WON_BY)).select("user_id", "item_id", F.lit(1).alias("won")).distinct()
    trials = explored.join(came, "user_id", "left_semi").join(won, ["user_id", "item_id"], "left")
    weight, win = 1 / F.col("probability"), F.coalesce("won", F.lit(0))
    counts = trials.groupBy("source").agg(
        F.count("*").alias("trials"),
        F.sum(win).alias("wins"),
        F.sum(exact(weight)).alias("weight"),
        F.sum(exact(weight * win)).alias("weighted"),
    )
    counts = counts.withColumns({name: from_exact(name) for name in COUNTS[2:]})
    return {row["source"]: {name: row[name] for name in COUNTS} for row in counts.collect()}


def mix_moves(
    config: ExperimentsConfig, rows: list[dict[str, Any]], tonight: dict[str, dict[str, float]], night: Night
) -> list[dict[str, Any]]:
    """BANDIT_MOVES of the explored place: last night's `rows` with tonight's counts added, and tomorrow's shares."""
    now = source_mix(config, rows)
    old = {row["what"]: row for row in rows if row["kind"] == "source_mix"}
    old = old if set(old) == set(now) else {}  # other sources: all begin anew
    total = {
        source: {c: old.get(source, {}).get(c, 0) + tonight.get(source, {}).get(c, 0) for c in COUNTS} for source in now
    }
    trials, wins = ({source: int(total[source][c]) for source in now} for c in COUNTS[:2])
    few = min(trials.values())
    stays = f"a source has {few} trials of least_trials = {config.least_trials}" if few < config.least_trials else ""
    change = 0.0 if stays else config.most_change
    after = now
    if not stays:
        seed = config.seed * 1_000_003 + night.date.toordinal()
        after = next_shares(wins, trials, config.least_share, change, now, seed)
    return [
        {
            "kind": "source_mix",
            "name": night.settings.section("recommend").slot,
            "what": source,
            "night": night.date,
            "before": now[source],
            "after": after[source],
            "low": max(min(config.least_share, now[source]), now[source] - change),
            "high": min(1.0, now[source] + change),
            **total[source],
            "reason": stays or f"Thompson sampling over visits to the place, won by {', '.join(WON_BY)}",
            "declared": 1 / len(now),
        }
        for source in now
    ]

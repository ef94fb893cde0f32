"""The explored place of a list: how often users wanted the items of each source there, and each source's next share.

A trial is a user who visited the shop on the day of a list whose explored place was filled by chance. The trial is won
if the user clicked, carted or bought that item on that day. Only events that arrived on their own day count.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from pyspark.sql import functions as F

from jobs.common.decay import exact, from_exact
from jobs.common.declared_experiments import ExperimentsConfig, source_mix
from jobs.common.moves import Move, nightly_seed, share_bounds, too_few
from jobs.experiments.outcomes import listed, published_on
from jobs.runtime.night import Night
from models.experiments.thompson import next_shares
from schemas.tables import CLEAN_EVENTS

WON_BY = ("click", "cart", "purchase")
_SURE = 1 - 1e-6  # propensities are float32
COUNTS = ("trials", "wins", "weight", "weighted")


def explored_counts(night: Night) -> dict[str, dict[str, float]]:
    """Source -> COUNTS of tonight; the weight of a trial is 1 / the probability with which chance chose the source."""
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
    visitors = events.select("user_id").distinct()
    won = events.where(F.col("event_type").isin(*WON_BY)).select("user_id", "item_id", F.lit(1).alias("won")).distinct()
    trials = explored.join(visitors, "user_id", "left_semi").join(won, ["user_id", "item_id"], "left")
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
) -> list[Move]:
    """BANDIT_MOVES of the explored place: last night's `rows` with tonight's counts added, and tomorrow's shares.

    The counts start at zero where the settings name other sources than last night.
    """
    shares = source_mix(config, rows)
    last = {row["what"]: row for row in rows if row["kind"] == "source_mix"}
    if set(last) != set(shares):
        last = {}
    totals = {
        source: {name: last.get(source, {}).get(name, 0) + tonight.get(source, {}).get(name, 0) for name in COUNTS}
        for source in shares
    }
    trials, wins = ({source: int(totals[source][name]) for source in shares} for name in ("trials", "wins"))
    why_unmoved = too_few(min(trials.values()), config.least_trials, "a source has {} trials", "least_trials")
    change = 0.0 if why_unmoved else config.most_change
    after = shares
    if not why_unmoved:
        after = next_shares(wins, trials, config.least_share, change, shares, nightly_seed(config.seed, night.date))
    moves = []
    for source, share in shares.items():
        low, high = share_bounds(share, config.least_share, change)
        moves.append(
            Move(
                kind="source_mix",
                name=night.settings.section("recommend").slot,
                what=source,
                night=night.date,
                before=share,
                after=after[source],
                low=low,
                high=high,
                trials=trials[source],
                wins=wins[source],
                reason=why_unmoved or f"Thompson sampling over visits to the place, won by {', '.join(WON_BY)}",
                declared=1 / len(shares),
                weight=totals[source]["weight"],
                weighted=totals[source]["weighted"],
            )
        )
    return moves

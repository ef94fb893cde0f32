"""Shares that move every night: purchases gained, users moved, and whether the results stay unbiased.

Users have different purchase rates and come on some nights, and a trend makes late nights better than early ones: so
users who enter an arm late look better than the arm is. The evidence and the moves are
those of `judge_experiments`: users of the cores, Thompson sampling, the default bounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.common.declared_experiments import ExperimentsConfig
from jobs.runtime.progress import each
from models.experiments.analysis import compare, ratio
from models.experiments.assignment import places
from models.experiments.thompson import next_shares
from models.experiments.traffic_split import Allotment

USERS, NIGHTS = 3000, 28
COMES, RATE = 0.25, 0.08  # probability of a visit each night, and of a purchase in it
TREND = np.linspace(0.6, 1.4, NIGHTS)
HALF = {"control": 0.5, "treatment": 0.5}
EDGE = 1.959964


@dataclass
class Path:
    """One simulated month: visits and purchases (U, T) bool, arm (U, T), share of that arm, and the last allotment."""

    came: np.ndarray
    bought: np.ndarray
    arm: np.ndarray
    share: np.ndarray
    allotted: Allotment
    place: np.ndarray
    moved: float  # share of users who change arm in a night
    needed: float  # the smallest such share that the moves of the shares need


def simulate(number: int, lift: float, config: ExperimentsConfig) -> Path:
    """Simulates one month; `lift`: the relative lift of the treatment's purchase rate."""
    rng = np.random.default_rng([number, int(lift * 1000), 11])
    place = places((f"u{n}" for n in range(USERS)), f"test {number}", "bench")
    rate = RATE * rng.gamma(2.0, 0.5, USERS)[:, None] * TREND
    came = rng.random((USERS, NIGHTS)) < COMES
    luck = rng.random((USERS, NIGHTS))
    arm, share = np.zeros((USERS, NIGHTS), np.int8), np.ones((USERS, NIGHTS))
    has_come, has_won, bought = np.zeros(USERS, bool), np.zeros(USERS, bool), np.zeros_like(came)
    allotted, moved, needed = Allotment.first(HALF), 0.0, 0.0
    for night in range(NIGHTS):
        arm[:, night] = allotted.arm_of(place)
        share[:, night] = np.array(list(allotted.shares.values()))[arm[:, night]]
        bought[:, night] = came[:, night] & (luck[:, night] < rate[:, night] * (1 + lift * arm[:, night]))
        now, core = allotted.shares, allotted.core_of(place)
        has_come, has_won = has_come | came[:, night], has_won | bought[:, night]
        trials = {name: int((has_come & (core == code)).sum()) for code, name in enumerate(HALF)}
        wins = {name: int((has_won & (core == code)).sum()) for code, name in enumerate(HALF)}
        if min(trials.values()) < config.least_trials:
            continue
        target = next_shares(wins, trials, config.least_share, config.most_change, now, number * 1000 + night)
        after = allotted.moved(target)
        moved += float((after.arm_of(place) != allotted.arm_of(place)).mean()) / NIGHTS
        needed += sum(max(now[name] - after.shares[name], 0) for name in now) / NIGHTS
        allotted = after
    return Path(came, bought, arm, share, allotted, place, moved, needed)


def run(months: int, lift: float, config: ExperimentsConfig | None = None) -> dict[str, float]:
    """Means over simulated months; coverages are of 95 % intervals."""
    config = config or ExperimentsConfig()
    values_of: dict[str, list[float]] = {}
    trend = TREND.mean()
    per_user = NIGHTS * COMES / (1 - (1 - COMES) ** NIGHTS) * RATE * trend  # for users who came at least once
    for number in each(f"moving shares, lift {lift:g}", range(months), "months", None):
        path = simulate(number, lift, config)
        halves = np.broadcast_to(Allotment.first(HALF).arm_of(path.place)[:, None], path.came.shape)
        core = path.allotted.core_of(path.place)
        has_come = path.came.any(axis=1)
        total = path.bought.sum(axis=1).astype(np.float64)
        effect = compare(total[has_come & (core == 0)], total[has_come & (core == 1)])
        last = path.arm[:, -1]
        naive = compare(total[has_come & (last == 0)], total[has_come & (last == 1)])
        weight = path.came * (path.arm == 1) / path.share
        estimate, error = ratio((weight * path.bought).sum(axis=1), weight.sum(axis=1))
        treated = path.came & (path.arm == 1)
        plain, plain_error = ratio((treated * path.bought).sum(axis=1), treated.sum(axis=1).astype(np.float64))
        truth = RATE * (1 + lift) * trend
        ideal = path.came.sum() * truth if lift >= 0 else path.came.sum() * RATE * trend
        for name, value in {
            "share_of_treatment": path.allotted.shares["treatment"],
            "regret_fixed": _regret(path.came, halves, lift) / ideal,
            "regret_bandit": _regret(path.came, path.arm, lift) / ideal,
            "moved_a_night": path.moved,
            "needed_a_night": path.needed,
            "false_or_found": effect.p < 0.05,
            "coverage_core": effect.low <= per_user * lift <= effect.high,
            "coverage_last_arm": naive.low <= per_user * lift <= naive.high,
            "coverage_snips": abs(estimate - truth) <= EDGE * error,
            "coverage_plain_mean": abs(plain - truth) <= EDGE * plain_error,
        }.items():
            values_of.setdefault(name, []).append(float(value))
    return {name: float(np.mean(values)) for name, values in values_of.items()}


def _regret(came: np.ndarray, arm: np.ndarray, lift: float) -> float:
    """Expected purchases lost, compared with the better arm for all users."""
    worse = arm == (0 if lift > 0 else 1)
    return float((came * worse * RATE * abs(lift) * TREND).sum())


def lines(name: str, figures: dict[str, float]) -> list[str]:
    return [
        f"{name}: treatment's share at the end {figures['share_of_treatment']:.3f}; purchases lost to the worse arm, "
        f"of all: {figures['regret_bandit']:.4f}, by fixed halves {figures['regret_fixed']:.4f}",
        f"  users who change arm in a night {figures['moved_a_night']:.4f}, the least the shares ask for "
        f"{figures['needed_a_night']:.4f}",
        f"  95 % intervals hold the truth: users of the cores {figures['coverage_core']:.3f} (users by their last arm "
        f"{figures['coverage_last_arm']:.3f}), SNIPS {figures['coverage_snips']:.3f} (plain mean "
        f"{figures['coverage_plain_mean']:.3f}); significant {figures['false_or_found']:.3f}",
    ]

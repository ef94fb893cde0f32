"""Experiments on users: who is in which arm, how many it takes, what came of it, and where the next night's users go.

Deng, Xu, Kohavi, Walker 2013 (CUPED); Swaminathan and Joachims 2015 (self-normalised propensity scores).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtr, ndtri

F64 = NDArray[np.float64]
LEAST_RATIO = 0.001  # a split that chance gives less often than this is a fault, not chance


@dataclass(frozen=True)
class Effect:
    """Treatment less control in the units of the outcome, with its interval; p is two-sided.

    variance_kept: what CUPED left of the variance, 1 without it. sizes: users of control and treatment.
    """

    difference: float
    low: float
    high: float
    p: float
    variance_kept: float
    sizes: tuple[int, int]


def places(user_ids: Iterable[str], experiment: str, salt: str) -> F64:
    """The place of each user in 0..1: the same for good, and independent of other experiments and salts.

    It is the first 8 bytes of SHA-256 of salt, experiment and id, each ended by a zero byte.
    """
    begun = hashlib.sha256(f"{salt}\0{experiment}\0".encode())
    found = []
    for user in user_ids:
        digest = begun.copy()
        digest.update(f"{user}\0".encode())
        found.append(int.from_bytes(digest.digest()[:8], "big") / 2**64)
    return np.array(found, np.float64)


def assign(user_ids: Iterable[str], experiment: str, salt: str, shares: Mapping[str, float]) -> list[str]:
    """The arm of each user: the same every night; arms take up the places 0..1 in the order given.

    Raises ValueError unless the shares are above 0 and sum to 1. Shares that move: `models.experiments.traffic_split`.
    """
    if not shares or min(shares.values()) <= 0 or abs(sum(shares.values()) - 1) > 1e-9:
        raise ValueError(f"shares of {experiment!r} must be above 0 and sum to 1, not {dict(shares)}")
    arms, ends = list(shares), np.cumsum(list(shares.values()))
    found = np.searchsorted(ends, places(user_ids, experiment, salt), side="right")
    return [arms[at] for at in np.minimum(found, len(arms) - 1)]


def sample_size(rate: float, lift: float, level: float = 0.05, power: float = 0.8, rho: float = 0.0) -> int:
    """Users of each of two arms for a rate (0..1) and an absolute lift of it to be found with this power.

    About 16 rate (1 - rate) / lift^2 at 5 % and 80 %. rho: correlation of the outcome with what CUPED uses.
    Raises ValueError if rate, rate + lift, level or power is not inside 0..1, rho not inside -1..1, or the lift is 0.
    """
    if not (0 < rate < 1 and 0 < rate + lift < 1 and lift):
        raise ValueError(f"rate {rate} and rate + lift {rate + lift} must lie inside 0..1, and the lift not be 0")
    if not (0 < level < 1 and 0 < power < 1 and -1 < rho < 1):
        raise ValueError(f"level {level} and power {power} must lie inside 0..1, rho {rho} inside -1..1")
    variance = rate * (1 - rate) + (rate + lift) * (1 - rate - lift)
    reach = ndtri(1 - level / 2) + ndtri(power)
    return int(np.ceil(reach**2 * variance * (1 - rho**2) / lift**2))


def power_of(rate: float, lift: float, users: int, level: float = 0.05) -> float:
    """Probability 0..1 that an experiment of `users` in each arm finds the lift; `sample_size` the other way round."""
    error = np.sqrt((rate * (1 - rate) + (rate + lift) * (1 - rate - lift)) / users)
    edge = ndtri(1 - level / 2)
    return float(ndtr(abs(lift) / error - edge) + ndtr(-abs(lift) / error - edge))


def compare(control: F64, treatment: F64, before: tuple[F64, F64] | None = None, level: float = 0.05) -> Effect:
    """What the treatment did to the mean outcome of a user; control (n,), treatment (m,), one value per user.

    `before`: the same users' figure from before the experiment, by which CUPED takes out what they bring along.
    Raises ValueError for fewer than two users in an arm, NaN, or a `before` of other users.
    """
    arms = [np.asarray(control, np.float64), np.asarray(treatment, np.float64)]
    if min(len(arm) for arm in arms) < 2:
        raise ValueError(f"an arm of {min(len(arm) for arm in arms)} users has no variance; it takes two at least")
    if not all(np.isfinite(arm).all() for arm in arms):
        raise ValueError("an outcome is NaN or infinite: a user without a purchase has 0, not nothing")
    kept = 1.0
    if before is not None:
        if [len(part) for part in before] != [len(arm) for arm in arms]:
            raise ValueError(f"before is of {[len(p) for p in before]} users, the arms of {[len(a) for a in arms]}")
        arms, kept = _without_what_they_bring(arms, [np.asarray(part, np.float64) for part in before])
    difference = float(arms[1].mean() - arms[0].mean())
    error = float(np.sqrt(sum(arm.var(ddof=1) / len(arm) for arm in arms)))
    reach = ndtri(1 - level / 2) * error
    p = float(2 * ndtr(-abs(difference) / error)) if error > 0 else float(difference == 0)
    return Effect(difference, difference - reach, difference + reach, p, kept, (len(arms[0]), len(arms[1])))


def _without_what_they_bring(arms: list[F64], before: list[F64]) -> tuple[list[F64], float]:
    """(the arms less theta times the covariate's deviation, share of the variance that is left); theta within arms."""
    middle = np.concatenate(before).mean()
    centred = [(arm - arm.mean(), part - part.mean()) for arm, part in zip(arms, before, strict=True)]
    both = sum(float(outcome @ part) for outcome, part in centred)
    alone = sum(float(part @ part) for _, part in centred)
    theta = both / alone if alone > 0 else 0.0
    adjusted = [arm - theta * (part - middle) for arm, part in zip(arms, before, strict=True)]
    was = sum(float(outcome @ outcome) for outcome, _ in centred)
    left = sum(float(arm.var() * len(arm)) for arm in adjusted)
    return adjusted, left / was if theta and was > 0 else 1.0


def sample_ratio(counts: Mapping[str, int], shares: Mapping[str, float]) -> tuple[float, bool]:
    """(p, whether the split is credible): users counted in each arm against the shares they were assigned by.

    A split that is not says that users were lost on the way: no result of such an experiment counts.
    Raises ValueError if arms differ or nobody was counted.
    """
    if set(counts) != set(shares) or not sum(counts.values()):
        raise ValueError(f"counted {dict(counts)}, assigned by {dict(shares)}: the same arms, and users, are needed")
    total = sum(counts.values())
    square = sum((counts[arm] - total * share) ** 2 / (total * share) for arm, share in shares.items())
    p = float(chdtrc(len(shares) - 1, square)) if len(shares) > 1 else 1.0
    return p, p >= LEAST_RATIO


def snips(reward: F64, logged: F64, target: F64) -> tuple[float, float]:
    """(estimate, standard error): mean reward if places had been given out by `target` instead of by `logged`.

    reward, logged, target (n,): what came of each place, its probability then and under the policy asked about.
    Raises ValueError unless 0 < logged <= 1 and 0 <= target <= 1, or if the two policies share no place.
    """
    if not ((logged > 0) & (logged <= 1) & (target >= 0) & (target <= 1)).all():
        raise ValueError(
            "probabilities must lie in 0..1, the logged ones above 0: what was never shown teaches nothing"
        )
    weight = target / logged
    return ratio(weight * reward, weight)


def ratio(weighted: F64, weight: F64) -> tuple[float, float]:
    """(estimate, standard error) of `snips` where a user has many places: sums (n,) of each user's
    weight and weight * reward.

    Users are independent of each other, what one user does is not. Raises ValueError if all weights are 0.
    """
    if not weight.sum() > 0:
        raise ValueError("the policy asked about would have shown nothing of what was shown")
    estimate = float(weighted.sum() / weight.sum())
    error = float(np.sqrt(((weighted - estimate * weight) ** 2).sum()) / weight.sum())
    return estimate, error


def next_shares(
    wins: Mapping[str, int],
    shown: Mapping[str, int],
    least: float,
    most_change: float,
    now: Mapping[str, float],
    seed: int,
) -> dict[str, float]:
    """Shares of the next night by Thompson sampling: how often each arm's rate is the highest of 10,000 draws.

    wins of shown per arm, with a uniform prior. No arm goes below `least`, none moves by more than `most_change` from
    `now`. Raises ValueError if bounds leave no room, or an arm won more often than it was shown.
    """
    arms = list(now)
    if not (0 <= least * len(arms) <= 1 and most_change >= 0) or set(wins) != set(arms) or set(shown) != set(arms):
        raise ValueError(f"arms {arms} with at least {least} each, at most {most_change} of change: no such shares")
    if any(not 0 <= wins[arm] <= shown[arm] for arm in arms):
        raise ValueError(f"an arm won more often than it was shown: {dict(wins)} of {dict(shown)}")
    rng = np.random.default_rng(seed)
    rates = np.column_stack([rng.beta(1 + wins[arm], 1 + shown[arm] - wins[arm], 10_000) for arm in arms])
    shares = shares_of(rates, np.array([now[arm] for arm in arms]), least, most_change)
    return dict(zip(arms, shares.tolist(), strict=True))


def shares_of(draws: F64, now: F64, least: float, most_change: float) -> F64:
    """The next shares (A,) of what `now` (A,) sums to: how often each column of `draws` (N, A) is the highest.

    None goes below `least`, none moves by more than `most_change`. Raises ValueError if that leaves no room.
    """
    total = float(now.sum())
    wanted = np.bincount(draws.argmax(axis=1), minlength=len(now)) / len(draws) * total
    low, high = np.maximum(least, now - most_change), np.minimum(total, now + most_change)
    if low.sum() > total + 1e-9 or high.sum() < total - 1e-9:
        raise ValueError(f"{now.tolist()} cannot reach at least {least} each by a change of at most {most_change}")
    return _within(wanted, low, np.maximum(high, low), total)


def _within(wanted: F64, low: F64, high: F64, total: float) -> F64:
    """The nearest shares (A,) to `wanted` that sum to `total` within the bounds: one shift of all, found by halving."""
    left, right = -1.0, 1.0
    for _ in range(60):
        middle = (left + right) / 2
        if np.clip(wanted + middle, low, high).sum() < total:
            left = middle
        else:
            right = middle
    return np.asarray(np.clip(wanted + right, low, high))
